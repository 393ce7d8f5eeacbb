"""One receiver's place in the carousel: what it wants, and whom to tell what becomes of it."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from satchel.core.handover.messages import Failure, Range
from satchel.errors import EnvironmentProblem
from satchel.node.needs import Need, Wants
from satchel.node.outlet import Outlet

# How long one receiver may hold the others up: so long at once, and this share of the time.
HELD_UP_S = 0.5
HELD_UP_SHARE = 0.05


class Aboard(Protocol):
    """What a seat needs of the carousel that it is in."""

    turn: threading.Condition

    def know(self, number: int, told: Sequence[bytes]) -> None: ...
    def come_aboard(self) -> None: ...
    def leave(self, seat: "Seat") -> None: ...


class Pace:
    """How long one receiver has held the others up, over all its connections: who comes back again and again
    begins no new account (M3)."""

    def __init__(self) -> None:
        self.is_late = False
        self._held_up_s = 0.0  # how long others waited for this one, less what it may
        self._looked_s: float | None = None

    def held_up(self, waited_s: float, now_s: float) -> None:
        """Others waited for this one, so long, until now."""
        passed_s = 0.0 if self._looked_s is None else now_s - self._looked_s
        self._looked_s = now_s
        self._held_up_s = max(0.0, self._held_up_s - HELD_UP_SHARE * passed_s) + waited_s
        self.is_late = self.is_late or self._held_up_s > HELD_UP_S

    def begin_anew(self) -> None:
        """Nobody is left whom this one could hold up."""
        self.is_late, self._held_up_s = False, 0.0


class Seat:
    """One receiver aboard. `want`, `unwant` and `leave` may be called from any thread."""

    def __init__(
        self,
        carousel: "Aboard",
        outlet: Outlet,
        *,
        sent: Callable[[Sequence[int]], None],
        failed: Callable[[int, Failure], None],
        paused: Callable[[EnvironmentProblem], None],
        pace: Pace,
    ) -> None:
        """`sent(numbers)`: these are on their way with their ends, told before they leave.
        `failed(number, failure)`: this one will not come. `paused(problem)`: nothing can be read now, leave.
        All on the reading thread. `pace`: the receiver's, over all its connections."""
        self._carousel = carousel
        self.outlet = outlet
        self.sent = sent
        self.failed = failed
        self.paused = paused
        self.wants = Wants()
        self.pace = pace
        self._has_wanted = False

    @property
    def is_late(self) -> bool:
        """Nobody waits for this one any more."""
        return self.pace.is_late

    def want_files(self, ranges: Sequence[Range]) -> None:
        with self._carousel.turn:
            self._come_aboard()
            self.wants.add_files(ranges)
            self._carousel.turn.notify_all()

    def want_chunks(self, number: int, ranges: Sequence[Range], told: Sequence[bytes]) -> None:
        """Chunks of a file of which `told` are the hashes of the first ones, as they were read before."""
        with self._carousel.turn:
            self._come_aboard()
            self._carousel.know(number, told)
            self.wants.set_part(number, Need(ranges))
            self._carousel.turn.notify_all()

    def _come_aboard(self) -> None:
        if not self._has_wanted:
            self._has_wanted = True
            self._carousel.come_aboard()

    def unwant(self, number: int) -> None:
        with self._carousel.turn:
            self.wants.remove(number)

    def leave(self) -> None:
        """Nothing more is put into the outlet, which is closed."""
        self._carousel.leave(self)
