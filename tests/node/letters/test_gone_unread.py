"""What made room before it could be opened is lost by no kill, no stop and no full disk (C1, C2)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.letters.office_kit import Person, four_people, id_of, pass_time
from node.letters.test_going import SMALL_SPACE_BYTES, bring_behind_twins, flood, noted, written
from node.letters.test_nothing_shows import arrived, forwarded, hour_of
from satchel.core.bundles.failures import FAILURES_MAX
from satchel.core.bundles.header import BundleId, bundle_id, decode_header
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.errors import EnvironmentProblem
from satchel.node.letters import recognising


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    with four_people(tmp_path, small_bytes=SMALL_SPACE_BYTES) as made:
        yield made


def crowd_out(person: Person, bundle: bytes) -> None:
    """What Bilal brings makes room, until it has gone."""
    for one in forwarded(120, hour_of(person)):
        person.office.take_in(id_of("bilal"), arrived(one))
        if person.desk.bundles.kept(bundle_id(bundle)) is None:
            return


def remembered(person: Person) -> set[BundleId]:
    return {past.id for past in person.desk.bundles.oldest_past(id_of("bilal"))}


def test_c2_a_letter_that_made_room_unread_comes_again_after_a_kill(four: list[Person]) -> None:
    amina, _, carla, _ = four
    bundle = written(four)
    bring_behind_twins(carla, bundle)
    crowd_out(carla, bundle)
    assert carla.texts(amina) == []
    carla.begin()
    pass_time(1, carla)  # who brought the twins may bring more
    assert carla.office.take_in(id_of("bilal"), arrived(bundle))
    carla.wake()
    assert carla.texts(amina) == ["Hello"]


def test_c2_what_was_looked_at_is_not_taken_again_after_a_kill(four: list[Person]) -> None:
    _, _, carla, _ = four
    bundle = written(four)
    bring_behind_twins(carla, bundle)
    flood(carla)
    carla.wake()
    before = remembered(carla)
    carla.begin()
    assert bundle_id(bundle) in before
    assert remembered(carla) == before


def test_c1_a_carrier_forgets_with_a_kill_what_a_reader_does(four: list[Person]) -> None:
    _, _, carla, dalia = four
    bundle = written(four)
    for person in (carla, dalia):
        bring_behind_twins(person, bundle)
        crowd_out(person, bundle)
    assert bundle_id(bundle) in remembered(carla)  # refused while it waits, as what a carrier remembers
    assert remembered(carla) == remembered(dalia)
    for person in (carla, dalia):
        person.begin()
        assert bundle_id(bundle) not in remembered(person)
    assert remembered(carla) == remembered(dalia)


def test_c2_what_went_unread_is_read_when_the_program_ends(four: list[Person]) -> None:
    amina, _, carla, _ = four
    bundle = written(four)
    bring_behind_twins(carla, bundle)
    crowd_out(carla, bundle)
    carla.office.close()
    assert carla.texts(amina) == ["Hello"]
    carla.begin()
    assert bundle_id(bundle) in remembered(carla)


def without_room(person: Person, bundle: bytes) -> None:
    """There is no room for the letter when it comes, and less for its bundle soon after."""
    person.room_bytes = 0
    person.office.take_in(id_of("bilal"), arrived(bundle))
    person.wake()
    crowd_out(person, bundle)
    person.wake()


def test_c1_c2_a_letter_without_room_waits_though_its_bundle_went(four: list[Person]) -> None:
    amina, _, carla, _ = four
    bundle = written(four)
    without_room(carla, bundle)
    assert carla.desk.bundles.past(bundle_id(bundle)), "who offers it again sees that it is ours"
    carla.room_bytes = None
    carla.wake()
    assert carla.texts(amina) == ["Hello"]
    carla.begin()
    assert bundle_id(bundle) in remembered(carla)


def test_c1_what_goes_without_room_takes_as_long_whosever_it_is(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, carla, dalia = four
    bundle = written(four)
    takes = []
    for person in (carla, dalia):
        did: list[str] = []
        for which in ("database", "custody"):
            noted(monkeypatch, getattr(person.desk, which), "changing", did, which)
        without_room(person, bundle)
        takes.append(did)
    assert takes[0][-2:] == ["database", "custody"]
    assert takes[0] == takes[1]


@pytest.mark.parametrize("is_killed", [True, False])
def test_c2_a_letter_without_room_comes_again_where_memory_does_not_hold_it(
    four: list[Person], monkeypatch: pytest.MonkeyPatch, *, is_killed: bool
) -> None:
    amina, _, carla, _ = four
    bundle = written(four)
    if not is_killed:
        monkeypatch.setattr(recognising, "GOING_BYTES_MAX", recognising.GOING_BYTES_MIN - 1)
    without_room(carla, bundle)
    if is_killed:
        carla.begin()
    carla.room_bytes = None
    carla.wake()
    assert carla.texts(amina) == []
    assert carla.office.take_in(id_of("bilal"), arrived(bundle))
    carla.wake()
    assert carla.texts(amina) == ["Hello"]


def test_m3_letters_without_room_take_bounded_memory(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forged ones as well: nothing is opened where there is no room. The newest wait."""
    _, _, carla, _ = four
    bundle = written(four)
    monkeypatch.setattr(recognising, "GOING_BYTES_MAX", 3 * recognising.GOING_BYTES_MIN)
    carla.room_bytes = 0
    twins = [bundle[:-2] + number.to_bytes(2, "big") for number in range(FAILURES_MAX)]
    carla.office.take_in(id_of("bilal"), arrived(*twins))
    carla.wake()
    flood(carla)
    carla.wake()
    went = [one for one in map(bundle_id, twins) if carla.desk.bundles.kept(one) is None]
    assert len(went) > 3
    assert [one for one in went if carla.desk.bundles.past(one)] == went[-3:]


def test_c1_a_receipt_of_what_went_unread_acts_and_stays(four: list[Person]) -> None:
    """Who forges a twin of a tag, with a receipt that it knows itself, would see from that whose it is."""
    _, _, carla, dalia = four
    receipt, bundle = Receipt(preimage=bytes(20), expiry_hour=0), written(four)
    twin = bundle.replace(decode_header(bundle).commitment, commitment(receipt.preimage))
    for person in (carla, dalia):
        bring_behind_twins(person, twin)
        crowd_out(person, twin)
        person.office.heard_receipts([receipt], id_of("bilal"))
        person.begin()
        past = person.desk.bundles.past(bundle_id(twin))
        assert past is not None
        assert past.preimage == receipt.preimage


def test_c2_where_the_disk_fails_while_it_is_remembered_nothing_is_lost(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    amina, _, carla, _ = four
    bundle = written(four)
    without_room(carla, bundle)

    def full(**_ids: object) -> None:
        raise EnvironmentProblem("The disk is full.", safe="Nothing was changed.", do="Make room.")

    carla.room_bytes = None
    with monkeypatch.context() as patched:
        patched.setattr(carla.desk.bundles, "tried", full)
        with pytest.raises(EnvironmentProblem):
            carla.office.wake()
    carla.wake()
    assert carla.texts(amina) == ["Hello"]
