"""core/discovery/datagram: one packet that anybody on the network may have shouted."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.vectors import drawn, of_kind
from satchel.core.discovery.datagram import (
    ADDRESS_BYTES,
    DATAGRAM_BYTES,
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    SlotKey,
    SlotKind,
    advertised_port,
    draw_datagram,
    recognise,
)
from satchel.errors import PeerError

AS_IT_CAME = 0
KEYS = [
    SlotKey(kind=SlotKind.CODE, key=b"rendezvous\x03\x2e"),
    SlotKey(kind=SlotKind.RESUMPTION, key=drawn("slot", 32)),
]


def check(data: bytes) -> bool:
    feed = Feed(data)
    kind, source = feed.number(), feed.exactly(ADDRESS_BYTES)
    if kind == AS_IT_CAME:
        datagram, ours = feed.rest(), []
    else:
        ours = KEYS[: 1 + kind % 2]
        datagram = made(feed, ours, source)
    try:
        found = recognise(datagram, source, KEYS)
    except PeerError:
        assert len(datagram) != DATAGRAM_BYTES
        return False
    assert 0 <= advertised_port(datagram) <= 0xFFFF
    assert set(ours) <= set(found)
    return bool(found)


def made(feed: Feed, ours: list[SlotKey], source: bytes) -> bytes:
    return draw_datagram(
        ours,
        nonce=feed.exactly(NONCE_BYTES),
        port=1024 + feed.wide_number() % 60_000,
        source=source,
        places=feed.exactly(PLACES_BYTES),
        fill=feed.exactly(FILL_BYTES),
    )


def seeds() -> Iterator[bytes]:
    for kind in ("datagram", "recognise"):
        for vector in of_kind("code-and-rendezvous", kind):
            yield bytes((AS_IT_CAME,)) + bytes.fromhex(vector["source"]) + bytes.fromhex(vector["datagram"])
    for number in (1, 2):
        yield bytes((number,)) + drawn(f"datagram {number}", 16 + 16 + 2 + 256 + 512)
