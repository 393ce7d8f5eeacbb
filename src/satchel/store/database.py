"""The encrypted database of a profile: opening it, transactions, and what its errors mean. Knows no subject.

SQLite with ChaCha20-Poly1305 on each page (apsw-sqlite3mc), also on those of its write-ahead log, under a key
that never was a passphrase. The plain library is silent about ciphers it does not have: so each opening looks
at the disk, whether ciphertext is there (T1). What is erased is overwritten, wherever SQLite moved it before,
and leaves the log at once (T2), as far as file system and flash let. Spec: docs/spec/profile.md, 6.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import UnionType
from typing import Any, Self

import apsw

from satchel.core.crypto.kdf import derive
from satchel.errors import EnvironmentProblem
from satchel.problems import best_effort, disk_problems
from satchel.store.durability import sync_file
from satchel.store.schema import climb, version_of

BUSY_MS = 5000
_MAGIC = b"SQLite format 3\0"  # how every database in clear begins
_OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
_OPEN_OLD = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
_CIPHER = "chacha20"
_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
SUFFIXES = ("", "-wal", "-shm", "-journal")


class DamagedRow(Exception):
    """Not what was written there."""


_DAMAGES = (apsw.NotADBError, apsw.CorruptError, DamagedRow)


def checked_row(row: Sequence[Any], types: Sequence[type | UnionType]) -> Sequence[Any]:
    """The row, if it has a value of each of these types. Raises DamagedRow."""
    if len(row) != len(types) or not all(map(isinstance, row, types)):
        raise DamagedRow
    return row


def checked_rows(
    connection: apsw.Connection, query: str, values: Sequence[Any], types: Sequence[type | UnionType]
) -> list[Sequence[Any]]:
    """What a query finds, each row as checked_row has it. Inside of `reading` or `changing`."""
    return [checked_row(row, types) for row in connection.execute(query, values).fetchall()]


class Database:
    """One open database. May be used from several threads, and by no other process meanwhile."""

    def __init__(
        self, connection: apsw.Connection, ladder: Sequence[str] | None = None, *, is_large: bool = False
    ) -> None:
        """Takes it over. Use `open` or `in_memory`."""
        self._connection = connection
        self._ladder = ladder
        self._is_large = is_large
        self._guard = threading.Lock()
        self.is_closed = False  # True for good: it was closed, or could not `move`

    @classmethod
    def open(
        cls, path: Path, key: bytes, ladder: Sequence[str] | None = None, *, is_large: bool = False
    ) -> Self:
        """The database `path` of the profile whose key this is, made if missing, brought to this version.

        Args:
            ladder: of its tables; None: those of a profile.
            is_large: its pages are never written anew, and what is removed of large rows is not overwritten:
                for what everybody may have anyway.
        Raises:
            EnvironmentProblem: not readable, not writable, damaged, of another key, of a newer Satchel, or
                this machine's library cannot encrypt. Then nothing was changed.
        """
        require_cipher()
        with disk_problems(f"open the profile {str(path.parent)!r}"):
            _make_for_owner_only(path)
            _refuse_clear(path)
            log = Path(f"{path}-wal")
            was_cut_off = log.exists() and log.stat().st_size > 0  # maybe between erasing and overwriting
        with database_problems():
            connection = apsw.Connection(path.absolute().as_uri(), flags=_OPEN)  # a name of any bytes
            try:
                _unlock(connection, key)
                _look_only(connection)
                version_of(connection, ladder)
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
                if is_large:
                    connection.execute("PRAGMA secure_delete = FAST").fetchall()
                _prepare(connection, ladder)
                if was_cut_off and not is_large:
                    overwrite_erased(connection)
                with disk_problems(f"open the profile {str(path.parent)!r}"):
                    _require_ciphertext(path)
            except BaseException:
                connection.close()
                raise
        return cls(connection, ladder, is_large=is_large)

    @classmethod
    def opens(cls, path: Path, key: bytes) -> bool:
        """Whether a database under this key is in this file. Changes nothing.

        An empty file, which each key opens, is none. Raises EnvironmentProblem: the disk; a newer Satchel.
        """
        require_cipher()
        with database_problems():
            connection = apsw.Connection(path.absolute().as_uri(), flags=_OPEN_OLD)
            try:
                _unlock(connection, key)
                _look_only(connection)
                return version_of(connection) > 0
            except (apsw.NotADBError, apsw.CorruptError):
                return False
            finally:
                connection.close()

    @classmethod
    def in_memory(cls, ladder: Sequence[str] | None = None, *, is_large: bool = False) -> Self:
        """One that is gone with this process, and never was on a disk."""
        with database_problems():
            connection = apsw.Connection(":memory:")
            _settle(connection)
            _prepare(connection, ladder)
        return cls(connection, ladder, is_large=is_large)

    def close(self) -> None:
        """May be repeated."""
        with self._guard, database_problems():
            self.is_closed = True
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        with self._guard, database_problems():
            yield self._connection

    @contextmanager
    def changing(self, *, erasing: bool = False) -> Iterator[apsw.Connection]:
        """One transaction, durable when the block is left. `erasing`: leaves nothing in the log either."""
        with self._guard, database_problems():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                with suppress(apsw.Error):  # a log full of what failed would keep the disk full
                    empty_log(self._connection)
                raise
            if erasing and self._is_large:
                empty_log(self._connection)
            elif erasing:
                overwrite_erased(self._connection)

    def empty_log(self) -> None:
        """So that it can be emptied again if the disk turns out too small for what comes."""
        with self.reading() as connection:
            empty_log(connection)

    def require_whole(self) -> None:
        """Raises EnvironmentProblem: a page is missing, or not as it was written, or the tables are not those
        of this program: who made a backup for others could put a trigger into it."""
        with closing(self.in_memory(self._ladder)) as ours, ours.reading() as connection:
            expected = connection.execute(_SCHEMA).fetchall()
        with self.reading() as connection:
            if connection.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
                raise DamagedRow
            if connection.execute(_SCHEMA).fetchall() != expected:
                raise DamagedRow

    def copy_to(self, path: Path, key: bytes) -> None:
        """Write all that is in it, and nothing that was erased, into a new file under the key of a profile;
        durable when this returns. Raises EnvironmentProblem; then what there is of the file is of no use."""
        with self._guard:
            self._copy(path, key)

    def move(self, path: Path, key: bytes, take_place: Callable[[], "Database"]) -> None:
        """Go on as another file: all that is in this one, under another key. Whoever uses this database
        meanwhile waits, and uses the other one from then on.

        Args:
            path: where it is written, as by `copy_to`.
            take_place: puts it in its place, and opens it there.
        Raises:
            EnvironmentProblem: it could not be written. Where this database is closed `take_place` has raised
                it.
        """
        with self._guard:
            self._copy(path, key)
            self.is_closed = True
            with database_problems():
                self._connection.close()
            self._connection = take_place()._connection
            self.is_closed = False

    def _copy(self, path: Path, key: bytes) -> None:
        with disk_problems(f"write {str(path)!r}"):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        target = f"{path.absolute().as_uri()}?cipher={_CIPHER}&key={_raw(key)}"
        with database_problems():
            self._connection.execute("VACUUM INTO ?", (target,)).fetchall()
        with disk_problems(f"write {str(path)!r}"):
            _require_ciphertext(path)
            sync_file(path)


def is_damage(problem: EnvironmentProblem) -> bool:
    """Whether it says that what is in the file is not what was written."""
    return isinstance(problem.__cause__, _DAMAGES)


def require_cipher() -> None:
    """Raises EnvironmentProblem: the database library here is the plain one, which would write in clear."""
    if not hasattr(apsw, "mc_version"):
        raise EnvironmentProblem(
            "The database library of this Satchel was replaced by one that cannot encrypt: plain `apsw` was"
            " installed over `apsw-sqlite3mc`.",
            safe="Nothing was read and nothing was changed.",
            do="pip uninstall apsw, then pip install --force-reinstall apsw-sqlite3mc",
        )


def overwrite_erased(connection: apsw.Connection) -> None:
    """Each page anew, with what is in it now, and then no log. secure_delete alone is not enough: a row that
    made room for another stays behind in the page where it was, and is not known there any more (T2, W4)."""
    # It needs as much room again: where there is none, the next erasing makes up. And where one page is
    # damaged it cannot be done; what was to be stored is stored, and all that can be read goes on.
    with suppress(apsw.FullError, *_DAMAGES):
        connection.execute("VACUUM").fetchall()
    empty_log(connection)


def empty_log(connection: apsw.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _unlock(connection: apsw.Connection, key: bytes) -> None:
    connection.pragma("cipher", _CIPHER)
    connection.pragma("key", _raw(key))
    if connection.pragma("cipher") != _CIPHER:
        raise EnvironmentProblem(
            "The database library of this Satchel does not know the cipher it needs.",
            safe="Nothing was read and nothing was changed.",
            do="pip install --force-reinstall apsw-sqlite3mc",
        )


def _raw(key: bytes) -> str:
    """[6.2] "raw": it is a key already, and nothing that a person could remember."""
    return f"raw:{derive(key, b'satchel profile database 1').hex()}"


def _look_only(connection: apsw.Connection) -> None:
    """As long as nothing is written to it, closing changes nothing: a log of a newer program stays one."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    _settle(connection)


def _settle(connection: apsw.Connection) -> None:
    """How this connection behaves. Writes nothing."""
    connection.set_busy_timeout(BUSY_MS)
    for setting in (
        "locking_mode = EXCLUSIVE",  # no shared index of the log: that would lie on the disk in clear
        "synchronous = FULL",  # durable when a call returns; WAL's default is not
        "secure_delete = ON",
        "temp_store = MEMORY",  # no names in /tmp
        "foreign_keys = ON",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {setting}").fetchall()


def _prepare(connection: apsw.Connection, ladder: Sequence[str] | None) -> None:
    # Later it would change nothing, and yet write to the disk at each start.
    if version_of(connection, ladder) == 0:
        # A large empty file would tell of much that was there (T2).
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL").fetchall()
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA journal_size_limit = 0").fetchall()
    climb(connection, ladder)
    empty_log(connection)


def _make_for_owner_only(path: Path) -> None:
    """Before the first byte is in it; what is there is only opened, to see that it may be written. A copy may
    have come with other rights. SQLite gives new logs those of the database."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    for suffix in SUFFIXES:
        name = Path(f"{path}{suffix}")
        if name.exists() and name.stat().st_mode & 0o077:
            with best_effort():  # FAT keeps no modes, and says so
                name.chmod(0o600)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_MAGIC))


def _refuse_clear(path: Path) -> None:
    if _beginning(path) == _MAGIC:
        raise EnvironmentProblem(
            f"The database of this profile is not encrypted: {str(path)!r} is not one of Satchel.",
            safe="Nothing was changed.",
            do="Move that file out of the profile, or use another profile (--home).",
        )


def _require_ciphertext(path: Path) -> None:
    """At every opening: a library without the cipher says nothing, and writes in clear."""
    beginning = _beginning(path)
    if len(beginning) < len(_MAGIC) or beginning == _MAGIC:
        raise EnvironmentProblem(
            "The database library of this Satchel did not encrypt what it wrote.",
            safe="Nothing of yours was written yet.",
            do="pip install --force-reinstall apsw-sqlite3mc, and begin with a new profile (--home).",
        )


@contextmanager
def database_problems() -> Iterator[None]:
    try:
        yield
    except (apsw.Error, DamagedRow) as exc:
        raise _problem_with(exc) from exc


_AGAIN = "Start again; if it stays, use another profile (--home)."
_DAMAGED = ("it is damaged", "Restore a backup, or use another profile (--home).")
_SENTENCES: dict[type[Exception], tuple[str, str]] = {
    apsw.FullError: ("its disk is full", "Make room on it, then start again."),
    apsw.ReadOnlyError: ("it is read-only", "Make it writable, or use another one (--home)."),
    apsw.BusyError: ("another program holds it", "Close that program, then start again."),
    apsw.LockedError: ("another program holds it", "Close that program, then start again."),
    apsw.CantOpenError: ("it cannot be opened", "Look at the permissions of its folder."),
    apsw.IOError: ("its disk reports an error", "Use another disk (--home)."),
    **dict.fromkeys(_DAMAGES, _DAMAGED),
}


def _problem_with(exc: Exception) -> EnvironmentProblem:
    # The library's own words may name what was asked of it, keys too: only their kind is told.
    what, do = _SENTENCES.get(type(exc), (type(exc).__name__, _AGAIN))
    problem = EnvironmentProblem(
        f"The database of this profile could not be used: {what}.",
        safe="It was left as it is."
        if isinstance(exc, _DAMAGES)
        else "Files that arrived are in place; what is unfinished is kept.",
        do=do,
    )
    problem.disk_full = isinstance(exc, apsw.FullError)
    return problem
