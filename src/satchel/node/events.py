"""What the node tells whoever shows it to a person. Names and texts are as the peer sent them:
whoever shows them escapes them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from satchel.core.handover.messages import Entry, Failure, Path, StopReason
from satchel.core.identity.contacts import ContactId
from satchel.core.opening.effects import WentBack, WeWentBack
from satchel.errors import SatchelError
from satchel.ports import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReady:
    """Show this code to the person; tell nobody else."""

    code: str = field(repr=False)
    receivers: int = 1  # how many may use it


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """This machine can be reached here, by people who cannot be found by themselves."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """Looking for the other side of this code or of unfinished hand-overs, or for contacts."""

    resuming: int  # how many unfinished hand-overs; 0 with a code
    meeting: bool = False  # for contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessCounted:
    """Somebody who speaks of this channel got one guess at the code."""

    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """The other side proved that it knows the code or the earlier session."""

    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferShown:
    entries: tuple[Entry, ...]
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReceived:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """At most five a second."""

    bytes_done: int
    bytes_of: int
    files_done: int
    files_of: int
    bytes_moved: int  # over this connection: what the rate is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlaced:
    path: Path  # where it stands below the chosen folder
    offered: Path
    already_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFailed:
    path: Path
    failure: Failure


class Loss(Enum):
    BROKEN = "the connection broke"
    PAUSED = "the other side stopped for now"
    DISK_FULL = "the other side's disk is full"
    DISK_PROBLEM = "the other side's disk has a problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The conversation ended before its end; it goes on when the other side is met again."""

    loss: Loss


LOSS_OF = {
    StopReason.PAUSED: Loss.PAUSED,
    StopReason.DISK_FULL: Loss.DISK_FULL,
    StopReason.DISK_PROBLEM: Loss.DISK_PROBLEM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Sender: somebody looked at the offer and does not want it. Receiver, with a contact: the person here
    has stopped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Sender, where several may take the offer: one more has all that it wanted."""

    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Beside what goes on: our own disk; or it will not come to an end with one of several receivers."""

    problem: SatchelError


@dataclass(frozen=True, slots=True, kw_only=True)
class ByReceiver:
    """Sender, where several may take the offer: what happened with one of them."""

    receiver: int  # from 1, in the order in which they came
    event: "Event"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHandover:
    """Where several unfinished hand-overs go on side by side: what happened with one of them."""

    handover: int  # from 1, in the order in which they were accepted
    event: "Event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """This node is open on these links now."""

    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerMet:
    """A contact is here, and has proved it."""

    contact: ContactId
    name: str  # as the person calls it here
    verified: bool = False
    shown: tuple[WentBack | WeWentBack, ...] = ()  # what the session showed of copies


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerGone:
    """The last session with a contact is over. `broke`: it did not say that it goes."""

    contact: ContactId
    name: str
    verified: bool = False
    broke: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was wanted of a hand-over."""

    names: tuple[bytes, ...] = field(default=(), repr=False)  # the first ones at the top (entries.py)
    files: int = 0
    size_bytes: int = 0
    has_text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """All that was wanted of it is in place."""

    contents: Contents = Contents()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A contact offers something that waits for the person's word."""

    contact: ContactId
    name: str
    is_verified: bool
    files: int
    size_bytes: int
    has_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotBeRead:
    """What waits for a contact is not there, or cannot be read now. It stays, and is tried again."""

    problem: SatchelError


@dataclass(frozen=True, slots=True, kw_only=True)
class ByContact:
    """What happened in a hand-over to a contact, or from one."""

    contact: ContactId
    name: str  # as the person calls it here
    verified: bool = False
    giving: bool  # to the contact
    handover: bytes  # 16 bytes: which, of this profile
    event: "Event"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterCame:
    """A contact has written; it is on the disk."""

    contact: ContactId
    name: str  # as the person calls it here
    is_verified: bool
    id: bytes | None  # None: this version cannot read it, and keeps it for a newer one
    text: str = field(repr=False)
    attachments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterMoved:
    """An own one was sealed, or one more carrier has it: whoever shows its state shows it anew."""

    id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterEnded:
    """An own one: its reader has it, or its time is over and nobody has said so."""

    id: bytes
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSpoilt:
    """What a contact has sealed, and is wrong inside."""

    contact: ContactId
    problem: SatchelError


Event = (
    CodeReady
    | Listening
    | Searching
    | GuessCounted
    | Met
    | OfferShown
    | NoteReceived
    | Progress
    | FilePlaced
    | FileFailed
    | Lost
    | Declined
    | Given
    | Trouble
    | ByReceiver
    | ByHandover
    | Reachable
    | PeerMet
    | PeerGone
    | Delivered
    | Asked
    | CannotBeRead
    | ByContact
    | LetterCame
    | LetterMoved
    | LetterEnded
    | LetterSpoilt
)
Report = Callable[[Event], None]
