"""core/bundles/header, core/sealing/seal: a bundle of anybody, and one that a contact has sealed itself."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.vectors import drawn, of_kind, raw
from satchel.core.bundles.header import (
    HEADER_BYTES,
    SIZES_BYTES,
    Header,
    bound,
    bundle_id,
    decode_header,
    encode_header,
    with_copies,
)
from satchel.core.bundles.receipt import commitment
from satchel.core.crypto.aead import seal_once
from satchel.core.sealing.chain import Entry
from satchel.core.sealing.seal import SpoiltError, seal, unseal
from satchel.errors import PeerError

VECTOR = next(of_kind("bundle", "unseal"))
ENTRY = Entry(number=1, tag=raw(VECTOR["tag"]), key=raw(VECTOR["key"]))
NONCE = drawn("nonce", 12)
AS_IT_CAME, SEALED_BY_A_CONTACT = range(2)


def check(data: bytes) -> bool:
    feed = Feed(data)
    if feed.number(2) == AS_IT_CAME:
        return look_at(feed.rest())
    preimage, size_class = feed.exactly(20), feed.number(3)
    header = encode_header(
        Header(
            size_class=size_class,
            expiry_hour=60_000,
            copies=0,
            tag=ENTRY.tag,
            commitment=commitment(preimage),
        )
    )
    plain = feed.rest()[: SIZES_BYTES[size_class] - 69].ljust(SIZES_BYTES[size_class] - 69, b"\0")
    return look_at(header + NONCE + seal_once(ENTRY.key, NONCE, plain, bound(header)))


def look_at(bundle: bytes) -> bool:
    try:
        header = decode_header(bundle)
    except PeerError:
        return False
    assert bound(encode_header(header)) == bound(bundle)
    try:
        opened = unseal(ENTRY, bundle)
    except SpoiltError:
        return False
    except PeerError:
        assert len(bundle) != header.size_bytes
        return False
    if opened is None:
        return False
    again = seal(
        ENTRY,
        opened.content,
        preimage=opened.receipt.preimage,
        nonce=bundle[HEADER_BYTES : HEADER_BYTES + 12],
        expiry_hour=header.expiry_hour,
        copies=header.copies,
    )
    assert again == with_copies(bundle, header.copies)
    assert bundle_id(again) == bundle_id(bundle)
    return True


def seeds() -> Iterator[bytes]:
    for kind in ("header", "unseal"):
        for vector in of_kind("bundle", kind):
            yield bytes((AS_IT_CAME,)) + raw(vector["bytes" if kind == "header" else "bundle"])
    preimage = drawn("preimage", 20)
    for size_class, length in ((0, 3), (0, 1955), (1, 1956), (0, 4000), (2, 1)):
        sealed = preimage + length.to_bytes(4, "big") + bytes(range(1, 4))
        yield bytes((SEALED_BY_A_CONTACT,)) + preimage + bytes((size_class,)) + sealed
