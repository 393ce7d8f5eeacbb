"""Files that the owner's page brings as bytes, until they have been handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

from satchel.errors import MisuseError

UploadId = NewType("UploadId", bytes)  # 16 random bytes, never sent


class NotAtThatPlace(MisuseError):
    """What was brought does not follow on what is there, or somebody else is bringing it now."""

    def __init__(self, what: str, *, have: int) -> None:
        super().__init__(what, safe="What is there stays.", do="Ask how much is there, and go on from there.")
        self.have = have


class OvertakenError(MisuseError):
    """Another request brings it from now on: the newer one goes on, since a page that was reloaded knows no
    other way to say that the older one is of nobody any more."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what, safe="What is there of it stays.", do="See the other window. Or choose it again here."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A file, or folder, that somebody wants to bring. The same path, size and time is the same one."""

    path: tuple[bytes, ...]  # components below what was dropped
    size: int | None  # bytes; None: a folder
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file, or folder, of what was dropped or picked together."""

    id: UploadId
    group: bytes  # 16 bytes: the same for what was dropped together
    path: tuple[bytes, ...]  # components below what was dropped
    size: int | None  # bytes; None: a folder
    mtime_ns: int
    have: int  # bytes that are durable, from the start on
    sent: bool  # it was accepted by somebody, or put into the queue

    @property
    def is_whole(self) -> bool:
        return self.size is None or self.have == self.size


class Incoming(Protocol):
    """Uploads while they are being brought. Used by one thread at a time; raises EnvironmentProblem."""

    def write(self, data: memoryview) -> None:
        """What follows. Raises MisuseError: more than there is to come."""
        ...

    def sync(self) -> int:
        """Make durable what came; returns how much is there now."""
        ...

    def close(self) -> None:
        """What is not durable is dropped."""
        ...


class Uploads(Protocol):
    """Used from several threads. Every call raises EnvironmentProblem; what it returns is durable."""

    expired: int  # how many were erased since this program began because nobody did anything with them

    def begin(self, group: bytes, files: Sequence[Chosen]) -> Sequence[Upload]:
        """Go on with the same ones, as long as they were not sent; begin the others. All of them, or none.

        Raises MisuseError: such a path, size or time cannot be; NothingToDo: one of the same was sent or
        erased meanwhile; EnvironmentProblem: no room on the disk.
        """
        ...

    def append(self, id: UploadId, at: int) -> Incoming:
        """One file, from there on: what came in whole blocks, or to the end, is kept.

        Raises NotAtThatPlace; NothingToDo: there is none of this id.
        """
        ...

    def together(self, ids: Sequence[UploadId]) -> Incoming:
        """Files of a block at most, one whole one behind the other: `sync` returns how many are there.

        Raises MisuseError: one is larger, or a folder, or comes twice; NotAtThatPlace: somebody brings one;
        NothingToDo.
        """
        ...

    def all(self) -> Sequence[Upload]:
        """The oldest first."""
        ...

    def unsent(self) -> Sequence[Upload]:
        """What lies here of groups that nobody was given and no command is busy with. The oldest first."""
        ...

    def remove(self, id: bytes) -> None:
        """Of one upload, or of a group. Raises NothingToDo; MisuseError: it is being sent."""
        ...
