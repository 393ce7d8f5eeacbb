"""core/blobs/{stream,assembly,incoming}: the frames of several pipes, in whatever order they come."""

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

from core.blobs import records
from fuzz.feed import Feed, as_piece
from fuzz.talk import SIZES, content
from fuzz.vectors import of_kind, raw
from satchel.core.blobs.assembly import PIECES_AHEAD_MAX
from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_count
from satchel.core.blobs.incoming import Finish, Incoming, PutWhole, ReadBack, Write
from satchel.core.blobs.stream import Digest, End, Piece, Whole, read_records
from satchel.errors import PeerError

RAW, PIECE, DIGEST, END, WHOLE, JOIN = range(6)
FILES = {number: size for number, size in enumerate(SIZES) if size is not None}
Files = dict[int, bytes]


class TooMany(Exception):
    """A limit was crossed, which other orders of the same frames may not do."""


def check(data: bytes) -> bool:
    feed = Feed(data)
    order = random.Random(feed.number())
    dropped = feed.number(8)
    frames = written(feed)
    for frame in frames:
        read_back_or_refused(frame)
    try:
        in_order = hear_all(frames, dropped)
        order.shuffle(frames)
        assert hear_all(frames, dropped) == in_order  # order means nothing
    except TooMany:
        return False
    return in_order is not None


def written(feed: Feed) -> list[bytes]:
    """Frames with the right content, where the script asks for that."""
    frames: list[bytes] = []
    joins = False
    while feed:
        frame = record(feed)
        if joins and frames:
            frames[-1] += frame
        else:
            frames.append(frame)
        joins = bool(feed.number(2))
    return frames


def record(feed: Feed) -> bytes:
    kind, number = feed.number(6), feed.number(6)
    index = feed.number(3)
    size = FILES.get(number, 5)
    chunk = content(size, index) if index < chunk_count(size) else b"x"
    match kind:
        case kind if kind == PIECE:
            borders = sorted({0, *(place * len(chunk) // 4 for place in (1, 2, 3)), len(chunk)})
            at, end = list(pairwise(borders))[feed.number(4) % (len(borders) - 1)]
            return records.piece(number, index, at, chunk[at:end])
        case kind if kind == DIGEST:
            return records.digest(number, index, chunk)
        case kind if kind == END:
            return records.end(number, all_of(size))
        case kind if kind == WHOLE and size < CHUNK_BYTES:
            return records.whole(number, all_of(size))
        case kind if kind == JOIN:
            return records.chunk(number, index, chunk)
        case _:
            return feed.piece()


def all_of(size: int) -> bytes:
    return b"".join(content(size, index) for index in range(chunk_count(size)))


def read_back_or_refused(frame: bytes) -> None:
    try:
        read = list(read_records(memoryview(frame)))
    except PeerError:
        return
    again = b""
    for one in read:
        match one:
            case Piece(number=number, index=index, at=at, data=data):
                again += records.piece(number, index, at, bytes(data))
            case Digest(number=number, index=index, digest=digest):
                again += records.digest(number, index, b"")[:-32] + digest
            case End(number=number, root=root):
                again += records.end(number, b"")[:-32] + root
            case Whole(number=number, data=data, digest=digest):
                again += records.whole(number, bytes(data))[:-32] + digest
    assert again == frame  # a frame has one meaning


def hear_all(frames: Sequence[bytes], dropped: int) -> Files | None:
    """The files that became whole; None if it was refused."""
    whole: Files = {}
    written: dict[int, dict[int, bytes]] = {}
    hashed: dict[tuple[int, int], int] = {}  # up to where, by chunk
    ahead: dict[tuple[int, int], set[int]] = {}  # what waits for its turn

    def size_of(number: int) -> int:
        if number not in FILES or number in whole:
            raise PeerError("handover 4.3: content that was not asked for")
        return FILES[number]

    incoming = Incoming(size_of)
    incoming.drop(dropped)
    try:
        for frame in frames:
            for arrival in incoming.hear(memoryview(frame)):
                assert arrival.number != dropped
                match arrival:
                    case Write(number=number, offset=offset, data=data):
                        pieces = written.setdefault(number, {})
                        assert offset not in pieces
                        pieces[offset] = bytes(data)
                        assert offset + len(data) <= FILES[number]
                        assert sum(map(len, pieces.values())) <= FILES[number]  # no byte twice (M3)
                        chunk, at = (number, offset // CHUNK_BYTES), offset % CHUNK_BYTES
                        if at == hashed.get(chunk, 0):
                            hashed[chunk] = at + len(data)
                        else:
                            ahead.setdefault(chunk, set()).add(at)
                            assert len(ahead[chunk]) <= PIECES_AHEAD_MAX  # each costs memory (M3)
                    case ReadBack(number=number, offset=offset, length=length):
                        back = written[number][offset]
                        chunk, at = (number, offset // CHUNK_BYTES), offset % CHUNK_BYTES
                        ahead[chunk].remove(at)  # once
                        assert hashed[chunk] == at
                        hashed[chunk] += length
                        assert len(back) == length
                        incoming.read_back(arrival, memoryview(back)[: length // 2])
                        incoming.read_back(arrival, memoryview(back)[length // 2 :])
                    case PutWhole(number=number, data=data):
                        assert number not in written
                        whole[number] = bytes(data)
                    case Finish(number=number):
                        whole[number] = b"".join(part for _, part in sorted(written.get(number, {}).items()))
    except PeerError as refused:
        if "too many" in refused.what:
            raise TooMany from refused
        return None
    assert all(len(content) == FILES[number] for number, content in whole.items())
    return whole


def seeds() -> Iterator[bytes]:
    nobody = b"\x00\x07"  # no file is dropped
    for vector in of_kind("handover", "stream"):
        frames = [raw(frame) for frame in vector["frames"]]
        if vector["files"] == list(SIZES) and sum(map(len, frames)) < 1 << 12:
            dropped = bytes((0, *vector.get("failed", [7])))
            yield dropped + b"\x00".join(bytes((RAW, 0, 0)) + as_piece(frame) for frame in frames)
    for joins in (b"\x00", b"\x01"):
        pieces = [bytes((PIECE, 2, 0, place)) for place in (3, 1, 0, 2)]
        rest = [bytes((END, 2, 0)), bytes((DIGEST, 2, 0)), bytes((JOIN, 2, 1))]
        yield nobody + joins.join([*pieces, *rest])
        yield b"\x05\x07" + joins.join([*rest, *pieces, bytes((WHOLE, 1, 0)), bytes((END, 0, 0))])
        yield nobody + joins.join([*pieces, pieces[0]])
    yield b"\x00\x02" + b"\x00".join([bytes((PIECE, 2, 0, 1)), bytes((WHOLE, 1, 0)), bytes((PIECE, 2, 2, 9))])
    ahead = b"".join(records.piece(2, 0, 2 * place, b"x") for place in range(1, 67))
    yield nobody + bytes((RAW, 0, 0)) + as_piece(ahead)
