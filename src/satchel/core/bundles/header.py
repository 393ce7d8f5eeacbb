"""The 41 bytes of a bundle in clear, and its name. All that a carrier knows (C1).

Never opens a body: core/sealing does, for who has the key. Spec: docs/spec/bundle.md, sections 2 and 3.
"""

from dataclasses import dataclass
from typing import NewType

from satchel.core.crypto.kdf import digest
from satchel.errors import MisuseError, PeerError

BundleId = NewType("BundleId", bytes)  # 32 bytes

VERSION = 1
HEADER_BYTES = 41
SIZES_BYTES = (2 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20)  # of whole bundles, by class
FLOOD_BYTES_MAX = 64 << 10  # up to here copies are not counted
COPIES_MAX = 31
TAG_BYTES = 16
COMMITMENT_BYTES = 20
HOUR_BYTES = 3
HOUR_MAX = (1 << 8 * HOUR_BYTES) - 1
_COPIES_AT = 1 + HOUR_BYTES
_TAG_AT = _COPIES_AT + 1
_COMMITMENT_AT = _TAG_AT + TAG_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands before the body."""

    size_class: int  # place in SIZES_BYTES
    expiry_hour: int  # since 2020, as in lifetime.py
    copies: int  # 1 to 31 that its holder may still hand on; 0 up to 64 KiB, where it is not counted
    tag: bytes  # 16 bytes: who can open it knows it
    commitment: bytes  # 20 bytes: its receipt hashes to it

    @property
    def size_bytes(self) -> int:
        """Of the whole bundle."""
        return SIZES_BYTES[self.size_class]

    @property
    def floods(self) -> bool:
        """Whether it goes to everybody, uncounted."""
        return self.size_bytes <= FLOOD_BYTES_MAX


def class_of(size_bytes: int) -> int | None:
    """The smallest class that holds so many bytes; None: none does."""
    return next((place for place, size in enumerate(SIZES_BYTES) if size_bytes <= size), None)


def encode_header(header: Header) -> bytes:
    """41 bytes. Copies are written as they count [2.4]."""
    if not 0 <= header.size_class < len(SIZES_BYTES) or not 0 <= header.expiry_hour <= HOUR_MAX:
        raise MisuseError("no header has such a class or expiry")
    if (len(header.tag), len(header.commitment)) != (TAG_BYTES, COMMITMENT_BYTES):
        raise MisuseError(f"a tag has {TAG_BYTES} bytes, a commitment {COMMITMENT_BYTES}")
    first = bytes((VERSION << 4 | header.size_class,))
    copies = bytes((_counted(header.copies, floods=header.floods),))
    return first + header.expiry_hour.to_bytes(HOUR_BYTES, "big") + copies + header.tag + header.commitment


def decode_header(beginning: bytes) -> Header:
    """Read what a bundle begins with: enough to know how much is to come, before anything is allocated.

    Args:
        beginning: 41 bytes or more.
    Raises:
        PeerError: too few, or of no version or class that there is.
    """
    if len(beginning) < HEADER_BYTES:
        raise PeerError(f"bundle 2.1: {len(beginning)} bytes are no bundle")
    version, size_class = beginning[0] >> 4, beginning[0] & 0x0F
    if version != VERSION:
        raise PeerError(f"bundle 2.2: version {version}")
    if size_class >= len(SIZES_BYTES):
        raise PeerError(f"bundle 2.2: size class {size_class}")
    floods = SIZES_BYTES[size_class] <= FLOOD_BYTES_MAX
    return Header(
        size_class=size_class,
        expiry_hour=int.from_bytes(beginning[1:_COPIES_AT], "big"),
        copies=_counted(beginning[_COPIES_AT], floods=floods),
        tag=bytes(beginning[_TAG_AT:_COMMITMENT_AT]),
        commitment=bytes(beginning[_COMMITMENT_AT:HEADER_BYTES]),
    )


def decode_bundle(bundle: bytes) -> Header:
    """The header of a whole bundle. Raises PeerError: as decode_header, or it is not as long as it says."""
    header = decode_header(bundle[:HEADER_BYTES])
    if len(bundle) != header.size_bytes:
        raise PeerError(f"bundle 2.7: {len(bundle)} bytes instead of {header.size_bytes}")
    return header


def bundle_id(bundle: bytes) -> BundleId:
    """The name of a whole bundle: of all of it but its copies, so that nobody makes two of one [3.1]."""
    return BundleId(digest(b"satchel bundle id 1" + bundle[:_COPIES_AT] + bundle[_TAG_AT:]))


def with_copies(bundle: bytes, copies: int) -> bytes:
    """The same bundle, for who may hand on so many. Its id stays."""
    header = decode_header(bundle[:HEADER_BYTES])
    counted = bytes((_counted(copies, floods=header.floods),))
    return bundle[:_COPIES_AT] + counted + bundle[_TAG_AT:]


def bound(header: bytes) -> bytes:
    """What the seal of the body vouches for: the encoded header with no copies, since these change [4.1]."""
    return header[:_COPIES_AT] + b"\0" + header[_TAG_AT:HEADER_BYTES]


def _counted(copies: int, *, floods: bool) -> int:
    """What a number of copies counts for: whatever else is written there could mark a bundle (C1)."""
    return 0 if floods else min(max(copies, 1), COPIES_MAX)
