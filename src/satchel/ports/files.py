"""What is sent, and the folder that gets what is received."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from satchel.core.handover.messages import EntryKind
from satchel.ports.records import HandoverId


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
