"""A letter goes from hand to hand, between two who are never on one network (C1, C2)."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from end_to_end.acquainted import made, pair_up
from end_to_end.hurried import PROGRAM, RATE, SINCE_S
from end_to_end.programs import Person, events
from lab import Dialogue, Lab
from lab.namespace import wait_until

pytestmark = pytest.mark.lab
FASTER = 3600  # an hour in a second: the delays of receipts have a mean of two
PATIENCE_S = 120.0
HALF_OF_IT = 1 << 20


@dataclass(frozen=True, slots=True)
class Hurried(Person):
    """Somebody whose post office lives faster."""

    def satchel(self, command: str, *arguments: str | os.PathLike[str]) -> Dialogue:
        words = [*(os.fspath(one) for one in arguments), "--json", "--home", str(self.profile)]
        env = {RATE: str(FASTER), SINCE_S: str(BEGAN_S)}
        return self.host.talk([*PROGRAM, command, *words], env=env)

    def done(self, command: str, *arguments: str | os.PathLike[str], text: str = "") -> list[dict[str, Any]]:
        """What a command says that ends well."""
        dialogue = self.satchel(command, *arguments)
        if text:
            dialogue.type(text)
        dialogue.hang_up()
        assert dialogue.wait(60) == 0, dialogue.text[-2000:] + dialogue.complaints
        return events(dialogue)

    def up(self) -> Dialogue:
        node = self.satchel("up", "--no-browser")
        node.expect_event("ready", 30)
        return node

    @property
    def carried(self) -> int:
        """Bytes of the database of what is carried."""
        files = [self.profile / name for name in ("more", "more-wal")]
        return sum(file.stat().st_size for file in files if file.exists())

    def own_letter(self) -> dict[str, Any]:
        [letter] = [one for one in self.done("outbox") if one["event"] == "own_letter"]
        return letter


BEGAN_S = int(time.time())


@pytest.fixture
def four(lab: Lab) -> list[Hurried]:
    """Amina and Bilal live in one village, Carla and Dalia in another. Amina knows Dalia."""
    places = {"amina": "hill", "bilal": "hill", "carla": "sea", "dalia": "sea"}
    people = [Hurried(lab.host(name, island)) for name, island in places.items()]
    for person in people:
        made(person)
    for one, other in ((0, 1), (2, 3), (0, 3)):
        pair_up(people[one], people[other])
    return people


def killed_in_the_middle(start: Callable[[], Dialogue], reached: Callable[[], bool]) -> None:
    """A power cut, or a stick that is pulled out: nothing says good-bye."""
    program = start()
    assert wait_until(reached, PATIENCE_S, pause_s=0.001), program.text + program.complaints
    program.end()


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_a_letter_with_a_book_and_its_receipt_travel_over_who_never_meet(
    four: list[Hurried], tmp_path: Path
) -> None:
    amina, bilal, carla, dalia = four
    book = tmp_path / "book.epub"
    book.write_bytes(os.urandom(5_000_000))
    stick, other_stick = tmp_path / "stick", tmp_path / "other stick"
    stick.mkdir()
    other_stick.mkdir()
    amina.done("write", "dalia", "--attach", book, text="Read this, and pass it on.")
    assert amina.own_letter()["state"] == "under_way"

    node = amina.up()
    killed_in_the_middle(bilal.up, lambda: bilal.carried > HALF_OF_IT)
    theirs = bilal.up()
    assert wait_until(lambda: amina.own_letter()["carriers"] == 1, PATIENCE_S, pause_s=1)
    node.end()
    theirs.end()

    killed_in_the_middle(lambda: bilal.satchel("carry", "out", stick), lambda: size_of(stick) > HALF_OF_IT)
    bilal.done("carry", "out", stick)
    killed_in_the_middle(lambda: carla.satchel("carry", "in", stick), lambda: carla.carried > HALF_OF_IT)
    carla.done("carry", "in", stick)

    reader = dalia.up()
    killed_in_the_middle(carla.up, lambda: dalia.carried > HALF_OF_IT)
    node = carla.up()
    came = reader.expect_event("letter", PATIENCE_S)
    assert (came["from"], came["text"]) == ("amina", "Read this, and pass it on.\n")
    dalia.done("inbox", "save", came["id"], "--into", dalia.into)
    assert (dalia.into / "book.epub").read_bytes() == book.read_bytes()
    node.end()
    reader.end()
    for carrier in (bilal, carla):
        assert not [one for one in carrier.done("inbox") if one["event"] == "letter"]

    def delivered() -> bool:
        """One visit more: each receipt leaves with half of them, once its time has come."""
        dalia.done("carry", "out", other_stick)
        bilal.done("carry", "in", other_stick)
        here, there = amina.up(), bilal.up()
        there.expect_event("peer", 60)
        time.sleep(3)
        here.end()
        there.end()
        return bool(amina.own_letter()["state"] == "delivered")

    assert wait_until(delivered, PATIENCE_S, pause_s=1)
