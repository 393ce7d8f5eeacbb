"""What says that a bundle has arrived: the number that its commitment is the hash of.

Only who opened the bundle, or wrote it, knows it: nobody else can have a bundle deleted. Spec:
docs/spec/receipt.md, section 2.
"""

from dataclasses import dataclass, replace

from satchel.core.bundles.header import COMMITMENT_BYTES, HOUR_BYTES, HOUR_MAX, Header
from satchel.core.crypto.kdf import digest
from satchel.errors import MisuseError, PeerError

PREIMAGE_BYTES = 20
RECEIPT_BYTES = PREIMAGE_BYTES + HOUR_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Public from the moment it leaves."""

    preimage: bytes  # 20 bytes, drawn for one bundle
    expiry_hour: int  # that of the bundle: as long as this is kept

    def on(self, header: Header) -> "Receipt | None":
        """As it is to be kept for a bundle that is or was here; None: it is not for that one [2.3].

        With the expiry of the bundle: another one was written by a carrier, to have it kept for ever.
        """
        if commitment(self.preimage) != header.commitment:
            return None
        return replace(self, expiry_hour=header.expiry_hour)


def commitment(preimage: bytes) -> bytes:
    """20 bytes; what a table of bundles is looked up by when a receipt comes."""
    if len(preimage) != PREIMAGE_BYTES:
        raise MisuseError(f"a receipt is made of {PREIMAGE_BYTES} bytes")
    return digest(b"satchel receipt 1" + preimage)[:COMMITMENT_BYTES]


def encode_receipt(receipt: Receipt) -> bytes:
    """23 bytes."""
    if len(receipt.preimage) != PREIMAGE_BYTES or not 0 <= receipt.expiry_hour <= HOUR_MAX:
        raise MisuseError("no receipt is like that")
    return receipt.preimage + receipt.expiry_hour.to_bytes(HOUR_BYTES, "big")


def decode_receipt(data: bytes) -> Receipt:
    """Raises PeerError: not 23 bytes. Any 23 bytes are a receipt, of nothing as a rule."""
    if len(data) != RECEIPT_BYTES:
        raise PeerError(f"receipt 2.2: {len(data)} bytes are no receipt")
    return Receipt(
        preimage=bytes(data[:PREIMAGE_BYTES]), expiry_hour=int.from_bytes(data[PREIMAGE_BYTES:], "big")
    )
