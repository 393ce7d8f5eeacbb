"""core/bundles/receipt: what says that a bundle has arrived, from anybody."""

from collections.abc import Iterator

from fuzz.vectors import of_kind, raw
from satchel.core.bundles.header import decode_header
from satchel.core.bundles.receipt import commitment, decode_receipt, encode_receipt
from satchel.errors import PeerError

VECTOR = next(of_kind("receipt", "acts"))
HEADER = decode_header(raw(VECTOR["header"]))
PREIMAGE = raw(VECTOR["bytes"])[:20]


def check(data: bytes) -> bool:
    try:
        receipt = decode_receipt(data)
    except PeerError:
        return False
    assert encode_receipt(receipt) == data
    kept = receipt.on(HEADER)
    assert (kept is not None) == (receipt.preimage == PREIMAGE)
    if kept is not None:
        assert commitment(kept.preimage) == HEADER.commitment
        assert kept.expiry_hour == HEADER.expiry_hour
    return True


def seeds() -> Iterator[bytes]:
    for kind in ("receipt", "acts"):
        for vector in of_kind("receipt", kind):
            yield raw(vector["bytes"])
