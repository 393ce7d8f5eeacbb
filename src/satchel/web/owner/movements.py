"""What goes to contacts and comes from them by itself, as the page shows it. In memory only: nothing of it is
written down anywhere (T1)."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from satchel.core.identity.contacts import ContactId
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
    handover: str  # as the list of what waits has it (cli 4)
    names: tuple[str, ...] = ()  # this and the next: known when it is done
    has_text: bool = False
    amount: Amount = field(default_factory=Amount)
    is_done: bool = False
    is_declined: bool = False
    is_lost: bool = False
    problem: Problem | None = None
    heard_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """What somebody else does not want stays, as in the queue, until it is taken back."""
        return self.is_done or (self.is_declined and not self.is_giving)


class Movements:
    """Told by the node, from any thread."""

    def __init__(self, changed: Callable[[], object]) -> None:
        """`changed`: called from the thread that tells."""
        self._changed = changed
        self._guard = threading.Lock()
        # Heard of longest ago first. What a contact calls its own may be what another calls one of its own.
        self._of: dict[tuple[ContactId, bool, bytes], Movement] = {}

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
                for movement in reversed(self._of.values())
                if not movement.is_over or now_s - movement.heard_s < SHOWN_S
            ]

    def _hear(self, event: events.ByContact) -> None:
        key = event.contact, event.giving, event.handover
        movement = self._of.pop(key, None)
        if movement is None:
            movement = Movement(
                contact=event.name,
                is_verified=event.verified,
                is_giving=event.giving,
                handover=event.handover.hex(),
            )
        self._of[key] = movement
        while len(self._of) > MOVEMENTS_MAX:
            del self._of[next(iter(self._of))]
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
            case events.Delivered(contents=contents):
                movement.is_done = True
                movement.has_text = contents.has_text
                movement.names = tuple(name.decode("utf-8", "surrogateescape") for name in contents.names)
            case events.Declined():
                movement.is_declined = True
            case events.Lost():
                movement.is_lost = True
            case events.Trouble(problem=problem) | events.CannotBeRead(problem=problem):
                movement.problem = Problem.of(problem)
            case _:
                pass
