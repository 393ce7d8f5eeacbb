"""store/records, store/queue: rows as a failing disk or another program may have left them."""

import struct
from collections.abc import Iterator
from contextlib import suppress

import apsw

from fuzz.feed import Feed, as_piece
from satchel.errors import EnvironmentProblem
from satchel.ports import HandoverId, RecordEntry, RecordHead, Role
from satchel.ports.queue import Queued
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from store.contact_samples import AMINA, contact

Cell = int | float | bytes | str | None
NOW_S = 1_900_000_000
INTEGER, BLOB, TEXT, REAL, NULL = range(5)
HEAD = "id, role, secret, older_secret, into_folder, finished, used_s, theirs, contact"
ENTRY = "record, number, path, kind, size, mtime_ns, executable, state, location, stamp, inode"
QUEUED = "contact, id, paths, note, made_s, state"
CONTACT = 1  # the number of its row


def cell(feed: Feed) -> Cell:
    match feed.number(5):
        case kind if kind == INTEGER:
            return int.from_bytes(feed.exactly(8), "big", signed=True)
        case kind if kind == BLOB:
            return feed.piece()
        case kind if kind == TEXT:
            return feed.piece().decode("utf-8", "replace")
        case kind if kind == REAL:
            return float(struct.unpack(">d", feed.exactly(8))[0])
        case _:
            return None


def check(data: bytes) -> bool:
    feed = Feed(data)
    database = Database.in_memory()
    SqliteContacts(database, salt=bytes(32)).add(contact())
    try:
        with suppress(apsw.ConstraintError, apsw.MismatchError, OverflowError), database.reading() as raw:
            head, entry = ([cell(feed) for _ in range(count)] for count in (6, 10))
            insert(raw, "record", HEAD, [b"id", *head, cell(feed), (None, CONTACT)[feed.number(2)]])
            insert(raw, "entry", ENTRY, [1, *entry])
            insert(raw, "queued", QUEUED, [CONTACT, *(cell(feed) for _ in range(5))])
        read(SqliteRecords(database))
        assert all(map(well_typed_queued, SqliteQueue(database).all()))
    except EnvironmentProblem:
        return False
    finally:
        database.close()
    return True


def insert(database: apsw.Connection, table: str, columns: str, row: list[Cell]) -> None:
    places = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", row)


def read(records: SqliteRecords) -> None:
    heads = [head for role in Role for head in (*records.unfinished(role), *records.of_contacts(role))]
    for head in heads:
        assert well_typed_head(head)
        assert all(map(well_typed_entry, records.entries(HandoverId(b"id"))))
    records.expire(NOW_S)


def well_typed_head(head: RecordHead) -> bool:
    older = head.older_secret is None or isinstance(head.older_secret, bytes)
    whose = head.contact in (None, AMINA)
    return (
        older and whose and all(isinstance(p, bytes) for p in (head.id, head.secret, head.into, head.theirs))
    )


def well_typed_entry(entry: RecordEntry) -> bool:
    numbers = (entry.number, entry.size, entry.mtime_ns, entry.inode)
    octets = (*entry.path, entry.location, entry.stamp)
    return all(isinstance(n, int) for n in numbers) and all(isinstance(part, bytes) for part in octets)


def well_typed_queued(queued: Queued) -> bool:
    note = queued.note is None or isinstance(queued.note, str)
    made = queued.made_s is None or isinstance(queued.made_s, int)
    return note and made and all(isinstance(part, bytes) for part in (queued.id, *queued.paths))


def number(value: int) -> bytes:
    return bytes((INTEGER,)) + value.to_bytes(8, "big", signed=True)


def blob(value: bytes) -> bytes:
    return bytes((BLOB,)) + as_piece(value)


def seeds() -> Iterator[bytes]:
    for role in (0, 1):
        head = (
            number(role)
            + blob(bytes(32))
            + bytes((NULL,))
            + blob(b"/home/a")
            + number(0)
            + number(1_800_000_000)
        )
        entry = number(0) + blob(b"a/b") + number(0) + number(5) + number(-1) + number(1) + number(1)
        yield head + entry + blob(b"/home/a/b") + blob(b"stamp") + blob(b"17")
        yield head + entry + blob(b"") + blob(b"") + bytes((TEXT,)) + as_piece(b"17")
        located = entry + blob(b"/home/a/b") + blob(b"stamp") + blob(b"17") + blob(b"t" * 16) + bytes((1,))
        queued = blob(b"q" * 16) + blob(b"/a\0/b") + bytes((TEXT,)) + as_piece(b"see") + number(1_800_000_000)
        yield head + located + queued + number(0)
        yield head + number(0) + bytes((TEXT,)) + as_piece(b"a") + entry
