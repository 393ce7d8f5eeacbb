"""The same file as the wire, the record and the disk see it; and what all of them are together."""

from collections.abc import Iterable

from satchel.core.handover.messages import Entry, EntryKind
from satchel.node.events import Contents
from satchel.ports import FileState, RecordEntry, SourceEntry
from satchel.ports.history import PAST_NAMES_MAX


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


def contents_of(entries: Iterable[Entry | RecordEntry | SourceEntry], *, has_text: bool = False) -> Contents:
    """Of those that are wanted."""
    names: dict[bytes, None] = {}
    files = size_bytes = 0
    for entry in entries:
        if len(names) < PAST_NAMES_MAX:
            names.setdefault(entry.path[0])
        if entry.kind is EntryKind.FILE:
            files, size_bytes = files + 1, size_bytes + entry.size
    return Contents(names=tuple(names), files=files, size_bytes=size_bytes, has_text=has_text)
