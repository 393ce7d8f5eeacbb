"""Who works on which record: one byte of one file each, locked until the process ends.

Open-file-description locks (fcntl(2)): unlike flock on a file per record there is nothing to delete
and so no race with deleting; unlike POSIX record locks they do not vanish when the same process opens
and closes the file a second time.
"""

import fcntl
import os
import struct
from pathlib import Path

_FLOCK = struct.Struct("@hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, length, pid


class RecordLocks:
    """Raises OSError where the disk knows no locks."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._held: set[int] = set()

    def take(self, key: int) -> bool:
        """Whether it is ours now (or was already)."""
        try:
            self._ask(fcntl.F_WRLCK, key)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, as POSIX leaves open
            return False
        self._held.add(key)
        return True

    def holds(self, key: int) -> bool:
        return key in self._held

    def give(self, key: int) -> None:
        self._ask(fcntl.F_UNLCK, key)
        self._held.discard(key)

    def close(self) -> None:
        os.close(self._file)

    def _ask(self, kind: int, key: int) -> None:
        fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, key, 1, 0))
