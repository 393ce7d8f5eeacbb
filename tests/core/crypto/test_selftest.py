"""The check at every start sees each thing that can be wrong, and names it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from satchel.core.crypto import cpace, curve, kdf, kem, selftest
from satchel.core.crypto.aead import FrameKey
from satchel.core.crypto.noise import Handshake
from satchel.core.crypto.selftest import self_test
from satchel.errors import EnvironmentProblem, MisuseError


def flip(function: Callable[..., bytes]) -> Callable[..., bytes]:
    """The same function on a machine that gets one bit wrong."""

    def wrong(*args: Any, **kwargs: Any) -> bytes:
        result = function(*args, **kwargs)
        return bytes((result[0] ^ 1,)) + result[1:]

    return wrong


def test_this_machine_is_right() -> None:
    self_test()


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (kdf.digest, "SHA-256"),
        (kdf.mac, "HMAC"),
        (kdf.derive, "HKDF"),
        (curve.x25519_public, "X25519"),
        (curve.x25519, "X25519"),
        (kem.kem_public, "ML-KEM-768"),
        (kem.decapsulate, "ML-KEM-768"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_wrong_bit_is_seen(
    function: Callable[..., bytes], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, function.__name__, flip(function))
    refused(named)


def test_a_wrong_password_exchange_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpace, "_elligator2", lambda r: r)
    refused("CPace")


def test_a_wrong_handshake_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handshake, "write", flip(Handshake.write))
    refused("the Noise handshake")


@pytest.mark.parametrize("library", ["ChaCha20Poly1305", "AESGCM"])
def test_a_wrong_cipher_is_seen(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong:
        def __init__(self, _key: bytes) -> None: ...
        def encrypt(self, _nonce: bytes, data: bytes, _associated: bytes) -> bytes:
            return bytes(len(data) + 16)

    monkeypatch.setattr(selftest, library, Wrong)
    refused("ChaCha20-Poly1305" if library == "ChaCha20Poly1305" else "AES-256-GCM")


def test_a_cipher_that_opens_everything_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_anything(self: FrameKey, counter: int, sealed: bytes, associated: bytes, out: bytearray) -> int:
        out[:] = b"frame"
        return 5

    monkeypatch.setattr(FrameKey, "open_into", open_anything)
    refused("sealed frames")


def test_a_curve_that_takes_any_point_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = curve.x25519

    def careless(private: bytes, public: bytes) -> bytes:
        return right(private, public) if any(public) else bytes(32)

    monkeypatch.setattr(selftest, "x25519", careless)
    refused("X25519 with a point of low order")


def refused(named: str) -> None:
    with pytest.raises(MisuseError) as caught:
        self_test()
    assert named in caught.value.what
    assert caught.value.safe
    assert caught.value.do


def test_a_library_without_ml_kem_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is broken there: another package has to be installed."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mlkem", None)
    with pytest.raises(EnvironmentProblem):
        self_test()


def test_a_library_that_was_cut_down_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """FIPS mode has no ChaCha20-Poly1305, and says so with an exception of its own."""

    def unsupported(_key: bytes) -> None:
        raise UnsupportedAlgorithm("not supported by this version of OpenSSL")

    monkeypatch.setattr(selftest, "ChaCha20Poly1305", unsupported)
    with pytest.raises(EnvironmentProblem) as caught:
        self_test()
    assert "ChaCha20-Poly1305" in caught.value.what
    assert caught.value.safe
    assert caught.value.do


def test_a_forged_ciphertext_that_yields_a_known_secret_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = kem.decapsulate

    def careless(seed: bytes, ciphertext: bytes) -> bytes:
        return right(seed, ciphertext) if any(ciphertext) else bytes(32)

    monkeypatch.setattr(selftest, "decapsulate", careless)
    refused("ML-KEM-768")


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    """`satchel --help` and the recognition of datagrams do without the cryptography library."""
    program = (
        "import sys, satchel.core.crypto, satchel.core.crypto.kdf, satchel.core.wire.fields; "
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
