"""core/custody/codec: frames of messages about bundles, cut anywhere."""

from collections.abc import Iterator

from fuzz.vectors import of_kind, raw
from satchel.core.custody.codec import BLOCK_BYTES, FRAME_BYTES_MAX, Unpacking, encode
from satchel.errors import PeerError


def check(data: bytes) -> bool:
    unpacking = Unpacking()
    try:
        messages = list(unpacking.messages(data))
    except PeerError:
        return False
    assert len(data) <= FRAME_BYTES_MAX
    assert len(unpacking.rest) < BLOCK_BYTES + 9
    assert b"".join(map(encode, messages)) + unpacking.rest == data
    cut = Unpacking()
    halves = data[: len(data) // 2], data[len(data) // 2 :]
    assert [message for half in halves for message in cut.messages(half)] == messages
    return bool(messages)


def seeds() -> Iterator[bytes]:
    for vector in of_kind("custody", "frame"):
        yield raw(vector["bytes"])
    for vector in of_kind("custody", "frames"):
        yield b"".join(map(raw, vector["frames"]))
