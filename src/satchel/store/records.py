"""Resumption records: what is remembered of a hand-over until it is whole, for some days or weeks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import apsw

from satchel.core.handover.messages import EntryKind, as_ranges
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError
from satchel.ports import FileState, HandoverId, RecordEntry, RecordHead, Role
from satchel.ports.queue import QueueState
from satchel.store.ages import KEPT_WITH_CONTACT_S, as_reading, is_over
from satchel.store.contact_key import key_of
from satchel.store.database import DamagedRow, Database, checked_row
from satchel.store.upload_names import id_in, mark_sent, name_of

FLIGHTS_MAX = 1000  # of one record; more is somebody trying
INODE_COUNTED_MAX = 1 << 62  # so that SQLite's integers, of 63 bits, hold it
ROWS_A_STATEMENT = 40  # a statement for each of 200,000 files takes half as long again
_HEAD = "id, role, secret, older_secret, into_folder, finished, theirs, contact"
_FINISHED, _REFUSED = 1, 2
_HEADS = (
    "SELECT r.key, used_s, r.id, role, secret, older_secret, into_folder, finished, theirs, c.id"
    " FROM record AS r LEFT JOIN contact AS c ON c.key = r.contact"
)
# total(), not sum(): that fails where peers' sizes add up to more than 63 bits.
_AWAITED = (
    "SELECT total(e.size + ?) FROM record AS r JOIN entry AS e ON e.record = r.key"
    " WHERE r.role = ? AND r.contact IS NOT NULL AND e.state = ?"
)
_HEAD_TYPES = (bytes, int, bytes, bytes | None, bytes, int, bytes, bytes | None)
_ENTRY = "number, path, kind, size, mtime_ns, executable, state, location, stamp, inode"
_ENTRY_TYPES = (int, bytes, int, int, int, int, int, bytes, bytes, bytes)


class SqliteRecords:
    """See ports.Records. May be used from several threads."""

    def __init__(self, database: Database, *, now_s: int = 0) -> None:
        """`now_s`: wall clock, seconds since 1970."""
        self.database = database
        self._now_s = as_reading(now_s)

    def create(self, head: RecordHead, entries: Iterable[RecordEntry]) -> None:
        self.database.empty_log()
        with self.database.changing() as database:
            contact = None if head.contact is None else _require_wanted(database, head, head.contact)
            database.execute(
                f"INSERT INTO record ({_HEAD}, used_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (*_row_of_head(head), contact, self._now_s),
            )
            key = database.last_insert_rowid()
            left, uploads = iter(entries), set[bytes]()
            while some := list(islice(left, ROWS_A_STATEMENT)):
                uploads |= {id for entry in some if (id := id_in(entry.location)) is not None}
                rows = [(key, *_row_of(entry)) for entry in some]
                row = f"({', '.join('?' * len(rows[0]))})"
                database.execute(
                    f"INSERT INTO entry (record, {_ENTRY}) VALUES {', '.join([row] * len(rows))}",  # noqa: S608
                    list(chain.from_iterable(rows)),
                )
            mark_sent(database, map(name_of, uploads))

    def unfinished(self, role: Role) -> list[RecordHead]:
        return self._heads("role = ? AND r.contact IS NULL", role.value)

    def of_contact(self, contact: ContactId, role: Role) -> list[RecordHead]:
        return self._heads("role = ? AND c.id = ?", role.value, contact)

    def of_contacts(self, role: Role) -> list[RecordHead]:
        return self._heads("role = ? AND r.contact IS NOT NULL", role.value)

    def awaited_bytes(self, *, a_file_bytes: int) -> int:
        with self.database.reading() as database:
            values = (a_file_bytes, Role.RECEIVER.value, FileState.WANTED.value)
            return int(database.execute(_AWAITED, values).get)

    def go_on(self, id: HandoverId) -> None:
        with self.database.changing() as database:
            key = _key_of(database, id)
            database.execute("UPDATE record SET used_s = ? WHERE key = ?", (self._now_s, key))

    def entries(self, id: HandoverId) -> list[RecordEntry]:
        with self.database.reading() as database:
            rows = database.execute(
                f"SELECT {_ENTRY} FROM entry WHERE record = ? ORDER BY number",  # noqa: S608
                (_key_of(database, id),),
            )
            return [_entry_of(row) for row in rows]

    def replace_secret(self, id: HandoverId, new: bytes, *, used: bytes | None = None) -> None:
        with self.database.changing() as database:
            key = _key_of(database, id)
            secret, older = database.execute(
                "SELECT secret, older_secret FROM record WHERE key = ?", (key,)
            ).get
            if used is not None and used not in (secret, older):
                raise MisuseError("A session cannot have used a secret that this record does not have.")
            kept = used if used is not None else (older if older is not None else secret)
            database.execute(
                "UPDATE record SET secret = ?, older_secret = ?, used_s = ?, generation = generation + 1"
                " WHERE key = ?",
                (new, kept, self._now_s, key),
            )

    def confirm_secret(self, id: HandoverId) -> None:
        with self.database.changing(erasing=True) as database:
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
        with self.database.changing() as database:
            key = _key_of(database, id)
            count = database.execute("SELECT count(*) FROM flight WHERE record = ?", (key,)).get
            if count >= FLIGHTS_MAX:
                return False
            database.execute(
                "INSERT OR IGNORE INTO flight (record, ephemeral, generation)"
                " SELECT key, ?, generation FROM record WHERE key = ?",
                (ephemeral, key),
            )
            return database.changes() == 1

    def mark(self, id: HandoverId, numbers: Sequence[int], state: FileState) -> None:
        with self.database.changing() as database:
            key = _key_of(database, id)
            database.executemany(  # by ranges: a group of small files is one or a few
                "UPDATE entry SET state = ?, inode = ? WHERE record = ? AND number BETWEEN ? AND ?",
                (
                    (state.value, b"0", key, first, first + count - 1)
                    for first, count in as_ranges(sorted(set(numbers)))
                ),
            )

    def mark_placing(self, id: HandoverId, inodes: Sequence[tuple[int, int]]) -> None:
        with self.database.changing() as database:
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
        with self.database.changing() as database:
            key = _key_of(database, id)
            database.execute("UPDATE record SET finished = max(finished, ?) WHERE key = ?", (_FINISHED, key))

    def forget(self, id: HandoverId) -> None:
        """Nothing to forget is no error."""
        with self.database.changing(erasing=True) as database:
            self._erase(database, id)

    def refuse(self, id: HandoverId) -> None:
        with self.database.changing(erasing=True) as database:
            row = database.execute("SELECT key FROM record WHERE id = ? AND finished = 0", (id,)).fetchone()
            if row is None:
                return
            database.execute("DELETE FROM entry WHERE record = ?", row)
            database.execute(
                "UPDATE record SET finished = ?, used_s = ? WHERE key = ?", (_REFUSED, self._now_s, *row)
            )

    def expire(self, now_s: int, *, sweep: Callable[[RecordHead], None] = lambda _: None) -> list[RecordHead]:
        """Forget what nobody went on with for its days, and return it.

        `sweep` removes its unfinished files, before it is forgotten where they are: who is killed in between
        does it once more. It raises nothing.

        A clock that cannot be right erases nothing, and a record from such a time counts its days from
        the first reading that can be.
        """
        reading = self._now_s = as_reading(now_s)
        if reading is None:
            return []
        with self.database.reading() as database:
            ages = _ages(database, reading)
        if all(age is False for _, age, _ in ages):
            return []  # as nearly always: then nothing is written, and no start waits for the disk
        for _, age, head in ages:
            if age:
                sweep(head)
        over: list[RecordHead] = []
        with self.database.changing(erasing=True) as database:
            for key, age, head in _ages(database, reading):
                if age is None:
                    database.execute("UPDATE record SET used_s = ? WHERE key = ?", (reading, key))
                elif age:
                    self._erase(database, head.id)
                    over.append(head)
        return over

    def _heads(self, which: str, *values: int | bytes) -> list[RecordHead]:
        with self.database.reading() as database:
            rows = database.execute(f"{_HEADS} WHERE {which} ORDER BY r.key", values).fetchall()
            return [_head_of(row[2:]) for row in rows]

    def _erase(self, database: apsw.Connection, id: HandoverId) -> None:
        row = database.execute("SELECT key FROM record WHERE id = ?", (id,)).fetchone()
        if row is not None:
            database.execute("DELETE FROM record WHERE key = ?", row)


def _ages(database: apsw.Connection, now_s: int) -> list[tuple[int, bool | None, RecordHead]]:
    """The key of each record, and whether its time is over, as ages.is_over says it."""
    found = []
    for row in database.execute(f"{_HEADS} ORDER BY r.key").fetchall():
        key, used_s = checked_row(row[:2], (int, int | None))
        head = _head_of(row[2:])
        if head.contact is None:
            age = is_over(used_s, now_s)
        elif head.role is Role.RECEIVER:
            age = is_over(used_s, now_s, kept_s=KEPT_WITH_CONTACT_S)
        else:
            age = False  # it goes with what is queued
        found.append((key, age, head))
    return found


def _require_wanted(database: apsw.Connection, head: RecordHead, contact: ContactId) -> int:
    """The key of the contact. Its word may come when the person has just taken the thing back."""
    key = key_of(database, contact)
    if head.role is Role.SENDER:
        waits = "SELECT EXISTS (SELECT 1 FROM queued WHERE id = ? AND contact = ? AND state = ?)"
        if not database.execute(waits, (head.id, key, QueueState.WAITING.value)).get:
            raise MisuseError("This does not wait for the contact (any more).")
    else:
        begun = "SELECT EXISTS (SELECT 1 FROM record WHERE theirs = ? AND contact = ? AND role = ?)"
        if database.execute(begun, (head.theirs, key, head.role.value)).get:
            raise MisuseError("There is a record of what this contact calls so.")
    return key


def _key_of(database: apsw.Connection, id: HandoverId) -> int:
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
    secrets = head.secret, head.older_secret
    finished = _REFUSED if head.is_refused else int(head.finished)
    return head.id, head.role.value, *secrets, head.into, finished, head.theirs


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
    checked_row(row, _ENTRY_TYPES)
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
        raise DamagedRow from exc


def _head_of(row: Sequence[Any]) -> RecordHead:
    checked_row(row, _HEAD_TYPES)
    id, role, secret, older_secret, into, finished, theirs, contact = row
    try:
        return RecordHead(
            id=HandoverId(id),
            role=Role(role),
            secret=secret,
            older_secret=older_secret,
            into=into,
            finished=finished >= _FINISHED,
            is_refused=finished == _REFUSED,
            contact=None if contact is None else ContactId(contact),
            theirs=theirs,
        )
    except ValueError as exc:  # no such role
        raise DamagedRow from exc
