"""core/library/codec: what is known of a book, as another holder of the shelf tells it."""

from collections.abc import Iterator

from fuzz.vectors import of_kind, raw
from satchel.core.library.codec import (
    COVER_TYPES,
    KEPT_FROM,
    RECORD_BYTES_MAX,
    decode_item,
    encode_item,
    newer,
)
from satchel.core.library.languages import canonical_tag
from satchel.errors import PeerError


def check(data: bytes) -> bool:
    try:
        item = decode_item(data)
    except PeerError:
        return False
    assert encode_item(item) == data  # kept fields, too
    assert len(data) <= RECORD_BYTES_MAX  # M3
    assert item.cover is None or item.cover.media_type in COVER_TYPES  # B1
    assert all(canonical_tag(tag) == tag for tag in item.languages)
    assert item.id not in item.replaces
    assert all(key >= KEPT_FROM for key in item.others)
    assert newer(item, item) == item
    return True


def seeds() -> Iterator[bytes]:
    for vector in of_kind("library", "record"):
        yield raw(vector["record"])
