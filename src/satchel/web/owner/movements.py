"""What goes to contacts and comes from them by itself, as the page shows it. In memory only: nothing of it is
written down anywhere (T1)."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from satchel.node import clock, events
from satchel.web.owner.errands import Amount, Problem

SHOWN_S = 600.0  # after its end
MOVEMENTS_MAX = 64


@dataclass(slots=True, kw_only=True)
class Movement:
    """One hand-over to a contact, or from one."""

    contact: str
    is_verified: bool
    is_giving: bool
    amount: Amount = field(default_factory=Amount)
    is_done: bool = False
    is_declined: bool = False
    is_lost: bool = False
    problem: Problem | None = None
    heard_s: float = 0.0


class Movements:
    """Told by the node, from any thread."""

    def __init__(self, changed: Callable[[], object]) -> None:
        """`changed`: called from the thread that tells."""
        self._changed = changed
        self._guard = threading.Lock()
        self._by_handover: dict[bytes, Movement] = {}  # heard of longest ago first

    def hear(self, event: events.Event) -> None:
        if isinstance(event, events.ByContact):
            with self._guard:
                self._hear(event)
        self._changed()

    def all(self) -> list[Movement]:
        """The latest first."""
        now_s = clock.awake_and_asleep_s()
        with self._guard:
            return [
                movement
                for movement in reversed(self._by_handover.values())
                if not movement.is_done or now_s - movement.heard_s < SHOWN_S
            ]

    def given(self) -> set[str]:
        """Ids of what goes to contacts, as the queue has them (cli 4.5)."""
        with self._guard:
            return {id.hex() for id, movement in self._by_handover.items() if movement.is_giving}

    def _hear(self, event: events.ByContact) -> None:
        movement = self._by_handover.pop(event.handover, None)
        if movement is None:
            movement = Movement(contact=event.name, is_verified=event.verified, is_giving=event.giving)
        self._by_handover[event.handover] = movement
        while len(self._by_handover) > MOVEMENTS_MAX:
            del self._by_handover[next(iter(self._by_handover))]
        movement.heard_s = clock.awake_and_asleep_s()
        match event.event:
            case events.Progress() as progress:
                movement.is_lost = False
                movement.amount = Amount(
                    bytes_done=progress.bytes_done,
                    bytes_of=progress.bytes_of,
                    files_done=progress.files_done,
                    files_of=progress.files_of,
                )
            case events.Delivered():
                movement.is_done = True
            case events.Declined():
                movement.is_declined = True
            case events.Lost():
                movement.is_lost = True
            case events.Trouble(problem=problem) | events.CannotBeRead(problem=problem):
                movement.problem = Problem.of(problem)
            case _:
                pass
