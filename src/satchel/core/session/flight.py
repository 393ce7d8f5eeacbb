"""First flights of who has no code: 256 bytes, and 256 in answer, or silence.

What a flight is for, and from which secrets its keys come, is resumption's and contact's matter; all of
them look alike (P1). Stores nothing: which ephemeral keys were seen is asked of the caller. Spec:
docs/spec/transport.md, 3.3 to 3.5.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kdf import mac, same
from satchel.core.session.handshake import (
    NOISE_OVERHEAD_BYTES,
    Initiator,
    Purpose,
    Responder,
    SessionKeys,
    Statics,
)
from satchel.errors import MisuseError, PeerError

FLIGHT_BYTES = 256
PROOF_BYTES = 16
ADDRESS_BYTES = 16
EPHEMERAL_BYTES = 32
FLIGHT_FILL_BYTES = FLIGHT_BYTES - NOISE_OVERHEAD_BYTES - PROOF_BYTES
ANSWER_FILL_BYTES = FLIGHT_BYTES - NOISE_OVERHEAD_BYTES
VERSION = b"\x01"
End = tuple[bytes, int]  # a 16-byte address, and a port
ANYWHERE: End = (bytes(ADDRESS_BYTES), 0)  # the bound end of a typed address [3.3]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightKey:
    """What makes and what recognises flights. Made once, since strangers make us use it (P3)."""

    purpose: Purpose
    open: bytes = field(repr=False)
    psk: bytes = field(repr=False)
    statics: Statics | None = field(default=None, repr=False)


Key = TypeVar("Key", bound=FlightKey)


class Dialler:
    """The side that dials, and speaks first. Dead after an exception."""

    def __init__(self, key: FlightKey, *, address: bytes, port: int, ephemeral: bytes, fill: bytes) -> None:
        """
        Args:
            address: the 16-byte address that is dialled; 16 zeros where a person typed it.
            port: and its port; 0 where a person typed it.
            ephemeral: 32 fresh random bytes.
            fill: 192 fresh random bytes.
        Raises:
            PeerError: their static key has low order.
        """
        if len(fill) != FLIGHT_FILL_BYTES or len(address) != ADDRESS_BYTES:
            raise MisuseError(f"a first flight takes {FLIGHT_FILL_BYTES} random bytes and a 16-byte address")
        proof = _proof(key.open, x25519_public(ephemeral), (address, port))
        self._initiator = Initiator(
            key.psk,
            purpose=key.purpose,
            ephemeral=ephemeral,
            bound=_bound(proof, (address, port)),
            statics=key.statics,
        )
        self.flight = self._initiator.message_1 + proof + fill  # send these 256 bytes at once

    def finish(self, answer: bytes) -> SessionKeys:
        """Their 256 bytes; raises PeerError if they do not have what we have."""
        if len(answer) != FLIGHT_BYTES:
            raise PeerError(f"transport 3.5: an answer of {len(answer)} bytes")
        return self._initiator.finish(answer[:NOISE_OVERHEAD_BYTES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised(Generic[Key]):
    """A first flight that somebody made who has this key, for this end of the connection.

    It may be a replay: before `accept`, ask whether `ephemeral` was seen under this key, and drain if so.
    """

    key: Key
    ephemeral: bytes  # 32 bytes
    _message_1: bytes = field(repr=False)
    _bound: bytes = field(repr=False)

    def accept(self, *, ephemeral: bytes, fill: bytes) -> tuple[bytes, SessionKeys]:
        """The 256 bytes to answer with, and the keys.

        Args:
            ephemeral: 32 fresh random bytes of ours.
            fill: 208 fresh random bytes.
        Raises:
            PeerError: a good proof and a bad Noise message: answer nothing, drain.
        """
        if len(fill) != ANSWER_FILL_BYTES:
            raise MisuseError(f"an answer takes {ANSWER_FILL_BYTES} random bytes")
        responder = Responder(
            self.key.psk,
            purpose=self.key.purpose,
            ephemeral=ephemeral,
            bound=self._bound,
            statics=self.key.statics,
        )
        responder.hear(self._message_1)
        message_2, keys = responder.answer()
        return message_2 + fill, keys


def check_flight(flight: bytes, *, keys: Iterable[Key], address: bytes, port: int) -> Recognised[Key] | None:
    """Whose first flight this is; two HMACs for each key.

    Args:
        flight: any 256 bytes.
        keys: the likeliest first.
        address: our own end of this connection, 16 bytes.
        port: and its port.
    """
    if len(flight) != FLIGHT_BYTES:
        raise PeerError(f"transport 3.4: a first flight of {len(flight)} bytes")
    ephemeral = flight[:EPHEMERAL_BYTES]
    proof = flight[NOISE_OVERHEAD_BYTES : NOISE_OVERHEAD_BYTES + PROOF_BYTES]
    # Every stranger makes us do this for every key that we have: what is the same for all is made once.
    ends = [(end, _proven(ephemeral, end)) for end in ((address, port), ANYWHERE)]
    for key in keys:
        for end, proven in ends:
            if same(proof, mac(key.open, proven)[:PROOF_BYTES]):
                return Recognised(
                    key=key,
                    ephemeral=ephemeral,
                    _message_1=flight[:NOISE_OVERHEAD_BYTES],
                    _bound=_bound(proof, end),
                )
    return None


def _proof(open_key: bytes, ephemeral: bytes, end: End) -> bytes:
    """[3.3] Answered is only who has the secret (P1), and only at the end he meant: a flight recorded
    there opens nothing here."""
    return mac(open_key, _proven(ephemeral, end))[:PROOF_BYTES]


def _proven(ephemeral: bytes, end: End) -> bytes:
    address, port = end
    return VERSION + ephemeral + address + port.to_bytes(2, "big")


def _bound(proof: bytes, end: End) -> bytes:
    address, port = end
    return VERSION + proof + address + port.to_bytes(2, "big")
