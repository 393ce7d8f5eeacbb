"""One file of a stick, as bytes: what stands where, how long it is, how it is called. Pure.

A file has no name, date or number that says whose it is, and nothing that ties it to another file.
Spec: docs/spec/stick.md, sections 2 to 4.
"""

import base64
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from satchel.core.bundles.header import HEADER_BYTES, HOUR_BYTES, BundleId
from satchel.core.bundles.receipt import RECEIPT_BYTES, Receipt, encode_receipt
from satchel.core.crypto.kdf import HASH_BYTES, MacKey, digest
from satchel.errors import MisuseError, PeerError
from satchel.ports.stick import Held

FOLDER = "CARRY"
NAME_CHANCE_BYTES = 5
MAGIC = digest(b"satchel stick 1")[:8]  # and version
SALT_BYTES = 16
COUNT_BYTES = 3
HEAD_BYTES = len(MAGIC) + SALT_BYTES + HOUR_BYTES + 2 * COUNT_BYTES
TAG_BYTES = 8
RECEIPTS_MAX = 1 << 16
TAGS_MAX = 1 << 20
ID_BYTES = HASH_BYTES
RECORD_HEAD_BYTES = ID_BYTES + HEADER_BYTES
DAY_H = 24
SIZES_BYTES = tuple(
    68 << 10 + step for step in range(9)
)  # 68 KiB to 17 MiB: 2^n bundles and what is beside them
FILE_BYTES_MAX = SIZES_BYTES[-1]
_UNTIL_AT = len(MAGIC) + SALT_BYTES
_RECEIPTS_AT = _UNTIL_AT + HOUR_BYTES
_TAGS_AT = _RECEIPTS_AT + COUNT_BYTES
_NAME = re.compile(r"[A-Z2-7]{8}\.DAT", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a file begins with."""

    salt: bytes  # 16 random bytes, of this file
    until_hour: int = 0  # since 2020, how long its inventory counts; 0: it has none
    receipts: int = 0  # so many
    tags: int = 0  # so many bundles in the inventory

    @property
    def tags_at(self) -> int:
        """Where the inventory begins."""
        return HEAD_BYTES + self.receipts * RECEIPT_BYTES

    @property
    def records_at(self) -> int:
        """Where the bundles begin."""
        return self.tags_at + self.tags * TAG_BYTES


def encode_head(head: Head) -> bytes:
    """33 bytes."""
    if len(head.salt) != SALT_BYTES or head.receipts > RECEIPTS_MAX or head.tags > TAGS_MAX:
        raise MisuseError("no file of a stick begins like that")
    return b"".join(
        (
            MAGIC,
            head.salt,
            head.until_hour.to_bytes(HOUR_BYTES, "big"),
            head.receipts.to_bytes(COUNT_BYTES, "big"),
            head.tags.to_bytes(COUNT_BYTES, "big"),
        )
    )


def decode_head(beginning: bytes) -> Head:
    """Raises PeerError: no file of ours, or of another version; or it claims more than there may be."""
    if len(beginning) < HEAD_BYTES or not beginning.startswith(MAGIC):
        raise PeerError("stick 2.2: not a file of a stick")
    head = Head(
        salt=bytes(beginning[len(MAGIC) : _UNTIL_AT]),
        until_hour=int.from_bytes(beginning[_UNTIL_AT:_RECEIPTS_AT], "big"),
        receipts=int.from_bytes(beginning[_RECEIPTS_AT:_TAGS_AT], "big"),
        tags=int.from_bytes(beginning[_TAGS_AT:HEAD_BYTES], "big"),
    )
    if head.receipts > RECEIPTS_MAX:
        raise PeerError(f"stick 2.4: {head.receipts} receipts")
    if head.tags > TAGS_MAX:
        raise PeerError(f"stick 2.5: an inventory of {head.tags}")
    return head


def encode_lists(salt: bytes, receipts: Iterable[Receipt], held: Iterable[Held]) -> bytes:
    """A file without bundles, not yet filled: receipts and inventory, which counts as long as the last of it
    travels [4.3].

    Both sorted, so that their order tells nothing about when and from whom they came (C1).
    """
    latest_hour = 0

    def numbers() -> Iterator[int]:
        nonlocal latest_hour
        for id, expiry_hour in held:
            latest_hour = max(latest_hour, expiry_hour)
            yield tag_number(key, id)

    said = sorted(map(encode_receipt, receipts))
    key = MacKey(salt)
    tags = array("Q", sorted(numbers()))
    until_hour = latest_hour // DAY_H * DAY_H
    head = Head(salt=salt, until_hour=until_hour, receipts=len(said), tags=len(tags) if until_hour else 0)
    tags = tags[: head.tags]
    return encode_head(head) + b"".join(said) + _big_endian(tags).tobytes()


def decode_tags(data: bytes) -> "array[int]":
    """What `Inventory` looks into; bytes behind the last whole tag are left out."""
    tags = array("Q")
    tags.frombytes(data[: len(data) - len(data) % TAG_BYTES])
    return _big_endian(tags)


def tag_number(key: MacKey, id: BundleId) -> int:
    """A bundle as an inventory has it: known to who knows its id, random to others. key: of the salt."""
    return int.from_bytes(key.mac(id)[:TAG_BYTES], "big")


def size_for(used_bytes: int) -> int | None:
    """The smallest size of a file that holds so much; None: none does."""
    return next((size for size in SIZES_BYTES if used_bytes <= size), None)


def size_within(room_bytes: int) -> int:
    """The largest size of a file that takes no more room; 0: there is none."""
    return max((size for size in SIZES_BYTES if size <= room_bytes), default=0)


def file_name(chance: bytes) -> str:
    """Of 5 random bytes. Eight and three capitals and digits: one entry in a folder of FAT."""
    return base64.b32encode(chance).decode("ascii") + ".DAT"


def is_name(name: str) -> bool:
    """Whether a file may be ours. In any case: some systems show a stick's short names in small letters."""
    return _NAME.fullmatch(name) is not None


def _big_endian(numbers: "array[int]") -> "array[int]":
    """Turned round where this machine is not."""
    if array("Q", (1,)).tobytes()[0]:
        numbers.byteswap()
    return numbers
