"""The bytes of the CPace exchange over a spoken code, and what both sides derive from it.

Says nothing about who may try how often: host.py and typist.py do.
Spec: docs/spec/code-and-rendezvous.md, section 5.
"""

from dataclasses import dataclass, field

from satchel.core.crypto import cpace
from satchel.core.crypto.kdf import derive, digest, mac, same
from satchel.core.pairing.code import SpokenCode
from satchel.errors import MisuseError, PeerError

FLIGHT_BYTES = 256
SHARE_BYTES = 32
SCALAR_BYTES = 32
PROOF_BYTES = 16
CONFIRMATION_BYTES = 32
ADDRESS_BYTES = 16
TYPIST_FILL_BYTES = FLIGHT_BYTES - SHARE_BYTES - PROOF_BYTES
HOST_FILL_BYTES = FLIGHT_BYTES - SHARE_BYTES
VERSION = b"\x01"
ANYWHERE = (bytes(ADDRESS_BYTES), 0)  # the bound end of a typed address [5.3]

_NO_SESSION = b""  # [5.2] why that is sound: docs/decisions/0021


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What one exchange yields; erased with the session that uses it."""

    typist_confirmation: bytes = field(repr=False)
    host_confirmation: bytes = field(repr=False)
    psk: bytes = field(repr=False)


def code_generator(code: SpokenCode) -> bytes:
    """The point that stands for the code; worth keeping for the life of a code."""
    return cpace.generator(code.password(), channel=code.channel_identifier(), session=_NO_SESSION)


def _proof(code: SpokenCode, share: bytes, address: bytes, port: int) -> bytes:
    """Keeps out who has not heard the channel, and binds the flight to the end that was dialled: a
    recorded flight is worth nothing at another device (P1, P3)."""
    key = derive(code.rendezvous_key(), b"satchel code proof 1")
    return mac(key, VERSION + share + address + port.to_bytes(2, "big"))[:PROOF_BYTES]


def typist_flight(code: SpokenCode, *, share: bytes, address: bytes, port: int, fill: bytes) -> bytes:
    """The first 256 bytes of a connection [5.3]."""
    if len(fill) != TYPIST_FILL_BYTES or len(address) != ADDRESS_BYTES:
        raise MisuseError(f"a first flight takes {TYPIST_FILL_BYTES} random bytes and a 16-byte address")
    return share + _proof(code, share, address, port) + fill


def is_for(code: SpokenCode, flight: bytes, *, address: bytes, port: int) -> bool:
    """Whether a first flight was made for this channel and this end of the connection.

    Costs two HMACs; any 256 bytes may be given.
    """
    if len(flight) != FLIGHT_BYTES:
        raise PeerError(f"code-and-rendezvous 5.3: a first flight of {len(flight)} bytes")
    share, proof = flight[:SHARE_BYTES], flight[SHARE_BYTES : SHARE_BYTES + PROOF_BYTES]
    ends = ((address, port), ANYWHERE)
    return any(same(proof, _proof(code, share, *end)) for end in ends)


def host_flight(*, share: bytes, fill: bytes) -> bytes:
    """The answer, 256 bytes [5.4]."""
    if len(fill) != HOST_FILL_BYTES:
        raise MisuseError(f"an answer takes {HOST_FILL_BYTES} random bytes")
    return share + fill


def share_of(flight: bytes) -> bytes:
    """The CPace share at the front of either flight."""
    if len(flight) != FLIGHT_BYTES:
        raise PeerError(f"code-and-rendezvous 5.4: a flight of {len(flight)} bytes")
    return flight[:SHARE_BYTES]


def settle(*, scalar: bytes, typist_flight: bytes, host_flight: bytes, is_typist: bool) -> Secrets:
    """What this exchange yields, in either role [5.5].

    Raises:
        PeerError: their share is a point of low order, so everybody would know the result.
    """
    isk = cpace.intermediate_key(
        session=_NO_SESSION,
        scalar=scalar,
        initiator_share=share_of(typist_flight),
        initiator_data=typist_flight[SHARE_BYTES:],
        responder_share=share_of(host_flight),
        responder_data=host_flight[SHARE_BYTES:],
        initiator=is_typist,
    )
    transcript = digest(b"satchel code transcript 1" + VERSION + typist_flight + host_flight)
    return Secrets(
        typist_confirmation=mac(derive(isk, b"satchel code confirm typist 1", salt=transcript), transcript),
        host_confirmation=mac(derive(isk, b"satchel code confirm host 1", salt=transcript), transcript),
        psk=derive(isk, b"satchel session psk 1", salt=transcript),
    )
