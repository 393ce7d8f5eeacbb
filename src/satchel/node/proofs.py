"""Whose first flight is checked next: a stranger's cost is bounded, and a contact gets its turn (P3). Pure.

To know whose a flight is takes two HMACs for each key that we have: thousands, with many contacts, and
everybody can send flights. So there is a budget, shared evenly by source: next is who has cost least lately.
An address from which a contact's beacon came goes before all others, as long as it does not cost more than a
few wrong flights. What finds no place is drained. Spec: docs/spec/session.md, section 7.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

HMACS_PER_S = 50_000  # a tenth of a core where one takes 2 us: a small computer
HMACS_AT_ONCE = 5_000  # saved up while nobody comes: one whole check with 300 contacts
PLACES_MAX = 32
SOURCES_MAX = 256  # remembered with what they cost
HALF_LIFE_S = 5.0  # of that
KNOWN_HMACS_MAX = 2 * HMACS_AT_ONCE  # above, a known address waits like any other

Flight = TypeVar("Flight")


@dataclass(slots=True)
class _Source(Generic[Flight]):
    spent_hmacs: float = 0.0
    is_known: bool = False
    waiting: deque[tuple[int, Flight]] = field(default_factory=deque)  # with the numbers of their arrival


class ProofQueue(Generic[Flight]):
    """First flights that were not checked yet. Times are those of one monotonic clock, in seconds."""

    def __init__(self, now_s: float) -> None:
        self._sources: dict[bytes, _Source[Flight]] = {}
        self._arrivals = 0
        self._waiting = 0
        self._budget_hmacs = float(HMACS_AT_ONCE)
        self._now_s = now_s
        self._halved_s = now_s
        self._taken: _Source[Flight] | None = None

    def __len__(self) -> int:
        return self._waiting

    @property
    def remembered(self) -> int:
        """How many sources, at most SOURCES_MAX."""
        return len(self._sources)

    def arrive(self, flight: Flight, source: bytes, *, is_known: bool, now_s: float) -> list[Flight]:
        """A whole flight is here; returns those that are to be drained now, it may be this one.

        Args:
            source: the address that it came from.
            is_known: a contact's beacon was recognised there.
        """
        self._pass(now_s)
        if source not in self._sources:
            self._make_room()
            self._sources[source] = _Source()
        came_from = self._sources[source]
        came_from.is_known = is_known
        came_from.waiting.append((self._arrivals, flight))
        self._arrivals += 1
        self._waiting += 1
        if self._waiting <= PLACES_MAX:
            return []
        busiest = max(self._sources.values(), key=_burden)
        self._waiting -= 1
        return [busiest.waiting.popleft()[1]]

    def take(self, now_s: float) -> Flight | None:
        """The flight to check now; call `spend` after it. None: nobody waits, or `rest_s` has to pass."""
        self._pass(now_s)
        waiting = [source for source in self._sources.values() if source.waiting]
        if not waiting or self._budget_hmacs < 0:
            return None
        self._taken = min(waiting, key=_turn)
        self._waiting -= 1
        return self._taken.waiting.popleft()[1]

    def spend(self, hmacs: int) -> None:
        """What the check of the flight that was taken last has cost."""
        self._budget_hmacs -= hmacs
        if self._taken is not None:
            self._taken.spent_hmacs += hmacs

    def rest_s(self, now_s: float) -> float:
        """How long until the next may be taken; infinite: somebody has to come first."""
        if not self._waiting:
            return float("inf")
        self._pass(now_s)
        return max(0.0, -self._budget_hmacs / HMACS_PER_S)

    def _pass(self, now_s: float) -> None:
        earned = (now_s - self._now_s) * HMACS_PER_S
        self._budget_hmacs = min(float(HMACS_AT_ONCE), self._budget_hmacs + earned)
        self._now_s = now_s
        halvings = int((now_s - self._halved_s) / HALF_LIFE_S)
        if halvings:
            self._halved_s += halvings * HALF_LIFE_S
            for source in self._sources.values():
                source.spent_hmacs *= 0.5**halvings

    def _make_room(self) -> None:
        """Forget who has cost least: who cost much is to be remembered. No one who waits is forgotten."""
        if len(self._sources) >= SOURCES_MAX:
            idle = (name for name, source in self._sources.items() if not source.waiting)
            del self._sources[min(idle, key=lambda name: self._sources[name].spent_hmacs)]


def _burden(source: _Source[Flight]) -> tuple[bool, int, bool, float]:
    """Who gives up its oldest place: the one with the most."""
    return bool(source.waiting), len(source.waiting), not source.is_known, source.spent_hmacs


def _turn(source: _Source[Flight]) -> tuple[bool, float, int]:
    """Who is next: the smallest."""
    goes_first = source.is_known and source.spent_hmacs <= KNOWN_HMACS_MAX
    return not goes_first, source.spent_hmacs, source.waiting[0][0]
