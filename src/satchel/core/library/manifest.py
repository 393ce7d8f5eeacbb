"""The hashes of sealed chunks, and the address: by it alone a chunk is known to be right, whoever brings it.

Who only passes chunks on can check them, too, and learns a padded length. Spec: docs/spec/library.md, 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NewType

from satchel.core.blobs.chunks import HASH_BYTES, chunk_count, chunk_length, hash_chunk
from satchel.core.crypto.kdf import same
from satchel.core.library.broken import broken
from satchel.core.library.sealed import SEALED_BYTES_MAX, SEALED_BYTES_MIN, sealed_size
from satchel.core.wire.padme import padme
from satchel.errors import MisuseError

Address = NewType("Address", bytes)  # 32 bytes: of one content on one shelf

_LENGTH_BYTES = 8
MANIFEST_BYTES_MAX = _LENGTH_BYTES + HASH_BYTES * chunk_count(SEALED_BYTES_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    sealed_bytes: int  # of all chunks
    hashes: bytes = field(repr=False)  # 32 bytes for each chunk, one behind the other

    @property
    def address(self) -> Address:
        """What handover 4.4 calls the root of the sealed bytes, as if they were a file [4.2]."""
        return Address(hash_chunk(encode_manifest(self)))

    def check_chunk(self, index: int, sealed: bytes | bytearray | memoryview) -> None:
        """Before anything else is done with a chunk, from 0. Raises PeerError: it is not this one [4.5]."""
        if not 0 <= index < chunk_count(self.sealed_bytes):
            raise broken("4.5", "a chunk behind the end")
        right = self.hashes[index * HASH_BYTES : (index + 1) * HASH_BYTES]
        if len(sealed) != chunk_length(self.sealed_bytes, index) or not same(hash_chunk(sealed), right):
            raise broken("4.5", "a chunk that does not match its hash")

    def check_size(self, content_bytes: int) -> None:
        """Raises PeerError: content of so many bytes, as a record names it, has another length [4.6]."""
        if sealed_size(content_bytes) != self.sealed_bytes:
            raise broken("4.6", "a manifest of another length than that of its content")


def build_manifest(sealed_bytes: int, hashes: Iterable[bytes]) -> Manifest:
    """hashes: of the sealed chunks, in order."""
    joined = b"".join(hashes)
    if len(joined) != HASH_BYTES * chunk_count(sealed_bytes):
        raise MisuseError("a manifest has the hash of each chunk")
    return Manifest(sealed_bytes=sealed_bytes, hashes=joined)


def encode_manifest(manifest: Manifest) -> bytes:
    return manifest.sealed_bytes.to_bytes(_LENGTH_BYTES, "big") + manifest.hashes


def announced_length(head: bytes) -> int:
    """How long a manifest is that begins with these 8 bytes, before room is made for the rest.

    Raises:
        PeerError: of no such length [4.3].
    """
    size = int.from_bytes(head, "big")
    if not SEALED_BYTES_MIN <= size <= SEALED_BYTES_MAX or padme(size) != size:
        raise broken("4.3", "a length that no sealed content has")
    return _LENGTH_BYTES + HASH_BYTES * chunk_count(size)


def decode_manifest(data: bytes, address: Address) -> Manifest:
    """Read the manifest that was asked for by its address, from whoever says to have it.

    Raises:
        PeerError: any deviation from 4.1 to 4.4. Nothing else.
    """
    head, hashes = data[:_LENGTH_BYTES], data[_LENGTH_BYTES:]
    if len(head) != _LENGTH_BYTES or len(data) != announced_length(head):
        raise broken("4.1", f"a manifest of {len(data)} bytes")
    if not same(hash_chunk(data), address):
        raise broken("4.4", "a manifest that is not that of its address")
    return Manifest(sealed_bytes=int.from_bytes(head, "big"), hashes=hashes)
