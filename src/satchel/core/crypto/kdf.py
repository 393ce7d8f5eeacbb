"""Hashes, MACs and derived keys: SHA-256, HMAC (RFC 2104) and HKDF (RFC 5869).

Never takes a password: what a person says goes through cpace, which leaves nothing to grind.
The standard library has all that is needed, so datagrams can be recognised without loading more.
"""

import hashlib
import hmac

from satchel.errors import MisuseError

HASH_BYTES = 32
BLOCK_BYTES = 64
LENGTH_MAX = 255 * HASH_BYTES  # RFC 5869, 2.3
_INNER = bytes(byte ^ 0x36 for byte in range(256))  # RFC 2104: ipad and opad
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def derive(secret: bytes, label: bytes, *, salt: bytes = b"", length: int = HASH_BYTES) -> bytes:
    """A key for one use, from a secret of high entropy (HKDF-SHA256, extract and expand).

    Args:
        secret: the input keying material.
        label: the `info` of RFC 5869; a different one for each use and direction, so that no two
            uses ever share a key.
        salt: public; binds the key to a transcript.
        length: 1..8160 bytes.
    """
    if not secret:
        raise MisuseError("a key derived from nothing is known to everybody")
    if not 1 <= length <= LENGTH_MAX:
        raise MisuseError(f"HKDF-SHA256 yields 1 to {LENGTH_MAX} bytes, not {length}")
    pseudorandom_key = mac(salt, secret) if salt else _NO_SALT.mac(secret)
    block = okm = b""
    for number in range(1, -(-length // HASH_BYTES) + 1):
        block = mac(pseudorandom_key, block + label + bytes((number,)))
        okm += block
    return okm[:length]


def mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    return hmac.digest(key, message, "sha256")


class MacKey:
    """One key made ready for many short messages: what `mac` answers, in 0.6 instead of 1.6 microseconds.

    Keeps the two states of SHA-256 that RFC 2104, section 4, says may be kept. As secret as the key itself.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= BLOCK_BYTES else digest(key)).ljust(BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def mac(self, message: bytes) -> bytes:
        """HMAC-SHA256, 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


_NO_SALT = MacKey(
    bytes(HASH_BYTES)
)  # RFC 5869, 2.2; made ready, since a contact takes 3,072 steps of a chain


def same(a: bytes, b: bytes) -> bool:
    """Compare in a time that does not tell where two MACs of equal length first differ."""
    return hmac.compare_digest(a, b)


def digest(message: bytes) -> bytes:
    """SHA-256, 32 bytes. Not a MAC: whoever knows the digest of a message can extend it."""
    return hashlib.sha256(message).digest()
