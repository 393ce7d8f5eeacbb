"""ML-KEM-768 against other implementations, and what is refused."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.backends.openssl import backend
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.crypto import kem
from satchel.core.crypto.kem import decapsulate, encapsulate, kem_public
from satchel.errors import EnvironmentProblem, MisuseError, PeerError

DATA = Path(__file__).parents[2] / "data/mlkem"
VECTORS = [json.loads(path.read_text()) for path in sorted(DATA.glob("*.json"))]
SEED = bytes(range(64))
PUBLIC = kem_public(SEED)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"].split("/")[-1][:20])
def test_vector(vector: dict[str, str]) -> None:
    """One secret that was encapsulated to the key, and one that is the answer to a forged ciphertext."""
    seed = bytes.fromhex(vector["seed"])
    assert kem_public(seed).hex() == vector["ek"]
    assert decapsulate(seed, bytes.fromhex(vector["c"])).hex() == vector["K"]


def test_both_sides_have_the_secret() -> None:
    secret, ciphertext = encapsulate(PUBLIC)
    assert decapsulate(SEED, ciphertext) == secret
    assert len(secret) == kem.SECRET_BYTES
    assert encapsulate(PUBLIC)[0] != secret


@given(st.binary(min_size=kem.CIPHERTEXT_BYTES, max_size=kem.CIPHERTEXT_BYTES))
def test_a_forged_ciphertext_gives_a_secret_that_nobody_has(ciphertext: bytes) -> None:
    """FIPS 203, algorithm 18: the secret depends on z, which never leaves this side, and is no error
    that could be asked for again and again."""
    assert decapsulate(SEED, ciphertext) == hashlib.shake_256(SEED[32:] + ciphertext).digest(32)


@pytest.mark.parametrize("bit", [0, 4000, 8 * kem.CIPHERTEXT_BYTES - 1])
def test_one_flipped_bit_gives_another_secret(bit: int) -> None:
    secret, ciphertext = encapsulate(PUBLIC)
    changed = (int.from_bytes(ciphertext, "big") ^ 1 << bit).to_bytes(len(ciphertext), "big")
    assert decapsulate(SEED, changed) != secret


@pytest.mark.parametrize("length", [0, 32, kem.PUBLIC_BYTES - 1, kem.PUBLIC_BYTES + 1])
def test_a_public_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(PeerError, match=rf"^transport 2\.3: .* {length} bytes"):
        encapsulate(bytes(length))


@pytest.mark.parametrize("coefficient", [3329, 4095])
def test_a_public_key_with_a_coefficient_beyond_the_modulus_is_refused(coefficient: int) -> None:
    """FIPS 203, 7.2: the input check of the encapsulation key."""
    low, high = coefficient & 0xFF, coefficient >> 8
    with pytest.raises(PeerError, match=r"^transport 2\.3:"):
        encapsulate(bytes((low, high | PUBLIC[1] & 0xF0)) + PUBLIC[2:])


@pytest.mark.parametrize("length", [0, kem.CIPHERTEXT_BYTES - 1, kem.CIPHERTEXT_BYTES + 1])
def test_a_ciphertext_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(PeerError, match=r"^transport 2\.4:"):
        decapsulate(SEED, bytes(length))


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_a_seed_of_another_length_is_our_mistake(length: int) -> None:
    with pytest.raises(MisuseError):
        kem_public(bytes(length))


def test_without_ml_kem_there_is_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """W5: never a silent fallback. An old package has no such module; one that is linked with an old
    OpenSSL has it, and says no."""
    with monkeypatch.context() as patch:
        patch.setattr(type(backend), "mlkem_supported", lambda _backend: False)
        refuse_everything()
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mlkem", None)
    refuse_everything()


def refuse_everything() -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        kem_public(SEED)
    assert caught.value.safe
    assert caught.value.do
    with pytest.raises(EnvironmentProblem):
        encapsulate(PUBLIC)
    with pytest.raises(EnvironmentProblem):
        decapsulate(SEED, bytes(kem.CIPHERTEXT_BYTES))
