"""What is said during a hand-over of files. Spec: docs/spec/handover.md, section 2."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

Range = tuple[int, int]  # first number, count (at least 1)
Path = tuple[bytes, ...]  # components, byte for byte as the sender's file system has them


class EntryKind(Enum):
    FILE = 0
    FOLDER = 1


class Failure(Enum):
    """Why one file will not arrive; the value is on the wire."""

    CHANGED = 1  # edited or replaced at the sender since it was offered
    UNREADABLE = 2  # the sender cannot read it any more
    REFUSED_BY_DISK = 3  # the receiver's file system does not take this name
    FAILED_BEFORE = 4  # said by the receiver after a break: it failed on an earlier connection


class StopReason(Enum):
    """Why a side ends the conversation for now; the value is on the wire."""

    PAUSED = 1  # the person stopped it; it may go on later
    DISK_FULL = 2
    DISK_PROBLEM = 3
    GIVEN_UP = 4  # it will not go on: the record is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One offered file or folder; its number is its place in the offer, from 0."""

    path: Path
    kind: EntryKind
    size: int  # bytes, 0 for folders
    mtime_ns: int  # since 1970, may be negative
    executable: bool


class Offered(Protocol):
    """Whatever the sender's owner keeps of an entry: it need not keep another copy for the wire."""

    @property
    def path(self) -> Path: ...
    @property
    def kind(self) -> EntryKind: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def executable(self) -> bool: ...


def as_entry(offered: Offered) -> Entry:
    return Entry(
        path=offered.path,
        kind=offered.kind,
        size=offered.size,
        mtime_ns=offered.mtime_ns,
        executable=offered.executable,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First frame of each direction [2.1]."""

    aes: bool  # this machine does AES in hardware: bulk may use AES-256-GCM


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A page of the list of what could be had [2.2]."""

    first: int  # number of the first entry of this page
    entries: tuple[Entry, ...]
    last: bool
    note: str | None = None  # a text to read, on the last page only


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """What the person wants of it [2.3]."""

    ranges: tuple[Range, ...]
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Nothing of it is wanted [2.4]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """These stand whole and durable under their names (folders: exist) [2.5]."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Candidates: which chunk hashes the speaker would like to compare [2.6]."""

    files: tuple[tuple[int, int], ...]  # number, count of chunks from the first one on


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Chunk hashes of one candidate, as its content is now [2.7]."""

    number: int
    first: int  # index of the first hash
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantFiles:
    """Send these files whole [2.8]."""

    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantChunks:
    """Send these chunks of one checked file; an empty tuple asks for its root only [2.9]."""

    number: int
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Everything wanted has been named [2.10]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One file will not arrive [2.11]."""

    number: int
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    """The sender knows that all is in place; both may forget [2.12]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The speaker closes the connection now, and why [2.13]."""

    reason: StopReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripes:
    """Open more pipes of this session, until there are so many in all [2.14]."""

    pipes: int


Message = (
    Hello
    | Offer
    | Accept
    | Decline
    | Receipt
    | Check
    | Manifest
    | WantFiles
    | WantChunks
    | Ready
    | Failed
    | Bye
    | Stop
    | Stripes
)


def as_ranges(numbers: Iterable[int]) -> list[Range]:
    """Ascending numbers without repetition, as (first, count)."""
    ranges: list[Range] = []
    for number in numbers:
        if ranges and number == ranges[-1][0] + ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], ranges[-1][1] + 1)
        else:
            ranges.append((number, 1))
    return ranges
