"""The other end of a handshake that has the psk, and the static keys of both, and lies about all else.

Made from the Noise specification and not from core/crypto/noise, which can say nothing wrong. Lets a
fuzzer choose the ephemeral public key and the payload, sealed so that they are looked at.
"""

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from satchel.core.crypto.curve import x25519, x25519_public
from satchel.core.crypto.kdf import digest, mac
from satchel.core.session.handshake import VERSION_NAME, Purpose
from satchel.errors import PeerError

NAME = b"Noise_%s_25519_ChaChaPoly_SHA256"


class NoisePeer:
    def __init__(
        self, psk: bytes, purpose: Purpose, bound: bytes = b"", statics: tuple[bytes, bytes] | None = None
    ) -> None:
        """`statics`: private, of the initiator and the responder; with them it is Noise_KKpsk0."""
        self._statics = statics
        self._chaining_key = self._hash = digest(NAME % (b"KKpsk0" if statics else b"NNpsk0"))
        self._key = b""
        self._mix_hash(VERSION_NAME + b"\0" + purpose.value + b"\0" + bound)
        for private in statics or ():
            self._mix_hash(x25519_public(private))
        self._chaining_key, to_hash, self._key = self._hkdf(psk, 3)
        self._mix_hash(to_hash)

    def message_1(self, ephemeral: bytes, payload: bytes) -> bytes:
        """What an initiator says; `ephemeral` is any 32 bytes."""
        self._begin(ephemeral)
        return ephemeral + self._seal(payload)

    def hear(self, message_1: bytes) -> None:
        self._begin(message_1[:32])
        self._mix_hash(message_1[32:])

    def _begin(self, ephemeral: bytes) -> None:
        self._mix_ephemeral(ephemeral)
        if self._statics:
            initiators, responders = self._statics
            self._agree(responders, ephemeral)
            self._agree(initiators, x25519_public(responders))

    def message_2(self, ephemeral: bytes, payload: bytes, *, initiators_private: bytes) -> bytes:
        """What a responder says. A responder has another private key; it comes out the same."""
        self._mix_ephemeral(ephemeral)
        self._agree(initiators_private, ephemeral)
        if self._statics:
            self._agree(self._statics[0], ephemeral)
        return ephemeral + self._seal(payload)

    def _agree(self, private: bytes, public: bytes) -> None:
        try:
            self._mix_key(x25519(private, public))
        except PeerError:
            self._mix_key(bytes(32))  # of low order: what everybody would compute

    def _seal(self, payload: bytes) -> bytes:
        sealed = ChaCha20Poly1305(self._key).encrypt(bytes(12), payload, self._hash)
        self._mix_hash(sealed)
        return sealed

    def _mix_ephemeral(self, public: bytes) -> None:
        self._mix_hash(public)
        self._mix_key(public)

    def _mix_hash(self, data: bytes) -> None:
        self._hash = digest(self._hash + data)

    def _mix_key(self, material: bytes) -> None:
        self._chaining_key, self._key = self._hkdf(material, 2)

    def _hkdf(self, material: bytes, count: int) -> list[bytes]:
        temporary, outputs = mac(self._chaining_key, material), [b""]
        for number in range(1, count + 1):
            outputs.append(mac(temporary, outputs[-1] + bytes((number,))))
        return outputs[1:]
