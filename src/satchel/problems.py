"""What the kernel says, as the three sentences for a person: what happened, what is safe, what to do."""

import errno
import os
from types import TracebackType

from satchel.errors import EnvironmentProblem, NameRefused, turning

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# What ends everything here, however it came up; all other errors may be those of one name.
_BROKEN = frozenset({errno.EROFS, errno.EIO, errno.ENODEV, errno.ENXIO})
_SHORT_OF = frozenset({errno.ENOMEM, errno.EMFILE, errno.ENFILE})
WHOLE_DISK = FULL | _BROKEN | _SHORT_OF

_IN_THE_WAY_OF_TIMES = frozenset({errno.EPERM, errno.EACCES, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})

_SAFE = "What was complete stays where it is; what is unfinished is kept and goes on from there."
_SENTENCES = {
    errno.ENOSPC: ("the disk is full", "Make room on it, then start again."),
    errno.EDQUOT: ("your share of the disk is used up", "Delete something of yours, then start again."),
    errno.EROFS: ("the disk is read-only", "Choose another folder, or make the disk writable."),
    errno.EIO: ("the disk reports an error", "Save what is on it, and use another disk."),
    errno.EACCES: ("this is not allowed here", "Choose another folder, or change its permissions."),
    errno.EPERM: ("this is not allowed here", "Choose another folder, or change its permissions."),
    errno.ENOENT: ("it is not there any more", "See whether it was moved, or the disk was taken out."),
    errno.EEXIST: ("it is not a folder", "Choose a folder."),
    errno.ENOTDIR: ("it is not a folder", "Choose a folder."),
    errno.ELOOP: ("it is a link, and links are not followed", "Name the place the link leads to."),
    errno.EFBIG: (
        "this kind of disk does not take a file of that size",
        "Use a disk with exFAT, ext4 or NTFS: FAT32 ends at 4 GiB.",
    ),
    errno.EMFILE: ("too many files are open", "Close other programs, then start again."),
    errno.ENFILE: ("too many files are open", "Close other programs, then start again."),
}
_NAME_SENTENCES = {
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.EXDEV: "that folder is a part of another disk",
    errno.EACCES: "that folder does not let you write into it",
    errno.EPERM: "that folder does not let you write into it",
    errno.ELOOP: "a link stands in the way, and links are not followed",
}


def problem_with(exc: OSError, doing: str) -> EnvironmentProblem:
    """`doing` completes "Could not ...:", for example "write into the chosen folder"."""
    other = (os.strerror(exc.errno or 0), "Look at the disk, then try again.")
    why, do = _SENTENCES.get(exc.errno or 0, other)
    problem = EnvironmentProblem(f"Could not {doing}: {why}.", safe=_SAFE, do=do)
    problem.disk_full = exc.errno in FULL
    return problem


class disk_problems(turning):
    """Turn errors of the operating system into ours, around a block."""

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, OSError):
            raise self._turned(exc, self._doing) from exc

    @staticmethod
    def _turned(exc: OSError, doing: str) -> EnvironmentProblem:
        return problem_with(exc, doing)


class name_problems(disk_problems):
    """The same where a name is made: most errors are then those of this one name (M3: the rest goes on)."""

    __slots__ = ()

    @staticmethod
    def _turned(exc: OSError, doing: str) -> EnvironmentProblem:
        if exc.errno in WHOLE_DISK:
            return problem_with(exc, doing)
        why = _NAME_SENTENCES.get(exc.errno or 0, "this disk does not take that name")
        return NameRefused(
            f"Could not {doing}: {why}.",
            safe="Everything else goes on.",
            do="Have it sent under another name, or choose another folder.",
        )


class best_effort:
    """For times and modes: what the disk does not know is left out, what is broken is still said."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(exc, OverflowError):
            return True  # a year beyond what the kernel counts
        return isinstance(exc, OSError) and exc.errno in _IN_THE_WAY_OF_TIMES
