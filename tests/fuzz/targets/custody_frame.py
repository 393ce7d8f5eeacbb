"""core/custody/codec: one frame of messages about bundles."""

from collections.abc import Iterator

from fuzz.vectors import of_kind, raw
from satchel.core.custody.codec import FRAME_BYTES_MAX, decode_frame, encode
from satchel.errors import PeerError


def check(data: bytes) -> bool:
    try:
        messages = list(decode_frame(data))
    except PeerError:
        return False
    assert len(data) <= FRAME_BYTES_MAX
    assert b"".join(map(encode, messages)) == data
    return bool(messages)


def seeds() -> Iterator[bytes]:
    for vector in of_kind("custody", "frame"):
        yield raw(vector["bytes"])
