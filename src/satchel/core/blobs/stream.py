"""The bulk stream: chunks of files and their hashes, back to back. Spec: handover.md, section 4.

Records follow each other without gaps and may span frames; a frame may hold many small files. Pull
style, so that memory stays flat: `StreamReader.feed` hands the data on in the pieces it came in.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from satchel.core.blobs.chunks import CHUNK_BYTES, HASH_BYTES, ChunkHasher
from satchel.errors import PeerError

CHUNK: Final = 1  # type[1] number[4] index[4], data, BLAKE3 of the data[32]
END: Final = 2  # type[1] number[4] root[32]
CHUNK_HEAD_BYTES = 9
END_BYTES = 5 + HASH_BYTES


def chunk_head(number: int, index: int) -> bytes:
    return b"\x01" + number.to_bytes(4, "big") + index.to_bytes(4, "big")


def end_record(number: int, root: bytes) -> bytes:
    return b"\x02" + number.to_bytes(4, "big") + root


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a chunk, not verified yet: write it to the unfinished file, believe nothing."""

    number: int
    offset: int  # in the file, bytes
    data: memoryview  # valid until the next call


@dataclass(frozen=True, slots=True)
class ChunkEnd:
    """The chunk is whole and its hash was right."""

    number: int
    index: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The root that the sender has for the file."""

    number: int
    root: bytes


StreamEvent = Piece | ChunkEnd | FileEnd


class StreamReader:
    """Cuts the bulk stream into events. `length_of(number, index)` tells how long a chunk that was
    asked for is, and raises PeerError for any that was not."""

    def __init__(self, length_of: Callable[[int, int], int]) -> None:
        self._length_of = length_of
        self._head = bytearray()  # a record head or a hash that is not complete yet
        self._number = self._index = 0
        self._offset = self._left = 0
        self._hasher: ChunkHasher | None = None  # set while inside a chunk

    @property
    def between_records(self) -> bool:
        return self._hasher is None and not self._head

    def feed(self, data: memoryview) -> Iterator[StreamEvent]:
        """Events of the next part of the stream; raises PeerError if it breaks section 4."""
        at, end = 0, len(data)
        while at < end:
            if self._hasher is not None and self._left:
                piece = data[at : at + self._left]
                self._hasher.update(piece)
                yield Piece(self._number, self._offset, piece)
                self._offset += len(piece)
                self._left -= len(piece)
                at += len(piece)
                continue
            need = self._head_bytes_needed(data[at])
            taken = data[at : at + need - len(self._head)]
            self._head += taken
            at += len(taken)
            if len(self._head) < need:
                return
            event = self._close_head()
            if event is not None:
                yield event

    def _head_bytes_needed(self, next_byte: int) -> int:
        if self._hasher is not None:
            return HASH_BYTES
        kind = self._head[0] if self._head else next_byte
        if kind == CHUNK:
            return CHUNK_HEAD_BYTES
        if kind == END:
            return END_BYTES
        raise PeerError("handover 4.1: no such record")

    def _close_head(self) -> StreamEvent | None:
        head = bytes(self._head)
        self._head.clear()
        if self._hasher is not None:
            if head != self._hasher.digest():
                raise PeerError("handover 4.2: a chunk does not match its hash")
            self._hasher = None
            return ChunkEnd(self._number, self._index, head)
        number = int.from_bytes(head[1:5], "big")
        if head[0] == END:
            return FileEnd(number, head[5:])
        index = int.from_bytes(head[5:9], "big")
        self._left = self._length_of(number, index)
        self._number, self._index, self._offset = number, index, index * CHUNK_BYTES
        self._hasher = ChunkHasher()
        return None
