"""node/channel with either half of a hand-over behind it: all that comes through the pipe of a peer."""

from collections.abc import Iterable, Iterator

from fuzz.feed import Feed
from fuzz.frame_peer import BULK, CONTROL, PADDING, PLAIN, FramePeer, says
from fuzz.talk import offered
from fuzz.vectors import drawn, of_kind, raw
from satchel.core.blobs.stream import Piece
from satchel.core.crypto.aead import Suite
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import decode, encode
from satchel.core.handover.receiving import Receiver
from satchel.core.handover.sending import Sender
from satchel.core.session.frames import Kind
from satchel.core.session.handshake import SessionKeys
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node.channel import Channel, body_of
from satchel.ports import Address, Endpoint

KEYS = SessionKeys(
    send=drawn("send", 32), receive=drawn("receive", 32), session_hash=bytes(32), resumption_secret=bytes(32)
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

    def send_all(self, data: bytes | bytearray | memoryview) -> None: ...
    def set_deadline(self, seconds: float | None) -> None: ...
    def set_patience(self, seconds: int) -> None: ...
    def close(self) -> None: ...


class Talk:
    """The loop of node/receiving and node/sending, without its threads and disks."""

    def __init__(self, half: Receiver | Sender, feed: Feed) -> None:
        self.half = half
        self.peer = FramePeer(KEYS.receive)
        self.channel = Channel(ScriptedPipe(self.peer, feed), KEYS)
        self.heard = 0
        if isinstance(half, Receiver):
            self.carry_out(half.start())

    def receive(self) -> None:
        kind, body = self.channel.receive()
        if isinstance(self.half, Sender) or kind is Kind.CONTROL:
            self.carry_out(self.half.hear(decode(body_of(kind, body))))
            self.heard += 1
        elif kind is Kind.BULK:
            for event in self.half.hear_bulk(body):
                if not isinstance(event, Piece):
                    self.carry_out([event])

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
                case e.Finish(number=number) if isinstance(self.half, Receiver):
                    self.carry_out(self.half.placed([number]))
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
        stream = raw(vector["stream"])
        if len(stream) < 1 << 12:
            yield bytes((RECEIVER,)) + begin + offer + says(BULK, stream, b"\x05")
    yield bytes((RECEIVER,)) + begin + says(PADDING, zeros=b"\x01\x00") + offer + says(PLAIN, b"\x02")
