"""What one receiver still needs of a file is a set, however it is kept."""

from hypothesis import given
from hypothesis import strategies as st

from satchel.core.handover.messages import as_ranges
from satchel.node.needs import Need

INDEXES = st.integers(0, 40)


@given(st.sets(INDEXES), st.lists(INDEXES, max_size=60))
def test_it_is_a_set(indexes: set[int], removed: list[int]) -> None:
    need, left = Need(as_ranges(sorted(indexes))), set(indexes)
    for index in removed:
        assert bool(need) is bool(left)
        assert {index for index in range(45) if index in need} == left
        need.remove(index)
        left.discard(index)
    assert bool(need) is bool(left)
    assert {index for index in range(45) if index in need} == left


def test_a_long_file_costs_no_more_than_a_short_one() -> None:
    need = Need([(0, 1 << 32)])
    for index in range(1000):
        need.remove(index)
    assert 999 not in need
    assert 1000 in need
    assert (1 << 32) - 1 in need
    assert 1 << 32 not in need
