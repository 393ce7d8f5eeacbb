"""The other end of a session: it has the keys, and seals whatever a fuzzer wants said.

Its frames open, so that what is inside of them is looked at. Made beside core's Sealer, which refuses to
say anything wrong.
"""

from fuzz.feed import Feed, as_piece
from satchel.core.crypto.aead import FrameKey, Suite
from satchel.core.crypto.kdf import derive
from satchel.core.session.frames import CONTROL_BODY_MAX, FRAME_BYTES_MAX, OVERHEAD_BYTES, Kind, control_size

AS_IT_CAME, PLAIN, CONTROL, BULK, PADDING = range(5)
_LABELS = {
    Suite.CHACHA20_POLY1305: b"satchel frames chacha20-poly1305 1",
    Suite.AES_256_GCM: b"satchel frames aes-256-gcm 1",
}


class FramePeer:
    def __init__(self, secret: bytes, suite: Suite | None = None) -> None:
        """`suite`: on a further pipe, the one that was agreed on."""
        self._secret = secret
        self._key = FrameKey(Suite.CHACHA20_POLY1305, derive(secret, b"satchel frames first 1"))
        self._number = 0
        if suite is not None:
            self.agree(suite)

    def agree(self, suite: Suite) -> None:
        self._key = FrameKey(suite, derive(self._secret, _LABELS[suite]))

    def next_frame(self, feed: Feed) -> bytes:
        """What the script says next: any bytes, any plaintext, or a frame in good order."""
        match feed.number(5):
            case kind if kind == AS_IT_CAME:
                return feed.piece()
            case kind if kind == PLAIN:
                return self.seal(feed.piece())
            case kind if kind == CONTROL:
                return self.control(feed.piece() or b"\0")
            case kind if kind == BULK:
                body = feed.piece() or b"\0"
                return self.seal(head(Kind.BULK, len(body)) + body + bytes(feed.number()))
            case _:
                return self.seal(head(Kind.PADDING, 0) + bytes(feed.wide_number()))

    def control(self, body: bytes) -> bytes:
        body = body[:CONTROL_BODY_MAX]
        plain = head(Kind.CONTROL, len(body)) + body
        return self.seal(
            plain.ljust(control_size(len(body)) - OVERHEAD_BYTES + len(head(Kind.CONTROL, 0)), b"\0")
        )

    def seal(self, plain: bytes) -> bytes:
        plain = plain[: FRAME_BYTES_MAX - OVERHEAD_BYTES]
        sealed = bytearray(len(plain) + 16)
        length = len(sealed).to_bytes(4, "big")
        self._key.seal_into(self._number, plain, length, sealed)
        self._number += 1
        return length + bytes(sealed)


def head(kind: Kind, body_length: int) -> bytes:
    return bytes((kind.value,)) + body_length.to_bytes(3, "big")


def says(kind: int, content: bytes = b"", zeros: bytes = b"") -> bytes:
    """What `next_frame` reads as such a frame: for seeds."""
    return bytes((kind,)) + (zeros if kind == PADDING else as_piece(content) + zeros)
