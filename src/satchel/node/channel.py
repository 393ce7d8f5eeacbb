"""A connection after its handshake: whole frames in and out of a pipe.

Bulk data is read straight into the frame that carries it and sealed from there into the buffer that
is sent: no copy of its own. Any thread may say something; one thread reads.
"""

import contextlib
import threading

from satchel.core.crypto.aead import Suite
from satchel.core.handover.codec import encode
from satchel.core.handover.messages import Message, Stop, StopReason
from satchel.core.session.frames import (
    CONTROL_SIZES,
    FRAME_BYTES_MAX,
    LENGTH_BYTES,
    Kind,
    Opener,
    Sealer,
)
from satchel.core.session.handshake import SessionKeys
from satchel.errors import EnvironmentProblem, MisuseError, PeerError, SatchelError, turning
from satchel.ports import Pipe

FAREWELL_S = 2.0


class Channel:
    """Frames over a pipe. Raises EnvironmentProblem when it is gone or was tampered with on its way."""

    def __init__(self, pipe: Pipe, keys: SessionKeys, suite: Suite | None = None) -> None:
        """`suite`: on a further pipe of a session, the one that was agreed on."""
        self.pipe = pipe
        self.keys = keys
        self.suite = suite
        self._sealer = Sealer(keys.send, suite)
        self._opener = Opener(keys.receive, suite)
        self._saying = threading.Lock()
        self._opened_first = suite is not None
        self._sealed = bytearray()
        self._prefix = bytearray(LENGTH_BYTES)
        self._arriving = bytearray()
        self._fetched = 0

    def use_suite(self, *, aes: bool) -> None:
        """The first frame of each direction has passed, and no second one."""
        suite = Suite.AES_256_GCM if aes else Suite.CHACHA20_POLY1305
        try:
            self._opener.agree(suite)
        except MisuseError as early:
            raise PeerError("transport 4.7: more than a Hello before the suite was agreed on") from early
        with self._saying:
            self._sealer.agree(suite)
        self.suite = suite

    def part(self, reason: StopReason) -> None:
        """Say why we go, and close within FAREWELL_S whatever the other side does. Returns at once, and
        never waits for a lock that a blocked sender holds: the owner's Ctrl-C is not up to the peer (M3)."""
        closing = threading.Timer(FAREWELL_S, self.pipe.close)
        closing.daemon = True
        closing.start()
        if self.suite is not None:
            threading.Thread(target=self._say_stop, args=(reason,), daemon=True).start()
        else:  # the next frame is not ours to say yet (transport 4.7)
            self.pipe.close()

    def _say_stop(self, reason: StopReason) -> None:
        with contextlib.suppress(SatchelError):
            self.say(Stop(reason=reason))

    def say(self, message: Message) -> None:
        self.send_control(encode(message))

    def send_control(self, body: bytes) -> None:
        """One message, of whatever conversation."""
        with self._saying:
            self.pipe.send_all(self._sealer.control(body))

    def send_bulk(self, plain: bytearray, body_bytes: int, size: int) -> None:
        """Seal and send one bulk frame of `size` bytes on the wire, whose body lies in `plain`
        behind HEADER_BYTES of room."""
        with self._saying:
            if len(self._sealed) < size:
                self._sealed = bytearray(size)
            self.pipe.send_all(self._sealer.bulk_into(plain, body_bytes, size, self._sealed))

    def send_padding(self, size: int) -> None:
        with self._saying:
            self.pipe.send_all(self._sealer.padding(size))

    def show_up(self) -> None:
        """The first frame on a further pipe: whoever can seal it has dialled just now (transport 5.3)."""
        self.send_padding(CONTROL_SIZES[0])

    def receive(self, plain: bytearray) -> tuple[Kind, memoryview]:
        """The next frame; its body is a part of `plain`. One that is larger than `plain` is a disturbance."""
        self.fetch(len(plain))
        return self.open(plain)

    @property
    def fetched_bytes(self) -> int:
        """What a buffer for `open` must hold."""
        return self._fetched

    def fetch(self, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        """Wait until the next frame is here, sealed. Raises PeerError, too, for what only a peer who has the
        keys can do: a first frame that was no Hello, so that nothing was agreed on."""
        if self._opened_first and self.suite is None:
            raise PeerError("transport 4.7: a first frame that is not a Hello")
        self.pipe.receive_all(memoryview(self._prefix))
        with _disturbances():
            self._fetched = self._opener.sealed_length(bytes(self._prefix))
            if LENGTH_BYTES + self._fetched > frame_bytes_max:  # before anything is allocated for it (M3)
                raise PeerError("transport 4.2: a frame larger than any that may come here")
        if len(self._arriving) < self._fetched:
            self._arriving = bytearray(self._fetched)
        self.pipe.receive_all(memoryview(self._arriving)[: self._fetched])

    def open(self, plain: bytearray) -> tuple[Kind, memoryview]:
        """Open what was fetched, as in `receive`."""
        with _disturbances():
            frame = self._opener.open(memoryview(self._arriving)[: self._fetched], plain)
        self._opened_first = True
        return frame


class _disturbances(turning):
    """What anybody on the network can do is a break, and nobody's guilt."""

    __slots__ = ()

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, PeerError):
            raise EnvironmentProblem(
                "The connection was disturbed on its way.",
                safe="Nothing wrong was written.",
                do="It goes on by itself when the other side is met again.",
            ) from exc


def new_message_buffer() -> bytearray:
    """For Channel.receive, where nothing but messages comes."""
    return bytearray(CONTROL_SIZES[-1])


def body_of(kind: Kind, body: memoryview) -> bytes:
    """The message of a control frame."""
    if kind is not Kind.CONTROL:
        raise PeerError("handover 5.1: bulk data from the side that receives")
    return bytes(body)
