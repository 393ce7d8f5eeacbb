"""The keys that each side draws for one pairing, and what commits to them. Spec: docs/spec/pairing.md, 2.

An ephemeral key for the secret that both agree on, and a static one for this contact alone: they are
two, since what was agreed on must not be worked out again from what is kept (W4).
"""

from dataclasses import dataclass, field

from satchel.core.crypto.curve import KEY_BYTES, x25519_public
from satchel.core.crypto.kdf import digest
from satchel.core.crypto.kem import PUBLIC_BYTES, SEED_BYTES, kem_public
from satchel.errors import MisuseError

VERSION = b"\x01"
NONCE_BYTES = 32
HOST_PUBLIC_BYTES = 2 * KEY_BYTES + PUBLIC_BYTES
TAKER_PUBLIC_BYTES = 2 * KEY_BYTES + NONCE_BYTES
HOST_COMMITMENT_BYTES = 16
TAKER_COMMITMENT_BYTES = 32
NONCE_COMMITMENT_BYTES = 32
HOST_RANDOM_BYTES = 2 * KEY_BYTES + SEED_BYTES
TAKER_RANDOM_BYTES = 2 * KEY_BYTES + NONCE_BYTES


@dataclass(frozen=True, slots=True, repr=False)
class HostKeys:
    """Of the side that shows the picture or the code."""

    ephemeral: bytes
    static: bytes
    kem_seed: bytes
    public: bytes = field(init=False)  # ephemeral[32] | static[32] | ML-KEM-768[1184]

    def __post_init__(self) -> None:
        halves = x25519_public(self.ephemeral) + x25519_public(self.static)
        object.__setattr__(self, "public", halves + kem_public(self.kem_seed))

    @classmethod
    def from_random(cls, draw: bytes) -> "HostKeys":
        """From HOST_RANDOM_BYTES fresh random bytes."""
        if len(draw) != HOST_RANDOM_BYTES:
            raise MisuseError(f"keys are drawn from {HOST_RANDOM_BYTES} bytes")
        return cls(draw[:32], draw[32:64], draw[64:])


@dataclass(frozen=True, slots=True, repr=False)
class TakerKeys:
    """Of the side that scans the picture or types the code. The same ones for each try at one host, so
    that a bad radio does not pass for a second taker."""

    ephemeral: bytes
    static: bytes
    nonce: bytes
    public: bytes = field(init=False)  # ephemeral[32] | static[32] | nonce[32]

    def __post_init__(self) -> None:
        halves = x25519_public(self.ephemeral) + x25519_public(self.static)
        object.__setattr__(self, "public", halves + self.nonce)

    @classmethod
    def from_random(cls, draw: bytes) -> "TakerKeys":
        """From TAKER_RANDOM_BYTES fresh random bytes."""
        if len(draw) != TAKER_RANDOM_BYTES:
            raise MisuseError(f"keys are drawn from {TAKER_RANDOM_BYTES} bytes")
        return cls(draw[:32], draw[32:64], draw[64:])


def host_commitment(public: bytes) -> bytes:
    """What the picture holds: 16 bytes, for which nobody finds other keys."""
    return digest(b"satchel pair host keys 1" + VERSION + public)[:HOST_COMMITMENT_BYTES]


def nonce_commitment(nonce: bytes) -> bytes:
    """What the host says of its nonce beside its keys. The nonce, which the words depend on, comes when
    the taker can change nothing any more."""
    return digest(b"satchel pair host nonce 1" + VERSION + nonce)


def taker_commitment(public: bytes) -> bytes:
    """What the first flight holds. The nonce inside hides the keys until the host's are out."""
    return digest(b"satchel pair taker keys 1" + VERSION + public)
