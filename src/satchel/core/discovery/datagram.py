"""The one datagram that Satchel shouts: 530 bytes that look random to whoever has none of its keys.

It never holds a name, a key, a count or a time (W1, W2). Spec: docs/spec/code-and-rendezvous.md, 3, and
for contacts docs/spec/discovery.md, 4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from satchel.core.crypto.kdf import mac
from satchel.core.identity.tags import Mark
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
CHANCE_BYTES = 4
_NO_HOUR = b"\xff\xff\xff\xff"  # of slots that do not depend on a clock


class SlotKind(Enum):
    CODE = "a spoken code: anyone who tries 999 channels recognises it"
    RESUMPTION = "an unfinished hand-over: only its two sides recognise it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotKey:
    """What marks a datagram for somebody, and recognises it."""

    kind: SlotKind
    key: bytes = field(repr=False)


AnyKey = TypeVar("AnyKey", SlotKey, Mark)  # of a code or a hand-over, or of a contact


def slot(key: SlotKey | Mark, *, nonce: bytes, port: int, source: bytes) -> bytes:
    """The eight bytes that only the nonce's own packet can carry [3.2, discovery 4.2].

    A slot for a resumption or a contact binds the source address, so that a replay from elsewhere leads
    nobody there. A code slot binds none: whoever knows the channel, and everybody can, could make it anew.
    """
    bound = _bound(nonce, source, port)
    if isinstance(key, Mark):
        return key.key.mac(bound + key.hour)[:SLOT_BYTES]
    message = nonce + port.to_bytes(PORT_BYTES, "big")
    if key.kind is SlotKind.RESUMPTION:
        message = bound + _NO_HOUR
    return mac(key.key, message)[:SLOT_BYTES]


def _bound(nonce: bytes, source: bytes, port: int) -> bytes:
    return nonce + source + port.to_bytes(PORT_BYTES, "big")


def draw_datagram(
    slots: Sequence[AnyKey], *, nonce: bytes, port: int, source: bytes, fill: bytes, places: bytes
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


def nonce_of(datagram: bytes) -> bytes:
    """What makes this packet another one than the next."""
    _check_length(datagram)
    return datagram[:NONCE_BYTES]


def recognise(datagram: bytes, source: bytes, keys: Sequence[SlotKey]) -> list[SlotKey]:
    """Those of `keys` that made a slot of this packet; costs one HMAC for each.

    Raises:
        PeerError: not 530 bytes. Any 530 bytes are a datagram.
    """
    there, nonce, port = _slots_of(datagram, source), nonce_of(datagram), advertised_port(datagram)
    return [key for key in keys if slot(key, nonce=nonce, port=port, source=source) in there]


def recognise_contact(datagram: bytes, source: bytes, marks: Iterable[Mark]) -> Mark | None:
    """The first of `marks` that is in this packet: one MAC for each, and no other work, since there may be
    thousands of them. Raises PeerError: not 530 bytes."""
    there = _slots_of(datagram, source)
    bound = _bound(nonce_of(datagram), source, advertised_port(datagram))
    for mark in marks:
        if mark.key.mac(bound + mark.hour)[:SLOT_BYTES] in there:
            return mark
    return None


def _slots_of(datagram: bytes, source: bytes) -> set[bytes]:
    _check_length(datagram)
    if len(source) != ADDRESS_BYTES:
        raise MisuseError("an address has 16 bytes")
    first = NONCE_BYTES + PORT_BYTES
    return {datagram[at : at + SLOT_BYTES] for at in range(first, DATAGRAM_BYTES, SLOT_BYTES)}


def _check_length(datagram: bytes) -> None:
    if len(datagram) != DATAGRAM_BYTES:
        raise PeerError(f"code-and-rendezvous 3.1: a datagram of {len(datagram)} bytes")


def fraction(chance: bytes) -> float:
    """A number in [0, 1) from four random bytes."""
    return int.from_bytes(chance[:CHANCE_BYTES], "big") / (1 << (8 * CHANCE_BYTES))
