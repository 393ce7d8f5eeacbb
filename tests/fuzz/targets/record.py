"""store/records: rows of resumption records as a failing disk or another program may have left them."""

import struct
from collections.abc import Iterator
from contextlib import suppress

import apsw

from fuzz.feed import Feed, as_piece
from satchel.errors import EnvironmentProblem
from satchel.ports import HandoverId, RecordEntry, RecordHead, Role
from satchel.store.database import Database
from satchel.store.records import SqliteRecords

Cell = int | float | bytes | str | None
NOW_S = 1_900_000_000
INTEGER, BLOB, TEXT, REAL, NULL = range(5)
HEAD = "id, role, secret, older_secret, into_folder, finished, used_s"
ENTRY = "record, number, path, kind, size, mtime_ns, executable, state, location, stamp, inode"


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
    try:
        with suppress(apsw.ConstraintError, apsw.MismatchError, OverflowError), database.reading() as raw:
            insert(raw, "record", HEAD, [b"id", *(cell(feed) for _ in range(6))])
            insert(raw, "entry", ENTRY, [1, *(cell(feed) for _ in range(10))])
        read(SqliteRecords(database))
    except EnvironmentProblem:
        return False
    finally:
        database.close()
    return True


def insert(database: apsw.Connection, table: str, columns: str, row: list[Cell]) -> None:
    places = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", row)


def read(records: SqliteRecords) -> None:
    heads = [head for role in Role for head in records.unfinished(role)]
    for head in heads:
        assert well_typed_head(head)
        assert all(map(well_typed_entry, records.entries(HandoverId(b"id"))))
    records.expire(NOW_S)


def well_typed_head(head: RecordHead) -> bool:
    older = head.older_secret is None or isinstance(head.older_secret, bytes)
    return older and all(isinstance(part, bytes) for part in (head.id, head.secret, head.into))


def well_typed_entry(entry: RecordEntry) -> bool:
    numbers = (entry.number, entry.size, entry.mtime_ns, entry.inode)
    octets = (*entry.path, entry.location, entry.stamp)
    return all(isinstance(n, int) for n in numbers) and all(isinstance(part, bytes) for part in octets)


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
        yield head + number(0) + bytes((TEXT,)) + as_piece(b"a") + entry
