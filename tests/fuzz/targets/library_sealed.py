"""core/library/manifest, core/library/sealed: a manifest, and chunks, from whoever says to have the book."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import of_kind
from satchel.core.blobs.chunks import ContentHasher, hash_chunk
from satchel.core.library.manifest import Address, announced_length, decode_manifest, encode_manifest
from satchel.core.library.sealed import ContentSeal, Root, ShelfSecret
from satchel.errors import PeerError

CONTENT = b"A small book."
SECRET = ShelfSecret(bytes(range(32)))
MANIFEST, PADDED, SEALED = range(3)


def content_seal() -> ContentSeal:
    hasher = ContentHasher()
    hasher.update(CONTENT)
    return ContentSeal(SECRET, Root(hasher.root()), len(CONTENT))


def check(data: bytes) -> bool:
    feed = Feed(data)
    what = feed.number(3)
    try:
        return check_manifest(feed.rest()) if what == MANIFEST else check_chunk(what, feed)
    except PeerError:
        return False


def check_manifest(data: bytes) -> bool:
    """M3: what is taken has exactly the length that its first bytes announced."""
    manifest = decode_manifest(data, Address(hash_chunk(data)))
    assert encode_manifest(manifest) == data
    assert announced_length(data[:8]) == len(data)
    return True


def check_chunk(what: int, feed: Feed) -> bool:
    """B1: only the one content is believed, whatever is sealed by who has the secret, or by who has not."""
    seal = content_seal()
    index, piece = feed.number(), feed.piece()
    if what == PADDED:
        piece = seal.seal(0, piece[: len(CONTENT)].ljust(len(CONTENT), b"\0"))
    opened = ContentHasher()
    opened.update(content := seal.open(index, piece))
    seal.check_whole(opened)
    assert bytes(content) == CONTENT
    return True


def seeds() -> Iterator[bytes]:
    for vector in of_kind("library", "manifest"):
        yield bytes((MANIFEST,)) + bytes.fromhex(vector["manifest"])
    yield bytes((PADDED, 0)) + as_piece(CONTENT)
    yield bytes((PADDED, 1)) + as_piece(CONTENT)
    yield bytes((PADDED, 0)) + as_piece(b"A small look.")
    yield bytes((SEALED, 0)) + as_piece(content_seal().seal(0, CONTENT))
