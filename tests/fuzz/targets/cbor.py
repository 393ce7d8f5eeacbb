"""core/wire/cbor: the one encoding of all messages."""

from collections.abc import Iterator

from fuzz.vectors import raw, vectors
from satchel.core.wire import cbor
from satchel.errors import PeerError


def check(data: bytes) -> bool:
    try:
        value = cbor.decode(data)
    except PeerError:
        return False
    assert cbor.encode(value) == data  # one value, one encoding
    return True


def seeds() -> Iterator[bytes]:
    return (raw(vector["bytes"]) for vector in vectors("encoding"))
