"""ML-KEM-768 (FIPS 203): the half of a session's secret that a quantum computer does not open (W5).

Never alone: its secret is always keyed in beside X25519. And never left out: on a machine whose
cryptography library has no ML-KEM, there are no sessions by code, instead of weaker ones.
"""

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm

from satchel.errors import EnvironmentProblem, MisuseError, PeerError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey

SEED_BYTES = 64  # d and z of FIPS 203, 7.1
PUBLIC_BYTES = 1184
CIPHERTEXT_BYTES = 1088
SECRET_BYTES = 32


def kem_public(seed: bytes) -> bytes:
    """The 1,184-byte public key of 64 random bytes."""
    return _private_key(seed).public_key().public_bytes_raw()


def decapsulate(seed: bytes, ciphertext: bytes) -> bytes:
    """The 32-byte secret that was encapsulated to our key.

    A ciphertext of the right length that was not made for this key yields a secret that nobody knows
    (implicit rejection, FIPS 203, 6.3): the first tag under it fails, and no answer tells why.
    """
    if len(ciphertext) != CIPHERTEXT_BYTES:
        raise PeerError(f"transport 2.4: an ML-KEM ciphertext of {len(ciphertext)} bytes")
    return _private_key(seed).decapsulate(ciphertext)


def encapsulate(public_key: bytes) -> tuple[bytes, bytes]:
    """A fresh secret, and the ciphertext that carries it to the holder of `public_key`.

    Draws randomness inside the library, which has no other way: so only node/entropy.py may call it,
    as the effect of a port. Everything else in core is a function of its arguments.

    Returns:
        secret[32], ciphertext[1088].
    Raises:
        PeerError: not a public key: wrong length, or a coefficient not below 3329 (FIPS 203, 7.2).
    """
    if len(public_key) != PUBLIC_BYTES:
        raise PeerError(f"transport 2.3: an ML-KEM public key of {len(public_key)} bytes")
    return _public_key(public_key).encapsulate()


def _private_key(seed: bytes) -> "MLKEM768PrivateKey":
    if len(seed) != SEED_BYTES:
        raise MisuseError(f"an ML-KEM seed has {SEED_BYTES} bytes, not {len(seed)}")
    try:
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey  # noqa: PLC0415

        return MLKEM768PrivateKey.from_seed_bytes(seed)
    except (ImportError, UnsupportedAlgorithm) as exc:
        raise _no_kem() from exc


def _public_key(public_key: bytes) -> "MLKEM768PublicKey":
    try:
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey  # noqa: PLC0415

        return MLKEM768PublicKey.from_public_bytes(public_key)
    except (ImportError, UnsupportedAlgorithm) as exc:
        raise _no_kem() from exc
    except ValueError as exc:
        raise PeerError("transport 2.3: not an ML-KEM public key") from exc


def _no_kem() -> EnvironmentProblem:
    return EnvironmentProblem(
        "The cryptography library on this machine has no ML-KEM-768.",
        safe="Nothing was sent. Satchel does not fall back to something weaker.",
        do="Install Satchel as its documentation says, with the cryptography package that comes with it.",
    )
