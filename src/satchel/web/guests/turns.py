"""Who may have a place among a few: nobody takes them all (P3). Used from one loop."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class NoPlace(Exception):
    """All are taken, or one's own share is."""


class Places:
    """So many at a time; when they become few, an address that has its share gets no more."""

    def __init__(self, most: int, *, share: int) -> None:
        self._most = most
        self._free_for_all = most * 3 // 4
        self._share = share
        self._taken: Counter[str] = Counter()
        self._total = 0

    @contextmanager
    def taking(self, address: str) -> Iterator[None]:
        """Raises NoPlace."""
        is_few = self._total >= self._free_for_all
        if self._total >= self._most or (is_few and self._taken[address] >= self._share):
            raise NoPlace
        self._total += 1
        self._taken[address] += 1
        try:
            yield
        finally:
            self._total -= 1
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]
