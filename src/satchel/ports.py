"""What the node needs from the world, as interfaces.

store/ and carriers/ implement these, node/ uses them, cli/ puts them together; none of the three
knows another. Nothing here does anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, NewType, Protocol

from satchel.core.handover.messages import EntryKind
from satchel.core.session.stripes import PathCounts

HandoverId = NewType("HandoverId", bytes)  # 16 random bytes, local to this machine, never sent
Address = NewType("Address", bytes)  # 16 bytes: IPv6, or IPv4 as ::ffff:a.b.c.d; no scope

FLIGHT_BYTES = 256
DATAGRAM_BYTES = 530


class Entropy(Protocol):
    """Where randomness comes from; core gets it as arguments."""

    def draw(self, count: int) -> bytes: ...
    def encapsulate(self, public_key: bytes) -> tuple[bytes, bytes]:
        """ML-KEM-768: (32 bytes secret, 1088 bytes ciphertext). Draws inside the library."""
        ...


# --- the local network ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a datagram or a connection came from or goes to."""

    address: Address
    port: int
    scope: int = 0  # interface index; needed for IPv6 link-local addresses


class Pipe(Protocol):
    """A connected stream of bytes, used by blocking calls from one or more threads.

    Every call raises EnvironmentProblem when the connection is gone or the deadline has passed.
    """

    local: Endpoint  # our own end of the connection
    remote: Endpoint

    def send_all(self, data: bytes | bytearray | memoryview) -> None: ...
    def receive_into(self, buffer: memoryview) -> int:
        """Bytes read, at least 1. Raises EnvironmentProblem at the end of the stream, too."""
        ...

    def receive_all(self, buffer: memoryview) -> None:
        """Fill all of `buffer`. Raises EnvironmentProblem when the stream ends first."""
        ...

    def waiting_bytes(self) -> int:
        """How much has come and can be received without waiting."""
        ...

    def set_deadline(self, seconds: float | None) -> None:
        """Each send or receive that begins from now on may take this long at most without any progress."""
        ...

    def path(self) -> PathCounts:
        """What was sent, sent again and acknowledged over this connection so far."""
        ...

    def tolerate_loss(self) -> bool:
        """Take a lost segment for an accident, not for a full network. True where that is new.

        Only where something is lost: on a good cable it costs speed (docs/decisions/0062).
        """
        ...

    def keep_queue_short(self) -> None:
        """Hold little back that has not left yet: what is sent next may then go by another pipe."""
        ...

    def set_patience(self, seconds: int) -> None:
        """How long the other side's machine may take nothing or be silent before it counts as gone."""
        ...

    def close(self) -> None:
        """Close at once; calls blocked in other threads end with EnvironmentProblem. May be repeated."""
        ...


class Link(Protocol):
    """One address of one interface while it is up, with the sockets bound to it."""

    interface: str
    address: Address
    port: int  # the TCP port that listens here; 0 for a Lan made with listening=False

    def shout(self, datagram: bytes) -> None:
        """Send one datagram of 530 bytes to the group on this link; a failure is not an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp:
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown:
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A datagram of exactly 530 bytes from an on-link source, not our own."""

    link: Link
    source: Endpoint  # address and scope to dial; its port is the UDP source port, of no use
    datagram: bytes


class Arrival(Protocol):
    """Somebody who connected and sent exactly 256 bytes in time. Exactly one method is called, once."""

    flight: bytes
    link: Link
    local: Endpoint
    remote: Endpoint

    @property
    def is_waiting(self) -> bool:
        """False once it went away, or had to make room for others."""
        ...

    def take(self) -> Pipe: ...
    def drain(self) -> None:
        """Answer nothing; the connection is read and thrown away for a random while, then closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    arrival: Arrival


LanEvent = LinkUp | LinkDown | Heard | Arrived


class Lan(Protocol):
    """All links of this machine. Used from one asyncio loop."""

    async def next_event(self) -> LanEvent: ...
    def links(self) -> Sequence[Link]: ...
    async def dial(self, endpoint: Endpoint, *, within_s: float) -> Pipe:
        """Connect. Raises EnvironmentProblem when nobody answers, MisuseError for an address that is
        neither on-link nor private: Satchel sends no packet to the Internet."""
        ...

    async def close(self) -> None: ...


# --- what is sent --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One file or folder as it was when it was offered."""

    path: tuple[bytes, ...]  # components below the offer's root, byte for byte
    kind: EntryKind
    size: int  # bytes; 0 for folders
    mtime_ns: int
    executable: bool
    top: bytes  # absolute path on this machine of what the person named: that is path[0]
    stamp: bytes  # device, inode, size, mtime and ctime: changes when the file does

    @property
    def location(self) -> bytes:
        """Its own absolute path. Put together when asked for: an offer may have 200,000 entries."""
        return b"/".join((self.top, *self.path[1:]))


class OpenSource(Protocol):
    """An offered file, opened. Used by one thread."""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; fewer bytes only at the end of the file."""
        ...

    def is_unchanged(self) -> bool:
        """Whether the file is still the one that was offered, by its stamp."""
        ...

    def close(self) -> None: ...


class Source(Protocol):
    """Used by several threads."""

    def open(self, entry: SourceEntry) -> OpenSource:
        """Raises EnvironmentProblem when it cannot be read, FileChanged when it is not the file offered."""
        ...

    def read_whole(self, entry: SourceEntry, buffer: memoryview) -> None:
        """All of a small file at once, into a buffer of exactly its size.

        Raises as `open` does. Then nothing of the buffer may be sent: it may be of another file.
        """
        ...

    def is_gone(self, entry: SourceEntry) -> bool:
        """Whether what the person named, and this is in, is not there now: a disk was taken out."""
        ...

    def recognise(self, entries: Sequence[SourceEntry]) -> list[SourceEntry]:
        """As they were offered by an earlier run of the program: a file of the same size and time of change
        counts as the one that was offered, whatever its disk is called now."""
        ...

    def rest(self) -> None:
        """Let go of what is kept open for the next file. At the end of each conversation: a stick that is
        not read from may be taken out."""
        ...


# --- what is received ----------------------------------------------------------------------------


class Placed(NamedTuple):
    path: tuple[bytes, ...]  # where it stands now, below the chosen folder
    already_there: bool  # the same content stood there before: nothing was written


class Chosen(Protocol):
    """The folder that the person chose, as long as nothing is accepted: nothing of ours is in it."""

    def free_bytes(self) -> int: ...
    def begin(self, id: HandoverId) -> "Landing":
        """Something was accepted: make room for what is unfinished. Durable when it returns, so that a
        record may say that it is there."""
        ...


class Landing(Protocol):
    """The folder that the person chose, and one hand-over's unfinished files in it.

    The one choke point for names that came from a peer (M4): every path below is checked component
    by component, opened without following links, and nothing that was there before is changed or
    deleted. Every call raises EnvironmentProblem for a full, read-only or broken disk.
    """

    def partials(self) -> dict[int, int]:
        """Number and length in bytes of every unfinished file there, after a restart too."""
        ...

    def create(self, number: int) -> None:
        """Make the unfinished file `number`, empty (so that an empty file is there too)."""
        ...

    def write(self, number: int, offset: int, data: memoryview) -> None: ...
    def read(self, number: int, offset: int, buffer: memoryview) -> int:
        """Read back of an unfinished file, to hash it again. Bytes read, 0 at its end."""
        ...

    def finish(self, number: int, *, size: int, mtime_ns: int, executable: bool) -> int:
        """All bytes are there: cut to `size`, set times and mode. Returns the inode number."""
        ...

    def put(self, number: int, data: memoryview, *, mtime_ns: int, executable: bool) -> int:
        """A whole file that came verified and in one piece: create, write and finish in one call.

        Takes the place of what there is of this number. Returns the inode number.
        """
        ...

    def sync(self, numbers: Sequence[int]) -> None:
        """Make durable all that was written to these unfinished files, and all names placed before."""
        ...

    def place(self, number: int, path: tuple[bytes, ...]) -> Placed:
        """Give a finished file its name; "name (2)" where another content has it already."""
        ...

    def find_placed(self, path: tuple[bytes, ...], inode: int) -> tuple[bytes, ...] | None:
        """Where the file that was being placed when the program died stands, if it was placed."""
        ...

    def make_folder(self, path: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Make a folder unless it is there; returns where it stands."""
        ...

    def set_folder_times(self, folders: Iterable[tuple[tuple[bytes, ...], int]]) -> None:
        """(path as offered, mtime_ns), deepest first set last by the implementation."""
        ...

    def discard(self, number: int) -> None:
        """Throw an unfinished file away."""
        ...

    def close(self, *, remove: bool) -> None:
        """Let go; with `remove`, also delete everything unfinished and the folder that held it."""
        ...


# --- what is remembered until a hand-over is whole -----------------------------------------------


class Role(Enum):
    SENDER = 0
    RECEIVER = 1


class FileState(Enum):
    REFUSED = 0  # the receiver did not want it
    WANTED = 1
    PLACING = 2  # receiver: complete and durable, on its way to its final name
    DONE = 3  # receiver: under its final name, durable. Sender: the receiver said so
    FAILED = 4  # will not arrive in this hand-over (changed while it was read, refused by the disk)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEntry:
    number: int  # 0.. in the order of the offer
    path: tuple[bytes, ...]
    kind: EntryKind
    size: int
    mtime_ns: int
    executable: bool
    state: FileState
    location: bytes = b""  # sender only
    stamp: bytes = b""  # sender only
    inode: int = 0  # receiver, PLACING only


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """A hand-over that is not whole yet, without its entries."""

    id: HandoverId
    role: Role
    secret: bytes  # 32 bytes, from the session key
    older_secret: bytes | None  # kept until the peer confirms the newer one
    into: bytes  # receiver: absolute path of the chosen folder; sender: b""
    finished: bool  # receiver: all is in place, only the sender may not know it yet


class Records(Protocol):
    """Resumption records: kept 7 days, durable when a call returns."""

    def create(self, head: RecordHead, entries: Iterable[RecordEntry]) -> None: ...
    def unfinished(self, role: Role) -> list[RecordHead]: ...
    def entries(self, id: HandoverId) -> list[RecordEntry]: ...
    def replace_secret(self, id: HandoverId, new: bytes, *, used: bytes | None = None) -> None:
        """`new` becomes the secret, the one that was `used` in this session becomes the older one.

        Without `used`, the one that the peer is known to have: the older one as long as it is there.
        """
        ...

    def confirm_secret(self, id: HandoverId) -> None:
        """The peer has stored the newer one: forget the older."""
        ...

    def remember_flight(self, id: HandoverId, ephemeral: bytes) -> bool:
        """False if this 32-byte ephemeral key was seen before, or too many were: a replay."""
        ...

    def mark(self, id: HandoverId, numbers: Sequence[int], state: FileState) -> None: ...
    def mark_placing(self, id: HandoverId, inodes: Sequence[tuple[int, int]]) -> None:
        """(number, inode) of files about to be given their names."""
        ...

    def mark_finished(self, id: HandoverId) -> None: ...
    def forget(self, id: HandoverId) -> None: ...
