"""Opening a session again without a code, from the 32-byte secret that the last one left; and opening
more pipes of one that lasts, from another such secret.

Stores nothing: which secrets there are, and which ephemeral keys were seen, is asked of the caller.
Spec: docs/spec/transport.md, sections 3 and 5.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kdf import derive, mac, same
from satchel.core.session.handshake import (
    NOISE_OVERHEAD_BYTES,
    Initiator,
    Purpose,
    Responder,
    SessionKeys,
)
from satchel.errors import MisuseError, PeerError

SECRET_BYTES = 32
FLIGHT_BYTES = 256
PROOF_BYTES = 16
ADDRESS_BYTES = 16
EPHEMERAL_BYTES = 32
FLIGHT_FILL_BYTES = FLIGHT_BYTES - NOISE_OVERHEAD_BYTES - PROOF_BYTES
ANSWER_FILL_BYTES = FLIGHT_BYTES - NOISE_OVERHEAD_BYTES
VERSION = b"\x01"
ANYWHERE = (bytes(ADDRESS_BYTES), 0)  # the bound end of a typed address [3.3]
_NAMES = {Purpose.RESUMPTION: b"resume", Purpose.STRIPE: b"stripe"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumptionKeys:
    """Everything a secret is used for, a key for each use and direction [3.2]."""

    sender_slot: bytes = field(repr=False)  # marks the datagrams of who sends the files
    receiver_slot: bytes = field(repr=False)  # and of who receives them
    open: bytes = field(repr=False)  # proves the first flight, which the receiver speaks
    psk: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> "ResumptionKeys":
        return cls(
            sender_slot=derive(secret, b"satchel resume slot sender 1"),
            receiver_slot=derive(secret, b"satchel resume slot receiver 1"),
            open=_open_key(secret, Purpose.RESUMPTION),
            psk=_psk(secret, Purpose.RESUMPTION),
        )


class Resumer:
    """The receiver's side: dials, and speaks first. Dead after an exception."""

    def __init__(
        self,
        secret: bytes,
        *,
        address: bytes,
        port: int,
        ephemeral: bytes,
        fill: bytes,
        purpose: Purpose = Purpose.RESUMPTION,
    ) -> None:
        """
        Args:
            address: the 16-byte address that is dialled; 16 zeros where a person typed it.
            port: and its port; 0 where a person typed it.
            ephemeral: 32 fresh random bytes.
            fill: 192 fresh random bytes.
            purpose: RESUMPTION or STRIPE.
        """
        if len(fill) != FLIGHT_FILL_BYTES or len(address) != ADDRESS_BYTES:
            raise MisuseError(f"a first flight takes {FLIGHT_FILL_BYTES} random bytes and a 16-byte address")
        proof = _proof(_open_key(secret, purpose), x25519_public(ephemeral), address, port)
        self._initiator = Initiator(
            _psk(secret, purpose), purpose=purpose, ephemeral=ephemeral, bound=_bound(proof, address, port)
        )
        self.flight = self._initiator.message_1 + proof + fill  # send these 256 bytes at once

    def finish(self, answer: bytes) -> SessionKeys:
        """The sender's 256 bytes; raises PeerError if it does not have the secret."""
        if len(answer) != FLIGHT_BYTES:
            raise PeerError(f"transport 3.5: an answer of {len(answer)} bytes")
        return self._initiator.finish(answer[:NOISE_OVERHEAD_BYTES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A first flight that somebody made who has this secret, for this end of the connection.

    It may be a replay: before `accept`, ask the record whether `ephemeral` was seen, and drain if so.
    """

    secret: bytes = field(repr=False)
    ephemeral: bytes  # 32 bytes
    _purpose: Purpose
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
        psk = _psk(self.secret, self._purpose)
        responder = Responder(psk, purpose=self._purpose, ephemeral=ephemeral, bound=self._bound)
        responder.hear(self._message_1)
        message_2, keys = responder.answer()
        return message_2 + fill, keys


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightKey:
    """What recognises the flights of one secret: made once, since strangers make us use it (P3)."""

    secret: bytes = field(repr=False)
    purpose: Purpose
    open: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes, purpose: Purpose = Purpose.RESUMPTION) -> "FlightKey":
        return cls(secret=secret, purpose=purpose, open=_open_key(secret, purpose))


def check_flight(flight: bytes, *, keys: Iterable[FlightKey], address: bytes, port: int) -> Recognised | None:
    """Whether a first flight opens one of our unfinished hand-overs, or another pipe of a session; two
    HMACs for each key.

    Args:
        flight: any 256 bytes.
        keys: those of the newest secrets first, of the older one of each record too [3.6].
        address: our own end of this connection, 16 bytes.
        port: and its port.
    """
    if len(flight) != FLIGHT_BYTES:
        raise PeerError(f"transport 3.4: a first flight of {len(flight)} bytes")
    ephemeral = flight[:EPHEMERAL_BYTES]
    proof = flight[NOISE_OVERHEAD_BYTES : NOISE_OVERHEAD_BYTES + PROOF_BYTES]
    for key in keys:
        for end in ((address, port), ANYWHERE):
            if same(proof, _proof(key.open, ephemeral, *end)):
                return Recognised(
                    secret=key.secret,
                    ephemeral=ephemeral,
                    _purpose=key.purpose,
                    _message_1=flight[:NOISE_OVERHEAD_BYTES],
                    _bound=_bound(proof, *end),
                )
    return None


def _open_key(secret: bytes, purpose: Purpose) -> bytes:
    if len(secret) != SECRET_BYTES:
        raise MisuseError("a session is opened again with a secret of 32 bytes")
    return derive(secret, b"satchel %s open receiver 1" % _NAMES[purpose])


def _psk(secret: bytes, purpose: Purpose) -> bytes:
    return derive(secret, b"satchel %s psk receiver 1" % _NAMES[purpose])


def _proof(open_key: bytes, ephemeral: bytes, address: bytes, port: int) -> bytes:
    """[3.3] Answered is only who has the secret (P1), and only at the end he meant: a flight recorded
    there opens nothing here."""
    return mac(open_key, VERSION + ephemeral + address + port.to_bytes(2, "big"))[:PROOF_BYTES]


def _bound(proof: bytes, address: bytes, port: int) -> bytes:
    return VERSION + proof + address + port.to_bytes(2, "big")
