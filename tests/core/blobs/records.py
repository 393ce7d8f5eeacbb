"""Records of the bulk stream as bytes, made from the page and not by the code, so that they can be wrong."""

from struct import pack

from satchel.core.blobs.chunks import CHUNK_BYTES, hash_chunk, root


def piece(number: int, index: int, at: int, content: bytes) -> bytes:
    return pack(">BIIII", 1, number, index, at, len(content)) + content


def digest(number: int, index: int, chunk: bytes) -> bytes:
    """The hash of `chunk`."""
    return pack(">BII", 2, number, index) + hash_chunk(chunk)


def end(number: int, content: bytes) -> bytes:
    """The root of `content`."""
    hashes = [hash_chunk(content[at : at + CHUNK_BYTES]) for at in range(0, len(content), CHUNK_BYTES)]
    return pack(">BI", 3, number) + root(len(content), hashes)


def whole(number: int, content: bytes) -> bytes:
    return pack(">BII", 4, number, len(content)) + content + hash_chunk(content)


def chunk(number: int, index: int, content: bytes) -> bytes:
    """A chunk in one piece, with its hash."""
    return piece(number, index, 0, content) + digest(number, index, content)
