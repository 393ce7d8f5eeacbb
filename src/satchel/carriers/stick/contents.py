"""Read one file of a stick, that a stranger may have written and that may end anywhere.

Never holds more than one bundle, or one list, however long the file is. Spec: docs/spec/stick.md, section 4.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import BinaryIO

from satchel.carriers.stick.layout import (
    FILE_BYTES_MAX,
    HEAD_BYTES,
    ID_BYTES,
    RECORD_HEAD_BYTES,
    TAG_BYTES,
    decode_head,
    decode_tags,
)
from satchel.core.bundles.header import BundleId, Header, bundle_id, decode_header
from satchel.core.bundles.receipt import RECEIPT_BYTES, Receipt, decode_receipt
from satchel.errors import PeerError
from satchel.ports.stick import Arrived

READ_AT_ONCE = 1024  # receipts


class Contents:
    """What is whole in a file; the rest is counted in `damaged`."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises PeerError: none of ours. `file` stays the caller's; OSError comes from it at any time."""
        self._file = file
        file.seek(0)
        self.head = decode_head(file.read(HEAD_BYTES))
        self.damaged = 0  # bundles, in `records`: cut off, changed, or unreadable with all that follows

    def receipts(self) -> Iterator[Receipt]:
        """Any 23 bytes are one; what they are for is not known here."""
        left = self.head.receipts
        self._file.seek(HEAD_BYTES)
        while left:
            block = self._file.read(min(left, READ_AT_ONCE) * RECEIPT_BYTES)
            whole = len(block) // RECEIPT_BYTES
            for at in range(0, whole * RECEIPT_BYTES, RECEIPT_BYTES):
                yield decode_receipt(block[at : at + RECEIPT_BYTES])
            if whole < min(left, READ_AT_ONCE):
                return
            left -= whole

    def tags(self) -> "array[int]":
        """The inventory. At most 8 MiB."""
        self._file.seek(self.head.tags_at)
        return decode_tags(self._file.read(self.head.tags * TAG_BYTES))

    def records(self, wanted: Callable[[BundleId, Header], bool]) -> Iterator[Arrived]:
        """The bundles that are wanted, whole, and what their ids say. The others are not even read."""
        at = self.head.records_at
        while at + RECORD_HEAD_BYTES <= FILE_BYTES_MAX:
            self._file.seek(at)
            beginning = self._file.read(RECORD_HEAD_BYTES)
            if not any(beginning):
                return  # the filling, or the end
            try:
                header = decode_header(beginning[ID_BYTES:])
            except PeerError:
                self.damaged += 1  # and nobody knows where the next one begins
                return
            at += ID_BYTES + header.size_bytes
            if at > FILE_BYTES_MAX:
                self.damaged += 1
                return
            id = BundleId(beginning[:ID_BYTES])
            if not wanted(id, header):
                continue
            rest = self._file.read(header.size_bytes - len(beginning) + ID_BYTES)
            bundle = beginning[ID_BYTES:] + rest
            if len(bundle) == header.size_bytes and bundle_id(bundle) == id:
                yield Arrived(id=id, header=header, bundle=bundle)
            else:
                self.damaged += 1
