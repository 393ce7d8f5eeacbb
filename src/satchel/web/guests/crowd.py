"""Who stays connected when many are: bounded in number and in time (P3). Spec: docs/spec/guests.md, 6.

Whoever is on the network may connect, and say nothing, half a word, or never read. When all places are taken
the newest gets that of who waits longest, of those who have most: so one device that takes all it can takes
nothing from the others.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

CONNECTIONS_MAX = 192
HEAD_S = 10.0  # for the first request
IDLE_S = 20.0  # for the next one
STALL_S = 60.0  # in which a reader takes nothing at all
FAREWELL_S = 10.0  # for the last bytes of an answer, after which it was to end


class Connection(Protocol):
    """One of the crowd."""

    @property
    def address(self) -> str: ...
    @property
    def is_answered(self) -> bool:
        """An answer is under way."""
        ...

    @property
    def is_closing(self) -> bool: ...
    @property
    def unsent_bytes(self) -> int: ...
    @property
    def requests(self) -> int:
        """How many were answered."""
        ...

    def end(self) -> None:
        """At once. May be repeated."""
        ...


@dataclass(slots=True)
class _Stay:
    waits_since_s: float
    unsent_bytes: int = 0
    unsent_since_s: float = 0.0
    closing_since_s: float | None = None


class Crowd:
    """Used from one loop."""

    def __init__(
        self,
        *,
        admits: Callable[[str], bool],
        now_s: Callable[[], float],
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        """`admits`: whether an address is one of the networks here."""
        self._admits = admits
        self._now_s = now_s
        self._most = connections_max
        self._stays: dict[Connection, _Stay] = {}
        self._is_over = False

    def __len__(self) -> int:
        return len(self._stays)

    def enter(self, connection: Connection) -> bool:
        """False: there is no place for it, or it comes from elsewhere; it is not kept."""
        if self._is_over or not self._admits(connection.address):
            return False
        if len(self._stays) >= self._most and not self._make_room(connection.address):
            return False
        self._stays[connection] = _Stay(self._now_s())
        return True

    def leave(self, connection: Connection) -> None:
        self._stays.pop(connection, None)

    def answered(self, connection: Connection) -> None:
        """It waits for the next request from now on."""
        if (stay := self._stays.get(connection)) is not None:
            stay.waits_since_s = self._now_s()

    def sweep(self) -> None:
        """Ends those whose time is over. To be called each second or so."""
        now_s = self._now_s()
        for connection, stay in [*self._stays.items()]:
            if self._has_had_its_time(connection, stay, now_s):
                self.leave(connection)
                connection.end()

    def end(self) -> None:
        """All of them, at once; from now on nobody enters."""
        self._is_over = True
        connections = [*self._stays]
        self._stays.clear()
        for connection in connections:
            connection.end()

    def _make_room(self, address: str) -> bool:
        """For one of that address."""
        by_address = Counter(connection.address for connection in self._stays)
        waiting = [one for one in self._stays if not one.is_answered]
        candidates = waiting or [
            one for one in self._stays if by_address[one.address] > by_address[address] + 1
        ]
        if not candidates:
            return False
        leaves = max(candidates, key=lambda one: (by_address[one.address], -self._stays[one].waits_since_s))
        self.leave(leaves)
        leaves.end()
        return True

    @staticmethod
    def _has_had_its_time(connection: Connection, stay: _Stay, now_s: float) -> bool:
        unsent = connection.unsent_bytes
        if not unsent or unsent != stay.unsent_bytes:
            stay.unsent_bytes, stay.unsent_since_s = unsent, now_s
        elif now_s - stay.unsent_since_s > STALL_S:
            return True
        if connection.is_closing:
            stay.closing_since_s = now_s if stay.closing_since_s is None else stay.closing_since_s
            return now_s - stay.closing_since_s > FAREWELL_S
        if connection.is_answered:
            stay.waits_since_s = now_s
            return False
        patience_s = IDLE_S if connection.requests else HEAD_S
        return now_s - stay.waits_since_s > patience_s
