"""What one receiver still needs: chunks of a file, files of an offer. A few ranges, however long it is."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from satchel.core.handover.messages import Range


class Need:
    """A set of chunk indexes, taken out one by one, mostly in ascending order."""

    __slots__ = ("_ends", "_firsts")

    def __init__(self, ranges: Sequence[Range]) -> None:
        """`ranges`: ascending, not touching."""
        self._firsts = [first for first, _ in ranges]
        self._ends = [first + count for first, count in ranges]

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __contains__(self, index: int) -> bool:
        return self._place(index) is not None

    @property
    def first(self) -> int:
        """The lowest one; there must be one."""
        return self._firsts[0]

    @property
    def first_gap(self) -> int:
        """The lowest one above `first` that is not in there."""
        return self._ends[0]

    def remove(self, index: int, count: int = 1) -> None:
        """Those of them that are in there."""
        stop = index + count
        touched = slice(bisect_right(self._ends, index), bisect_left(self._firsts, stop))
        if count < 1 or touched.start >= touched.stop:
            return
        first, end = self._firsts[touched.start], self._ends[touched.stop - 1]
        left = [(low, high) for low, high in ((first, index), (stop, end)) if low < high]
        self._firsts[touched] = [low for low, _ in left]
        self._ends[touched] = [high for _, high in left]

    def _place(self, index: int) -> int | None:
        place = bisect_right(self._firsts, index) - 1
        return place if place >= 0 and index < self._ends[place] else None


class Wants:
    """The files that one receiver wants; few ranges, however many they are."""

    def __init__(self) -> None:
        self._parts: dict[int, Need] = {}  # files of which it needs some chunks only
        self._whole: list[Need] = []  # numbers of those that it wants all of

    def __bool__(self) -> bool:
        return bool(self._parts) or bool(self._whole)

    def __contains__(self, number: int) -> bool:
        return number in self._parts or any(number in numbers for numbers in self._whole)

    def part(self, number: int) -> Need | None:
        """Of a file that is wanted: which chunks; None for all."""
        return self._parts.get(number)

    @property
    def first(self) -> int:
        """What is to come next: parts, then what was asked for first."""
        return next(iter(self._parts)) if self._parts else self._whole[0].first

    def run_from(self, number: int) -> int:
        """Where the run of whole files ends that are to come next, if they begin with this one; else it."""
        if self._parts or not self._whole or self._whole[0].first != number:
            return number
        return self._whole[0].first_gap

    def add_files(self, ranges: Sequence[Range]) -> None:
        self._whole.append(Need(sorted(ranges)))

    def set_part(self, number: int, need: Need) -> None:
        self.remove(number)
        self._parts[number] = need

    def remove(self, number: int) -> None:
        """Nothing happens if it is not wanted."""
        if self._parts.pop(number, None) is None:
            self.remove_whole(number, 1)

    def remove_whole(self, first: int, count: int) -> None:
        """Those of them that are wanted whole."""
        for numbers in self._whole:
            numbers.remove(first, count)
        self._whole = [numbers for numbers in self._whole if numbers]

    def clear(self) -> None:
        self._parts.clear()
        self._whole.clear()
