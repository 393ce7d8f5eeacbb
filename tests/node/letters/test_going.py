"""What makes room or is handed on before anybody has read it is read all the same (C1, C2, W3)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.letters.office_kit import Person, four_people, id_of, meet, pass_time
from node.letters.test_liars import Liar, carried_by
from node.letters.test_nothing_shows import arrived, forwarded, hour_of
from satchel.core.bundles.failures import FAILURES_MAX
from satchel.core.bundles.header import bundle_id, with_copies
from satchel.core.custody.messages import Got, Want, Wanted
from satchel.core.sealing.letter import Attachment
from satchel.errors import EnvironmentProblem
from satchel.node.letters import recognising

SMALL_SPACE_BYTES = 400_000  # half of it is for some ninety small bundles


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    with four_people(tmp_path, small_bytes=SMALL_SPACE_BYTES) as made:
        yield made


def written(four: list[Person], *, attachment_bytes: int = 0) -> bytes:
    """Amina's letter to Carla, as Bilal carries it."""
    amina, bilal, _, _ = four
    attachments = [Attachment(name=b"photo", content=bytes(attachment_bytes))] if attachment_bytes else []
    amina.office.write(id_of("carla"), "Hello", attachments=attachments)
    pass_time(1.1, *four)
    meet(amina, bilal)
    ((_, bundle),) = carried_by(bilal)
    return bundle


def bring_behind_twins(person: Person, bundle: bytes) -> None:
    """So many did not open that nothing of Bilal's is tried now."""
    twins = [bundle[:-2] + number.to_bytes(2, "big") for number in range(FAILURES_MAX)]
    for some in (twins, [bundle]):
        person.office.take_in(id_of("bilal"), arrived(*some))
        person.office.wake()


def flood(person: Person) -> None:
    """What Bilal has brought makes room, one by one."""
    for one in forwarded(120, hour_of(person)):
        assert person.office.take_in(id_of("bilal"), arrived(one))


@pytest.mark.parametrize("tries_again", [recognising.TRIES_AGAIN_MAX, 0])
def test_c2_a_letter_behind_forged_twins_is_read_though_it_makes_room(
    four: list[Person], tries_again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is remembered then, and taken from no other carrier."""
    amina, _, carla, _ = four
    monkeypatch.setattr(recognising, "TRIES_AGAIN_MAX", tries_again)
    bundle = written(four)
    bring_behind_twins(carla, bundle)
    assert carla.texts(amina) == []
    flood(carla)
    assert carla.desk.bundles.past(bundle_id(bundle))
    carla.office.wake()
    assert carla.texts(amina) == ["Hello"]


def test_c1_what_makes_room_takes_as_long_whosever_it_is(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, carla, dalia = four
    bundle = written(four)
    takes = []
    for person in (carla, dalia):
        did: list[str] = []
        bring_behind_twins(person, bundle)
        for which, name in (("database", "changing"), ("custody", "changing"), ("bundles", "read")):
            noted(monkeypatch, getattr(person.desk, which), name, did, which)
        flood(person)
        takes.append(did)
    assert "database" in takes[0]
    assert takes[0] == takes[1]


def noted(patch: pytest.MonkeyPatch, of: Any, name: str, did: list[str], what: str) -> None:
    does = getattr(of, name)

    def doing(*values: Any, **how: Any) -> Any:
        did.append(what)
        return does(*values, **how)

    patch.setattr(of, name, doing)


@pytest.mark.parametrize("behind_twins", [False, True])
def test_c2_a_large_letter_is_read_though_its_last_copy_is_handed_on(
    four: list[Person], behind_twins: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who brings it, and takes it back before it was read; and sees nothing of whose it is (C1)."""
    amina, _, carla, dalia = four
    bundle = with_copies(written(four, attachment_bytes=100_000), 1)
    takes = []
    for person in (carla, dalia):
        person.space_bytes = 64 << 20
        person.begin()
        if behind_twins:
            bring_behind_twins(person, bundle)
        else:
            person.office.take_in(id_of("bilal"), arrived(bundle))
        did: list[str] = []
        noted(monkeypatch, person.desk.database, "changing", did, "database")
        liar = Liar(person, "bilal")
        liar.say(Want(bundles=(Wanted(id=bundle_id(bundle), blocks=0),)))
        liar.heard()
        liar.say(Got(numbers=(0,)))
        assert person.desk.bundles.kept(bundle_id(bundle)) is None
        person.office.wake()
        takes.append(did)
    assert carla.texts(amina) == ["Hello"]
    assert takes[0] == takes[1]


def test_what_goes_while_the_disk_is_full_stays_or_is_read_later(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held in memory it is bounded: where nothing can be opened, in the end nothing goes."""
    amina, _, carla, _ = four
    bring_behind_twins(carla, written(four))

    def full(_openings: object) -> None:
        raise EnvironmentProblem("The disk is full.", safe="Nothing was changed.", do="Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(carla.desk.arrivals, "open", full)
        patched.setattr(recognising, "GOING_BYTES_MAX", 10 * recognising.GOING_BYTES_MIN)
        with pytest.raises(EnvironmentProblem):
            flood(carla)
        stay = list(carla.desk.bundles.rows())
        for one in forwarded(130, hour_of(carla))[-10:]:
            with pytest.raises(EnvironmentProblem):
                carla.office.take_in(id_of("bilal"), arrived(one))
        assert list(carla.desk.bundles.rows()) == stay
    carla.office.wake()
    assert carla.texts(amina) == ["Hello"]


def test_c2_a_letter_behind_more_forged_twins_than_wait_is_read_in_its_turn(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty a minute: who brought them has brought it, and so nobody else brings it any more."""
    amina, _, carla, _ = four
    monkeypatch.setattr(recognising, "TRIES_AGAIN_MAX", 30)
    carla.space_bytes = 64 << 20
    carla.begin()
    bundle = written(four)
    twins = [bundle[:-2] + number.to_bytes(2, "big") for number in range(5 * FAILURES_MAX)]
    carla.office.take_in(id_of("bilal"), arrived(*twins))
    carla.office.take_in(id_of("bilal"), arrived(bundle))
    carla.wake()
    for _ in range(8):
        assert carla.texts(amina) == []
        pass_time(1.1 / 60, carla)
        if carla.texts(amina):
            break
    assert carla.texts(amina) == ["Hello"]
