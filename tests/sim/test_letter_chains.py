"""Two people and thousands of letters: shuffled, lost, brought by who forges; over whole post offices."""

import random

import pytest

from satchel.core.bundles.header import HEADER_BYTES, bundle_id, decode_bundle
from satchel.core.custody import effects as e
from satchel.ports.letter_states import LetterState
from satchel.sim.letters import Person, Town
from sim.letter_liars import Flooder

MINUTE_S = 60.0


def two() -> tuple[Town, Person, Person]:
    town = Town(1)
    one, other = town.add("amina"), town.add("carla")
    town.pair_up(one, other)
    return town, one, other


def sealed(writer: Person) -> list[bytes]:
    """What is under way, in the order in which it was sealed."""
    return [own.bundle for own in writer.profile.data.own.values() if own.bundle is not None]


def bring(reader: Person, *bundles: bytes) -> None:
    """As a stick does."""
    reader.office.take_in(
        None,
        [
            e.Arrived(id=bundle_id(one), header=decode_bundle(one), bundle=one, direct=False)
            for one in bundles
        ],
    )


def states(writer: Person, reader: Person) -> list[LetterState]:
    return [one.state for one in writer.profile.letters.conversation(writer.contacts[reader.name])]


def test_of_a_thousand_letters_the_last_opens_alone_and_the_others_in_any_order() -> None:
    """The writer seals no more than a thousand that nobody is known to have opened (chain 3.2)."""
    _, amina, carla = two()
    for number in range(1_005):
        amina.write(carla, f"letter {number}")
    bundles = sealed(amina)
    assert len(bundles) == 1_000
    assert states(amina, carla).count(LetterState.KEPT) == 5
    bring(carla, bundles[-1])
    assert carla.came == ["letter 999"]
    rest = bundles[900:-1]
    random.Random(3).shuffle(rest)
    bring(carla, *rest)
    bring(carla, *rest, bundles[-1])
    assert sorted(carla.came) == sorted(f"letter {number}" for number in range(900, 1_000))


@pytest.mark.slow
def test_five_thousand_letters_come_with_receipts_that_go_back() -> None:
    town, amina, carla = two()
    written = opened = 0
    while opened < 5_000:
        for number in range(written, min(5_000, written + 1_500)):
            amina.write(carla, f"letter {number}")
            written += 1
        bundles = sealed(amina)
        random.Random(written).shuffle(bundles)
        bring(carla, *bundles)
        town.meet(amina, carla, lasts_s=MINUTE_S)
        town.run(2 * MINUTE_S)
        opened = len(carla.came)
    assert len(set(carla.came)) == 5_000
    town.meet(amina, carla, lasts_s=MINUTE_S)
    town.run(2 * MINUTE_S)
    assert set(states(amina, carla)) == {LetterState.DELIVERED}


def test_a_thousand_forged_bodies_do_not_harm_the_real_letter() -> None:
    """bundle 4.4: who forges pays, and nobody else waits."""
    town, amina, carla = two()
    forger, bilal = town.add("forger"), town.add("bilal")
    for one in (forger, bilal):
        town.pair_up(one, carla)
    amina.write(carla, "the real one")
    [real] = sealed(amina)
    chance = random.Random(4)
    start, size = real[:HEADER_BYTES], len(real) - HEADER_BYTES
    twins = [start + chance.randbytes(size) for _ in range(1_000)]
    arrived = [
        e.Arrived(id=bundle_id(one), header=decode_bundle(one), bundle=one, direct=False)
        for one in (*twins, real)
    ]
    carla.office.take_in(carla.contacts["forger"], arrived[:-1])
    carla.wake()
    assert carla.came == []
    carla.office.take_in(carla.contacts["bilal"], arrived[-1:])
    carla.wake()
    assert carla.came == ["the real one"]
    town.run(60 * MINUTE_S)
    assert carla.came == ["the real one"]


def test_what_a_forger_brings_behind_its_forgeries_opens_later() -> None:
    town, amina, carla = two()
    town.pair_up(town.add("forger"), carla)
    amina.write(carla, "the real one")
    [real] = sealed(amina)
    chance = random.Random(4)
    twins = [real[:HEADER_BYTES] + chance.randbytes(len(real) - HEADER_BYTES) for _ in range(30)]
    arrived = [
        e.Arrived(id=bundle_id(one), header=decode_bundle(one), bundle=one, direct=False)
        for one in (*twins, real)
    ]
    carla.office.take_in(carla.contacts["forger"], arrived)
    carla.wake()
    assert carla.came == []
    town.run(20 * MINUTE_S)
    assert carla.came == ["the real one"]


def test_who_was_restored_writes_where_the_lost_device_did_not() -> None:
    """chain 3.4: all that arrives opens, once, of before and after."""
    town, amina, carla = two()
    for number in range(5):
        amina.write(carla, f"before {number}")
    backup = amina.profile.backup()
    for number in range(5):
        amina.write(carla, f"lost {number}")
    old = sealed(amina)
    amina.restore(backup)
    for number in range(5):
        amina.write(carla, f"after {number}")
    new = [one for one in sealed(amina) if one not in old]
    assert len(new) == 5
    both = [*old, *new]
    random.Random(5).shuffle(both)
    bring(carla, *both)
    assert sorted(carla.came) == sorted(
        f"{when} {number}" for when in ("before", "lost", "after") for number in range(5)
    )
    assert len({decode_bundle(one).tag for one in both}) == 15
    town.meet(amina, carla, lasts_s=MINUTE_S)
    town.run(2 * MINUTE_S)
    amina.write(carla, "and on")
    town.meet(amina, carla, lasts_s=MINUTE_S)
    town.run(2 * MINUTE_S)
    assert carla.came[-1] == "and on"


def test_what_has_to_make_room_is_looked_at_before_it_goes() -> None:
    """It is not taken again (custody 2.1): nobody else could bring the letter."""
    town, amina, carla = two()
    bilal = town.add("bilal", Flooder)
    assert isinstance(bilal, Flooder)
    town.pair_up(bilal, carla)
    amina.write(carla, "the real one")
    carla.space_bytes = 40_960
    carla.begin()
    many = [*sealed(amina), *(bilal.drawn_bundle() for _ in range(30))]
    arrived = [
        e.Arrived(id=bundle_id(one), header=decode_bundle(one), bundle=one, direct=False) for one in many
    ]
    carla.office.take_in(carla.contacts["bilal"], arrived)
    assert carla.profile.bundles.past(arrived[0].id) is not None
    carla.wake()
    assert carla.came == ["the real one"]
