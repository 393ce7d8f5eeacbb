"""The packed set, against a plain one."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reconcile.reconcile_kit import HOUR, Row, drawn, named
from satchel.core.reconcile.records import (
    BLOCK_RECORDS_MAX,
    HOUR_MAX,
    INFINITY,
    START,
    Records,
    fingerprint,
    position,
)
from satchel.errors import MisuseError

# Few hours and few first bytes, so that neighbours are alike.
ROWS = st.tuples(
    st.integers(0, 3), st.integers(0, 40).map(lambda number: bytes((number % 3,)) + named(number)[1:])
)


def plain_fingerprint(rows: list[Row]) -> bytes:
    return fingerprint(sum(int.from_bytes(id, "little") for _, id in rows), len(rows))


def agrees(records: Records, rows: list[Row], lower: bytes, upper: bytes) -> None:
    """What it says of a range is what is in a list."""
    rows = sorted(rows)
    inside = [row for row in rows if lower <= position(*row) < upper]
    first = sum(position(*row) < lower for row in rows)
    assert records.rank(lower) == first
    if lower <= upper:
        assert records.fingerprint(lower, upper) == plain_fingerprint(inside)
        assert records.part(lower, upper).fingerprint(lower, upper) == plain_fingerprint(inside)
        assert records.fingerprint_of_ranks(first, first + len(inside)) == plain_fingerprint(inside)
        assert records.rows(first, first + len(inside)) == [position(*row) for row in inside]


@given(st.lists(ROWS), st.lists(st.tuples(st.booleans(), ROWS)), ROWS, ROWS)
def test_changes_and_looks_in_any_order(
    built: list[Row], changes: list[tuple[bool, Row]], one: Row, other: Row
) -> None:
    records, plain = Records(built), set(built)
    bounds = [START, *sorted((position(*one), position(*other))), INFINITY]
    for is_new, row in changes:
        if is_new:
            assert records.insert(*row) == (row not in plain)
            plain.add(row)
        else:
            assert records.remove(*row) == (row in plain)
            plain.discard(row)
        agrees(records, list(plain), bounds[1], bounds[2])
    assert len(records) == len(plain)
    for lower, upper in pairwise(bounds):
        agrees(records, list(plain), lower, upper)


def test_many_blocks_that_split_and_join() -> None:
    rows = drawn("many", 10 * BLOCK_RECORDS_MAX, hours=3)
    records = Records(rows)  # in no order
    assert records.rows(0, len(rows)) == sorted(position(*row) for row in rows)
    bounds = sorted(position(*row) for row in rows)[::97]
    for lower, upper in zip(bounds, bounds[5:], strict=False):
        agrees(records, rows, lower, upper)
    agrees(records, rows, START, INFINITY)
    for row in rows[: -BLOCK_RECORDS_MAX // 2]:
        assert records.remove(*row)
        assert not records.remove(*row)
    left = rows[-BLOCK_RECORDS_MAX // 2 :]
    for lower, upper in zip(bounds, bounds[2:], strict=False):
        agrees(records, left, lower, upper)
    for row in left:
        assert records.remove(*row)
    agrees(records, [], START, INFINITY)
    assert not len(records)


@pytest.mark.parametrize("order", ["as a database gives them", "backwards"])
def test_built_in_any_order_it_is_the_same(order: str) -> None:
    rows = sorted(drawn("order", 1_000))
    records = Records(rows if order != "backwards" else reversed(rows))
    agrees(records, rows, START, INFINITY)
    assert not records.insert(*rows[500])
    assert len(records) == 1_000


def test_what_was_looked_for_before_a_change_is_looked_for_anew() -> None:
    records, bound = Records(drawn("some", 300)), position(HOUR + 600, bytes(32))
    before = records.rank(bound)
    assert records.insert(HOUR, named("one more"))
    assert len(records) == 301
    assert records.rank(bound) == before + 1


def test_what_is_no_record_is_refused() -> None:
    records = Records()
    for hour, id in ((-1, bytes(32)), (HOUR_MAX + 1, bytes(32)), (0, bytes(31)), (0, bytes(33))):
        with pytest.raises(MisuseError):
            records.insert(hour, id)
    assert records.insert(HOUR_MAX, b"\xff" * 32)
    assert records.rank(INFINITY) == 1


def test_a_record_takes_little_more_than_its_bytes() -> None:
    """A million of them in 150 MB: 40 bytes each, and at most as much again a quarter of that."""
    rows = sorted(drawn("memory", 20_000))
    tracemalloc.start()
    try:
        records = Records(rows)
        for number in range(2_000):
            records.insert(HOUR + number % 700, named(number))
        assert len(records) == 22_000  # with what is counted at the first look
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 60 * len(records)
