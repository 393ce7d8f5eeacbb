"""The folder that the person chose: the one choke point for names that came from a peer (M4).

What arrives is written into numbered files of a hidden folder (staging.py), and gets its name when it
is whole: by a rename that never overwrites, into folders that were opened without following a link
(tree.py). Nothing that was there before is changed or deleted, by no word of a peer.

The order that survives `kill -9` and a power cut is the caller's: finish, sync, record, place, sync,
record. Decision record 0030.
"""

import errno
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path as FilePath
from typing import Self

from satchel.core.wire.paths import refusal
from satchel.errors import EnvironmentProblem, NameRefused, NotTheFolder, PeerError
from satchel.ports import HandoverId, Placed
from satchel.problems import best_effort, disk_problems, name_problems, problem_with
from satchel.store.comparing import same_content
from satchel.store.durability import drop_cached, sync_disk_of, sync_problem
from satchel.store.naming import numbered
from satchel.store.renaming import At, rename_new
from satchel.store.staging import Staging
from satchel.store.tree import Path, Tree

NAMES_COMPARED_MAX = 20  # up to "name (20)": above, a taken name is not looked into any more
NAMES_TRIED_MAX = 200_000  # more than an offer has entries
COUNTERS_MAX = 4096
SYNC_ONE_BY_ONE_MAX = 16  # above, one syncfs is cheaper
NAMES_SEARCHED_MAX = 1000
HOLES_MAX = 16  # names in a row that may be missing when looking for a placed file
CHOSEN_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC  # links count in what the person says
_OWNERS = 0o600


class FolderLanding:
    """See ports.Landing. One thread may write while another syncs and places."""

    def __init__(self, root: int, staging: Staging, tree: Tree, made_folders: int, umask: int) -> None:
        """Takes over all descriptors. Use `open`."""
        self._root = root
        self._staging = staging
        self._tree = tree
        self._made_folders = made_folders
        self._mode = 0o666 & ~umask
        self._executable_mode = 0o777 & ~umask
        self._naming = threading.Lock()  # guards the tree and the counters
        self._counters: OrderedDict[tuple[Path, bytes], int] = OrderedDict()  # first number maybe free
        self._staging_touched = False

    @classmethod
    def open(cls, into: bytes | FilePath, id: HandoverId) -> Self:
        """Open the chosen folder for a hand-over, and make what is missing. `into` is the person's word:
        links in it count.

        Raises EnvironmentProblem if it cannot be used, or another process works on this hand-over.
        """
        with disk_problems(f"use the folder {shown(into)}"):
            os.makedirs(into, exist_ok=True)
            return cls.begin(os.open(into, CHOSEN_FLAGS), id)

    @classmethod
    def begin(cls, root: int, id: HandoverId) -> Self:
        """The same in a folder that is open; takes `root` over."""
        staging = _staging(root, id, create=True)
        assert staging is not None
        return cls._on(root, staging)

    @classmethod
    def reopen(cls, into: bytes | FilePath, id: HandoverId) -> Self:
        """Go on in the folder where this hand-over began; makes nothing. Raises as `open` does, and
        NotTheFolder: the stick is not in, or another one is. What came after would land on another disk."""
        try:
            root = os.open(into, CHOSEN_FLAGS)
        except FileNotFoundError as exc:
            raise _not_the_folder(into) from exc
        except OSError as exc:
            raise problem_with(exc, f"use the folder {shown(into)}") from exc
        staging = _staging(root, id, create=False)
        if staging is None:
            os.close(root)
            raise _not_the_folder(into)
        return cls._on(root, staging)

    @classmethod
    def _on(cls, root: int, staging: Staging) -> Self:
        with ExitStack() as undo, disk_problems("use the chosen folder"):
            undo.callback(os.close, root)
            undo.callback(staging.close, remove=False)
            made_folders = staging.open_made_folders()
            undo.callback(os.close, made_folders)
            landing = cls(root, staging, Tree(root, made_folders), made_folders, _umask())
            undo.pop_all()
            return landing

    @staticmethod
    def sweep(into: bytes | FilePath, id: HandoverId) -> None:
        """Delete what an expired hand-over left unfinished. Nothing there, or somebody at work: no error."""
        try:
            root = os.open(into, CHOSEN_FLAGS)
        except OSError:
            return  # the stick is not in, the folder is gone: nothing to delete
        try:
            staging = Staging.open(root, id, create=False)
            if staging is not None:
                staging.close(remove=True)
        except EnvironmentProblem:
            pass
        finally:
            os.close(root)

    # --- unfinished files ------------------------------------------------------------------------

    def partials(self) -> dict[int, int]:
        return self._staging.numbers()

    def create(self, number: int) -> None:
        with disk_problems("make a received file"), self._staging.opened(number, create=True) as file:
            os.ftruncate(file, 0)

    def write(self, number: int, offset: int, data: memoryview) -> None:
        with disk_problems("write what was received"), self._staging.opened(number, create=True) as file:
            while data.nbytes:
                count = os.pwrite(file, data, offset)
                offset += count
                data = data[count:]

    def read(self, number: int, offset: int, buffer: memoryview) -> int:
        with disk_problems("read back what was received"), self._staging.opened(number, create=False) as file:
            return os.preadv(file, [buffer], offset)

    def finish(self, number: int, *, size: int, mtime_ns: int, executable: bool) -> int:
        with disk_problems("finish a file"), self._staging.opened(number, create=size == 0) as file:
            status = os.fstat(file)
            if status.st_size < size:  # never made longer: a hole would stand for bytes that came
                raise EnvironmentProblem(
                    "An unfinished file became shorter than what was received.",
                    safe="It does not get its name; the rest is kept.",
                    do="See which program writes into the hidden folder, then start again.",
                )
            if status.st_size > size:
                os.ftruncate(file, size)
            with best_effort():  # exFAT and FAT have no modes, and that is no reason to lose the file
                # Never set-user-id or the like: only what the person's own new files get.
                os.fchmod(file, self._executable_mode if executable else self._mode)
            with best_effort():
                os.utime(file, ns=(status.st_atime_ns, mtime_ns))
            return status.st_ino

    def put(self, number: int, data: memoryview, *, mtime_ns: int, executable: bool) -> int:
        mode = self._executable_mode if executable else self._mode
        if mode & _OWNERS != _OWNERS:  # a umask under which we could not open it again ourselves
            self.create(number)
            self.write(number, 0, data)
            return self.finish(number, size=data.nbytes, mtime_ns=mtime_ns, executable=executable)
        with disk_problems("write what was received"):
            file = self._staging.create_whole(number, mode)
            try:
                count = os.write(file, data) if data.nbytes else 0
                while count < data.nbytes:  # a disk that is nearly full takes a part, then says why
                    count += os.write(file, data[count:])
                status = os.fstat(file)
                with best_effort():
                    os.utime(file, ns=(status.st_atime_ns, mtime_ns))
                return status.st_ino
            finally:
                os.close(file)

    def discard(self, number: int) -> None:
        self._staging.discard(number)

    # --- durability ------------------------------------------------------------------------------

    def sync(self, numbers: Sequence[int]) -> None:
        with self._naming:
            self._tree.rest()
            try:
                if len(numbers) + len(self._tree.touched) > SYNC_ONE_BY_ONE_MAX:
                    sync_disk_of(self._root)
                    self._tree.touched.clear()
                else:
                    for number in numbers:
                        self._sync_one(number)
                    self._tree.sync_touched()
                    if self._staging_touched or numbers:
                        os.fsync(self._staging.folder)
                self._staging_touched = False
            except OSError as exc:
                self._distrust(numbers)
                raise sync_problem(exc) from exc

    def _sync_one(self, number: int) -> None:
        try:
            with self._staging.opened(number, create=False) as file:
                os.fsync(file)  # not fdatasync: it may leave out the time and the mode
        except FileNotFoundError:
            pass  # discarded since

    def _distrust(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            try:
                with self._staging.opened(number, create=False) as file:
                    drop_cached([file])
            except OSError:
                continue

    # --- names -----------------------------------------------------------------------------------

    def place(self, number: int, path: Path) -> Placed:
        _check(path)
        with self._naming, name_problems("give a received file its name"):
            for _ in range(3):  # again when the folder is taken away under our hands
                folder, stands = self._tree.keep(path[:-1])
                try:
                    placed = self._place_in(folder, stands, number, path[-1])
                except FileNotFoundError:
                    self._check_staged(number)
                    if os.fstat(folder).st_nlink == 0:
                        continue
                    raise
                self._staging.release(number)
                self._tree.touched.add(stands)
                self._staging_touched = True
                return placed
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def find_placed(self, path: Path, inode: int) -> Path | None:
        _check(path)
        with self._naming, disk_problems("look for a received file"):
            try:
                with self._tree.folder(path[:-1], create=False) as (folder, stands):
                    name = _find_inode(folder, path[-1], inode)
                    return None if name is None else (*stands, name)
            except (FileNotFoundError, NameRefused):
                return None

    def make_folder(self, path: Path) -> Path:
        _check(path)
        with (
            self._naming,
            name_problems("make a received folder"),
            self._tree.folder(path, create=True) as (_, stands),
        ):
            return stands

    def set_folder_times(self, folders: Iterable[tuple[Path, int]]) -> None:
        for path, mtime_ns in folders:  # in any order: setting a time changes no other folder's
            _check(path)
            with self._naming, disk_problems("set the time of a received folder"):
                try:
                    with self._tree.folder(path, create=False) as (folder, stands):
                        if self._tree.made(folder):
                            with best_effort():
                                os.utime(folder, ns=(mtime_ns, mtime_ns))
                            self._tree.touched.add(stands)
                except (FileNotFoundError, NameRefused):
                    continue  # removed by the person since

    def close(self, *, remove: bool) -> None:
        self._tree.rest()
        os.close(self._made_folders)  # first: disks by FUSE keep a file that is open, and so its folder
        try:
            self._staging.close(remove=remove)
        finally:
            os.close(self._root)

    def _place_in(self, folder: int, stands: Path, number: int, name: bytes) -> Placed:
        staged = self._staging.name_of(number)
        try:
            rename_new(staged, At(folder, name))  # as for nearly all of ten thousand
            return Placed((*stands, name), already_there=False)
        except FileExistsError:
            return self._place_beside(staged, folder, stands, number, name)

    def _place_beside(self, staged: At, folder: int, stands: Path, number: int, name: bytes) -> Placed:
        for n in self._numbers_to_try(stands, name):
            candidate = numbered(name, n, is_folder=False)
            there = At(folder, candidate)
            try:
                rename_new(staged, there)
            except FileExistsError:
                if n <= NAMES_COMPARED_MAX and self._stands_there(number, there):
                    os.unlink(staged.name, dir_fd=staged.folder)
                    return Placed((*stands, candidate), already_there=True)
            else:
                if n > NAMES_COMPARED_MAX:
                    self._remember_counter((stands, name), n)
                return Placed((*stands, candidate), already_there=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    def _stands_there(self, number: int, there: At) -> bool:
        with self._staging.opened(number, create=False) as file:
            return same_content(file, there)

    def _numbers_to_try(self, stands: Path, name: bytes) -> Iterator[int]:
        yield from range(1, NAMES_COMPARED_MAX + 1)
        yield from range(self._counters.get((stands, name), NAMES_COMPARED_MAX + 1), NAMES_TRIED_MAX + 1)

    def _remember_counter(self, key: tuple[Path, bytes], n: int) -> None:
        """A peer may send 10^5 files of one name: do not try all numbers for each (P3)."""
        self._counters[key] = n + 1
        self._counters.move_to_end(key)
        if len(self._counters) > COUNTERS_MAX:
            self._counters.popitem(last=False)

    def _check_staged(self, number: int) -> None:
        staged = self._staging.name_of(number)
        try:
            os.stat(staged.name, dir_fd=staged.folder, follow_symlinks=False)
        except FileNotFoundError as exc:
            raise EnvironmentProblem(
                "An unfinished file was deleted by another program.",
                safe="What has its name already is not touched.",
                do="Leave the hidden folder alone while files arrive, and start again.",
            ) from exc


def _staging(root: int, id: HandoverId, *, create: bool) -> Staging | None:
    """As Staging.open; closes `root` when it fails."""
    try:
        return Staging.open(root, id, create=create)
    except BaseException:
        os.close(root)
        raise


def _not_the_folder(into: bytes | FilePath) -> NotTheFolder:
    return NotTheFolder(
        f"This is not the folder it began in: {shown(into)}.",
        safe="What has arrived stays where it is, and nothing was written here.",
        do="Put the disk in, then run: satchel receive --resume",
    )


def _check(path: Path) -> None:
    """Core has asked already; this is the last place where a bad name can be stopped."""
    why = refusal(path)
    if why is not None:
        raise PeerError(f"handover 3.1: {why}")


def _find_inode(folder: int, name: bytes, inode: int) -> bytes | None:
    holes = 0
    for n in range(1, NAMES_SEARCHED_MAX + 1):
        candidate = numbered(name, n, is_folder=False)
        try:
            status = os.stat(candidate, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            holes += 1
            if holes > HOLES_MAX:
                return None
            continue
        holes = 0
        if status.st_ino == inode and stat.S_ISREG(status.st_mode):
            return candidate
    return None


def _umask() -> int:
    """Read, not swapped: os.umask() would change it for all threads for a moment."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"Umask:"):
                    return int(line.split()[1], 8)
    except OSError:
        pass
    return 0o077  # unknown: for the owner alone


def shown(into: bytes | FilePath) -> str:
    return repr(os.fsdecode(into))  # what could confuse a terminal comes out as \x1b
