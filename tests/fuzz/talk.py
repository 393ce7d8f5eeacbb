"""What is the same for every target in which a peer talks to one of the two halves of a hand-over."""

from collections.abc import Iterable, Sequence

from fuzz.feed import Feed
from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_length
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import MESSAGE_BYTES_MAX, decode, encode

SIZES: tuple[int | None, ...] = (0, 5, CHUNK_BYTES + 2, None, 5)  # those of the vectors; None: a folder
_CONTENT = bytes(range(256)) * (CHUNK_BYTES // 256) + b"12"


def offered(sizes: Sequence[int | None] = SIZES) -> tuple[m.Entry, ...]:
    return tuple(
        m.Entry(
            path=(b"%d" % number,),
            kind=m.EntryKind.FOLDER if size is None else m.EntryKind.FILE,
            size=size or 0,
            mtime_ns=0,
            executable=False,
        )
        for number, size in enumerate(sizes)
    )


def content(size: int, index: int) -> bytes:
    """Chunk `index` of each of our files of `size` bytes."""
    at = index * CHUNK_BYTES
    return _CONTENT[at : at + chunk_length(size, index)]


def can_be_said(effects: Iterable[e.Effect]) -> None:
    """Whatever a peer did: what we answer is a message that it understands, and fits a frame."""
    for effect in effects:
        if isinstance(effect, e.Say):
            body = encode(effect.message)
            assert len(body) <= MESSAGE_BYTES_MAX
            assert decode(body) == effect.message


def ranges(feed: Feed) -> tuple[m.Range, ...]:
    """Up to three of them, in order or not."""
    return tuple((feed.number(8), feed.number(6)) for _ in range(feed.number(4)))
