"""core/delivery/codec: one message about what waits."""

from collections.abc import Iterator

from fuzz.vectors import of_kind
from satchel.core.delivery.codec import MESSAGE_BYTES_MAX, decode, encode
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
    for vector in of_kind("delivery", "message"):
        yield bytes.fromhex(vector["bytes"])
