"""The one folder of a stick where our files lie: the only place here that opens, makes or deletes any (M4).

Opens nothing but plain files whose names could be ours, relative to a descriptor and never through a link;
deletes nothing that did not begin as one of ours. Never renames: on FAT a rename that is cut off can leave
two names for one file. A file that was cut off is read as far as it goes. Decision record 0220.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from satchel.carriers.stick.layout import FILE_BYTES_MAX, FOLDER, HEAD_BYTES, file_name, is_name
from satchel.carriers.stick.problems import READING, WRITING, busy, stick_problems
from satchel.carriers.stick.survey import FILES_MAX

ENTRIES_MAX = 1 << 16  # names that are looked at, of whatever lies there
UNKNOWN_FREE_BYTES = 1 << 40
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK a pipe that somebody left there would be waited for, for ever.
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EINVAL})
_NO_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF})
_LEFT_FREE = 100  # one part in so many of the disk


class Folder:
    """Used by one thread."""

    def __init__(self, descriptor: int) -> None:
        """Takes over `descriptor`. Use `reading` or `writing`."""
        self._folder = descriptor

    @classmethod
    @contextmanager
    def reading(cls, place: bytes | Path) -> Iterator[Self | None]:
        """For the time of a block; None: nothing of ours is there. `place` is the person's word: links in it
        count. Raises EnvironmentProblem: there is no such place."""
        with stick_problems("read the stick", safe=READING):
            try:
                folder = cls(_step_into(os.open(place, _FOLDER_FLAGS)))
            except _Missing:
                folder = None
        try:
            yield folder
        finally:
            if folder is not None:
                os.close(folder._folder)

    @classmethod
    @contextmanager
    def writing(cls, place: bytes | Path) -> Iterator[Self]:
        """The same, made if it is missing, and locked where the disk knows locks."""
        with stick_problems("write on the stick", safe=WRITING):
            outer = os.open(place, _FOLDER_FLAGS)
            try:
                with suppress(FileExistsError):
                    os.mkdir(FOLDER, dir_fd=outer)
                    _sync(outer)
            except BaseException:
                os.close(outer)
                raise
            folder = cls(_step_into(outer))
        try:
            with stick_problems("write on the stick", safe=WRITING):
                folder._lock()
            yield folder
        finally:
            os.close(folder._folder)

    def names(self) -> list[str]:
        """Of what may be ours, at most FILES_MAX; sorted, so that a stick is always read the same way."""
        found: list[str] = []
        with os.scandir(self._folder) as entries:
            for number, entry in enumerate(entries):
                if number >= ENTRIES_MAX or len(found) >= FILES_MAX:
                    break
                # Asked before it is opened: to open a device can be to do something with it.
                if is_name(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append(entry.name)
        return sorted(found)

    def open(self, name: str) -> BinaryIO | None:
        """For reading; None: it is no plain file, or longer than ours are. Raises OSError."""
        opened = os.open(name, _READ_FLAGS, dir_fd=self._folder)
        try:
            status = os.fstat(opened)
            if stat.S_ISREG(status.st_mode) and HEAD_BYTES <= status.st_size <= FILE_BYTES_MAX:
                return os.fdopen(opened, "rb", buffering=1 << 17)
        except BaseException:
            os.close(opened)
            raise
        os.close(opened)
        return None

    @staticmethod
    def size_of(file: BinaryIO) -> int:
        return os.fstat(file.fileno()).st_size

    def create(self, chance: bytes) -> tuple[str, int]:
        """A new file, for writing; its name and descriptor. Raises OSError."""
        name = file_name(chance)
        return name, os.open(name, _NEW_FLAGS, 0o666, dir_fd=self._folder)

    def remove(self, name: str) -> None:
        """Raises OSError; not when it has gone already."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)

    def sync(self) -> None:
        """The names. Raises OSError."""
        _sync(self._folder)

    def free_bytes(self) -> int:
        """A hundredth of the disk is left to whoever owns it. A disk that does not know its size says when
        it is full."""
        status = os.fstatvfs(self._folder)
        if not status.f_blocks:
            return UNKNOWN_FREE_BYTES
        left = status.f_bavail - status.f_blocks // _LEFT_FREE
        return max(0, left * status.f_frsize)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise busy() from exc
        except OSError as exc:
            if exc.errno not in _NO_LOCKS:
                raise


class _Missing(FileNotFoundError):
    """The place is there, and nothing of ours in it."""


def _step_into(outer: int) -> int:
    """Our folder in that of the person, never through a link; closes `outer`."""
    try:
        return os.open(FOLDER, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=outer)
    except FileNotFoundError as exc:
        raise _Missing(*exc.args) from exc
    finally:
        os.close(outer)


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as exc:
        if exc.errno not in _NO_SYNC:  # file systems in user space may know no such thing for folders
            raise
