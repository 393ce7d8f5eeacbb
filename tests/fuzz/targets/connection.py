"""node/channel with either half of a hand-over behind it: all that comes through the pipe of a peer."""

from collections.abc import Iterable, Iterator

from fuzz.feed import Feed
from fuzz.frame_peer import BULK, CONTROL, PADDING, PLAIN, FramePeer, says
from fuzz.talk import SIZES, offered
from fuzz.vectors import drawn, of_kind, raw
from satchel.core.blobs.incoming import Arrival, Finish, PutWhole, ReadBack, Write
from satchel.core.crypto.aead import Suite
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode, encode
from satchel.core.handover.receiving import Receiver
from satchel.core.handover.sending import Sender
from satchel.core.session.frames import Kind
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.stripes import PathCounts
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node.channel import Channel, body_of, new_message_buffer
from satchel.ports import Address, Endpoint

PIPES_MAX = 3  # the others would say nothing new


def keys_of(pipe: int) -> SessionKeys:
    """As every pipe has keys of its own."""
    return SessionKeys(
        send=drawn(f"send {pipe}", 32),
        receive=drawn(f"receive {pipe}", 32),
        session_hash=bytes(32),
        resumption_secret=bytes(32),
        stripe_secret=bytes(32),
    )


NOWHERE = Endpoint(address=Address(bytes(16)), port=0)
RECEIVER, SENDER = range(2)


class ScriptedPipe:
    """Brings what the peer says, frame by frame; when the script ends, the connection does."""

    local = remote = NOWHERE

    def __init__(self, peer: FramePeer, feed: Feed) -> None:
        self._peer = peer
        self._feed = feed
        self._arriving = b""

    def receive_into(self, buffer: memoryview) -> int:
        while not self._arriving:
            if not self._feed:
                raise EnvironmentProblem("The connection has ended.")
            self._arriving = self._peer.next_frame(self._feed)
        part = self._arriving[: len(buffer)]
        buffer[: len(part)] = part
        self._arriving = self._arriving[len(part) :]
        return len(part)

    def receive_all(self, buffer: memoryview) -> None:
        at = 0
        while at < len(buffer):
            at += self.receive_into(buffer[at:])

    def send_all(self, data: bytes | bytearray | memoryview) -> None: ...
    def set_deadline(self, seconds: float | None) -> None: ...
    def set_patience(self, seconds: int) -> None: ...
    def keep_queue_short(self) -> None: ...
    def close(self) -> None: ...
    def waiting_bytes(self) -> int:
        return len(self._arriving)

    def tolerate_loss(self) -> bool:
        return False

    def path(self) -> PathCounts:
        return PathCounts(acked_bytes=0, sent_segments=0, resent_segments=0)


class Talk:
    """The loop of node/receiving and node/sending, without its threads and disks."""

    def __init__(self, half: Receiver | Sender, feed: Feed) -> None:
        self.half = half
        self.feed = feed
        self.peer = FramePeer(keys_of(0).receive)
        self.channel = Channel(ScriptedPipe(self.peer, feed), keys_of(0))
        self.further: list[Channel] = []
        self.written: dict[tuple[int, int], bytes] = {}
        self.buffer = new_message_buffer()
        self.heard = 0
        if isinstance(half, Receiver):
            self.carry_out(half.start())

    def receive(self) -> None:
        """The next frame, of whatever pipe the script says."""
        place = self.feed.number(1 + len(self.further)) if self.further else 0
        kind, body = [self.channel, *self.further][place].receive(self.buffer)
        if isinstance(self.half, Sender) or kind is Kind.CONTROL:
            self.carry_out(self.half.hear(decode(body_of(kind, body))))
            self.heard += 1
        elif kind is Kind.BULK:
            for arrival in self.half.hear_bulk(body):
                self.land(self.half, arrival)

    def land(self, half: Receiver, arrival: Arrival) -> None:
        match arrival:
            case Write(number=number, offset=offset, data=data):
                assert (number, offset) not in self.written
                self.written[number, offset] = bytes(data)
            case ReadBack(number=number, offset=offset):
                half.read_back(arrival, memoryview(self.written[number, offset]))
            case PutWhole(number=number) | Finish(number=number):
                self.carry_out(half.placed([number]))

    def open_pipes(self, pipes: int) -> None:
        assert self.channel.suite is not None
        while 1 + len(self.further) < min(pipes, PIPES_MAX):
            keys = keys_of(1 + len(self.further))
            peer = FramePeer(keys.receive, self.channel.suite)
            self.further.append(Channel(ScriptedPipe(peer, self.feed), keys, self.channel.suite))
            self.further[-1].show_up()

    def carry_out(self, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self.channel.say(message)
                case e.UseSuite(aes=aes):
                    self.channel.use_suite(aes=aes)
                    self.peer.agree(Suite.AES_256_GCM if aes else Suite.CHACHA20_POLY1305)
                case e.AskPerson(entries=entries) if isinstance(self.half, Receiver):
                    self.carry_out(self.half.accept(range(len(entries))))
                case e.OpenPipes(pipes=pipes):
                    self.open_pipes(pipes)
                case _:
                    pass


def check(data: bytes) -> bool:
    feed = Feed(data)
    talk = Talk(Sender(offered(), aes=True) if feed.number(2) == SENDER else Receiver(aes=True), feed)
    try:
        while True:
            talk.receive()
    except (PeerError, EnvironmentProblem):
        return talk.heard > 1


def seeds() -> Iterator[bytes]:
    for half, kind in ((RECEIVER, "receiver"), (SENDER, "sender")):
        for vector in of_kind("handover", kind):
            if not vector.get("resumed"):
                yield bytes((half,)) + b"".join(says(CONTROL, raw(body)) for body in vector["hears"])
    begin = says(CONTROL, encode(m.Hello(aes=True)))
    offer = says(CONTROL, encode(m.Offer(first=0, entries=offered(), last=True)))
    for vector in of_kind("handover", "stream"):
        frames = [raw(frame) for frame in vector["frames"]]
        if vector["files"] == list(SIZES) and sum(map(len, frames)) < 1 << 12:
            bulk = [says(BULK, frame, b"\x05") for frame in frames]
            yield bytes((RECEIVER,)) + begin + offer + b"".join(bulk)
            stripes = says(CONTROL, encode(m.Stripes(pipes=2 + len(bulk) % 2)))
            over_pipes = [bytes((1 + place % 2,)) + one for place, one in enumerate(bulk)]
            yield bytes((RECEIVER,)) + begin + offer + stripes + b"".join(over_pipes)
    yield bytes((RECEIVER,)) + begin + says(PADDING, zeros=b"\x01\x00") + offer + says(PLAIN, b"\x02")
