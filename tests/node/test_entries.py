"""An offer that comes back from its record is the one that was made."""

from satchel.core.handover.messages import EntryKind
from satchel.node.entries import as_sources, sender_record
from satchel.ports import SourceEntry


def entry(path: tuple[bytes, ...], top: bytes) -> SourceEntry:
    return SourceEntry(
        path=path, kind=EntryKind.FILE, size=1, mtime_ns=2, executable=True, top=top, stamp=b"stamp"
    )


def test_what_lies_where_is_the_same_after_a_restart() -> None:
    offered = [
        entry((b"book.pdf",), b"/home/amina/book.pdf"),
        entry((b"tree (2)", b"dx", b"f"), b"/media/stick/tree"),  # the second of its name
        entry((b"tree (2)", b"\xff"), b"/media/stick/tree"),
    ]
    records = [sender_record(number, one, accepted=True) for number, one in enumerate(offered)]
    assert records[1].location == b"/media/stick/tree/dx/f"
    back = as_sources(records)
    assert back == offered
    assert back[1].top is back[2].top  # kept once
