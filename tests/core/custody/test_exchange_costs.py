"""What a meeting costs: how much is said before bundles move, and how much is sent again after a break."""

import random
from collections.abc import Iterator

import pytest

from core.custody.custody_kit import (
    HOUR,
    LARGE,
    MIDDLE,
    SMALL,
    SOMEBODY,
    Meeting,
    Person,
    bundle,
    drawn,
    meet,
)
from satchel.core.bundles.header import bundle_id
from satchel.core.custody.codec import BLOCK_BYTES, encode
from satchel.core.custody.messages import Block, Got

COMMON, DIFFERENT = 20_000, 500


def people(hours: range) -> tuple[Person, Person]:
    """Each has half of what differs, in these hours of what both have."""
    amina, bo = Person("amina"), Person("bo")
    for number in range(COMMON):
        id = drawn(number, 32)
        for one in (amina, bo):
            one.shelf.records.insert(HOUR + number * 700 // COMMON, id)
    for number in range(DIFFERENT):
        made = bundle(number, SMALL, hours=hours[number % len(hours)])
        assert (amina, bo)[number % 2].take_in(made, SOMEBODY)
    return amina, bo


def inventory_bytes(met: Meeting) -> int:
    """All that is said but bundles, and that they have come."""
    said = [message for side in (met.one, met.other) for message in side.said]
    return sum(len(encode(message)) for message in said if not isinstance(message, Block | Got))


@pytest.mark.parametrize(("hours", "limit_bytes"), [(range(690, 700), 64 << 10), (range(700), 192 << 10)])
def test_what_is_said_before_five_hundred_bundles_move(hours: range, limit_bytes: int) -> None:
    """Among twenty thousand; where they are the newest, and anywhere."""
    amina, bo = people(hours)
    met = meet(amina, bo)
    assert amina.ids == bo.ids
    assert len(amina.ids) == DIFFERENT
    assert inventory_bytes(met) <= limit_bytes


def store(name: str) -> Person:
    made = Person(name)
    for number, size in enumerate([SMALL, MIDDLE, LARGE, LARGE, MIDDLE, SMALL]):
        assert made.take_in(bundle((name, number), size), SOMEBODY)
    return made


def blocks_of(meetings: list[Meeting]) -> Iterator[Block]:
    return (m for met in meetings for side in (met.one, met.other) for m in side.said if isinstance(m, Block))


@pytest.mark.slow
def test_of_a_thousand_meetings_that_break_off_none_costs_more_than_a_block_again() -> None:
    chance = random.Random(9)
    whole = sum(len(block.data) for block in blocks_of([meet(store("amina"), store("bo"))]))
    cuts = 0
    while cuts < 1_000:
        amina, bo = store("amina"), store("bo")
        every, meetings = amina.ids | bo.ids, []
        while amina.ids & bo.ids != every:
            meetings.append(meet(amina, bo, cut_after=chance.randrange(2, 40)))
            cuts += 1
            assert amina.ids | bo.ids == every
            for one in (amina, bo):
                assert all(bundle_id(body) == id for id, body in one.shelf.bodies.items())
        sent = sum(len(block.data) for block in blocks_of(meetings))
        assert sent <= whole + 2 * len(meetings) * BLOCK_BYTES  # one in each direction
