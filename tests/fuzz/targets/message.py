"""core/handover/codec: one message of a hand-over."""

from collections.abc import Iterator

from fuzz.vectors import of_kind, raw
from satchel.core.handover.codec import MESSAGE_BYTES_MAX, decode, encode
from satchel.errors import PeerError


def check(data: bytes) -> bool:
    try:
        message = decode(data)
    except PeerError:
        return False
    assert len(data) <= MESSAGE_BYTES_MAX
    assert encode(message) == data
    return True


def seeds() -> Iterator[bytes]:
    for vector in of_kind("handover", "message"):
        yield raw(vector["bytes"])
    for kind in ("receiver", "sender"):
        for vector in of_kind("handover", kind):
            yield from (raw(body) for body in vector["hears"])
