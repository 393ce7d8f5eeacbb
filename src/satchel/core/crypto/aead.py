"""The seal of frames: ChaCha20-Poly1305 (RFC 8439) and AES-256-GCM (NIST SP 800-38D), without copies.

A key seals one direction of one session, and the nonce is the number of the frame: four zero bytes
and the counter as eight bytes, big endian, for both suites. Never counts by itself and never sees what
a frame means: core/session does. And, at the end, the seal of what has a key for itself alone: a bundle.
"""

from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from satchel.errors import MisuseError, PeerError

Buffer = bytes | bytearray | memoryview

KEY_BYTES = 32
TAG_BYTES = 16
NONCE_BYTES = 12
COUNTER_END = 2**64 - 1  # this one and above are refused: no number ever comes twice


class Suite(Enum):
    CHACHA20_POLY1305 = "ChaCha20-Poly1305"  # fast everywhere
    AES_256_GCM = "AES-256-GCM"  # faster where the processor does it, slow and timing-prone where not


class FrameKey:
    """One key for one direction. Who gives it the same counter twice to seal gives the key away."""

    def __init__(self, suite: Suite, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise MisuseError(f"a frame key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key) if suite is Suite.AES_256_GCM else ChaCha20Poly1305(key)

    def seal_into(
        self, counter: int, plaintext: Buffer, associated: bytes, out: memoryview | bytearray
    ) -> int:
        """Seal into a buffer that does not overlap `plaintext`.

        Args:
            counter: 0..2**64-2; each once.
            associated: what is sent in clear and must not be changed.
            out: len(plaintext) + 16 bytes or more.
        Returns:
            How many bytes of `out` were written.
        """
        length = len(plaintext) + TAG_BYTES
        return self._cipher.encrypt_into(_nonce(counter), plaintext, associated, _exact(out, length))

    def open_into(self, counter: int, sealed: Buffer, associated: bytes, out: memoryview | bytearray) -> int:
        """Open into a buffer that does not overlap `sealed`.

        Args:
            out: len(sealed) - 16 bytes or more.
        Returns:
            How many bytes of `out` were written.
        Raises:
            PeerError: not sealed under this key with this counter and associated data. Nothing of
                what was not authenticated is left in `out`.
        """
        length = len(sealed) - TAG_BYTES
        if length < 0:
            raise PeerError("transport 4.2: a frame shorter than its tag")
        target = _exact(out, length)
        try:
            return self._cipher.decrypt_into(_nonce(counter), sealed, associated, target)
        except InvalidTag as exc:
            target[:] = bytes(length)
            raise PeerError("transport 4.1: a frame that does not open") from exc


def seal_once(key: bytes, nonce: bytes, plaintext: Buffer, associated: bytes) -> bytes:
    """Seal one message under a key that seals nothing else (ChaCha20-Poly1305).

    Args:
        nonce: 12 fresh random bytes. Should a restored copy of a profile use a key again, the nonce is what
            keeps the two messages apart.
    Returns:
        16 bytes more than `plaintext` has.
    """
    return _once(key, nonce).encrypt(nonce, plaintext, associated)


def open_once(key: bytes, nonce: bytes, sealed: Buffer, associated: bytes) -> bytes | None:
    """What was sealed so; None: not this, or not under this key."""
    cipher = _once(key, nonce)
    if len(sealed) < TAG_BYTES:
        return None
    try:
        return cipher.decrypt(nonce, sealed, associated)
    except InvalidTag:
        return None


def _once(key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    if (len(key), len(nonce)) != (KEY_BYTES, NONCE_BYTES):
        raise MisuseError(f"a key has {KEY_BYTES} bytes, a nonce {NONCE_BYTES}")
    return ChaCha20Poly1305(key)


def _nonce(counter: int) -> bytes:
    if not 0 <= counter < COUNTER_END:
        raise MisuseError("no number is left for another frame under this key")
    return counter.to_bytes(NONCE_BYTES, "big")


def _exact(out: memoryview | bytearray, length: int) -> memoryview:
    view = memoryview(out)
    if view.readonly or len(view) < length:
        raise MisuseError(f"a writable buffer of {length} bytes is needed")
    return view[:length]
