"""Frames of a session: sealed, in order, once. The fast path: no copy that can be avoided.

A frame: length[4] | sealed, where sealed is the AEAD of kind[1] | body length[3] | body | zeros, the
four length bytes are the associated data and the number of the frame is the nonce. So a frame that is
changed, repeated, dropped or moved ends the session. Spec: docs/spec/transport.md, section 4.

What a watcher sees is the sizes: control frames come in five, and bulk frames are full, which is one of
three, except for the last ones of a run, cut by padding.tail_sizes.
"""

from enum import Enum

from satchel.core.crypto.aead import FrameKey, Suite
from satchel.core.crypto.kdf import derive
from satchel.errors import MisuseError, PeerError

LENGTH_BYTES = 4
TAG_BYTES = 16
HEADER_BYTES = 4  # kind and body length, inside the seal
OVERHEAD_BYTES = LENGTH_BYTES + HEADER_BYTES + TAG_BYTES

FULL_FRAME_BYTES = 262_144  # a bulk frame that is full
STRIPE_FRAME_BYTES = 65_536  # where several pipes share the work: less waits behind a slow one
FAST_FRAME_BYTES = 1_050_624  # where one pipe is fast: a chunk with what stands around it, in one frame
FRAME_BYTES_MAX = FAST_FRAME_BYTES
FRAME_BYTES_MIN = OVERHEAD_BYTES
SEALED_BYTES_MAX = FRAME_BYTES_MAX - LENGTH_BYTES
PLAIN_BYTES_MAX = SEALED_BYTES_MAX - TAG_BYTES
BULK_BODY_MAX = FRAME_BYTES_MAX - OVERHEAD_BYTES
CONTROL_SIZES = (256, 1024, 4096, 16_384, 65_536)
CONTROL_BODY_MAX = CONTROL_SIZES[-1] - OVERHEAD_BYTES

_ZEROS = memoryview(bytes(FRAME_BYTES_MAX))
_SUITE_LABELS = {
    Suite.CHACHA20_POLY1305: b"satchel frames chacha20-poly1305 1",
    Suite.AES_256_GCM: b"satchel frames aes-256-gcm 1",
}


class Kind(Enum):
    CONTROL = 1  # one message
    BULK = 2  # a piece of the byte stream beside the messages
    PADDING = 3  # nothing


class _Direction:
    """Key and frame number of one direction."""

    def __init__(self, secret: bytes, suite: Suite | None = None) -> None:
        """`suite`: on a further pipe of a session, the one that was agreed on [4.8]."""
        self._secret = b"" if suite else secret
        if suite is None:
            self._key = FrameKey(Suite.CHACHA20_POLY1305, derive(secret, b"satchel frames first 1"))
        else:
            self._key = FrameKey(suite, derive(secret, _SUITE_LABELS[suite]))
        self._counter = 0
        self._dead = False

    def agree(self, suite: Suite) -> None:
        """All later frames are of this suite, under a key of its own [4.7].

        Exactly between the first frame of this direction and its second: there the other side changes
        too, since neither sends a second frame before it has opened the other's first.
        """
        if self._counter != 1 or not self._secret or self._dead:
            raise MisuseError("a suite is agreed on once, after the first frame of this direction")
        self._key = FrameKey(suite, derive(self._secret, _SUITE_LABELS[suite]))
        self._secret = b""

    def _begin(self) -> None:
        """Dead until all went well: after a frame that failed none follows."""
        if self._dead:
            raise MisuseError("this direction has failed before")
        if self._counter == 1 and self._secret:
            raise MisuseError("the second frame needs a suite that both agreed on")
        self._dead = True

    def _end(self) -> None:
        self._counter += 1
        self._dead = False


class Sealer(_Direction):
    """What we send. Used by one thread at a time; dead after an exception."""

    def control(self, body: bytes) -> bytes:
        """One message as a frame of the smallest of five sizes."""
        size = control_size(len(body))
        return self._seal_small(Kind.CONTROL, body, size)

    def padding(self, size: int) -> bytes:
        """A frame of `size` bytes on the wire that says nothing."""
        return self._seal_small(Kind.PADDING, b"", size)

    def bulk_into(self, plain: bytearray, body_length: int, size: int, out: bytearray) -> memoryview:
        """Seal a piece of the stream without copying it.

        Args:
            plain: at least size - 20 bytes. The caller has read the piece straight into plain[4:]; the
                four bytes before it, and what comes behind it, are overwritten.
            body_length: 1..BULK_BODY_MAX.
            size: bytes on the wire, at least body_length + 24; more hides the length.
            out: at least `size` bytes.
        Returns:
            The frame: a view of `out`.
        """
        if body_length < 1:
            raise MisuseError("a bulk frame has a body")
        return self._seal(Kind.BULK, plain, body_length, size, out)

    def _seal_small(self, kind: Kind, body: bytes, size: int) -> bytes:
        if not FRAME_BYTES_MIN <= size <= FRAME_BYTES_MAX:
            raise MisuseError(f"no frame has {size} bytes")
        plain = bytearray(size - LENGTH_BYTES - TAG_BYTES)
        plain[HEADER_BYTES : HEADER_BYTES + len(body)] = body
        return bytes(self._seal(kind, plain, len(body), size, bytearray(size)))

    def _seal(self, kind: Kind, plain: bytearray, body_length: int, size: int, out: bytearray) -> memoryview:
        plain_length = size - LENGTH_BYTES - TAG_BYTES
        body_ends = HEADER_BYTES + body_length
        if not body_ends <= plain_length <= PLAIN_BYTES_MAX:
            raise MisuseError(f"no frame of {size} bytes holds {body_length}")
        if len(plain) < plain_length or len(out) < size:
            raise MisuseError("a buffer is too small for this frame")
        self._begin()
        plain[:HEADER_BYTES] = bytes((kind.value,)) + body_length.to_bytes(3, "big")
        plain[body_ends:plain_length] = _ZEROS[: plain_length - body_ends]
        length = (size - LENGTH_BYTES).to_bytes(LENGTH_BYTES, "big")
        frame = memoryview(out)[:size]
        frame[:LENGTH_BYTES] = length
        self._key.seal_into(self._counter, memoryview(plain)[:plain_length], length, frame[LENGTH_BYTES:])
        self._end()
        return frame


class Opener(_Direction):
    """What we receive. Used by one thread at a time; dead after an exception."""

    def sealed_length(self, prefix: bytes) -> int:
        """How many bytes follow the first four of a frame; checked before anything is allocated (P3).

        Raises:
            PeerError: no frame is that short or long.
        """
        if len(prefix) != LENGTH_BYTES:
            raise MisuseError("a length has four bytes")
        length = int.from_bytes(prefix, "big")
        if not FRAME_BYTES_MIN - LENGTH_BYTES <= length <= SEALED_BYTES_MAX:
            self._dead = True
            raise PeerError(f"transport 4.2: a frame of {length} bytes")
        return length

    def open(self, sealed: memoryview, plain: bytearray) -> tuple[Kind, memoryview]:
        """Open the next frame.

        Args:
            sealed: what followed the length, exactly.
            plain: at least len(sealed) - 16 bytes; PLAIN_BYTES_MAX fits all.
        Returns:
            Its kind and body: a view of `plain`, so it is gone with the next frame.
        Raises:
            PeerError: not the next frame of this session. Drop it.
        """
        plain_length = len(sealed) - TAG_BYTES
        if not HEADER_BYTES <= plain_length <= PLAIN_BYTES_MAX or len(plain) < plain_length:
            raise MisuseError("ask sealed_length() first, and bring a buffer that fits")
        self._begin()
        length = len(sealed).to_bytes(LENGTH_BYTES, "big")
        self._key.open_into(self._counter, sealed, length, memoryview(plain)[:plain_length])
        kind, body_length = _header(plain, plain_length)
        body_ends = HEADER_BYTES + body_length
        if plain.count(0, body_ends, plain_length) != plain_length - body_ends:
            raise PeerError("transport 4.5: padding that is not zero")
        if kind is Kind.CONTROL and LENGTH_BYTES + len(sealed) != control_size(body_length):
            raise PeerError("transport 4.4: a control frame of a size of its own")
        self._end()
        return kind, memoryview(plain)[HEADER_BYTES:body_ends]


def control_size(body_length: int) -> int:
    """The size on the wire of a control frame with such a body."""
    if body_length >= 1:
        for size in CONTROL_SIZES:
            if body_length + OVERHEAD_BYTES <= size:
                return size
    raise MisuseError(f"a control frame holds 1 to {CONTROL_BODY_MAX} bytes, not {body_length}")


def _header(plain: bytearray, plain_length: int) -> tuple[Kind, int]:
    body_length = int.from_bytes(plain[1:HEADER_BYTES], "big")
    if not 1 <= plain[0] <= len(Kind):
        raise PeerError("transport 4.3: no such kind of frame")
    kind = Kind(plain[0])
    if HEADER_BYTES + body_length > plain_length:
        raise PeerError("transport 4.3: a body longer than its frame")
    if (body_length == 0) is not (kind is Kind.PADDING):
        raise PeerError("transport 4.3: padding has no body, and all else has one")
    if kind is Kind.CONTROL and body_length > CONTROL_BODY_MAX:
        raise PeerError("transport 4.4: a control body that is too long")
    return kind, body_length
