"""What the kernel says, as the three sentences for a person: what happened, what is safe, what to do."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from satchel.errors import EnvironmentProblem, NameRefused

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# What ends everything here, however it came up; all other errors may be those of one name.
_BROKEN = frozenset({errno.EROFS, errno.EIO, errno.ENODEV, errno.ENXIO})
_SHORT_OF = frozenset({errno.ENOMEM, errno.EMFILE, errno.ENFILE})
WHOLE_DISK = FULL | _BROKEN | _SHORT_OF

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


@contextmanager
def disk_problems(doing: str) -> Iterator[None]:
    """Turn errors of the operating system into ours."""
    try:
        yield
    except OSError as exc:
        raise problem_with(exc, doing) from exc


@contextmanager
def name_problems(doing: str) -> Iterator[None]:
    """The same where a name is made: most errors are then those of this one name (M3: the rest goes on)."""
    try:
        yield
    except OSError as exc:
        if exc.errno in WHOLE_DISK:
            raise problem_with(exc, doing) from exc
        why = _NAME_SENTENCES.get(exc.errno or 0, "this disk does not take that name")
        raise NameRefused(
            f"Could not {doing}: {why}.",
            safe="Everything else goes on.",
            do="Have it sent under another name, or choose another folder.",
        ) from exc
