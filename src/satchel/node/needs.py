"""The chunks of one file that one receiver still needs: a few ranges, however long the file is."""

from bisect import bisect_right
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

    def remove(self, index: int) -> None:
        """Nothing happens if it is not in there."""
        place = self._place(index)
        if place is None:
            return
        first, end = self._firsts[place], self._ends[place]
        left = [(low, high) for low, high in ((first, index), (index + 1, end)) if low < high]
        self._firsts[place : place + 1] = [low for low, _ in left]
        self._ends[place : place + 1] = [high for _, high in left]

    def _place(self, index: int) -> int | None:
        place = bisect_right(self._firsts, index) - 1
        return place if place >= 0 and index < self._ends[place] else None
