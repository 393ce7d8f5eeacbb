"""One bundle: sealed for one contact, filled up to one of six sizes, opened with its entry (C1, C2, W3).

Whether it opens says nothing about the chain: that goes on only when the caller says so. Spec:
docs/spec/bundle.md, section 4.
"""

from dataclasses import dataclass, field

from satchel.core.bundles.header import (
    HEADER_BYTES,
    SIZES_BYTES,
    Header,
    bound,
    class_of,
    decode_bundle,
    encode_header,
)
from satchel.core.bundles.receipt import PREIMAGE_BYTES, Receipt, commitment
from satchel.core.crypto.aead import NONCE_BYTES, TAG_BYTES, open_once, seal_once
from satchel.core.sealing.chain import Entry
from satchel.errors import MisuseError, PeerError

LENGTH_BYTES = 4
_BODY_AT = HEADER_BYTES + NONCE_BYTES
_CONTENT_AT = PREIMAGE_BYTES + LENGTH_BYTES
OVERHEAD_BYTES = _BODY_AT + TAG_BYTES + _CONTENT_AT
CONTENT_BYTES_MAX = SIZES_BYTES[-1] - OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was in a bundle. It is from the contact, and for the first time if its entry is erased now."""

    content: bytes = field(repr=False)
    receipt: Receipt = field(repr=False)  # may leave once the content is safely on disk


def seal(
    entry: Entry, content: bytes, *, preimage: bytes, nonce: bytes, expiry_hour: int, copies: int
) -> bytes:
    """A whole bundle, in the smallest size that holds it.

    Args:
        entry: of the chain, for this bundle alone.
        content: at most CONTENT_BYTES_MAX.
        preimage: 20 fresh random bytes, for the receipt; kept by who writes until it has come.
        nonce: 12 fresh random bytes.
        expiry_hour: of lifetime.expiry_hour.
        copies: 1 to 31; not counted up to 64 KiB.
    """
    size_class = class_of(OVERHEAD_BYTES + len(content))
    if size_class is None:
        raise MisuseError(f"a bundle holds {CONTENT_BYTES_MAX} bytes")
    header = encode_header(
        Header(
            size_class=size_class,
            expiry_hour=expiry_hour,
            copies=copies,
            tag=entry.tag,
            commitment=commitment(preimage),
        )
    )
    filled = (preimage + len(content).to_bytes(LENGTH_BYTES, "big") + content).ljust(
        SIZES_BYTES[size_class] - _BODY_AT - TAG_BYTES, b"\0"
    )
    return header + nonce + seal_once(entry.key, nonce, filled, bound(header))


def unseal(entry: Entry, bundle: bytes) -> Opened | None:
    """Open a bundle with the entry that its tag names.

    Returns:
        None: it is not what the contact sealed under this entry. The entry stays: the real one may come yet,
        and who brought this one pays for the try (bundles/failures.py) [4.4].
    Raises:
        PeerError: no whole bundle, with the same consequence [2]; or, from 4.5 on, the contact's own, and
            wrong inside (`SpoiltError`).
    """
    header = decode_bundle(bundle)
    plain = open_once(
        entry.key,
        bundle[HEADER_BYTES:_BODY_AT],
        memoryview(bundle)[_BODY_AT:],
        bound(bundle[:HEADER_BYTES]),
    )
    if plain is None:
        return None
    preimage = plain[:PREIMAGE_BYTES]
    end = _CONTENT_AT + int.from_bytes(plain[PREIMAGE_BYTES:_CONTENT_AT], "big")
    if plain.count(0, end) != len(plain) - end:  # also where it lies beyond
        raise SpoiltError("bundle 4.5: a length that cannot be, or a filling that is not zeros")
    if class_of(OVERHEAD_BYTES - _CONTENT_AT + end) != header.size_class:
        raise SpoiltError("bundle 4.6: a larger size than the content needs")
    if commitment(preimage) != header.commitment:
        raise SpoiltError("bundle 4.7: a receipt that would be no receipt of this bundle")
    receipt = Receipt(preimage=preimage, expiry_hour=header.expiry_hour)
    return Opened(content=plain[_CONTENT_AT:end], receipt=receipt)


class SpoiltError(PeerError):
    """What a contact itself has sealed, and is not as it must be: its entry is erased as if it had opened,
    since it will never be better; the person is told."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            safe="Nothing of it was taken for a letter, and the letters of others are as they were.",
            do="Ask who wrote it to bring their Satchel up to date, and to write again.",
        )
