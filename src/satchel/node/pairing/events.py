"""What a pairing tells whoever shows it to a person, besides node/events.py. Names are as the peer sent
them: whoever shows them escapes them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from satchel.errors import SatchelError
from satchel.node import events
from satchel.ports.contacts import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureReady:
    """Show this, and no other one any more."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedAgain:
    """Show it at once: so many devices have scanned the picture that was meant for one (P2)."""

    takers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOver:
    """Nobody can pair by the code any more; by the picture one still can."""

    problem: SatchelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbed:
    """Somebody broke the rules. Nothing was kept of it, and who is meant may still come."""

    problem: SatchelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A contact that is stored. Its words, where it has any, are to be compared."""

    contact: Contact  # under a name that nobody else has
    proposed: str  # what they want to be called, or nothing
    takers: int  # how many devices scanned: above 1, say so
    again: bool = False  # it took the place of the one that was told before: its words are other ones


Event = PictureReady | ScannedAgain | CodeOver | Disturbed | Met | events.Event
Report = Callable[[Event], None]
