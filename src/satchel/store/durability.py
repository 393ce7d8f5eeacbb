"""Make writes survive a power cut: one file, or everything on a disk at once."""

import ctypes
import errno
import os
from collections.abc import Sequence

from satchel.errors import EnvironmentProblem
from satchel.store.problems import problem_with

_libc = ctypes.CDLL(None, use_errno=True)
_syncfs = getattr(_libc, "syncfs", None)


def sync_disk_of(folder: int) -> None:
    """syncfs(2): one call for any number of files. Reports write errors since Linux 5.8."""
    if _syncfs is None:
        os.sync()
    elif _syncfs(ctypes.c_int(folder)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


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
