"""What one receiver still needs of a file is a set, however it is kept."""

from hypothesis import given
from hypothesis import strategies as st

from satchel.core.handover.messages import as_ranges
from satchel.node.needs import Need, Wants

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


@given(st.sets(INDEXES), st.lists(st.tuples(INDEXES, st.integers(0, 12)), max_size=20))
def test_ranges_are_taken_out_as_their_members_are(indexes: set[int], removed: list[tuple[int, int]]) -> None:
    need, left = Need(as_ranges(sorted(indexes))), set(indexes)
    for index, count in removed:
        need.remove(index, count)
        left -= set(range(index, index + count))
        assert {index for index in range(60) if index in need} == left
        if left:
            assert need.first == min(left)
            assert need.first_gap == min(set(range(min(left), 70)) - left)


def test_a_long_file_costs_no_more_than_a_short_one() -> None:
    need = Need([(0, 1 << 32)])
    for index in range(1000):
        need.remove(index)
    assert 999 not in need
    assert 1000 in need
    assert (1 << 32) - 1 in need
    assert 1 << 32 not in need


class WantsByTheBook:
    """The same with a set and a dictionary."""

    def __init__(self) -> None:
        self.whole: set[int] = set()
        self.parts: dict[int, set[int]] = {}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["files", "part", "remove", "whole"]), st.integers(0, 30), st.integers(1, 9)
        )
    )
)
def test_wants_are_a_set_of_files_some_of_them_in_part(steps: list[tuple[str, int, int]]) -> None:
    wants, book = Wants(), WantsByTheBook()
    for what, number, count in steps:
        if what == "files":
            fresh = [n for n in range(number, number + count) if n not in wants]
            wants.add_files([(n, 1) for n in fresh])
            book.whole.update(fresh)
        elif what == "part":
            wants.set_part(number, Need([(0, count)]))
            book.whole.discard(number)
            book.parts[number] = set(range(count))
        elif what == "whole":
            wants.remove_whole(number, count)
            book.whole -= set(range(number, number + count))
        else:
            wants.remove(number)
            book.whole.discard(number)
            book.parts.pop(number, None)
        wanted = book.whole | set(book.parts)
        assert bool(wants) is bool(wanted)
        assert [n for n in range(45) if n in wants] == sorted(wanted)
        assert not wanted or wants.first in wanted
        for n in wanted:
            run = range(n, wants.run_from(n))
            assert set(run) <= book.whole
            assert not run or n == wants.first
        assert all((wants.part(n) is not None) is (n in book.parts) for n in wanted)
