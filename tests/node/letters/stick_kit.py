"""What a person does with a stick, and what is on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carriers.stick.samples import files_of
from node.letters.office_kit import Person, id_of, pair_up, people
from satchel.carriers.stick import CarriedOut, TakenIn, carry_in, carry_out
from satchel.carriers.stick.contents import Contents
from satchel.core.bundles.header import BundleId
from satchel.core.bundles.receipt import Receipt
from satchel.core.sealing.letter import Attachment
from satchel.ports.letter_states import LetterState

VISITS = 40  # of which each has an even chance to take a receipt along


@contextmanager
def four_people(home: Path) -> Iterator[list[Person]]:
    """Amina, Bilal, Carla, Dalia, who all know each other."""
    with people(home, "amina", "bilal", "carla", "dalia") as made:
        for at, one in enumerate(made):
            for other in made[at + 1 :]:
                pair_up(one, other)
        yield made


def out(person: Person, stick: Path, *, size_bytes: int | None = None) -> CarriedOut:
    visit, clock_s = person.office.visit_stick(), person.time.best_s()
    return carry_out(stick, visit, person.chance, clock_s=clock_s, size_bytes=size_bytes)


def take(person: Person, stick: Path) -> TakenIn:
    return carry_in(stick, person.office.visit_stick(), clock_s=person.time.best_s())


def states(writer: Person, reader: Person) -> list[LetterState]:
    return [one.state for one in writer.letters(reader)]


def receipts_on(stick: Path) -> set[Receipt]:
    found: set[Receipt] = set()
    for path in files_of(stick):
        with path.open("rb") as file:
            found.update(Contents(file).receipts())
    return found


def carried_by(person: Person) -> set[BundleId]:
    return {id for _, id in person.desk.bundles.rows()}


def large(writer: Person, reader: Person) -> None:
    """A letter in one bundle whose copies are counted."""
    book = Attachment(name=b"book", content=bytes(90_000))
    writer.office.write(id_of(reader.name), "", attachments=[book])
