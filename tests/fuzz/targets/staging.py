"""store/staging and store/tree: the folder of unfinished files; its stick may have been elsewhere."""

import os
import tempfile
from collections.abc import Iterator
from functools import cache

from fuzz.feed import Feed, as_piece
from satchel.store.staging import is_number
from satchel.store.tree import Tree


@cache
def some_folder() -> int:
    return os.open(tempfile.gettempdir(), os.O_RDONLY | os.O_DIRECTORY)


def check(data: bytes) -> bool:
    feed = Feed(data)
    name = os.fsdecode(feed.piece())  # as os.listdir gives it
    ours = is_number(name)
    assert not ours or str(int(name)) == name
    notes = os.memfd_create("folders")
    try:
        os.write(notes, feed.rest())
        tree = Tree(some_folder(), notes)
        tree.made(some_folder())
    finally:
        os.close(notes)
    return ours


def seeds() -> Iterator[bytes]:
    status = os.fstat(some_folder())
    note = status.st_dev.to_bytes(8, "little") + status.st_ino.to_bytes(8, "little")
    for name in ("0", "17", "007", "-1", "folders", "1e3", "\u0661", "9" * 11, "4294967296"):
        yield as_piece(name.encode()) + note * 2 + note[:5]
