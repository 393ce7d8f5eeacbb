"""core/sealing/parts: parts of letters of one contact, in any order (M3)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import drawn, of_kind, raw
from satchel.core.sealing.letter import LetterId, UnreadableError
from satchel.core.sealing.parts import (
    PIECE_BYTES,
    UNFINISHED_BYTES_MAX,
    UNFINISHED_MAX,
    Gathering,
    Part,
    Taken,
    decode_part,
    encode_part,
    part_count,
)

READ, TAKE, SETTLE = range(3)
SIZES = (1, PIECE_BYTES, PIECE_BYTES + 1, 5_000_000, 8 << 20)


def check(data: bytes) -> bool:
    feed = Feed(data)
    gathering = Gathering()
    read = False
    while feed:
        word = feed.number(3)
        if word == READ:
            read |= can_be_read(feed.piece())
        elif word == TAKE:
            gathering = take(gathering, feed)
        else:
            _, gathering = gathering.settle(feed.wide_number())
        letters = gathering.letters.values()
        assert len(letters) <= UNFINISHED_MAX
        assert sum(one.size_bytes for one in letters) <= UNFINISHED_BYTES_MAX
        assert all(0 < len(one.indices) < part_count(one.size_bytes) for one in letters)
    return read


def can_be_read(content: bytes) -> bool:
    try:
        part = decode_part(content)
    except UnreadableError:
        return False
    assert encode_part(part) == content
    assert part.index < part_count(part.size_bytes)
    return True


def take(gathering: Gathering, feed: Feed) -> Gathering:
    letter_id, size_bytes = LetterId(bytes((feed.number(),)) * 16), SIZES[feed.number(len(SIZES))]
    index = feed.number(part_count(size_bytes))
    part = Part(letter_id=letter_id, size_bytes=size_bytes, index=index, piece=b"")
    before = gathering.letters.get(letter_id)
    try:
        taken, after = gathering.take(part, expiry_hour=feed.wide_number(), is_here=feed.number(8) == 1)
    except UnreadableError:
        assert before is not None
        assert before.size_bytes != size_bytes
        return gathering
    if taken in (Taken.AGAIN, Taken.NO_ROOM):
        assert after == gathering
    elif taken is Taken.WHOLE:
        assert letter_id not in after.letters
    return after


def seeds() -> Iterator[bytes]:
    for vector in of_kind("letter", "part"):
        content = raw(vector["content"])
        if len(content) < 1 << 16:
            yield bytes((READ,)) + as_piece(content)
    for number in range(3):
        yield bytes((READ,)) + as_piece(drawn(f"parts {number}", 8)) + drawn(f"parts {number}", 300)
    yield b"".join(bytes((TAKE, 7, 3, index, 0, 9, 0)) for index in (4, 0, 2, 2, 1, 3)) + bytes(
        (SETTLE, 9, 9)
    )
