"""The other end of a Noise_NNpsk0 handshake that has the psk and lies about everything else.

Made from the Noise specification and not from core/crypto/noise, which can say nothing wrong. Lets a
fuzzer choose the ephemeral public key and the payload, sealed so that they are looked at.
"""

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from satchel.core.crypto.curve import x25519
from satchel.core.crypto.kdf import digest, mac
from satchel.core.session.handshake import VERSION_NAME, Purpose
from satchel.errors import PeerError

NAME = b"Noise_NNpsk0_25519_ChaChaPoly_SHA256"


class NoisePeer:
    def __init__(self, psk: bytes, purpose: Purpose, bound: bytes = b"") -> None:
        self._chaining_key = self._hash = digest(NAME)
        self._key = b""
        self._mix_hash(VERSION_NAME + b"\0" + purpose.value + b"\0" + bound)
        self._chaining_key, to_hash, self._key = self._hkdf(psk, 3)
        self._mix_hash(to_hash)

    def message_1(self, ephemeral: bytes, payload: bytes) -> bytes:
        """What an initiator says; `ephemeral` is any 32 bytes."""
        self._mix_ephemeral(ephemeral)
        return ephemeral + self._seal(payload)

    def hear(self, message_1: bytes) -> None:
        self._mix_ephemeral(message_1[:32])
        self._mix_hash(message_1[32:])

    def message_2(self, ephemeral: bytes, payload: bytes, *, initiators_private: bytes) -> bytes:
        """What a responder says. A responder has another private key; it comes out the same."""
        self._mix_ephemeral(ephemeral)
        try:
            shared = x25519(initiators_private, ephemeral)
        except PeerError:
            shared = bytes(32)  # of low order: what everybody would compute
        self._mix_key(shared)
        return ephemeral + self._seal(payload)

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
