"""A sender that lies in the bulk stream ends the session, and one that gives a file up does not (M3)."""

from collections.abc import Iterator

import pytest

from core.blobs.records import chunk, digest, end, piece, whole
from core.handover.test_conversation import CONTENTS, ENTRIES, receiving
from satchel.core.blobs.assembly import PIECES_AHEAD_MAX
from satchel.core.blobs.chunks import CHUNK_BYTES
from satchel.core.blobs.incoming import OPEN_CHUNKS_MAX, Arrival, Finish, PutWhole, ReadBack
from satchel.core.handover import messages as m
from satchel.core.handover.receiving import Receiver
from satchel.errors import PeerError

SHORT = CONTENTS[1]
LONG = CONTENTS[3]
FIRST = LONG[:CHUNK_BYTES]
LAST = LONG[3 * CHUNK_BYTES :]
WANTED = (0, 1, 2, 3, 5)


def feed(receiver: Receiver, *frames: bytes, disk: bytes = LONG) -> list[Arrival]:
    """`disk`: what is read back."""
    return [arrival for frame in frames for arrival in hear(receiver, frame, disk)]


def hear(receiver: Receiver, frame: bytes, disk: bytes) -> Iterator[Arrival]:
    for arrival in receiver.hear_bulk(memoryview(frame)):
        if isinstance(arrival, ReadBack):
            part = memoryview(disk)[arrival.offset : arrival.offset + arrival.length]
            receiver.read_back(arrival, part)
        yield arrival


@pytest.mark.parametrize(
    ("clause", "frames"),
    [
        pytest.param("4.1", [b"\x00"], id="record 0"),
        pytest.param("4.1", [b"\x05"], id="record 5"),
        pytest.param("4.1", [chunk(1, 0, SHORT) + b"\x07"], id="no record behind a good one"),
        pytest.param("4.1", [piece(1, 0, 0, SHORT)[:16]], id="head beyond the frame"),
        pytest.param("4.1", [piece(1, 0, 0, SHORT)[:-1]], id="piece beyond the frame"),
        pytest.param("4.1", [piece(1, 0, 0, SHORT)[:-1], SHORT[-1:]], id="piece that goes on in the next"),
        pytest.param("4.1", [digest(1, 0, SHORT)[:-1]], id="hash beyond the frame"),
        pytest.param("4.1", [end(0, b"")[:-1]], id="root beyond the frame"),
        pytest.param("4.1", [whole(1, SHORT)[:-1]], id="whole file beyond the frame"),
        pytest.param("4.1", [whole(1, SHORT)[:8]], id="head of a whole file beyond the frame"),
        pytest.param("4.2", [piece(1, 0, 0, SHORT) + digest(1, 0, b"other")], id="another hash"),
        pytest.param(
            "4.2", [digest(1, 0, SHORT) + piece(1, 0, 0, b"SHORT")], id="hash first, then other bytes"
        ),
        pytest.param("4.2", [whole(1, SHORT)[:-1] + b"\0"], id="whole file with another hash"),
        pytest.param("4.3", [piece(4, 0, 0, CONTENTS[4])], id="not accepted"),
        pytest.param("4.3", [whole(4, CONTENTS[4])], id="whole and not accepted"),
        pytest.param("4.3", [digest(4, 0, CONTENTS[4])], id="hash of what was not accepted"),
        pytest.param("4.3", [end(4, CONTENTS[4])], id="root of what was not accepted"),
        pytest.param("4.3", [end(99, b"")], id="never offered"),
        pytest.param("4.3", [end(5, b"")], id="a folder"),
        pytest.param("4.3", [piece(1, 1, 0, b"x")], id="chunk beyond the file"),
        pytest.param("4.3", [digest(1, 1, b"x")], id="hash of a chunk beyond the file"),
        pytest.param("4.3", [piece(0, 0, 0, b"x")], id="content of an empty file"),
        pytest.param("4.3", [piece(1, 0, 0, SHORT + b"x")], id="piece beyond its chunk"),
        pytest.param("4.3", [piece(1, 0, 5, b"x")], id="piece behind its chunk"),
        pytest.param("4.3", [piece(3, 0, CHUNK_BYTES - 1, b"xy")], id="piece into the next chunk"),
        pytest.param("4.3", [piece(1, 0, 0, b"")], id="empty piece"),
        pytest.param(
            "4.3", [piece(1, 0, 0, b"sho"), piece(1, 0, 2, b"ort")], id="overlap with what is hashed"
        ),
        pytest.param("4.3", [piece(1, 0, 2, b"or"), piece(1, 0, 3, b"rt")], id="overlap ahead"),
        pytest.param("4.3", [piece(1, 0, 2, b"or"), piece(1, 0, 0, b"sho")], id="overlap from before"),
        pytest.param("4.3", [piece(1, 0, 2, b"r"), piece(1, 0, 1, b"hort")], id="overlap on both sides"),
        pytest.param("4.3", [piece(1, 0, 1, b"h")] * 2, id="a piece twice"),
        pytest.param("4.3", [digest(1, 0, SHORT)] * 2, id="a hash twice"),
        pytest.param("4.3", [digest(1, 0, SHORT) + digest(1, 0, b"other")], id="two hashes"),
        pytest.param("4.3", [chunk(1, 0, SHORT)] * 2, id="a chunk twice"),
        pytest.param("4.3", [chunk(1, 0, SHORT) + digest(1, 0, SHORT)], id="a hash behind its chunk"),
        pytest.param("4.3", [chunk(1, 0, SHORT) + end(1, SHORT), end(1, SHORT)], id="behind the end"),
        pytest.param("4.3", [whole(1, SHORT)] * 2, id="whole twice"),
        pytest.param("4.3", [whole(1, SHORT[:4])], id="whole file too short"),
        pytest.param("4.3", [whole(1, SHORT + b"x")], id="whole file too long"),
        pytest.param("4.3", [whole(0, b"")], id="empty file as a whole one"),
        pytest.param("4.3", [whole(3, LAST)], id="long file as a whole one"),
        pytest.param("4.3", [piece(1, 0, 0, b"s"), whole(1, SHORT)], id="whole file of which parts came"),
        pytest.param("4.3", [digest(1, 0, SHORT) + whole(1, SHORT)], id="whole file whose hash came"),
        pytest.param("4.3", [end(1, SHORT) + whole(1, SHORT)], id="whole file whose root came"),
        pytest.param("4.4", [chunk(1, 0, SHORT) + end(1, b"other")], id="another root"),
        pytest.param("4.4", [end(1, b"other") + chunk(1, 0, SHORT)], id="another root, first"),
        pytest.param("4.4", [chunk(1, 0, SHORT) + end(1, SHORT + b"x")], id="root of another size"),
        pytest.param("4.4", [end(1, SHORT)] * 2, id="root twice"),
        pytest.param("4.4", [end(0, SHORT)], id="root of an empty file"),
    ],
)
def test_a_lie_in_the_stream_ends_the_session(clause: str, frames: list[bytes]) -> None:
    with pytest.raises(PeerError, match=rf"^handover {clause}:"):
        feed(receiving(*WANTED), *frames)


def ends(arrivals: list[Arrival]) -> list[int]:
    return [arrival.number for arrival in arrivals if isinstance(arrival, Finish | PutWhole)]


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([chunk(1, 0, SHORT) + end(1, SHORT)], id="in order"),
        pytest.param([digest(1, 0, SHORT), piece(1, 0, 0, SHORT), end(1, SHORT)], id="hash first"),
        pytest.param(
            [end(1, SHORT), digest(1, 0, SHORT), piece(1, 0, 0, SHORT)], id="root before everything"
        ),
        pytest.param([end(1, SHORT), piece(1, 0, 0, SHORT), digest(1, 0, SHORT)], id="hash last"),
        pytest.param([whole(1, SHORT)], id="as a whole one"),
    ],
)
def test_the_order_of_records_is_free(frames: list[bytes]) -> None:
    receiver = receiving(*WANTED)
    assert not ends(feed(receiver, *frames[:-1]))
    assert ends(feed(receiver, frames[-1])) == [1]


def test_pieces_before_their_turn_are_read_back() -> None:
    parts = [piece(3, 0, at, FIRST[at : at + 100_000]) for at in range(0, CHUNK_BYTES, 100_000)]
    receiver = receiving(3)
    arrivals = feed(receiver, *reversed(parts), digest(3, 0, FIRST))
    read = sum(arrival.length for arrival in arrivals if isinstance(arrival, ReadBack))
    assert read == CHUNK_BYTES - 100_000  # the first piece was hashed as it came
    feed(receiver, chunk(3, 1, LONG[CHUNK_BYTES : 2 * CHUNK_BYTES]))
    feed(receiver, chunk(3, 2, LONG[2 * CHUNK_BYTES : 3 * CHUNK_BYTES]))
    assert ends(feed(receiver, end(3, LONG), chunk(3, 3, LAST))) == [3]


def test_what_is_read_back_is_checked_too() -> None:
    """A disk that gives something else than what came must not make a file whole."""
    frames = piece(1, 0, 3, b"rt"), piece(1, 0, 0, b"sho"), digest(1, 0, SHORT)
    with pytest.raises(PeerError, match=r"^handover 4\.2:"):
        feed(receiving(1), *frames, disk=b"shoRT")


def test_pieces_ahead_of_one_chunk_are_bounded() -> None:
    """M3: each costs memory until its turn comes."""
    receiver = receiving(3)
    feed(receiver, *(piece(3, 0, 2 * place, b"x") for place in range(1, PIECES_AHEAD_MAX + 1)))
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        feed(receiver, piece(3, 0, 2 * PIECES_AHEAD_MAX + 2, b"x"))


def test_chunks_that_are_not_whole_are_bounded() -> None:
    """M3: over all files of a session together, and files that are given up do not count."""
    size = OPEN_CHUNKS_MAX * CHUNK_BYTES
    entries = [
        m.Entry(path=(b"%d" % n,), kind=m.EntryKind.FILE, size=size, mtime_ns=0, executable=False)
        for n in range(3)
    ]
    receiver = Receiver(aes=False)
    receiver.hear(m.Hello(aes=False))
    receiver.hear(m.Offer(first=0, entries=tuple(entries), last=True))
    receiver.accept(range(3))
    half = OPEN_CHUNKS_MAX // 2
    for number in (0, 1):
        feed(receiver, *(piece(number, index, 0, b"x") for index in range(half)))
    receiver.hear(m.Failed(number=0, failure=m.Failure.UNREADABLE))
    feed(receiver, *(digest(2, index, b"x") for index in range(half)))
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        feed(receiver, piece(2, half, 0, b"x"))


def test_a_whole_chunk_makes_room_for_another() -> None:
    receiver = receiving(2, 3)
    for index in range(3):
        feed(receiver, chunk(3, index, LONG[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]))
    assert ends(feed(receiver, chunk(3, 3, LAST), end(3, LONG))) == [3]


@pytest.mark.parametrize(
    "record",
    [
        piece(1, 0, 0, SHORT),
        piece(1, 7, 9, b"beyond"),
        digest(1, 0, b"other"),
        end(1, b"other"),
        whole(1, b"of another length"),
    ],
)
def test_what_comes_of_a_file_that_the_sender_gave_up_is_passed_over(record: bytes) -> None:
    """It was on its way over another pipe when the Failed came [4.5]; it is not even looked at."""
    receiver = receiving(1, 2)
    feed(receiver, piece(1, 0, 0, b"sh"))
    receiver.hear(m.Failed(number=1, failure=m.Failure.CHANGED))
    assert not feed(receiver, record)
    assert ends(feed(receiver, record + chunk(2, 0, CONTENTS[2]) + end(2, CONTENTS[2]))) == [2]
    receiver.placed([2])
    assert not feed(receiver, record)  # when all else is in place, too


def test_passing_over_stops_at_what_is_no_record() -> None:
    receiver = receiving(1, 2)
    receiver.hear(m.Failed(number=1, failure=m.Failure.CHANGED))
    with pytest.raises(PeerError, match=r"^handover 4\.1:"):
        feed(receiver, piece(1, 0, 0, SHORT)[:-1])


def test_a_whole_file_cannot_be_given_up() -> None:
    receiver = receiving(1, 2)
    feed(receiver, whole(1, SHORT))
    with pytest.raises(PeerError, match=r"^handover 2\.11:"):
        receiver.hear(m.Failed(number=1, failure=m.Failure.CHANGED))


@pytest.mark.parametrize("record", [chunk(1, 0, SHORT), end(1, SHORT), whole(1, SHORT)])
def test_a_whole_file_cannot_be_sent_again(record: bytes) -> None:
    receiver = receiving(1, 2)
    feed(receiver, chunk(1, 0, SHORT) + end(1, SHORT))
    for _ in range(2):
        with pytest.raises(PeerError, match=r"^handover 4\.3:"):
            feed(receiver, record)
        receiver.placed([1])


@pytest.mark.parametrize("record", [chunk(3, 0, FIRST), end(3, LONG)])
def test_nothing_comes_of_a_candidate_before_it_is_compared(record: bytes) -> None:
    receiver = Receiver.resumed(aes=False, wanted=dict(enumerate(ENTRIES)), done=(), held={3: {0: bytes(32)}})
    receiver.hear(m.Hello(aes=False))
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        feed(receiver, record)


@pytest.mark.parametrize("record", [chunk(3, 0, FIRST), digest(3, 0, FIRST), whole(1, SHORT)])
def test_what_was_kept_does_not_come_again(record: bytes) -> None:
    held = {3: {0: hash_of(FIRST)}, 1: {0: hash_of(SHORT)}}
    receiver = Receiver.resumed(aes=False, wanted=dict(enumerate(ENTRIES)), done=(), held=held)
    receiver.hear(m.Hello(aes=False))
    receiver.hear(m.Manifest(number=1, first=0, hashes=(hash_of(SHORT),)))
    receiver.hear(m.Manifest(number=3, first=0, hashes=(hash_of(FIRST),)))
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        feed(receiver, record)


def hash_of(content: bytes) -> bytes:
    return digest(0, 0, content)[-32:]


@pytest.mark.parametrize("record", [piece(1, 0, 0, SHORT), end(0, b""), whole(1, SHORT)])
def test_nothing_comes_before_it_was_accepted(record: bytes) -> None:
    receiver = Receiver(aes=False)
    for message in (m.Hello(aes=False), m.Offer(first=0, entries=tuple(ENTRIES), last=True)):
        with pytest.raises(PeerError, match=r"^handover 4\.3:"):
            feed(receiver, record)
        receiver.hear(message)
    with pytest.raises(PeerError, match=r"^handover 4\.3:"):
        feed(receiver, record)
