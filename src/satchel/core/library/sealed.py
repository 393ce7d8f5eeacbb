"""Content as all holders of a shelf serve it: the same bytes, which tell nobody else what they are.

From the shelf's secret and the content follows everything, so holders need not agree on anything, and a
chunk of one goes with a chunk of another. Who has another secret finds other bytes, and cannot compare (C1,
M2).
Spec: docs/spec/library.md, 2 and 3.
"""

from typing import NewType

from satchel.core.blobs.chunks import CHUNK_BYTES, HASH_BYTES, ContentHasher, chunk_count, chunk_length
from satchel.core.crypto.aead import TAG_BYTES, Buffer, FrameKey, Suite
from satchel.core.crypto.kdf import derive, same
from satchel.core.library.broken import broken
from satchel.core.wire.padme import padme
from satchel.errors import MisuseError, PeerError

ShelfSecret = NewType("ShelfSecret", bytes)  # 32 random bytes; who has them reads the shelf
ShelfId = NewType("ShelfId", bytes)  # 32 bytes that say nothing of the secret
Root = NewType("Root", bytes)  # of content (handover 4.4); itself a secret of who has the content

SECRET_BYTES = 32
SLICE_BYTES = CHUNK_BYTES - TAG_BYTES  # of padded content, in each sealed chunk but the last one
SEALED_BYTES_MIN = 4096  # below, Padmé rounds to a few bytes, and a note would have a length
SEALED_BYTES_MAX = 1 << 38  # a manifest of 8 MiB
CONTENT_BYTES_MAX = SEALED_BYTES_MAX - TAG_BYTES * chunk_count(SEALED_BYTES_MAX)


def shelf_id(secret: ShelfSecret) -> ShelfId:
    """By this two who both have the secret find that they do [2.2]."""
    return ShelfId(_derive(secret, b"satchel shelf id 1"))


def sealed_size(content_bytes: int) -> int:
    """Bytes of the sealed form of content of 1 to CONTENT_BYTES_MAX bytes [3.2]."""
    if not 1 <= content_bytes <= CONTENT_BYTES_MAX:
        raise MisuseError(f"what is sealed has 1 to {CONTENT_BYTES_MAX} bytes, not {content_bytes}")
    return padme(max(SEALED_BYTES_MIN, content_bytes + TAG_BYTES * -(-content_bytes // SLICE_BYTES)))


def place(content_bytes: int, index: int) -> tuple[int, int]:
    """(offset, length) of the content in sealed chunk `index`; of length 0 where only zeros are left."""
    offset = min(index * SLICE_BYTES, content_bytes)
    return offset, min(SLICE_BYTES, content_bytes - offset)


class ContentSeal:
    """Seals and opens the chunks of one content, in any order."""

    def __init__(self, secret: ShelfSecret, root: Root, content_bytes: int) -> None:
        """
        Args:
            root: of this content (ContentHasher), which nobody can change in between: two contents under
                one root would be sealed with one key and nonce [3.3].
        """
        if len(root) != HASH_BYTES:
            raise MisuseError(f"a root has {HASH_BYTES} bytes, not {len(root)}")
        self.sealed_bytes = sealed_size(content_bytes)
        self.chunks = chunk_count(self.sealed_bytes)
        self._content_bytes = content_bytes
        self._root = root
        self._key = FrameKey(Suite.CHACHA20_POLY1305, _derive(secret, b"satchel shelf seal 1" + root))

    def seal(self, index: int, content: Buffer) -> bytes:
        """Sealed chunk `index`, from 0; content: what `place` says of it."""
        if not 0 <= index < self.chunks or len(content) != place(self._content_bytes, index)[1]:
            raise MisuseError("a chunk is sealed from its own place of the content")
        out = bytearray(chunk_length(self.sealed_bytes, index))
        padded = bytes(content).ljust(len(out) - TAG_BYTES, b"\0")
        self._key.seal_into(index, padded, b"", out)
        return bytes(out)

    def open(self, index: int, sealed: Buffer) -> memoryview:
        """The content in a sealed chunk whose hash was right; nobody may parse it before `check_whole`.

        Raises:
            PeerError: it does not open [3.4], or is not filled with zeros [3.5].
        """
        if not 0 <= index < self.chunks or len(sealed) != chunk_length(self.sealed_bytes, index):
            raise broken("3.2", "a chunk of another length, or behind the end")
        padded = bytearray(len(sealed) - TAG_BYTES)
        try:
            self._key.open_into(index, sealed, b"", padded)
        except PeerError as exc:
            raise broken("3.4", "a chunk that does not open") from exc
        length = place(self._content_bytes, index)[1]
        if padded.count(0, length) != len(padded) - length:
            raise broken("3.5", "a filling that is not all zeros")
        return memoryview(padded)[:length]

    def check_whole(self, opened: ContentHasher) -> None:
        """All that was opened, in order. Raises PeerError: it is not what the record names [3.6]."""
        if not same(opened.root(), self._root):
            raise broken("3.6", "content of another root")


def _derive(secret: ShelfSecret, label: bytes) -> bytes:
    if len(secret) != SECRET_BYTES:
        raise MisuseError(f"the secret of a shelf has {SECRET_BYTES} bytes, not {len(secret)}")
    return derive(secret, label)
