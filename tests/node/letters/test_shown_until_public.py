"""What is ours is shown as long as it would be shown of others (C1): until its receipt is public here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.letters.office_kit import Person, id_of, meet, pair_up, pass_time, people
from satchel.core.bundles.header import BundleId
from satchel.core.custody.kept import Source
from satchel.errors import EnvironmentProblem
from satchel.ports.letter_states import LetterState
from store.test_letters_erased import both

NAMES = ("amina", "bilal", "carla", "dalia")
TEXT = "a secret text"


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    """All know each other; Bilal carries what Amina wrote to Carla."""
    with people(tmp_path, *NAMES) as made:
        for at, one in enumerate(made):
            for other in made[at + 1 :]:
                pair_up(one, other)
        amina, bilal, *_ = made
        amina.office.write(id_of("carla"), TEXT)
        pass_time(1.1, *made)
        meet(amina, bilal)
        yield made


def shown(person: Person) -> list[BundleId]:
    return [id for _, id in person.desk.bundles.rows()]


def leaves(amina: Person, dalia: Person) -> int:
    """Amina meets her again and again, until nothing is shown. Returns how often."""
    for times in range(60):
        if not shown(amina):
            return times
        assert list(amina.desk.bundles.receipts()) == []
        pass_time(2, amina, dalia)
        meet(amina, dalia)
    raise AssertionError("the receipt has not left")


@pytest.mark.parametrize("starts_again", [False, True])
def test_c1_what_its_reader_has_taken_is_shown_until_its_receipt_is_public(
    four: list[Person], starts_again: bool
) -> None:
    amina, bilal, carla, dalia = four
    [id] = shown(amina)
    meet(amina, carla)
    assert [one.state for one in amina.letters(carla)] == [LetterState.DELIVERED]
    if starts_again:
        amina.begin()
    meet(amina, carla)
    assert shown(carla) == []  # it is not given twice
    meet(amina, bilal)
    assert shown(bilal) == shown(amina) == [id]
    meet(amina, dalia)  # who sees it for the first time takes it, as from a carrier
    assert shown(dalia) == [id]
    assert leaves(amina, dalia)
    assert len(list(amina.desk.bundles.receipts())) == 1
    assert amina.desk.bundles.shares()[Source.STICK].past == 1  # as what sticks brought: nothing names it
    meet(amina, dalia)
    assert shown(dalia) == []
    assert [one.state for one in amina.letters(carla)] == [LetterState.DELIVERED]


def test_c1_what_is_deleted_is_shown_until_its_receipt_is_public_and_not_given_to_its_reader(
    four: list[Person],
) -> None:
    amina, bilal, carla, dalia = four
    [id] = shown(amina)
    [letter] = amina.letters(carla)
    amina.office.delete(id_of("carla"), letter.id)
    assert amina.letters(carla) == []
    meet(amina, carla)
    assert carla.texts(amina) == []
    amina.begin()
    meet(amina, carla)
    assert carla.texts(amina) == []
    meet(amina, bilal)
    meet(amina, dalia)
    assert shown(amina) == shown(bilal) == shown(dalia) == [id]
    assert leaves(amina, dalia)
    assert len(list(amina.desk.bundles.receipts())) == 1


def test_t2_a_deleted_letter_is_erased_at_once_and_its_bundle_with_the_receipt(four: list[Person]) -> None:
    amina, _, carla, dalia = four
    [letter] = amina.letters(carla)
    [id] = shown(amina)
    bundle = amina.desk.bundles.read(id)
    assert bundle
    assert TEXT.encode() in both(amina.desk)
    amina.office.delete(id_of("carla"), letter.id)
    image: bytes = both(amina.desk)
    assert TEXT.encode() not in image
    assert bytes(letter.id) not in image
    assert all(part in image for part in (id, bundle[5:21], bundle[-64:]))
    leaves(amina, dalia)
    image = both(amina.desk)
    assert bundle[5:21] not in image  # its tag
    assert bundle[-64:] not in image
    assert amina.desk.chains.speaking(id_of("carla")).place.number == 2


def test_c1_what_nobody_was_shown_goes_at_once(four: list[Person]) -> None:
    amina, _, carla, _ = four
    [id] = shown(amina)
    amina.office.write(id_of("carla"), "another")
    pass_time(0.001, amina)
    assert len(amina.desk.bundles.to(id_of("carla"))) == 2
    meet(amina, carla)
    assert carla.texts(amina) == [TEXT, "another"]
    pass_time(1.1, amina)
    assert shown(amina) == [id]


def test_what_has_come_counts_for_the_outbox_until_it_goes(four: list[Person]) -> None:
    """Else who deletes what is shown, again and again, fills the disk."""
    amina, _, carla, dalia = four
    meet(amina, carla)
    assert amina.desk.bundles.shares()[Source.OWN].bundles == 1
    leaves(amina, dalia)
    assert Source.OWN not in amina.desk.bundles.shares()


def test_c1_what_was_cut_off_as_its_receipt_left_goes_at_the_next_start(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is public here, and would be shown as by nobody else."""
    amina, _, carla, dalia = four
    meet(amina, carla)

    def cut(_marks: object) -> None:
        raise EnvironmentProblem("Cut off.", safe="", do="")

    with monkeypatch.context() as then:
        then.setattr(amina.desk.sending, "receipts_left", cut)
        with pytest.raises(EnvironmentProblem, match="Cut off"):
            leaves(amina, dalia)
    assert len(shown(amina)) == len(list(amina.desk.bundles.receipts())) == 1
    amina.begin()
    assert shown(amina) == []
    assert amina.desk.sending.due_receipts() == []


def test_what_expires_first_goes_with_its_receipt_and_stays_delivered(four: list[Person]) -> None:
    amina, _, carla, _ = four
    meet(amina, carla)
    pass_time(31 * 24, amina)
    assert shown(amina) == []
    assert amina.desk.sending.due_receipts() == []
    assert [one.state for one in amina.letters(carla)] == [LetterState.DELIVERED]
