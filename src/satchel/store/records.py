"""Resumption records: what is remembered of a hand-over until it is whole, at most 7 days.

Until profiles are encrypted, secrets and names of files stand in this file in clear, readable by its
owner only (0600 in a 0700 folder): T1 and T2 are not promised for them yet. What is forgotten is
overwritten (secure_delete) and leaves the write-ahead log at once, as far as file system and flash let.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from types import UnionType
from typing import Any, Self

from satchel.core.handover.messages import EntryKind, as_ranges
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import FileState, HandoverId, RecordEntry, RecordHead, Role
from satchel.store.ages import as_reading, is_over
from satchel.store.locks import RecordLocks
from satchel.store.problems import disk_problems
from satchel.store.schema import climb, version_of

FLIGHTS_MAX = 1000  # of one record; more is somebody trying
BUSY_S = 5.0
INODE_COUNTED_MAX = 1 << 62  # so that SQLite's integers, of 63 bits, hold it
ROWS_A_STATEMENT = 40  # a statement for each of 200,000 files takes half as long again
_HEAD = "id, role, secret, older_secret, into_folder, finished"
_HEAD_TYPES = (bytes, int, bytes, bytes | None, bytes, int)
_ENTRY = "number, path, kind, size, mtime_ns, executable, state, location, stamp, inode"
_ENTRY_TYPES = (int, bytes, int, int, int, int, int, bytes, bytes, bytes)


class SqliteRecords:
    """See ports.Records. May be used from several threads and processes."""

    def __init__(
        self, home: Path, database: sqlite3.Connection, locks: RecordLocks, now_s: int | None
    ) -> None:
        """Takes over database and locks. Use `open`."""
        self.home = home
        self._database = database
        self._locks = locks
        self._now_s = now_s
        self._guard = threading.Lock()

    @classmethod
    def open(cls, home: Path, *, now_s: int = 0) -> Self:
        """The records of the profile `home`, made if missing. `now_s`: wall clock, seconds since 1970.

        Raises EnvironmentProblem: not readable, not writable, damaged, or of a newer Satchel.
        """
        path = home / "resume.sqlite3"
        with _database_problems(), disk_problems(f"open the profile {str(home)!r}"):
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_for_owner_only(path)
            _refuse_newer(path)
            _close_to_others(path)
            database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                _prepare(database)
                locks = RecordLocks(home / "resume.lock")
            except BaseException:
                database.close()
                raise
            return cls(home, database, locks, as_reading(now_s))

    def close(self) -> None:
        """Let go of everything, the locks too."""
        with self._guard:
            self._database.close()
            self._locks.close()

    def create(self, head: RecordHead, entries: Iterable[RecordEntry]) -> None:
        with self._reading() as database:
            _empty_log(database)  # so that it can be emptied again if the disk turns out too small
        with self._changing() as database:
            key = database.execute(
                f"INSERT INTO record ({_HEAD}, used_s) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (*_row_of_head(head), self._now_s),
            ).lastrowid
            left = iter(entries)
            while rows := [(key, *_row_of(entry)) for entry in islice(left, ROWS_A_STATEMENT)]:
                row = f"({', '.join('?' * len(rows[0]))})"
                database.execute(
                    f"INSERT INTO entry (record, {_ENTRY}) VALUES {', '.join([row] * len(rows))}",  # noqa: S608
                    list(chain.from_iterable(rows)),
                )

    def unfinished(self, role: Role) -> list[RecordHead]:
        with self._reading() as database:
            rows = database.execute(
                f"SELECT {_HEAD} FROM record WHERE role = ? ORDER BY key",  # noqa: S608
                (role.value,),
            )
            return [_head_of(row) for row in rows]

    def lock(self, id: HandoverId) -> bool:
        with self._reading() as database, disk_problems("lock the record of a hand-over"):
            return self._locks.take(_key_of(database, id))

    def entries(self, id: HandoverId) -> list[RecordEntry]:
        with self._reading() as database:
            rows = database.execute(
                f"SELECT {_ENTRY} FROM entry WHERE record = ? ORDER BY number",  # noqa: S608
                (_key_of(database, id),),
            )
            return [_entry_of(row) for row in rows]

    def replace_secret(self, id: HandoverId, new: bytes, *, used: bytes | None = None) -> None:
        with self._changing() as database:
            key = _key_of(database, id)
            secret, older = database.execute(
                "SELECT secret, older_secret FROM record WHERE key = ?", (key,)
            ).fetchone()
            if used is not None and used not in (secret, older):
                raise MisuseError("A session cannot have used a secret that this record does not have.")
            kept = used if used is not None else (older if older is not None else secret)
            database.execute(
                "UPDATE record SET secret = ?, older_secret = ?, used_s = ?, generation = generation + 1"
                " WHERE key = ?",
                (new, kept, self._now_s, key),
            )

    def confirm_secret(self, id: HandoverId) -> None:
        with self._changing(erasing=True) as database:
            key = _key_of(database, id)
            database.execute("UPDATE record SET older_secret = NULL WHERE key = ?", (key,))
            # A flight from before the newer secret was made is under keys that are gone now. One from
            # after may be under the newer secret, and stays: else it could be replayed.
            database.execute(
                "DELETE FROM flight WHERE record = ?1"
                " AND generation < (SELECT generation FROM record WHERE key = ?1)",
                (key,),
            )

    def remember_flight(self, id: HandoverId, ephemeral: bytes) -> bool:
        with self._changing() as database:
            key = _key_of(database, id)
            count = database.execute("SELECT count(*) FROM flight WHERE record = ?", (key,)).fetchone()[0]
            if count >= FLIGHTS_MAX:
                return False
            added = database.execute(
                "INSERT OR IGNORE INTO flight (record, ephemeral, generation)"
                " SELECT key, ?, generation FROM record WHERE key = ?",
                (ephemeral, key),
            )
            return added.rowcount == 1

    def mark(self, id: HandoverId, numbers: Sequence[int], state: FileState) -> None:
        with self._changing() as database:
            key = _key_of(database, id)
            database.executemany(  # by ranges: a group of small files is one or a few
                "UPDATE entry SET state = ?, inode = ? WHERE record = ? AND number BETWEEN ? AND ?",
                (
                    (state.value, b"0", key, first, first + count - 1)
                    for first, count in as_ranges(sorted(set(numbers)))
                ),
            )

    def mark_placing(self, id: HandoverId, inodes: Sequence[tuple[int, int]]) -> None:
        with self._changing() as database:
            key = _key_of(database, id)
            for first, count, inode in _in_step(inodes):
                if count == 1:
                    database.execute(
                        "UPDATE entry SET state = ?, inode = ? WHERE record = ? AND number = ?",
                        (FileState.PLACING.value, b"%d" % inode, key, first),
                    )
                else:  # the same decimals, made over there
                    database.execute(
                        "UPDATE entry SET state = ?, inode = CAST(CAST(number + ? AS TEXT) AS BLOB)"
                        " WHERE record = ? AND number BETWEEN ? AND ?",
                        (FileState.PLACING.value, inode - first, key, first, first + count - 1),
                    )

    def mark_finished(self, id: HandoverId) -> None:
        with self._changing() as database:
            database.execute("UPDATE record SET finished = 1 WHERE key = ?", (_key_of(database, id),))

    def forget(self, id: HandoverId) -> None:
        """Nothing to forget is no error."""
        with self._changing(erasing=True) as database:
            self._erase(database, id)

    def expire(self, now_s: int) -> list[RecordHead]:
        """Forget what nobody went on with for 7 days; return it, so that its unfinished files can go, too.

        A clock that cannot be right erases nothing, and a record from such a time counts its days from
        the first reading that can be. What some process works on stays.
        """
        reading = self._now_s = as_reading(now_s)
        if reading is None:
            return []
        with self._reading() as database:
            rows = database.execute("SELECT used_s FROM record").fetchall()
            ages = [is_over(_checked(row, (int | None,))[0], reading) for row in rows]
        if all(age is False for age in ages):
            return []  # as nearly always: then nothing is written, and no start waits for the disk
        over: list[RecordHead] = []
        with self._changing(erasing=True) as database:
            for key, used_s, *row in database.execute(
                f"SELECT key, used_s, {_HEAD} FROM record ORDER BY key"  # noqa: S608
            ).fetchall():
                age = is_over(used_s, reading)
                if age is None:
                    database.execute("UPDATE record SET used_s = ? WHERE key = ?", (reading, key))
                elif age and not self._locks.holds(key) and self._locks.take(key):
                    head = _head_of(row)
                    self._erase(database, head.id)
                    over.append(head)
        return over

    def _erase(self, database: sqlite3.Connection, id: HandoverId) -> None:
        row = database.execute("SELECT key FROM record WHERE id = ?", (id,)).fetchone()
        if row is not None:
            database.execute("DELETE FROM record WHERE key = ?", row)
            self._locks.give(row[0])

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard, _database_problems():
            yield self._database

    @contextmanager
    def _changing(self, *, erasing: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the block is left. `erasing`: leaves nothing in the log either."""
        with self._guard, _database_problems():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                with suppress(sqlite3.Error):  # a log full of what failed would keep the disk full
                    _empty_log(self._database)
                raise
            if erasing:
                self._database.executescript("PRAGMA incremental_vacuum")  # execute() frees one page only
                _empty_log(self._database)


def _prepare(database: sqlite3.Connection) -> None:
    if version_of(database) == 0:  # later it would change nothing, and yet write to the disk at each start
        # A large empty file would tell of a large hand-over (T2).
        database.execute("PRAGMA auto_vacuum = INCREMENTAL").fetchall()
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",  # durable when a call returns; WAL's default is not
        "secure_delete = ON",
        "temp_store = MEMORY",  # no names in /tmp
        "foreign_keys = ON",
        "journal_size_limit = 0",
        "trusted_schema = OFF",
    ):
        database.execute(f"PRAGMA {setting}").fetchall()
    climb(database)
    _empty_log(database)


def _empty_log(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _refuse_newer(path: Path) -> None:
    """Read-only, since even asking for WAL would write into the file of a newer program."""
    look = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    try:
        version_of(look)
    finally:
        look.close()


def _make_for_owner_only(path: Path) -> None:
    """Before the first byte is in it; what is there is only opened, to see that it may be written."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def _close_to_others(path: Path) -> None:
    """A copy or a backup may have come with other rights. SQLite gives new logs those of the database."""
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if name.exists() and name.stat().st_mode & 0o077:
            name.chmod(0o600)


class _DamagedRow(Exception):
    """Not what was written there. SQLite has no checksums: it hands on what a failing disk made of a row."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


@contextmanager
def _database_problems() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, _DamagedRow) as exc:
        raise _problem_with(exc) from exc


def _problem_with(exc: Exception) -> EnvironmentProblem:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    what, do = {
        sqlite3.SQLITE_FULL: ("the disk of the profile is full", "Make room on it, then start again."),
        sqlite3.SQLITE_READONLY: ("the profile is read-only", "Make it writable, or use --home."),
        sqlite3.SQLITE_BUSY: ("another program holds them", "Close other Satchels, then start again."),
        sqlite3.SQLITE_CANTOPEN: ("they cannot be opened", "Look at the permissions of the profile."),
        sqlite3.SQLITE_IOERR: ("the disk of the profile reports an error", "Use another disk: --home."),
        sqlite3.SQLITE_NOTADB: ("they are damaged", "Move resume.sqlite3 out of the profile."),
        sqlite3.SQLITE_CORRUPT: ("they are damaged", "Move resume.sqlite3 out of the profile."),
    }.get(code, (str(exc), "Start again; if it stays, move resume.sqlite3 out of the profile."))
    problem = EnvironmentProblem(
        f"The records of unfinished hand-overs could not be used: {what}.",
        safe="Files that arrived are in place; what is unfinished is kept.",
        do=do,
    )
    problem.disk_full = code == sqlite3.SQLITE_FULL
    return problem


def _key_of(database: sqlite3.Connection, id: HandoverId) -> int:
    row = database.execute("SELECT key FROM record WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise MisuseError("There is no record of this hand-over (any more).")
    return int(row[0])


def _in_step(inodes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """First number, how many, first inode: files made one after another mostly have inodes one after
    another, too."""
    start = 0
    for at in range(1, len(inodes) + 1):
        number, inode = inodes[at - 1]
        if at == len(inodes) or inodes[at] != (number + 1, inode + 1) or inode >= INODE_COUNTED_MAX:
            yield inodes[start][0], at - start, inodes[start][1]
            start = at


def _row_of_head(head: RecordHead) -> tuple[Any, ...]:
    return head.id, head.role.value, head.secret, head.older_secret, head.into, head.finished


def _row_of(entry: RecordEntry) -> tuple[Any, ...]:
    return (
        entry.number,
        b"/".join(entry.path),
        entry.kind.value,
        entry.size,
        entry.mtime_ns,
        entry.executable,
        entry.state.value,
        entry.location,
        entry.stamp,
        b"%d" % entry.inode,
    )


def _entry_of(row: tuple[Any, ...]) -> RecordEntry:
    _checked(row, _ENTRY_TYPES)
    number, path, kind, size, mtime_ns, executable, state, location, stamp, inode = row
    try:
        return RecordEntry(
            number=number,
            path=tuple(path.split(b"/")),
            kind=EntryKind(kind),
            size=size,
            mtime_ns=mtime_ns,
            executable=bool(executable),
            state=FileState(state),
            location=location,
            stamp=stamp,
            inode=int(inode),
        )
    except ValueError as exc:  # no such kind, no such state, not a decimal
        raise _DamagedRow from exc


def _head_of(row: Sequence[Any]) -> RecordHead:
    _checked(row, _HEAD_TYPES)
    id, role, secret, older_secret, into, finished = row
    try:
        return RecordHead(
            id=HandoverId(id),
            role=Role(role),
            secret=secret,
            older_secret=older_secret,
            into=into,
            finished=bool(finished),
        )
    except ValueError as exc:  # no such role
        raise _DamagedRow from exc


def _checked(row: Sequence[Any], types: Sequence[type | UnionType]) -> Sequence[Any]:
    if not all(isinstance(value, kind) for value, kind in zip(row, types, strict=True)):
        raise _DamagedRow
    return row
