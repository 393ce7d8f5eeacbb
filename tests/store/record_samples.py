"""Records to test with."""

from satchel.core.handover.messages import EntryKind
from satchel.ports import FileState, HandoverId, RecordEntry, RecordHead, Role
from satchel.store.ages import BUILT_S

ID = HandoverId(b"0123456789abcdef")
OTHER = HandoverId(b"fedcba9876543210")
NOW_S = BUILT_S + 1000
DAY_S = 86_400


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
