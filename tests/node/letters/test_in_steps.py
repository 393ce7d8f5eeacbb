"""What a contact brings or says holds up nobody else, and leaves nothing in memory for ever (M3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.letters.office_kit import Person, id_of, meet, pair_up, pass_time, people
from node.letters.test_liars import carried_by
from node.letters.test_nothing_shows import arrived
from satchel.core.bundles.failures import FAILURES_MAX
from satchel.core.bundles.header import BundleId
from satchel.core.custody.kept import Kept
from satchel.node.letters import recognising
from satchel.node.letters.office import PostOffice


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Person]]:
    """Amina and Carla know each other and Bilal, who carries."""
    with people(tmp_path, "amina", "bilal", "carla") as made:
        for one, other in ((0, 1), (1, 2), (0, 2)):
            pair_up(made[one], made[other])
        yield made


def written(three: list[Person], count: int) -> list[bytes]:
    amina, bilal, _ = three
    for number in range(count):
        amina.office.write(id_of("carla"), f"Hello {number}")
    pass_time(1.1, *three)
    meet(amina, bilal)
    return [bundle for _, bundle in carried_by(bilal)]


def test_m3_very_many_letters_that_came_at_once_are_opened_in_steps(three: list[Person]) -> None:
    amina, _, carla = three
    count = 2 * recognising.OPENED_AT_ONCE + 3
    carla.office.take_in(id_of("bilal"), arrived(*written(three, count)))
    carla.office.wake()
    opened = [len(carla.texts(amina))]
    while carla.office.prepare():
        opened.append(len(carla.texts(amina)))
    opened.append(len(carla.texts(amina)))
    assert opened == [recognising.OPENED_AT_ONCE, 2 * recognising.OPENED_AT_ONCE, count]


def test_m3_very_many_twins_of_one_tag_are_looked_at_in_steps(
    three: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a start all of them are to be looked at once more, and each is forged without a key."""
    carla = three[2]
    (bundle,) = written(three, 1)
    twins = [bundle[:-2] + number.to_bytes(2, "big") for number in range(100)]
    with monkeypatch.context() as patched:
        patched.setattr(PostOffice, "prepare", lambda _office: False)
        carla.begin()
        carla.office.take_in(id_of("bilal"), arrived(*twins))
        carla.begin()
    monkeypatch.setattr(recognising, "LOOKED_AT_ONCE", 10)
    monkeypatch.setattr(recognising, "TAGS_AT_ONCE", 30)
    looked_up: list[BundleId] = []
    kept = carla.desk.bundles.kept

    def noting(id: BundleId) -> Kept | None:
        looked_up.append(id)
        return kept(id)

    monkeypatch.setattr(carla.desk.bundles, "kept", noting)
    steps = []
    is_more = True
    while is_more:
        before = len(looked_up)
        is_more = carla.office.prepare()
        steps.append(len(looked_up) - before)
    assert max(steps) == 10
    assert len(set(looked_up)) == len(twins)
    assert len(twins) > FAILURES_MAX


def test_m3_what_was_told_and_given_is_forgotten_with_its_receipt(three: list[Person]) -> None:
    """A program that runs for years would else remember every letter."""
    amina, _, carla = three
    amina.office.write(id_of("carla"), "Hello")
    meet(amina, carla)
    meet(amina, carla)
    releasing = carla.office._releasing
    assert releasing._told
    assert releasing._direct
    assert amina.office._given
    pass_time(2, *three)
    assert releasing._told
    pass_time(40 * 24, *three)
    assert not releasing._told
    assert not releasing._direct
    assert not amina.office._given
