"""Content sealed as a holder of a shelf does it."""

from satchel.core.blobs.chunks import ContentHasher, hash_chunk
from satchel.core.library.manifest import Manifest, build_manifest
from satchel.core.library.sealed import ContentSeal, Root, ShelfSecret, place


def root_of(content: bytes) -> Root:
    hasher = ContentHasher()
    hasher.update(content)
    return Root(hasher.root())


def seal_all(secret: bytes, content: bytes) -> tuple[Root, list[bytes], Manifest]:
    """Root, sealed chunks, manifest."""
    root = root_of(content)
    seal = ContentSeal(ShelfSecret(secret), root, len(content))
    chunks = []
    for index in range(seal.chunks):
        offset, length = place(len(content), index)
        chunks.append(seal.seal(index, content[offset : offset + length]))
    return root, chunks, build_manifest(seal.sealed_bytes, map(hash_chunk, chunks))
