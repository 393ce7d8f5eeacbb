"""The handshake with two implementations by other people, in both roles.

They are oracles: written without ours in sight, they agree with it on every byte, or one is wrong.
"""

from collections.abc import Callable
from typing import Any, Protocol

import pytest
from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.private import PrivateKey
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.KK import KKHandshakePattern
from dissononce.processing.handshakepatterns.interactive.NN import NNHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.psk import PSKPatternModifier
from noise.connection import Keypair, NoiseConnection

from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.noise import Handshake, Pattern

PROLOGUE, PSK = b"prologue", bytes(range(32))
OURS, THEIRS = b"\x03" * 32, b"\x04" * 32  # static private keys


class Other(Protocol):
    def write(self, payload: bytes) -> bytes: ...
    def read(self, message: bytes) -> bytes: ...
    def result(self) -> tuple[bytes, bytes, bytes]:
        """Handshake hash, key from the initiator, key to the initiator."""
        ...


class NoiseProtocol:
    """PyPI noiseprotocol."""

    def __init__(self, pattern: Pattern, *, initiator: bool) -> None:
        self._connection = NoiseConnection.from_name(
            f"Noise_{pattern.value}_25519_ChaChaPoly_SHA256".encode()  # 0.3.1 refuses a str
        )
        self._connection.set_prologue(PROLOGUE)
        self._connection.set_psks(PSK)
        if pattern.has_statics:
            self._connection.set_keypair_from_private_bytes(Keypair.STATIC, THEIRS)
            self._connection.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, x25519_public(OURS))
        self._initiator = initiator
        self._connection.set_as_initiator() if initiator else self._connection.set_as_responder()
        self._connection.start_handshake()

    def write(self, payload: bytes) -> bytes:
        return bytes(self._connection.write_message(payload))

    def read(self, message: bytes) -> bytes:
        return bytes(self._connection.read_message(message))

    def result(self) -> tuple[bytes, bytes, bytes]:
        state = self._connection.noise_protocol
        sending, receiving = state.cipher_state_encrypt.k, state.cipher_state_decrypt.k
        keys = (sending, receiving) if self._initiator else (receiving, sending)
        return (self._connection.get_handshake_hash(), *keys)


class Dissononce:
    """PyPI dissononce."""

    def __init__(self, pattern: Pattern, *, initiator: bool) -> None:
        plain = KKHandshakePattern() if pattern.has_statics else NNHandshakePattern()
        self._state = HandshakeState(
            SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH()
        )
        statics: dict[str, Any] = {}
        if pattern.has_statics:
            statics["s"] = X25519DH().generate_keypair(PrivateKey(THEIRS))
            statics["rs"] = PublicKey(x25519_public(OURS))
        psk0 = PSKPatternModifier(0).modify(plain)
        self._state.initialize(psk0, initiator, PROLOGUE, psks=(PSK,), **statics)
        assert self._state.protocol_name == f"Noise_{pattern.value}_25519_ChaChaPoly_SHA256"
        self._ciphers: Any = None

    def write(self, payload: bytes) -> bytes:
        out = bytearray()
        self._ciphers = self._state.write_message(payload, out)
        return bytes(out)

    def read(self, message: bytes) -> bytes:
        out = bytearray()
        self._ciphers = self._state.read_message(message, out)
        return bytes(out)

    def result(self) -> tuple[bytes, bytes, bytes]:
        first, second = self._ciphers
        return self._state.symmetricstate.get_handshake_hash(), first._key, second._key


both_patterns = pytest.mark.parametrize("pattern", Pattern)
both_oracles = pytest.mark.parametrize("oracle", [NoiseProtocol, Dissononce])


def ours(pattern: Pattern, *, initiator: bool) -> Handshake:
    statics: dict[str, bytes] = {}
    if pattern.has_statics:
        statics = {"static": OURS, "remote_static": x25519_public(THEIRS)}
    return Handshake(
        pattern, initiator=initiator, prologue=PROLOGUE, psk=PSK, ephemeral=b"\x01" * 32, **statics
    )


@both_patterns
@both_oracles
@pytest.mark.parametrize("first", [b"", b"x" * 1184])
@pytest.mark.parametrize("we_initiate", [True, False], ids=["we initiate", "we respond"])
def test_we_understand_each_other(
    oracle: Callable[..., Other], pattern: Pattern, we_initiate: bool, first: bytes
) -> None:
    here, there = ours(pattern, initiator=we_initiate), oracle(pattern, initiator=not we_initiate)
    one, two = (here, there) if we_initiate else (there, here)
    assert two.read(one.write(first)) == first
    assert one.read(two.write(b"second")) == b"second"
    assert (here.hash, *here.split()) == there.result()
