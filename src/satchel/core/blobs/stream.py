"""The bulk stream: pieces of files, hashes of their chunks, and roots. Spec: handover.md, section 4.

A frame holds whole records and says by itself where they belong, so the frames of several pipes may be
read in any order. `read_records` takes a frame apart, `RecordWriter` fills one; neither copies content.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from satchel.core.blobs.chunks import HASH_BYTES
from satchel.errors import PeerError

PIECE: Final = 1
DIGEST: Final = 2
END: Final = 3
WHOLE: Final = 4

_PIECE_HEAD = Struct(">BIIII")  # type, number, index, at, length; content follows
_DIGEST = Struct(f">BII{HASH_BYTES}s")  # type, number, index, hash
_END = Struct(f">BI{HASH_BYTES}s")  # type, number, root
_WHOLE_HEAD = Struct(">BII")  # type, number, length; content and its hash follow

# A writer begins no shorter piece than this at the end of a frame: a chunk that fills a fast frame is then
# followed by none, and the next one begins where its own frame does.
PIECE_LEAST_BYTES = 2048


@dataclass(slots=True)
class Piece:
    """A part of a chunk, not verified yet."""

    number: int
    index: int
    at: int  # in the chunk, bytes
    data: memoryview  # valid until the next frame


@dataclass(slots=True)
class Digest:
    """The hash that the sender has for a chunk."""

    number: int
    index: int
    digest: bytes


@dataclass(slots=True)
class End:
    """The root that the sender has for a file."""

    number: int
    root: bytes


@dataclass(slots=True)
class Whole:
    """A file of one chunk, with the hash that the sender has for it."""

    number: int
    data: memoryview  # valid until the next frame
    digest: bytes


Record = Piece | Digest | End | Whole


def read_records(body: memoryview) -> Iterator[Record]:
    """The records of one frame. Raises PeerError for what is no record, or goes beyond the frame [4.1]."""
    at, size = 0, len(body)
    while at < size:
        kind = body[at]
        if kind == WHOLE:
            _, number, length = _WHOLE_HEAD.unpack(_part(body, at, _WHOLE_HEAD.size))
            at += _WHOLE_HEAD.size
            content = _part(body, at, length)
            yield Whole(number, content, bytes(_part(body, at + length, HASH_BYTES)))
            at += length + HASH_BYTES
        elif kind == PIECE:
            _, number, index, offset, length = _PIECE_HEAD.unpack(_part(body, at, _PIECE_HEAD.size))
            at += _PIECE_HEAD.size
            yield Piece(number, index, offset, _part(body, at, length))
            at += length
        elif kind == DIGEST:
            _, number, index, digest = _DIGEST.unpack(_part(body, at, _DIGEST.size))
            at += _DIGEST.size
            yield Digest(number, index, digest)
        elif kind == END:
            _, number, root = _END.unpack(_part(body, at, _END.size))
            at += _END.size
            yield End(number, root)
        else:
            raise PeerError("handover 4.1: no such record")


def _part(body: memoryview, at: int, length: int) -> memoryview:
    part = body[at : at + length]
    if len(part) != length:
        raise PeerError("handover 4.1: a record that goes beyond its frame")
    return part


class RecordWriter:
    """Fills the body of one frame. Each call writes a record, or returns None or False: no room for it."""

    def __init__(self, body: memoryview) -> None:
        """`body`: as long as the body may become."""
        self._body = body
        self.length = 0  # bytes of the body that are filled

    @property
    def room(self) -> int:
        return len(self._body) - self.length

    def piece(self, number: int, index: int, at: int, length: int) -> memoryview | None:
        """Begin a piece of at most `length` bytes: fill all of what is returned with its content."""
        length = min(length, self.room - _PIECE_HEAD.size)
        if length < 1:
            return None
        _PIECE_HEAD.pack_into(self._body, self.length, PIECE, number, index, at, length)
        return self._take(_PIECE_HEAD.size, length)

    def has_room_for_piece(self, length: int) -> bool:
        """Whether a piece of such a chunk is worth beginning in this frame."""
        return self.room >= _PIECE_HEAD.size + min(length, PIECE_LEAST_BYTES)

    def digest(self, number: int, index: int, digest: bytes) -> bool:
        if self.room < _DIGEST.size:
            return False
        _DIGEST.pack_into(self._body, self.length, DIGEST, number, index, digest)
        self.length += _DIGEST.size
        return True

    def end(self, number: int, root: bytes) -> bool:
        if self.room < _END.size:
            return False
        _END.pack_into(self._body, self.length, END, number, root)
        self.length += _END.size
        return True

    def has_room_for_whole(self, length: int) -> bool:
        return self.room >= _WHOLE_HEAD.size + length + HASH_BYTES

    def room_for_whole(self, length: int) -> memoryview:
        """Where the content of a whole file goes; nothing is written until `whole` is called."""
        start = self.length + _WHOLE_HEAD.size
        return self._body[start : start + length]

    def whole(self, number: int, length: int, digest: bytes) -> None:
        """The content lies in `room_for_whole(length)`: make a record of it."""
        _WHOLE_HEAD.pack_into(self._body, self.length, WHOLE, number, length)
        end = self.length + _WHOLE_HEAD.size + length
        self._body[end : end + HASH_BYTES] = digest
        self.length = end + HASH_BYTES

    def _take(self, head: int, length: int) -> memoryview:
        start = self.length + head
        self.length = start + length
        return self._body[start : start + length]
