"""core/blobs/stream: the bulk stream, in whatever pieces it comes."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from satchel.core.blobs.chunks import CHUNK_BYTES, hash_chunk
from satchel.core.blobs.stream import Piece, StreamReader, chunk_head, end_record
from satchel.errors import PeerError

RAW, CHUNK, END = range(3)
FILES = 4
CHUNKS = 3


def length_of(number: int, index: int) -> int:
    if number >= FILES or index >= CHUNKS:
        raise PeerError("handover 4.3: a chunk that was not asked for")
    return 1 + 13 * number + index


def check(data: bytes) -> bool:
    feed = Feed(data)
    piece_bytes = 1 + feed.number()
    stream = written(feed)
    at_once = read(stream, len(stream) or 1)
    assert read(stream, piece_bytes) == at_once  # cuts mean nothing
    return at_once[-1:] != ["refused"]


def written(feed: Feed) -> bytes:
    """A stream whose chunks have the right hash, where the script asks for that."""
    stream = bytearray()
    while feed:
        match feed.number(3):
            case kind if kind == CHUNK:
                number, index = feed.number(FILES), feed.number(CHUNKS)
                content = feed.exactly(length_of(number, index))
                stream += chunk_head(number, index) + content + hash_chunk(content)
            case kind if kind == END:
                stream += end_record(feed.number(FILES), feed.exactly(32))
            case _:
                stream += feed.piece()
    return bytes(stream)


def read(stream: bytes, piece_bytes: int) -> list[object]:
    """The events, with the pieces of a chunk joined; "refused" stands last where it was."""
    reader = StreamReader(length_of)
    events: list[object] = []
    pieces: dict[tuple[int, int], bytes] = {}  # of the chunk that is open
    try:
        for at in range(0, len(stream), piece_bytes):
            for event in reader.feed(memoryview(stream)[at : at + piece_bytes]):
                if not isinstance(event, Piece):
                    events += [*pieces.items(), event]
                    pieces = {}
                    continue
                place = event.number, event.offset // CHUNK_BYTES
                content = pieces.get(place, b"")
                assert event.offset == place[1] * CHUNK_BYTES + len(content)
                pieces[place] = content + bytes(event.data)
                assert len(pieces[place]) <= length_of(*place)
    except PeerError:
        return [*events, *pieces.items(), "refused"]
    return [*events, *pieces.items(), reader.between_records]


def seeds() -> Iterator[bytes]:
    chunk = chunk_head(1, 0) + bytes(14) + hash_chunk(bytes(14))
    yield b"\x00" + bytes((RAW,)) + as_piece(chunk + end_record(1, bytes(32)))
    yield (
        b"\x06"
        + bytes((CHUNK, 1, 0))
        + bytes(14)
        + bytes((CHUNK, 3, 2))
        + bytes(42)
        + bytes((END, 1))
        + bytes(32)
    )
    yield b"\x00" + bytes((RAW,)) + as_piece(chunk_head(9, 0)) + b"\x00"
    yield b"\x01" + bytes((RAW,)) + as_piece(chunk[:-1] + b"\0")
    yield b"\xff" + bytes((RAW,)) + as_piece(b"\x03")
