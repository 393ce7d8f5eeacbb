"""Frames of several pipes in few buffers: none is lost, and no pipe keeps what others need."""

import threading
from collections.abc import Iterator

import pytest

from node.memory import KEYS, PEERS_KEYS, WITHIN_S, MemoryPipe
from satchel.core.crypto.aead import Suite
from satchel.core.session.frames import FULL_FRAME_BYTES, HEADER_BYTES, OVERHEAD_BYTES, Kind, Sealer
from satchel.errors import EnvironmentProblem
from satchel.node.channel import Channel
from satchel.node.inbox import FRAMES_OF_TRAY, TRAYS, Frame, Gone, Inbox

SUITE = Suite.CHACHA20_POLY1305


class Peer:
    """A pipe, and who seals at its other end."""

    def __init__(self, inbox: Inbox) -> None:
        self.pipe = MemoryPipe()
        self._sealer = Sealer(PEERS_KEYS.send, SUITE)
        inbox.add(Channel(self.pipe, KEYS, SUITE))

    def bulk(self, body: bytes) -> None:
        plain = bytearray(HEADER_BYTES) + body + bytes(100)
        size = len(body) + OVERHEAD_BYTES
        self.pipe.bring(bytes(self._sealer.bulk_into(plain, len(body), size, bytearray(size))))

    def padding(self) -> None:
        self.pipe.bring(self._sealer.padding(256))

    def control(self, body: bytes) -> None:
        self.pipe.bring(self._sealer.control(body))


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


def several(inbox: Inbox, count: int) -> list[Peer]:
    first = Peer(inbox)
    inbox.read_beside()
    return [first, *(Peer(inbox) for _ in range(count - 1))]


@pytest.fixture(params=["alone", "beside"])
def single(request: pytest.FixtureRequest, inbox: Inbox) -> Peer:
    """The one pipe, read by whoever asks or by a thread of its own."""
    peer = Peer(inbox)
    if request.param == "beside":
        inbox.read_beside()
    return peer


def only(frames: list[Frame]) -> tuple[Kind, bytes]:
    """Small frames come one by one: only where a whole large one waits are more taken at once."""
    ((kind, body, _),) = frames
    return kind, bytes(body)


def next_of(inbox: Inbox) -> tuple[Kind, bytes] | Gone:
    """Fails where it would wait for ever."""
    found: list[tuple[Kind, bytes] | Gone] = []

    def wait() -> None:
        while not (item := inbox.next()):
            pass  # padding
        found.append(item if isinstance(item, Gone) else only(item))

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(WITHIN_S)
    assert found, "nothing came"
    return found[0]


def test_frames_of_one_pipe_keep_their_order(inbox: Inbox, single: Peer) -> None:
    bodies = [b"%d" % number for number in range(4 * TRAYS)]
    for body in bodies:
        single.bulk(body)
        single.padding()
    assert [next_of(inbox) for _ in bodies] == [(Kind.BULK, body) for body in bodies]


def test_frames_of_all_pipes_come(inbox: Inbox) -> None:
    peers = several(inbox, 16)
    for number, peer in enumerate(peers):
        for frame in range(5):
            peer.bulk(b"%d %d" % (number, frame))
    peers[0].control(b"message")
    expected = {(Kind.BULK, b"%d %d" % (number, frame)) for number in range(16) for frame in range(5)}
    came = [next_of(inbox) for _ in range(81)]
    assert set(came) == expected | {(Kind.CONTROL, b"message")}


def test_a_silent_pipe_holds_no_buffer_that_others_need(inbox: Inbox) -> None:
    """A deadlock: each pipe took a buffer before it waited, so that as many silent ones as there are
    buffers let nothing through."""
    *silent, speaking = several(inbox, TRAYS + 3)
    for peer in silent:
        assert peer.pipe.waiting.wait(WITHIN_S)
    for number in range(3 * TRAYS):
        speaking.bulk(b"%d" % number)
        assert next_of(inbox) == (Kind.BULK, b"%d" % number)


def test_half_a_frame_holds_no_buffer_either(inbox: Inbox) -> None:
    *halves, speaking = several(inbox, TRAYS + 3)
    for peer in halves:
        peer.pipe.bring(bytes((0, 0, 0, 252)) + bytes(100))
    speaking.bulk(b"all of it")
    assert next_of(inbox) == (Kind.BULK, b"all of it")


def test_padding_alone_keeps_no_buffer(inbox: Inbox, single: Peer) -> None:
    for _ in range(5 * TRAYS):
        single.padding()
    single.bulk(b"at last")
    assert next_of(inbox) == (Kind.BULK, b"at last")


def test_frames_that_nobody_takes_are_few(inbox: Inbox) -> None:
    """M3: a slow disk slows the network down, it does not fill memory. Nothing is lost by it."""
    peers = several(inbox, 4)
    for peer in peers:
        for _ in range(TRAYS):
            peer.bulk(b"x")
    for _ in range(4 * TRAYS):
        assert next_of(inbox) == (Kind.BULK, b"x")


def test_a_pipe_that_ends_is_told(inbox: Inbox) -> None:
    first, further = several(inbox, 2)
    further.pipe.close()
    gone = next_of(inbox)
    assert isinstance(gone, Gone)
    assert isinstance(gone.problem, EnvironmentProblem)
    assert not gone.is_first
    first.bulk(b"still there")
    assert next_of(inbox) == (Kind.BULK, b"still there")
    first.pipe.close()
    gone = next_of(inbox)
    assert isinstance(gone, Gone)
    assert gone.is_first


def test_what_came_before_the_end_comes_first(inbox: Inbox, single: Peer) -> None:
    for _ in range(3):
        single.bulk(b"x")
    single.pipe.close()
    assert [next_of(inbox) for _ in range(3)] == [(Kind.BULK, b"x")] * 3
    assert isinstance(next_of(inbox), Gone)


def test_close_closes_all_pipes_and_those_that_come_later() -> None:
    inbox = Inbox()
    peers = several(inbox, 3)
    inbox.close()
    peers.append(Peer(inbox))
    assert all(peer.pipe.is_closed for peer in peers)


def test_frames_that_come_fast_are_handed_over_together(inbox: Inbox) -> None:
    """And a message among them is told apart by the pipe that it came on."""
    (peer,) = several(inbox, 1)
    assert peer.pipe.waiting.wait(WITHIN_S)
    sent = [bytes([number]) * (FULL_FRAME_BYTES - OVERHEAD_BYTES) for number in range(12)]
    for body in sent:
        peer.bulk(body)
    came: list[bytes] = []
    most = 0
    while len(came) < len(sent):
        item = inbox.next()
        assert not isinstance(item, Gone)
        assert all(first for _, _, first in item)
        most = max(most, len(item))
        came += [bytes(body) for _, body, _ in item]
    assert came == sent
    assert 1 < most <= FRAMES_OF_TRAY


def test_nothing_is_lost_between_reading_oneself_and_reading_beside(inbox: Inbox) -> None:
    peer = Peer(inbox)
    for number in range(6):
        peer.bulk(b"%d" % number)
    came = [next_of(inbox) for _ in range(3)]
    inbox.read_beside()
    further = Peer(inbox)
    came += [next_of(inbox) for _ in range(3)]
    assert came == [(Kind.BULK, b"%d" % number) for number in range(6)]
    further.bulk(b"on the other pipe")
    assert next_of(inbox) == (Kind.BULK, b"on the other pipe")
