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
    BULK_BODY_MAX,
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    LENGTH_BYTES,
    Kind,
    Opener,
    Sealer,
)
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.padding import tail_sizes
from satchel.errors import EnvironmentProblem, MisuseError, PeerError, SatchelError
from satchel.ports import Pipe

FAREWELL_S = 2.0


def receive_exactly(pipe: Pipe, buffer: memoryview) -> None:
    """Fill `buffer`. Raises EnvironmentProblem when the connection ends first."""
    at = 0
    while at < len(buffer):
        at += pipe.receive_into(buffer[at:])


class Channel:
    """Frames over a pipe. Raises EnvironmentProblem when it is gone or was tampered with on its way."""

    def __init__(self, pipe: Pipe, keys: SessionKeys) -> None:
        self.pipe = pipe
        self._sealer = Sealer(keys.send)
        self._opener = Opener(keys.receive)
        self._saying = threading.Lock()
        self._agreed = False
        self._opened_first = False
        self._sealed = bytearray(FRAME_BYTES_MAX)
        self._prefix = bytearray(LENGTH_BYTES)
        self._arriving = bytearray(FRAME_BYTES_MAX)
        self._plain = bytearray(FRAME_BYTES_MAX)

    def use_suite(self, *, aes: bool) -> None:
        """The first frame of each direction has passed, and no second one."""
        suite = Suite.AES_256_GCM if aes else Suite.CHACHA20_POLY1305
        try:
            self._opener.agree(suite)
        except MisuseError as early:
            raise PeerError("transport 4.7: more than a Hello before the suite was agreed on") from early
        with self._saying:
            self._sealer.agree(suite)
        self._agreed = True

    def part(self, reason: StopReason) -> None:
        """Say why we go, and close within FAREWELL_S whatever the other side does. Returns at once, and
        never waits for a lock that a blocked sender holds: the owner's Ctrl-C is not up to the peer (M3)."""
        closing = threading.Timer(FAREWELL_S, self.pipe.close)
        closing.daemon = True
        closing.start()
        if self._agreed:
            threading.Thread(target=self._say_stop, args=(reason,), daemon=True).start()
        else:  # the next frame is not ours to say yet (transport 4.7)
            self.pipe.close()

    def _say_stop(self, reason: StopReason) -> None:
        with contextlib.suppress(SatchelError):
            self.say(Stop(reason=reason))

    def say(self, message: Message) -> None:
        with self._saying:
            self.pipe.send_all(self._sealer.control(encode(message)))

    def send_bulk(self, plain: bytearray, body_bytes: int, size: int) -> None:
        """Seal and send one bulk frame of `size` bytes on the wire, whose body lies in `plain`
        behind HEADER_BYTES of room."""
        with self._saying:
            self.pipe.send_all(self._sealer.bulk_into(plain, body_bytes, size, self._sealed))

    def send_padding(self, size: int) -> None:
        with self._saying:
            self.pipe.send_all(self._sealer.padding(size))

    def receive(self) -> tuple[Kind, memoryview]:
        """The next frame; its body is valid until the next call. Raises PeerError, too, for what only a
        peer who has the keys can do: a first frame that was no Hello, so that nothing was agreed on."""
        if self._opened_first and not self._agreed:
            raise PeerError("transport 4.7: a first frame that is not a Hello")
        receive_exactly(self.pipe, memoryview(self._prefix))
        try:
            length = self._opener.sealed_length(bytes(self._prefix))
            sealed = memoryview(self._arriving)[:length]
            receive_exactly(self.pipe, sealed)
            frame = self._opener.open(sealed, self._plain)
        except PeerError as broken:  # anybody on the network can do that: a break, and nobody's guilt
            raise EnvironmentProblem(
                "The connection was disturbed on its way.",
                safe="Nothing wrong was written.",
                do="It goes on by itself when the other side is met again.",
            ) from broken
        self._opened_first = True
        return frame


class BulkWriter:
    """Fills bulk frames, so that many small files share one. Used by one thread."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._plain = bytearray(HEADER_BYTES + BULK_BODY_MAX)
        self._view = memoryview(self._plain)
        self._at = 0
        self._run_bytes = 0  # full frames since the last end_run()

    @property
    def pending(self) -> bool:
        """Whether the run is open: something was put since the last end_run()."""
        return self._at > 0 or self._run_bytes > 0

    def room(self) -> memoryview:
        """Where the next bytes go, at least one; fill from the front, then advance()."""
        return self._view[HEADER_BYTES + self._at :]

    def advance(self, count: int) -> None:
        self._at += count
        if self._at == BULK_BODY_MAX:
            self._channel.send_bulk(self._plain, self._at, FRAME_BYTES_MAX)
            self._at = 0
            self._run_bytes += FRAME_BYTES_MAX

    def put(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            room = self.room()
            part = left[: len(room)]
            room[: len(part)] = part
            self.advance(len(part))
            left = left[len(part) :]

    def end_run(self) -> None:
        """Send what is left and pad the whole run: an exact size names a book (W2)."""
        if not self.pending:
            return
        sizes = tail_sizes(self._run_bytes, self._at)
        if self._at:
            self._channel.send_bulk(self._plain, self._at, sizes[0])
            sizes = sizes[1:]
        for size in sizes:
            self._channel.send_padding(size)
        self._at = self._run_bytes = 0


def body_of(kind: Kind, body: memoryview) -> bytes:
    """The message of a control frame."""
    if kind is not Kind.CONTROL:
        raise PeerError("handover 5.1: bulk data from the side that receives")
    return bytes(body)
