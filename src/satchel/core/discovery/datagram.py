"""The one datagram that Satchel shouts: 530 bytes that look random to whoever has none of its keys.

It never holds a name, a key, a count or a time (W1, W2). Spec: docs/spec/code-and-rendezvous.md, 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from satchel.core.crypto.kdf import mac
from satchel.errors import MisuseError, PeerError

NONCE_BYTES = 16
PORT_BYTES = 2
SLOT_BYTES = 8
SLOTS_MAX = 64
ADDRESS_BYTES = 16
DATAGRAM_BYTES = NONCE_BYTES + PORT_BYTES + SLOTS_MAX * SLOT_BYTES

FILL_BYTES = SLOTS_MAX * SLOT_BYTES
PLACE_BYTES = 4
PLACES_BYTES = SLOTS_MAX * PLACE_BYTES

DO_NOT_DIAL = 0  # the port of a side that dials and does not listen [3.3]
PORT_MIN = 1024  # nothing below is ever dialled: no service of the system is to be poked [4.5]
_NO_HOUR = b"\xff\xff\xff\xff"  # the epoch of slots that do not depend on a clock


class SlotKind(Enum):
    CODE = "a spoken code: anyone who tries 999 channels recognises it"
    RESUMPTION = "an unfinished hand-over: only its two sides recognise it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotKey:
    """What marks a datagram for somebody, and recognises it."""

    kind: SlotKind
    key: bytes = field(repr=False)


def slot(key: SlotKey, *, nonce: bytes, port: int, source: bytes) -> bytes:
    """The eight bytes that only the nonce's own packet can carry [3.2].

    A resumption slot binds the source address, so that a replay from elsewhere leads nobody there. A
    code slot binds none: whoever knows the channel, and everybody can, could make it anew anyhow.
    """
    message = nonce + port.to_bytes(PORT_BYTES, "big")
    if key.kind is SlotKind.RESUMPTION:
        message = nonce + source + port.to_bytes(PORT_BYTES, "big") + _NO_HOUR
    return mac(key.key, message)[:SLOT_BYTES]


def draw_datagram(
    slots: Sequence[SlotKey], *, nonce: bytes, port: int, source: bytes, fill: bytes, places: bytes
) -> bytes:
    """Make the packet of one nonce. Call it once per nonce and repeat the result unchanged (W1, W2):
    fresh filling under one nonce would let two packets be intersected, and the real slots counted.

    Args:
        slots: the first 64 count.
        nonce: 16 random bytes.
        port: where we listen, or DO_NOT_DIAL.
        source: our 16-byte address on this link; IPv4 as ::ffff:a.b.c.d.
        fill: 512 random bytes.
        places: 256 random bytes that decide where the real slots stand.
    """
    lengths = (len(nonce), len(source), len(fill), len(places))
    if lengths != (NONCE_BYTES, ADDRESS_BYTES, FILL_BYTES, PLACES_BYTES):
        raise MisuseError("a datagram is drawn from 16, 16, 512 and 256 bytes")
    if port != DO_NOT_DIAL and not PORT_MIN <= port <= 0xFFFF:
        raise MisuseError("a datagram names a port from 1024 on, or 0")
    body = bytearray(fill)
    order = sorted(range(SLOTS_MAX), key=lambda at: places[at * PLACE_BYTES : (at + 1) * PLACE_BYTES])
    for key, place in zip(slots[:SLOTS_MAX], order, strict=False):
        at = place * SLOT_BYTES
        body[at : at + SLOT_BYTES] = slot(key, nonce=nonce, port=port, source=source)
    return nonce + port.to_bytes(PORT_BYTES, "big") + bytes(body)


def advertised_port(datagram: bytes) -> int:
    """The port that the sender listens on, or DO_NOT_DIAL. Believe it only when a slot matched."""
    _check_length(datagram)
    return int.from_bytes(datagram[NONCE_BYTES : NONCE_BYTES + PORT_BYTES], "big")


def recognise(datagram: bytes, source: bytes, keys: Sequence[SlotKey]) -> list[SlotKey]:
    """Those of `keys` that made a slot of this packet; costs one HMAC for each.

    Raises:
        PeerError: not 530 bytes. Any 530 bytes are a datagram.
    """
    _check_length(datagram)
    if len(source) != ADDRESS_BYTES:
        raise MisuseError("an address has 16 bytes")
    nonce, port = datagram[:NONCE_BYTES], advertised_port(datagram)
    first = NONCE_BYTES + PORT_BYTES
    there = {datagram[at : at + SLOT_BYTES] for at in range(first, DATAGRAM_BYTES, SLOT_BYTES)}
    return [key for key in keys if slot(key, nonce=nonce, port=port, source=source) in there]


def _check_length(datagram: bytes) -> None:
    if len(datagram) != DATAGRAM_BYTES:
        raise PeerError(f"code-and-rendezvous 3.1: a datagram of {len(datagram)} bytes")
