"""Noise_NNpsk0 and, between contacts, Noise_KKpsk0 (25519_ChaChaPoly_SHA256), for a code with ML-KEM-768
inside, and the keys they yield.

Knows no code, record or contact, only a 32-byte psk that both sides have, and static keys. There is no
fallback: a session for a code without its ML-KEM part does not exist (W5). Spec: docs/spec/transport.md, 2.
"""

from dataclasses import dataclass, field
from enum import Enum

from satchel.core.crypto.kdf import derive
from satchel.core.crypto.kem import decapsulate, kem_public
from satchel.core.crypto.noise import Handshake, Pattern
from satchel.errors import MisuseError, PeerError

PSK_BYTES = 32
EPHEMERAL_BYTES = 32
KEM_SEED_BYTES = 64
KEM_PUBLIC_BYTES = 1184
KEM_CIPHERTEXT_BYTES = 1088
KEM_SECRET_BYTES = 32
NOISE_OVERHEAD_BYTES = 48  # a 32-byte ephemeral key and a 16-byte tag

VERSION_NAME = b"satchel 1"


class Purpose(Enum):
    """What a session is for: the value goes into the prologue, so one can never pass for the other."""

    CODE = b"hand-over by code: host responds, typist initiates"
    RESUMPTION = b"hand-over resumed: sender responds, receiver initiates"
    STRIPE = b"another pipe of a session: sender responds, receiver initiates"
    CONTACT = b"contacts: listener responds, dialler initiates"
    DELIVERY = b"hand-over between contacts: listener responds, dialler initiates"
    DELIVERY_STRIPE = b"another pipe of a hand-over between contacts: listener responds, dialler initiates"
    CUSTODY = b"custody between contacts: listener responds, dialler initiates"

    @property
    def is_hybrid(self) -> bool:
        """Whether ML-KEM runs inside; the psk of the others comes from where it ran."""
        return self is Purpose.CODE

    @property
    def has_statics(self) -> bool:
        return self is Purpose.CONTACT

    @property
    def message_1_bytes(self) -> int:
        return NOISE_OVERHEAD_BYTES + (KEM_PUBLIC_BYTES if self.is_hybrid else 0)

    @property
    def message_2_bytes(self) -> int:
        return NOISE_OVERHEAD_BYTES + (KEM_CIPHERTEXT_BYTES if self.is_hybrid else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKeys:
    """What a finished handshake yields. Nothing of it is proved to the responder before the first
    frame of the initiator opens."""

    send: bytes = field(repr=False)  # for Sealer
    receive: bytes = field(repr=False)  # for Opener
    session_hash: bytes = field(repr=False)
    resumption_secret: bytes = field(repr=False)
    stripe_secret: bytes = field(repr=False)  # opens more pipes of this session, as long as it lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Statics:
    """The static X25519 keys of a pair of contacts, as one of them has them: 32 bytes each."""

    own: bytes = field(repr=False)  # private
    theirs: bytes = field(repr=False)  # public


class Initiator:
    """The side that dialled. Dead after an exception."""

    def __init__(
        self,
        psk: bytes,
        *,
        purpose: Purpose,
        ephemeral: bytes,
        kem_seed: bytes = b"",
        bound: bytes = b"",
        statics: Statics | None = None,
    ) -> None:
        """
        Args:
            psk: 32 bytes.
            ephemeral: 32 fresh random bytes.
            kem_seed: 64 fresh random bytes where the purpose is hybrid, else nothing.
            bound: what both sides have to agree on besides; goes into the prologue.
            statics: where the purpose has them, else nothing.
        Raises:
            PeerError: their static key has low order.
        """
        if len(kem_seed) != (KEM_SEED_BYTES if purpose.is_hybrid else 0):
            raise MisuseError("a KEM seed of 64 bytes belongs to a hybrid session, and to no other")
        self._purpose = purpose
        self._kem_seed = kem_seed
        self._noise = _handshake(psk, purpose, bound, ephemeral, statics, initiator=True)
        self.message_1 = self._noise.write(kem_public(kem_seed) if purpose.is_hybrid else b"")

    def finish(self, message_2: bytes) -> SessionKeys:
        """Raises PeerError unless the other side has the psk and heard exactly our message."""
        if len(message_2) != self._purpose.message_2_bytes:
            raise PeerError(f"transport 2.4: an answer of {len(message_2)} bytes")
        ciphertext = self._noise.read(message_2)
        secret = decapsulate(self._kem_seed, ciphertext) if self._purpose.is_hybrid else b""
        return _session_keys(self._noise, secret, is_initiator=True)


class Responder:
    """The side that was dialled. Dead after an exception."""

    def __init__(
        self,
        psk: bytes,
        *,
        purpose: Purpose,
        ephemeral: bytes,
        bound: bytes = b"",
        statics: Statics | None = None,
    ) -> None:
        self._purpose = purpose
        self._noise = _handshake(psk, purpose, bound, ephemeral, statics, initiator=False)

    def hear(self, message_1: bytes) -> bytes:
        """Take in the first message; returns the ML-KEM public key to encapsulate to (or nothing).

        Raises:
            PeerError: not from somebody with our psk, about our connection: answer nothing.
        """
        if len(message_1) != self._purpose.message_1_bytes:
            raise PeerError(f"transport 2.3: a first message of {len(message_1)} bytes")
        return self._noise.read(message_1)

    def answer(self, *, kem_secret: bytes = b"", ciphertext: bytes = b"") -> tuple[bytes, SessionKeys]:
        """The second message, and the keys.

        Args:
            kem_secret, ciphertext: from encapsulating to what `hear` returned; nothing where it
                returned nothing. (The library draws in there, so the caller does it, through a port.)
        """
        hybrid = self._purpose.is_hybrid
        lengths = (KEM_SECRET_BYTES, KEM_CIPHERTEXT_BYTES) if hybrid else (0, 0)
        if (len(kem_secret), len(ciphertext)) != lengths:
            raise MisuseError("a KEM secret and ciphertext belong to a hybrid session, and to no other")
        message_2 = self._noise.write(ciphertext)
        return message_2, _session_keys(self._noise, kem_secret, is_initiator=False)


def _handshake(
    psk: bytes, purpose: Purpose, bound: bytes, ephemeral: bytes, statics: Statics | None, *, initiator: bool
) -> Handshake:
    if len(psk) != PSK_BYTES or len(ephemeral) != EPHEMERAL_BYTES:
        raise MisuseError("a handshake takes a psk and an ephemeral key of 32 bytes each")
    if purpose.has_statics is not (statics is not None):
        raise MisuseError("static keys belong to a session of contacts, and to no other")
    return Handshake(
        Pattern.NNPSK0 if statics is None else Pattern.KKPSK0,
        initiator=initiator,
        prologue=VERSION_NAME + b"\0" + purpose.value + b"\0" + bound,
        psk=psk,
        ephemeral=ephemeral,
        static=None if statics is None else statics.own,
        remote_static=None if statics is None else statics.theirs,
    )


def _session_keys(noise: Handshake, kem_secret: bytes, *, is_initiator: bool) -> SessionKeys:
    """[2.5] Both secrets are keyed into each direction: who breaks one of the two reads nothing."""
    from_initiator, from_responder = noise.split()
    there = derive(from_initiator + kem_secret, b"satchel transport initiator 1", salt=noise.hash)
    back = derive(from_responder + kem_secret, b"satchel transport responder 1", salt=noise.hash)
    again = from_initiator + from_responder + kem_secret
    return SessionKeys(
        send=there if is_initiator else back,
        receive=back if is_initiator else there,
        session_hash=noise.hash,
        resumption_secret=derive(again, b"satchel resumption secret 1", salt=noise.hash),
        stripe_secret=derive(again, b"satchel stripe secret 1", salt=noise.hash),
    )
