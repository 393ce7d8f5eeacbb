"""The unfinished files of one hand-over, in a hidden folder beside where they will stand.

The folder is on the same disk as the place the files go to, so that giving them their name is one
atomic rename. Its files have numbers for names: nothing here is called as a peer says.
Never follows a link, never deletes what it did not make.
"""

import errno
import fcntl
import os
import threading
from collections import OrderedDict
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Self

from satchel.core.wire.paths import STAGING_PREFIX
from satchel.errors import EnvironmentProblem
from satchel.problems import disk_problems
from satchel.store.renaming import At

OPEN_FILES_MAX = 64
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MADE_FOLDERS = b"folders"  # see tree.py; the one name here that is not a number


class _OpenFile:
    """Its descriptor for the time of a block; `users` counts those who are in one, or about to be."""

    __slots__ = ("_guard", "descriptor", "dropped", "users")

    def __init__(self, descriptor: int, guard: threading.Lock) -> None:
        self.descriptor = descriptor
        self.users = 0
        self.dropped = False  # to be closed by its last user
        self._guard = guard

    def __enter__(self) -> int:
        return self.descriptor

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            self.users -= 1
            if self.dropped and self.users == 0:
                os.close(self.descriptor)


class Staging:
    """Used by several threads; calls for one number do not overlap, except with `discard`."""

    def __init__(self, parent: int, name: bytes, folder: int) -> None:
        """Takes over `folder`; `parent` stays the caller's. Use `open`."""
        self._parent = parent
        self._name = name
        self.folder = folder
        self._files: OrderedDict[int, _OpenFile] = OrderedDict()  # least recently used first
        self._guard = threading.Lock()

    @classmethod
    def open(cls, parent: int, id: bytes, *, create: bool) -> Self | None:
        """None if it is not there and not to be made. EnvironmentProblem when another process has it."""
        name = STAGING_PREFIX + id.hex().encode()
        with disk_problems("open the folder of unfinished files"):
            while True:
                if create:
                    _make_folder(parent, name)
                try:
                    folder = os.open(name, _FOLDER_FLAGS, dir_fd=parent)
                except FileNotFoundError:
                    if not create:
                        return None
                    continue  # removed by the process that had it, in this moment
                try:
                    _lock(folder)
                    if os.fstat(folder).st_nlink > 0:
                        return cls(parent, name, folder)
                except BaseException:
                    os.close(folder)
                    raise
                os.close(folder)  # removed between open and lock: what we have locked is nothing

    def numbers(self) -> dict[int, int]:
        """Number and length of every unfinished file."""
        lengths: dict[int, int] = {}
        with disk_problems("look at the unfinished files"), os.scandir(self.folder) as found:
            for item in found:
                if is_number(item.name) and item.is_file(follow_symlinks=False):
                    lengths[int(item.name)] = item.stat(follow_symlinks=False).st_size
        return lengths

    def opened(self, number: int, *, create: bool) -> AbstractContextManager[int]:
        """A descriptor for the time of the block. Raises OSError, at once."""
        return self._take(number, create=create)

    def create_whole(self, number: int, mode: int) -> int:
        """A descriptor of a new file that is the caller's to write once and to close. Raises OSError.

        It has its final mode from the start: nobody else gets into this folder (0700).
        """
        name = b"%d" % number
        try:
            return os.open(name, _NEW_FLAGS, mode, dir_fd=self.folder)
        except FileExistsError:  # a part of it came over an earlier connection
            self.discard(number)
            return os.open(name, _NEW_FLAGS, mode, dir_fd=self.folder)

    def name_of(self, number: int) -> At:
        return At(self.folder, b"%d" % number)

    def release(self, number: int) -> None:
        """It has its final name: let go of it."""
        with self._guard:
            self._drop(self._files.pop(number, None))

    def discard(self, number: int) -> None:
        self.release(number)
        with disk_problems("delete an unfinished file"), suppress(FileNotFoundError):
            os.unlink(b"%d" % number, dir_fd=self.folder)

    def open_made_folders(self) -> int:
        """The list that tree.py keeps here, for reading and appending."""
        return os.open(_MADE_FOLDERS, _FILE_FLAGS | os.O_CREAT | os.O_APPEND, 0o600, dir_fd=self.folder)

    def close(self, *, remove: bool) -> None:
        with self._guard:
            for file in self._files.values():
                self._drop(file)
            self._files.clear()
        try:
            if remove:
                with disk_problems("delete the unfinished files"):
                    self._remove()
        finally:
            os.close(self.folder)  # and with it the lock

    def _remove(self) -> None:
        for name in os.listdir(self.folder):
            if is_number(name) or name == _MADE_FOLDERS.decode():
                with suppress(FileNotFoundError, IsADirectoryError):  # a folder is not ours
                    os.unlink(name, dir_fd=self.folder)
        try:
            os.rmdir(self._name, dir_fd=self._parent)
        except OSError as exc:
            # Somebody put something else into it, or renamed it: that is theirs and stays.
            if exc.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EBUSY):
                raise

    def _take(self, number: int, *, create: bool) -> _OpenFile:
        with self._guard:
            file = self._files.get(number)
            if file is None:
                flags = _FILE_FLAGS | (os.O_CREAT if create else 0)
                file = _OpenFile(os.open(b"%d" % number, flags, 0o600, dir_fd=self.folder), self._guard)
                self._files[number] = file
                if len(self._files) > OPEN_FILES_MAX:
                    self._drop(self._files.popitem(last=False)[1])
            else:
                self._files.move_to_end(number)
            file.users += 1
            return file

    def _drop(self, file: _OpenFile | None) -> None:
        if file is None:
            return
        file.dropped = True
        if file.users == 0:
            os.close(file.descriptor)


def is_number(name: str) -> bool:
    """Whether this is a name that `Staging` gives: decimal, ASCII, without leading zeros."""
    return name.isascii() and name.isdigit() and str(int(name[:10])) == name


def _make_folder(parent: int, name: bytes) -> None:
    with suppress(FileExistsError):  # ours, from before the program ended; anything else fails to open
        os.mkdir(name, 0o700, dir_fd=parent)


def _lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise EnvironmentProblem(
            "Another Satchel is receiving these files at this moment.",
            safe="Nothing was changed.",
            do="Let it go on, or stop it first.",
        ) from exc
    except OSError as exc:
        if exc.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF):
            raise  # else: a network disk without locks; the record's own lock still holds
