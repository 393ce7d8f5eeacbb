"""How content is cut and hashed: chunks of 1 MiB, each with its BLAKE3, and a root over them.

The root is what both sides must agree on before a file gets its name; the chunk hashes are what lets
a broken hand-over go on where it stopped. Spec: docs/spec/handover.md, section 4. Never touches a file.
"""

from collections.abc import Sequence

from blake3 import blake3

CHUNK_BYTES = 1 << 20
HASH_BYTES = 32


class ChunkHasher:
    """BLAKE3 of one chunk that comes in pieces."""

    def __init__(self) -> None:
        self._hash = blake3()

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        self._hash.update(piece)

    def digest(self) -> bytes:
        return self._hash.digest()


class ContentHasher:
    """The root of content that comes in pieces of any length, in order. Keeps 32 bytes for each chunk."""

    def __init__(self) -> None:
        self._hashes: list[bytes] = []
        self._chunk = ChunkHasher()
        self._size = 0

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        left = memoryview(piece)
        while left:
            part = left[: CHUNK_BYTES - self._size % CHUNK_BYTES]
            self._chunk.update(part)
            self._size += len(part)
            left = left[len(part) :]
            if self._size % CHUNK_BYTES == 0:
                self._hashes.append(self._chunk.digest())
                self._chunk = ChunkHasher()

    def root(self) -> bytes:
        """Of what came so far; more may come."""
        rest = [self._chunk.digest()] if self._size % CHUNK_BYTES else []
        return root(self._size, self._hashes + rest)


def hash_chunk(chunk: bytes | bytearray | memoryview) -> bytes:
    return blake3(chunk).digest()


def chunk_count(size: int) -> int:
    """Number of chunks of a file of `size` bytes; 0 for an empty one."""
    return -(-size // CHUNK_BYTES)


def chunk_length(size: int, index: int) -> int:
    """Bytes in chunk `index` (from 0) of a file of `size` bytes."""
    return min(CHUNK_BYTES, size - index * CHUNK_BYTES)


def root(size: int, hashes: Sequence[bytes]) -> bytes:
    """The hash of the whole file: BLAKE3 over its size (8 bytes, big endian) and its chunk hashes.

    The size is inside, so that a short last chunk cannot be passed off as a whole one.
    """
    whole = blake3(size.to_bytes(8, "big"))
    for one in hashes:
        whole.update(one)
    return whole.digest()
