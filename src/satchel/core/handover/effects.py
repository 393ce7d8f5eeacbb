"""What the two state machines of a hand-over ask their owner to do."""

from dataclasses import dataclass

from satchel.core.handover.messages import Entry, Failure, Message, Range, StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysConfirmed:
    """The other side's first frame opened: it has the keys of this session, older ones may go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSuite:
    """Both Hellos have passed: every later frame is AES-256-GCM, or ChaCha20-Poly1305."""

    aes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPerson:
    """The whole offer is here: call accept() or decline() with the person's answer."""

    entries: tuple[Entry, ...]
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Sender: these are wanted. Remember it durably before anything is sent."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Sender: the other person wants nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashChunks:
    """Sender: hash the first `chunks` chunks of the file, then call hashed()."""

    number: int
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFiles:
    """Sender: stream these files whole; call sent() before the end of each leaves, or failed()."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendChunks:
    """Sender: stream these chunks of a file and its root; call sent() before that leaves, or failed()."""

    number: int
    ranges: tuple[Range, ...]
    told: tuple[bytes, ...]  # the hashes that a Manifest has told, from chunk 0 on


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPipes:
    """Receiver: open more pipes to the sender, until there are this many."""

    pipes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WontCome:
    """This file will not arrive; the receiver throws away what it has of it."""

    number: int
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesOver:
    """Receiver: every file is placed or failed; folders may get their times now, then placed()."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """Sender: the receiver has these whole and durable."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Both sides know that all is in place (or will not come): forget the record, close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The other side ended the conversation and said why."""

    reason: StopReason


Effect = (
    Say
    | KeysConfirmed
    | UseSuite
    | AskPerson
    | Accepted
    | Declined
    | HashChunks
    | SendFiles
    | SendChunks
    | OpenPipes
    | WontCome
    | FilesOver
    | Confirmed
    | Over
    | Stopped
)
