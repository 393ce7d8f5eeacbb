"""Records to test with, and a database of a profile to keep them in."""

from pathlib import Path

from satchel.core.handover.messages import EntryKind
from satchel.core.identity.clocks import BUILT_S
from satchel.ports import FileState, HandoverId, RecordEntry, RecordHead, Role
from satchel.store.database import Database
from satchel.store.records import SqliteRecords

ID = HandoverId(b"0123456789abcdef")
OTHER = HandoverId(b"fedcba9876543210")
NOW_S = BUILT_S + 1000
DAY_S = 86_400

KEY = bytes(range(32))


def open_records(home: Path, *, now_s: int = 0) -> SqliteRecords:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SqliteRecords(Database.open(home / "data", KEY), now_s=now_s)


def behind_our_back(records: SqliteRecords, statement: str) -> list[tuple[object, ...]]:
    """What another program, or a failing disk, does to the database."""
    with records.database.reading() as connection:
        return connection.execute(statement).fetchall()


def head(id: HandoverId = ID, role: Role = Role.RECEIVER) -> RecordHead:
    return RecordHead(
        id=id, role=role, secret=b"\x11" * 32, older_secret=None, into=b"/into\xff", finished=False
    )


def entry(number: int, *path: bytes) -> RecordEntry:
    return RecordEntry(
        number=number,
        path=path or (b"folder", b"%d" % number),
        kind=EntryKind.FILE,
        size=(1 << 53) - number,
        mtime_ns=-(2**63) + 1,
        executable=bool(number % 2),
        state=FileState.WANTED,
        location=b"/home/\xff",
        stamp=b"\x00" * 40,
    )
