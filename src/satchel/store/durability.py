"""Make writes survive a power cut: one file, or everything on a disk at once."""

import ctypes
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from satchel.errors import EnvironmentProblem
from satchel.problems import problem_with

OVERWRITE_BYTES = 1 << 20

_libc = ctypes.CDLL(None, use_errno=True)
_syncfs = getattr(_libc, "syncfs", None)


def sync_disk_of(folder: int) -> None:
    """syncfs(2): one call for any number of files. Reports write errors since Linux 5.8."""
    if _syncfs is None:
        os.sync()
    elif _syncfs(ctypes.c_int(folder)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def sync_file(path: Path) -> None:
    """One file and its name."""
    _sync(path, os.O_RDONLY)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """The names in a folder."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    opened = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def overwrite(file: int) -> None:
    """With zeros, durably, before it is let go of: as much as a program can do (T2)."""
    size = os.fstat(file).st_size
    for at in range(0, size, OVERWRITE_BYTES):
        os.pwrite(file, bytes(min(OVERWRITE_BYTES, size - at)), at)
    os.fsync(file)


def drop_cached(descriptors: Sequence[int]) -> None:
    """Forget the cached pages of these files, so that what is read back is what the disk has.

    After a failed fsync Linux calls the lost pages clean ("fsyncgate", 2018): they would hash right
    when read back, the next fsync would succeed, and the disk would still not have them.
    """
    for descriptor in descriptors:
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOSYS, errno.EIO):
                raise


def sync_problem(exc: OSError) -> EnvironmentProblem:
    return problem_with(exc, "make the received files safe on the disk")
