"""The folder of a profile: one process at a time, a key file, a database, and no name that says anything.

After a power cut or `kill -9` at any instant the profile opens, with the key file of before or the new one,
and loses nothing that was acknowledged (T1, T3). Spec: docs/spec/profile.md, 5 to 7.
"""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self

from satchel.errors import EnvironmentProblem, MisuseError
from satchel.problems import disk_problems
from satchel.store import blob_files, key_file, older
from satchel.store.database import SUFFIXES, Database, is_damage
from satchel.store.durability import overwrite, sync_file, sync_folder
from satchel.store.library import names
from satchel.store.renaming import At, rename_new

_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PID_BYTES_MAX = 20
_DATABASES = ("data", "data.next", "copy", "more", names.CATALOGUE, names.NEXT)
_NAMES = (
    "key.next",
    *(f"{name}{suffix}" for name in _DATABASES for suffix in SUFFIXES),
)

# Of letters their texts are in one, and what is small; what has come of unfinished ones is of no use alone.
_NOT_IN_A_BACKUP = ("record", "upload", "unfinished", "blob WHERE content IS NULL", "past", "ingress")

PAGE = "open.html"  # the way of the owner's browser to the node that runs
_OF_A_NODE = ("lock", "socket", PAGE)


class ProfileInUse(EnvironmentProblem):
    """Another process holds the profile."""


class ProfileFolder:
    """Held by this process until `close`, or its end."""

    def __init__(self, home: Path, lock: int) -> None:
        """Takes over the lock. Use `take`."""
        self.home = home
        self._lock = lock
        self._data = home / "data"
        self._next = home / "data.next"

    @classmethod
    def take(cls, home: Path) -> Self:
        """Make the folder if it is missing, and hold it. Raises EnvironmentProblem; ProfileInUse.

        What a killed node has left as the way to its page leads to a port that another person may have now.
        """
        with disk_problems(f"open the profile {str(home)!r}"):
            try:
                while (lock := _lock(home)) is None:  # a wipe went by
                    pass
            except OSError as exc:
                if exc.errno != errno.EROFS or not (home / "key").exists():
                    raise
                raise EnvironmentProblem(  # often a card that fails: what is on it is to be saved now
                    f"The profile {str(home)!r} lies on a disk that is read-only.",
                    safe="Nothing was changed.",
                    do="Make the disk writable; or copy that folder to another disk, and name it (--home).",
                ) from exc
        with suppress(OSError):
            (home / PAGE).unlink()
        return cls(home, lock)

    def close(self) -> None:
        """Let another process have it. May be repeated."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def read_key_file(self) -> bytes | None:
        """None: there is no profile here yet.

        Raises EnvironmentProblem: it cannot be read, or is missing beside a database.
        """
        with disk_problems(f"open the profile {str(self.home)!r}"):
            _refuse_what_is_no_file(self.home)
        data = key_file.read_key_file(self.home)
        if data is None and self._data.exists():
            raise EnvironmentProblem(
                "The key file of this profile is missing: without it the database beside it cannot be read.",
                safe="Nothing was changed.",
                do="Put the file `key` back, or restore a backup elsewhere (--home), or destroy what is left:"
                " satchel wipe",
            )
        return data

    def create(self, data: bytes, key: bytes) -> None:
        """A new profile with this key file. Raises EnvironmentProblem, MisuseError: there is one."""
        self.read_key_file()
        with disk_problems(f"write into {str(self.home)!r}"):
            _remove(self._next)
        Database.open(self._next, key).close()  # first: a key file without a database has lost one
        key_file.create_key_file(self.home, data)

    def open(self, key: bytes) -> Database:
        """The database. Raises EnvironmentProblem: it is missing, and see Database.open."""
        with disk_problems(f"write into {str(self.home)!r}"):
            _refuse_what_is_no_file(self.home)
            _remove(self.home / "copy")  # of a killed backup: it has what was erased since (T2)
        key_file.drop_unfinished(self.home)
        database = self._open_database(key)
        try:
            older.take_over(database, self.home)
            blob_files.remove_unnamed(self.home, database)
        except BaseException:
            database.close()
            raise
        return database

    def replace_key(self, database: Database, data: bytes, key: bytes) -> Database:
        """Put everything under another key, whose key file is `data`; returns the database, which goes on
        under it for all who use it.

        What is cut off in the middle has the key file of before, or the new one: each finds its database.
        Needs as much room as the database takes. Raises EnvironmentProblem: nothing was changed; or, where
        the database is closed, nobody knows.
        """
        with disk_problems(f"write into {str(self.home)!r}"):
            _remove(self._next)
        try:
            database.move(self._next, key, partial(self._put_next_under, data, key))
        except BaseException:
            if not database.is_closed:
                with suppress(OSError):
                    _remove(self._next)
            raise
        return database

    def _put_next_under(self, data: bytes, key: bytes) -> Database:
        # From the moment that the key file has its name the copy is the database. An error after it does not
        # tell on which side of that moment it came: so both stay, and the next opening decides.
        try:
            key_file.replace_key_file(self.home, data)
        except EnvironmentProblem as exc:
            raise EnvironmentProblem(
                exc.what,
                safe="Nothing is lost. Either the passphrase of before opens this profile, or the new one.",
                do="Mend the disk, then try both; set a new one again where it is the one of before.",
            ) from exc
        return self._open_database(key)

    def _open_database(self, key: bytes) -> Database:
        self._finish_replacing(key)
        self._require_database()
        return Database.open(self._data, key)

    def back_up(self, database: Database, head: bytes, key: bytes, file: Path) -> None:
        """Write `head`, and behind it the database under `key`, into a new file; durable when this returns.

        What is unfinished is left out: its secrets and numbers are old by the time a backup is needed. So is
        the history: who finds the backup learns whom this person knows, and not what went between them.
        Raises EnvironmentProblem, MisuseError: there is a file of that name. Nothing was changed.
        """
        copy, part = self.home / "copy", Path(f"{file}.part")
        with disk_problems(f"write {str(file)!r}"):
            if file.parent.resolve() == self.home.resolve():
                raise MisuseError(
                    "A backup in the folder of the profile is lost together with it.",
                    safe="No backup was made.",
                    do="Name a file elsewhere, on another disk.",
                )
            opened = _open_new(part)
        try:
            with open(opened, "wb") as out:
                with disk_problems(f"write {str(file)!r}"):
                    _remove(copy)
                database.copy_to(copy, key)
                with closing(Database.open(copy, key)) as copied, copied.changing(erasing=True) as connection:
                    for rows in _NOT_IN_A_BACKUP:
                        connection.execute(f"DELETE FROM {rows}")  # noqa: S608
                    connection.execute("UPDATE profile SET custody_key = NULL, library_key = NULL")
                with disk_problems(f"write {str(file)!r}"), copy.open("rb") as image:
                    out.write(head)
                    shutil.copyfileobj(image, out)
                    out.flush()
            with disk_problems(f"write {str(file)!r}"):
                sync_file(part)
                _rename_new(part, file)
                sync_folder(file.parent)
        finally:
            with suppress(OSError):
                _remove(copy)
                part.unlink(missing_ok=True)

    def put_back(self, image: BinaryIO, data: bytes, key: bytes) -> Database:
        """A new profile from a backup: its key file `data`, and its database, the rest of `image`.

        Raises EnvironmentProblem: the image is damaged; MisuseError: there is a profile. Nothing was changed.
        """
        self.read_key_file()
        try:
            with disk_problems(f"write into {str(self.home)!r}"):
                _remove(self._next)
                with open(os.open(self._next, _NEW, 0o600), "wb") as file:
                    shutil.copyfileobj(image, file)
                    is_empty = not file.tell()
                sync_file(self._next)
            if is_empty:  # as each new database begins
                raise EnvironmentProblem(
                    "This backup ends before its database.",
                    safe="Nothing was changed.",
                    do="Use another copy of it.",
                )
            _look_through(self._next, key)
            key_file.create_key_file(self.home, data)  # from here on there is a profile
        except BaseException:
            with suppress(OSError):
                _remove(self._next)
            raise
        return self.open(key)

    def wipe(self) -> None:
        """First the key, so that nothing can be read from then on; then all the rest.

        Raises EnvironmentProblem, when all is gone that can be: what stands in the way saves nothing else.
        """
        problems: list[EnvironmentProblem] = []
        steps: list[Callable[[], None]] = [
            partial(key_file.wipe_key_file, self.home),
            partial(older.wipe, self.home),
            *(
                partial(blob_files.wipe, self.home, name=folder)
                for folder in (blob_files.FOLDER, *names.FOLDERS)
            ),
            *(partial((self.home / name).unlink, missing_ok=True) for name in (*_NAMES, *_OF_A_NODE)),
            partial(sync_folder, self.home),
        ]
        for step in steps:
            try:
                with disk_problems(f"wipe {str(self.home)!r}"):
                    step()
            except EnvironmentProblem as exc:
                problems.append(exc)
        if problems:
            raise EnvironmentProblem(
                problems[0].what,
                safe="All else of the profile is gone.",
                do="See what is left in that folder, and destroy it by other means.",
            ) from problems[0]
        with suppress(OSError):  # what somebody else put there stays
            self.home.rmdir()

    def _require_database(self) -> None:
        """An empty profile in its place would look as if nobody had ever been known."""
        with disk_problems(f"open the profile {str(self.home)!r}"):
            if self._data.exists() and self._data.stat().st_size:
                return
        raise EnvironmentProblem(
            "The database of this profile is missing: its key file is here alone.",
            safe="Nothing was changed.",
            do="Put the file `data` back, or restore a backup elsewhere (--home), or destroy what is left:"
            " satchel wipe",
        )

    def _finish_replacing(self, key: bytes) -> None:
        """A copy under another key lies here: it is the database if the key file is its, else of no use."""
        if not self._next.exists():
            return
        if not Database.opens(self._next, key):
            with disk_problems(f"write into {str(self.home)!r}"):
                _remove(self._next)
            return
        with disk_problems(f"write into {str(self.home)!r}"):
            for path in (self._data, self._next):  # no log of either must be worked into this one
                for suffix in SUFFIXES[1:]:
                    Path(f"{path}{suffix}").unlink(missing_ok=True)
            before = os.open(self._data, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.rename(self._next, self._data)
                sync_folder(self.home)
                if os.fstat(before).st_nlink == 0:  # else it is somebody's backup, as with the key file
                    overwrite(before)
            finally:
                os.close(before)


def _look_through(path: Path, key: bytes) -> None:
    """The database of a backup. Raises EnvironmentProblem."""
    try:
        with closing(Database.open(path, key)) as restored:
            restored.require_whole()
            with restored.changing() as connection:
                connection.execute("UPDATE profile SET restores = restores + 1")
    except EnvironmentProblem as exc:
        if not is_damage(exc):
            raise
        raise EnvironmentProblem(
            "This backup is damaged: its passphrase is right, and its database is not whole.",
            safe="Nothing was changed.",
            do="Use another copy of it, or an older backup.",
        ) from exc


def stop_holder(home: Path, number: int) -> bool:
    """Give the process that holds this profile a signal (0: none). False: no process does.

    Raises EnvironmentProblem.
    """
    with disk_problems(f"look at the profile {str(home)!r}"):
        try:
            lock = os.open(home / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            holder = os.pread(lock, _PID_BYTES_MAX, 0)
            if holder.isdigit() and int(holder) > 1:
                with suppress(ProcessLookupError):
                    os.kill(int(holder), number)
            return True
        finally:
            os.close(lock)


def _lock(home: Path) -> int | None:
    """None: what was locked is not what has the name, since a wipe removed it meanwhile. Raises OSError."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / "lock"
    lock = os.open(path, _LOCK, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not path.exists() or not os.path.samestat(os.fstat(lock), path.lstat()):
            os.close(lock)
            return None
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d" % os.getpid(), 0)
    except BlockingIOError as exc:
        os.close(lock)
        raise ProfileInUse(
            "Satchel is running with this profile already.",
            safe="Nothing was changed.",
            do="Let it go on, or stop it: satchel lock",
        ) from exc
    except BaseException:
        os.close(lock)
        raise
    return lock


def _refuse_what_is_no_file(home: Path) -> None:
    """[5.1] A link in the folder leads nobody astray, and nobody waits at a pipe. Raises OSError."""
    for name in ("key", *_NAMES):
        try:
            mode = (home / name).lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            raise EnvironmentProblem(
                f"In the profile {str(home)!r} a link, a folder or a pipe has the name of a file: {name}",
                safe="Nothing was changed.",
                do="Move it away, if you know whose it is. Else use another profile (--home).",
            )


def _open_new(part: Path) -> int:
    try:
        return os.open(part, _NEW, 0o600)
    except FileExistsError as exc:
        raise MisuseError(
            f"There is a file already that the backup needs while it is written: {str(part)!r}.",
            safe="It was not changed, and no backup was made.",
            do="Name another file; or, if a backup that was cut off left that one, delete it.",
        ) from exc


def _rename_new(part: Path, file: Path) -> None:
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rename_new(At(folder, os.fsencode(part.name)), At(folder, os.fsencode(file.name)))
    except FileExistsError as exc:
        raise MisuseError(
            f"There is a file of this name already: {str(file)!r}.",
            safe="It was not changed, and no backup was made.",
            do="Name another one.",
        ) from exc
    finally:
        os.close(folder)


def _remove(path: Path) -> None:
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)
