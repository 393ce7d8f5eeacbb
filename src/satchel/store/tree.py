"""Walk below the folder that the person chose, one component at a time, never through a link (M4).

Every step is an open relative to the descriptor of the step before (openat with O_NOFOLLOW and
O_DIRECTORY): a link that a program puts in the way between look and use is not followed either,
since there is no look. Where something else than a folder stands, or the way leads onto another disk,
the folder gets a number: "name (2)". That depends on nothing but the disk, so it comes out the same
after a restart.
"""

import errno
import os
import struct
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from satchel.errors import NameRefused
from satchel.store.naming import numbered

Path = tuple[bytes, ...]

FOLDER_NAMES_MAX = 100  # numbers tried for one folder
WAYS_REMEMBERED_MAX = 1024
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_A_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EOPNOTSUPP})
_MADE = struct.Struct("<QQ")  # device, inode


@dataclass(frozen=True, slots=True)
class _Kept:
    """The folder that the last file went to: most likely the next one goes there, too."""

    offered: Path
    stands: Path
    way: bytes  # from the root
    identity: tuple[int, int]  # device, inode
    folder: int


class Tree:
    """Used by one thread at a time."""

    def __init__(self, root: int, made_folders: int) -> None:
        """Both descriptors stay the caller's. `made_folders`: a file where the folders made are noted."""
        self._root = root
        self._device = os.fstat(root).st_dev
        self._ways: OrderedDict[Path, Path] = OrderedDict()  # as offered: as it stands
        self._made_folders = made_folders
        self._made = _read_made(made_folders)
        self.touched: set[Path] = set()  # folders that got new names in them and are not durable
        self._kept: _Kept | None = None

    @contextmanager
    def folder(self, path: Path, *, create: bool) -> Iterator[tuple[int, Path]]:
        """The folder that was offered as `path`: a descriptor for the block, and where it stands.

        Raises FileNotFoundError if it is missing and not to be made, NameRefused, or another OSError.
        """
        opened = self._go(path, create=create)
        try:
            yield opened
        finally:
            os.close(opened[0])

    def keep(self, path: Path) -> tuple[int, Path]:
        """The same, made if it is missing, and kept open until `rest` or until another one is kept: of many
        small files most go where the last one went."""
        kept = self._kept
        if kept is None or kept.offered != path or not self._is_there(kept):
            self.rest()
            folder, stands = self._go(path, create=True)
            status = os.fstat(folder)
            kept = _Kept(path, stands, b"/".join(stands), (status.st_dev, status.st_ino), folder)
            self._kept = kept
        return kept.folder, kept.stands

    def rest(self) -> None:
        """Let go of the folder that is kept open."""
        if self._kept is not None:
            os.close(self._kept.folder)
            self._kept = None

    def _is_there(self, kept: _Kept) -> bool:
        """Whether the person has not moved it away since. Nothing is opened by this look: were it wrong, the
        file would go into the folder that was opened without links, wherever that is now."""
        if not kept.way:
            return True  # the chosen folder itself
        try:
            status = os.stat(kept.way, dir_fd=self._root, follow_symlinks=False)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == kept.identity

    def _go(self, path: Path, *, create: bool) -> tuple[int, Path]:
        known = self._ways.get(path)
        opened = None
        if known is not None:
            self._ways.move_to_end(path)
            opened = self._reopen(known)
        if opened is None:
            opened = self._walk(path, create=create)
            self._ways[path] = opened[1]
            if len(self._ways) > WAYS_REMEMBERED_MAX:
                self._ways.popitem(last=False)
        return opened

    def made(self, folder: int) -> bool:
        """Whether this program made it: the times of a folder that was there before are not ours to set."""
        status = os.fstat(folder)
        return (status.st_dev, status.st_ino) in self._made

    def sync_touched(self) -> None:
        """Make the names in these folders durable, one by one."""
        for path in sorted(self.touched):
            opened = self._reopen(path)
            if opened is not None:  # else the person moved it away: then its names are theirs
                try:
                    os.fsync(opened[0])
                finally:
                    os.close(opened[0])
        self.touched.clear()

    def _reopen(self, path: Path) -> tuple[int, Path] | None:
        """By names known to be folders; None if that is not so any more."""
        folder = os.dup(self._root)
        for component in path:
            try:
                inner = os.open(component, FOLDER_FLAGS, dir_fd=folder)
            except OSError:
                os.close(folder)
                return None
            os.close(folder)
            folder = inner
        return folder, path

    def _walk(self, path: Path, *, create: bool) -> tuple[int, Path]:
        folder = os.dup(self._root)
        stands: Path = ()
        try:
            for component in path:
                inner, name = self._step(folder, stands, component, create=create)
                os.close(folder)
                folder = inner
                stands = (*stands, name)
        except BaseException:
            os.close(folder)
            raise
        return folder, stands

    def _step(self, folder: int, stands: Path, component: bytes, *, create: bool) -> tuple[int, bytes]:
        tried = b""
        for n in range(1, FOLDER_NAMES_MAX + 1):
            tried = numbered(component, n, is_folder=True)
            inner = self._open(folder, tried)
            if inner is None and not create:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            if inner is None:
                inner = self._make(folder, stands, tried)
            if inner >= 0:
                return inner, tried
        raise NameRefused(
            "Could not make a folder: too many things have its name already.",
            safe="Everything else goes on.",
            do="Choose another folder.",
        )

    def _open(self, folder: int, name: bytes) -> int | None:
        """A descriptor; None if nothing is there; -1 if it is not a folder of this disk."""
        try:
            inner = os.open(name, FOLDER_FLAGS, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError as exc:
            if exc.errno in _NOT_A_FOLDER:
                return -1
            raise
        if os.fstat(inner).st_dev != self._device:  # a rename could not reach it
            os.close(inner)
            return -1
        return inner

    def _make(self, folder: int, stands: Path, name: bytes) -> int:
        try:
            os.mkdir(name, 0o777, dir_fd=folder)
        except FileExistsError:
            inner = self._open(folder, name)  # made by another program in this moment
            return -1 if inner is None else inner
        inner = self._open(folder, name)
        if inner is None or inner < 0:
            return -1
        status = os.fstat(inner)
        self._made.add((status.st_dev, status.st_ino))
        os.write(self._made_folders, _MADE.pack(status.st_dev & _U64, status.st_ino & _U64))
        self.touched |= {stands, (*stands, name)}
        return inner


_U64 = (1 << 64) - 1


def _read_made(file: int) -> set[tuple[int, int]]:
    """A torn last note is left out: it costs the time stamp of one folder."""
    noted = b""
    while block := os.pread(file, 1 << 16, len(noted)):
        noted += block
    whole = noted[: len(noted) - len(noted) % _MADE.size]
    return set(_MADE.iter_unpack(whole))
