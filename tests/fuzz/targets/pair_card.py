"""core/pairing/card: what the other side tells about itself, out of a frame that opened."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.vectors import of_kind
from satchel.core.pairing.card import (
    DAY_MAX,
    NAME_BYTES_MAX,
    NAME_CHARACTERS_MAX,
    HostCard,
    decode_host,
    decode_taker,
    encode,
)
from satchel.errors import PeerError

HOST = 1


def check(data: bytes) -> bool:
    feed = Feed(data)
    decode = decode_host if feed.number(2) == HOST else decode_taker
    plain = feed.rest()
    try:
        card = decode(plain)
    except PeerError:
        return False
    assert encode(card).ljust(len(plain), b"\0") == plain  # only one encoding is ever accepted
    own = card.card if isinstance(card, HostCard) else card
    assert len(own.name) <= NAME_CHARACTERS_MAX
    assert len(own.name.encode()) <= NAME_BYTES_MAX
    assert "\n" not in own.name
    assert "\x1b" not in own.name
    assert own.day is None or 0 <= own.day <= DAY_MAX
    return True


def seeds() -> Iterator[bytes]:
    for vector in of_kind("pairing", "card"):
        yield bytes((vector["who"] == "host",)) + bytes.fromhex(vector["plain"])
