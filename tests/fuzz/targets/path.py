"""core/wire/paths and store/naming: names from a peer, and the numbered ones that are made of them (M4)."""

import os.path
from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import of_kind, raw
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode, encode
from satchel.core.wire.paths import PATH_BYTES_MAX, refusal
from satchel.errors import PeerError
from satchel.store.naming import numbered

TOP = b"/chosen"


def check(data: bytes) -> bool:
    feed = Feed(data)
    names: list[bytes] = []
    while feed:
        names.append(feed.piece())
    path = tuple(names)
    allowed = refusal(path) is None
    assert codec_takes(path) is allowed  # both know the same rule
    if not allowed:
        return False
    stays_inside(path)
    for n in (2, 100):
        other = tuple(numbered(name, n, is_folder=n == 2) for name in path[:1])
        assert refusal(other) is None
        stays_inside(other)
    return True


def codec_takes(path: tuple[bytes, ...]) -> bool:
    entry = m.Entry(path=path, kind=m.EntryKind.FILE, size=0, mtime_ns=0, executable=False)
    body = encode(m.Offer(first=0, entries=(entry,), last=True))
    try:
        assert encode(decode(body)) == body
    except PeerError:
        return False
    return True


def stays_inside(path: tuple[bytes, ...]) -> None:
    """By another rule than ours: the system's."""
    joined = os.path.join(TOP, *path)
    assert os.path.normpath(joined) == joined
    assert os.path.dirname(joined) == os.path.join(TOP, *path[:-1])
    assert len(joined) - len(TOP) <= PATH_BYTES_MAX
    assert b"\0" not in joined


def seeds() -> Iterator[bytes]:
    for vector in of_kind("handover", "path"):
        yield b"".join(as_piece(raw(name)) for name in vector["path"])
