"""The same file as the wire, the record and the disk see it."""

from collections.abc import Iterable

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


def as_sources(entries: Iterable[RecordEntry]) -> list[SourceEntry]:
    """As they were offered; what is the same for many is kept once."""
    tops: dict[bytes, bytes] = {}
    sources = []
    for entry in entries:
        below = sum(len(name) + 1 for name in entry.path[1:])
        top = entry.location[: len(entry.location) - below]
        sources.append(
            SourceEntry(
                path=entry.path,
                kind=entry.kind,
                size=entry.size,
                mtime_ns=entry.mtime_ns,
                executable=entry.executable,
                top=tops.setdefault(top, top),
                stamp=entry.stamp,
            )
        )
    return sources
