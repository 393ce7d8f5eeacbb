"""What is offered of real files and folders, and what is read of it then, for tests."""

import os
from pathlib import Path

from satchel.ports import OpenSource, Source, SourceEntry
from satchel.store.source import FileSource, Survey, survey


def look(*paths: Path | str) -> Survey:
    return survey([os.fsencode(path) for path in paths])


def listed(found: Survey) -> list[bytes]:
    return [b"/".join(entry.path) for entry in found.entries]


def opened(entry: SourceEntry) -> OpenSource:
    source: Source = FileSource()
    return source.open(entry)


def whole(source: Source, entry: SourceEntry) -> bytes:
    buffer = bytearray(entry.size)
    source.read_whole(entry, memoryview(buffer))
    return bytes(buffer)


def content_of(entry: SourceEntry) -> bytes:
    file = opened(entry)
    buffer = bytearray(entry.size + 10)
    count = file.read_into(0, memoryview(buffer))
    file.close()
    return bytes(buffer[:count])
