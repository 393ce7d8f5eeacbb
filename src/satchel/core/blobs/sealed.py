"""A blob at rest: blocks of 256 KiB, each sealed with its place and whether it is the last one.

Spec: docs/spec/profile.md, 8. A key seals one stretch of one blob: what was written without a break. So no
place comes twice under one key, whatever was written there before a power cut and never became safe.
"""

from satchel.core.crypto.aead import TAG_BYTES, Buffer, FrameKey, Suite
from satchel.errors import EnvironmentProblem, PeerError

BLOCK_BYTES = 256 * 1024
SEALED_BYTES = BLOCK_BYTES + TAG_BYTES
BLOB_BYTES_MAX = 1 << 50  # 2**32 blocks
_WITHIN, _LAST = b"satchel blob 1\x00", b"satchel blob 1\x01"


def block_length(size: int, index: int) -> int:
    """Bytes in block `index` (from 0) of a blob of `size` bytes."""
    return min(BLOCK_BYTES, size - index * BLOCK_BYTES)


def sealed_length(length: int) -> int:
    """Bytes in the file of a blob of which there are the first `length` bytes: whole blocks, or all of it."""
    return length + -(-length // BLOCK_BYTES) * TAG_BYTES


class StretchKey:
    """Seals and opens blocks of one stretch of a blob of `size` bytes."""

    def __init__(self, key: bytes, size: int) -> None:
        self._key = FrameKey(Suite.AES_256_GCM, key)
        self._size = size

    def seal_into(self, index: int, plaintext: Buffer, out: memoryview | bytearray) -> int:
        """Each block once. Returns how many bytes of `out` were written: 16 more than `plaintext` has."""
        return self._key.seal_into(index, plaintext, self._associated(index), out)

    def open_into(self, index: int, sealed: Buffer, out: memoryview | bytearray) -> int:
        """Raises EnvironmentProblem: it is not what was written there; nothing is left in `out`."""
        try:
            return self._key.open_into(index, sealed, self._associated(index), out)
        except PeerError as exc:
            raise damaged() from exc

    def _associated(self, index: int) -> bytes:
        return _LAST if (index + 1) * BLOCK_BYTES >= self._size else _WITHIN


def damaged() -> EnvironmentProblem:
    return EnvironmentProblem(
        "What was uploaded is damaged on the disk of this profile.",
        safe="Nothing of it was taken for right.",
        do="Upload that file again. If it happens again, look at the disk.",
    )
