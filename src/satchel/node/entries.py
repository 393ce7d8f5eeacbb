"""The same file as the wire, the record and the disk see it."""

from satchel.core.handover.messages import Entry
from satchel.ports import FileState, RecordEntry, SourceEntry


def sender_record(number: int, entry: SourceEntry, *, accepted: bool) -> RecordEntry:
    return RecordEntry(
        number=number,
        path=entry.path,
        kind=entry.kind,
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        executable=entry.executable,
        state=FileState.WANTED if accepted else FileState.REFUSED,
        location=entry.location,
        stamp=entry.stamp,
    )


def receiver_record(number: int, entry: Entry, *, accepted: bool) -> RecordEntry:
    return RecordEntry(
        number=number,
        path=entry.path,
        kind=entry.kind,
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        executable=entry.executable,
        state=FileState.WANTED if accepted else FileState.REFUSED,
    )


def as_source(entry: RecordEntry) -> SourceEntry:
    return SourceEntry(
        path=entry.path,
        kind=entry.kind,
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        executable=entry.executable,
        location=entry.location,
        stamp=entry.stamp,
    )
