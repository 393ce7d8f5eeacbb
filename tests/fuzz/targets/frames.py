"""core/session/frames: frames of a peer who has the keys, and bytes of a stranger who has not."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.frame_peer import AS_IT_CAME, BULK, CONTROL, PADDING, PLAIN, FramePeer, says
from fuzz.vectors import of_kind
from satchel.core.crypto.aead import Suite
from satchel.core.session.frames import (
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    LENGTH_BYTES,
    PLAIN_BYTES_MAX,
    Kind,
    Opener,
    Sealer,
)
from satchel.errors import PeerError

SECRET = bytes.fromhex(next(of_kind("transport", "first_frame"))["secret"])
FRAMES_MAX = 8
PLAIN_BUFFER = bytearray(PLAIN_BYTES_MAX)


def check(data: bytes) -> bool:
    feed = Feed(data)
    further, choice = divmod(feed.number(4), 2)
    suite = list(Suite)[choice]
    from_the_first = suite if further else None  # as on a further pipe of a session
    peer, opener = FramePeer(SECRET, from_the_first), Opener(SECRET, from_the_first)
    again = Sealer(SECRET, from_the_first)
    opened = 0
    while feed and opened < FRAMES_MAX:
        try:
            frame = next_frame(opener, peer.next_frame(feed))
            kind, body = open_frame(opener, frame)
        except PeerError:
            return False
        assert seal(again, kind, body, len(frame)) == frame  # one frame has one form
        opened += 1
        if opened == 1 and not further:
            for end in (opener, again, peer):
                end.agree(suite)
    return opened > 0


def next_frame(opener: Opener, came: bytes) -> bytes:
    """As the node reads it: the length first, then as many bytes, here zeros where fewer came."""
    length = opener.sealed_length(came[:LENGTH_BYTES].ljust(LENGTH_BYTES, b"\0"))
    assert LENGTH_BYTES + length <= FRAME_BYTES_MAX  # so much is allocated (P3)
    return came[: LENGTH_BYTES + length].ljust(LENGTH_BYTES + length, b"\0")


def open_frame(opener: Opener, frame: bytes) -> tuple[Kind, bytes]:
    kind, body = opener.open(memoryview(frame)[LENGTH_BYTES:], PLAIN_BUFFER)
    return kind, bytes(body)


def seal(sealer: Sealer, kind: Kind, body: bytes, size: int) -> bytes:
    match kind:
        case Kind.CONTROL:
            return sealer.control(body)
        case Kind.PADDING:
            return sealer.padding(size)
        case Kind.BULK:
            plain = bytearray(HEADER_BYTES) + body + bytearray(size)
            return bytes(sealer.bulk_into(plain, len(body), size, bytearray(size)))


def seeds() -> Iterator[bytes]:
    for vector in of_kind("transport", "first_frame"):
        further = 2 + list(Suite).index(Suite[vector["suite"]]) if "suite" in vector else 0
        yield bytes((further,)) + says(AS_IT_CAME, bytes.fromhex(vector["frame"]))
    for suite in (b"\x00", b"\x01", b"\x02", b"\x03"):
        good = says(CONTROL, b"hello") + says(BULK, b"data", b"\x00") + says(PADDING, zeros=b"\x00\x00")
        yield (
            suite
            + good
            + says(BULK, b"more", b"\x63")
            + says(PADDING, zeros=b"\x02\x00")
            + says(CONTROL, b"x" * 300)
        )
        yield suite + says(CONTROL, b"hello") + says(PLAIN, b"\x02\x00\x00\x01a" + bytes(300))
    for plain in (
        b"\x01\x00\x00\x05",
        b"\x04\x00\x00\x01x",
        b"\x02\x00\x00\x00",
        b"\x03\x00\x00\x00\x01",
        b"\x01",
    ):
        yield b"\x00" + says(PLAIN, plain)
