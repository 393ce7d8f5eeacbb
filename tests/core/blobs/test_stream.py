"""Records: what is written is read, each lies whole in its frame, and any bytes are records or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.blobs import records
from satchel.core.blobs.stream import (
    PIECE_LEAST_BYTES,
    Digest,
    End,
    Piece,
    Record,
    RecordWriter,
    Whole,
    read_records,
)
from satchel.errors import PeerError

NUMBERS = st.integers(0, 2**32 - 1)
HASHES = st.binary(min_size=32, max_size=32)
CONTENT = st.binary(max_size=80)
RECORDS = st.one_of(
    st.builds(Piece, NUMBERS, NUMBERS, NUMBERS, CONTENT.map(memoryview)),
    st.builds(Digest, NUMBERS, NUMBERS, HASHES),
    st.builds(End, NUMBERS, HASHES),
    st.builds(Whole, NUMBERS, CONTENT.map(memoryview), HASHES),
)


def write(writer: RecordWriter, record: Record) -> bool:
    """False where there is no room for all of it."""
    match record:
        case Piece(number=number, index=index, at=at, data=data):
            if writer.room < 17 + len(data):
                return False
            part = writer.piece(number, index, at, len(data))
            if part is None:
                return False
            part[:] = data
            return True
        case Digest(number=number, index=index, digest=digest):
            return writer.digest(number, index, digest)
        case End(number=number, root=root):
            return writer.end(number, root)
        case Whole(number=number, data=data, digest=digest):
            if not writer.has_room_for_whole(len(data)):
                return False
            writer.room_for_whole(len(data))[:] = data
            writer.whole(number, len(data), digest)
            return True


def size_of(record: Record) -> int:
    match record:
        case Piece(data=data):
            return 17 + len(data)
        case Digest():
            return 41
        case End():
            return 37
        case Whole(data=data):
            return 41 + len(data)


@given(st.lists(RECORDS, max_size=12), st.integers(0, 600))
def test_what_is_written_is_read_in_any_room(chosen: list[Record], room: int) -> None:
    body = memoryview(bytearray(b"\xaa" * room))
    writer = RecordWriter(body)
    written: list[Record] = []
    for record in chosen:
        fits = size_of(record) <= writer.room and not (isinstance(record, Piece) and not record.data)
        assert write(writer, record) is fits
        written += [record] * fits
        assert writer.length + writer.room == room
    assert writer.length == sum(map(size_of, written))
    assert list(read_records(body[: writer.length])) == written
    assert bytes(body[writer.length :]) == b"\xaa" * writer.room


@given(st.integers(0, 200), st.integers(1, 300))
def test_a_piece_is_as_long_as_the_room(room: int, length: int) -> None:
    body = memoryview(bytearray(room))
    writer = RecordWriter(body)
    part = writer.piece(1, 2, 3, length)
    if room <= 17:
        assert part is None
        assert writer.length == 0
    else:
        assert part is not None
        assert len(part) == min(length, room - 17)
        assert list(read_records(body[: writer.length])) == [Piece(1, 2, 3, part)]


@pytest.mark.parametrize(
    ("room", "length", "worth_it"),
    [
        (17 + PIECE_LEAST_BYTES, 1 << 20, True),
        (16 + PIECE_LEAST_BYTES, 1 << 20, False),
        (17 + 5, 5, True),
        (16 + 5, 5, False),
        (0, 1, False),
    ],
)
def test_a_short_piece_is_begun_only_where_it_is_all(room: int, length: int, worth_it: bool) -> None:
    """Otherwise the heads would cost more than what is in them."""
    assert RecordWriter(memoryview(bytearray(room))).has_room_for_piece(length) is worth_it


def test_a_whole_file_is_no_record_before_it_is_said_to_be_one() -> None:
    """Its content may turn out to have changed while it was read."""
    body = memoryview(bytearray(200))
    writer = RecordWriter(body)
    writer.room_for_whole(5)[:] = b"wrong"
    assert writer.length == 0
    assert writer.end(7, bytes(32))
    assert list(read_records(body[: writer.length])) == [End(7, bytes(32))]


@pytest.mark.parametrize(
    ("record", "layout"),
    [
        (Piece(1, 2, 3, memoryview(b"abc")), records.piece(1, 2, 3, b"abc")),
        (Digest(1, 2, records.digest(1, 2, b"abc")[-32:]), records.digest(1, 2, b"abc")),
        (End(1, records.end(1, b"abc")[-32:]), records.end(1, b"abc")),
        (Whole(1, memoryview(b"abc"), records.whole(1, b"abc")[-32:]), records.whole(1, b"abc")),
    ],
)
def test_the_bytes_are_those_of_the_page(record: Record, layout: bytes) -> None:
    body = memoryview(bytearray(100))
    writer = RecordWriter(body)
    assert write(writer, record)
    assert bytes(body[: writer.length]) == layout
    assert list(read_records(memoryview(layout))) == [record]


@given(st.binary(max_size=300))
def test_any_bytes_are_records_or_a_peer_error(body: bytes) -> None:
    read_back_or_refused(body)


@given(st.lists(RECORDS, min_size=1, max_size=4), st.data())
def test_any_change_makes_other_records_or_a_peer_error(chosen: list[Record], data: st.DataObject) -> None:
    frame = bytearray(frame_of(chosen))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] = data.draw(st.integers(0, 255))
    read_back_or_refused(bytes(frame))


@given(st.lists(RECORDS, min_size=1, max_size=4), st.data())
def test_a_frame_that_is_cut_is_refused_unless_between_two_records(
    chosen: list[Record], data: st.DataObject
) -> None:
    frame = frame_of(chosen)
    borders = {sum(map(size_of, chosen[:count])) for count in range(len(chosen) + 1)}
    cut = data.draw(st.integers(0, len(frame)))
    if cut in borders:
        assert frame_of(list(read_records(memoryview(frame)[:cut]))) == frame[:cut]
    else:
        with pytest.raises(PeerError, match=r"^handover 4\.1:"):
            list(read_records(memoryview(frame)[:cut]))


def frame_of(chosen: list[Record]) -> bytes:
    """As the page has it, of empty pieces too, which the writer does not make."""
    frame = b""
    for record in chosen:
        match record:
            case Piece(number=number, index=index, at=at, data=data):
                frame += records.piece(number, index, at, bytes(data))
            case Digest(number=number, index=index, digest=digest):
                frame += records.digest(number, index, b"")[:9] + digest
            case End(number=number, root=root):
                frame += records.end(number, b"")[:5] + root
            case Whole(number=number, data=data, digest=digest):
                frame += records.whole(number, bytes(data))[:-32] + digest
    return frame


def read_back_or_refused(body: bytes) -> None:
    try:
        read = list(read_records(memoryview(body)))
    except PeerError:
        return
    assert frame_of(read) == body
