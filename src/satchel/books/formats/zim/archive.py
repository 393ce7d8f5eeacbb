"""Finds entries of an archive, and what they hold. Spec: docs/spec/zim.md.

Used by one thread at a time.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO

from satchel.books.formats.zim.clusters import Clusters
from satchel.books.formats.zim.layout import (
    ENTRY_BYTES_MAX,
    HEADER_BYTES,
    TYPES_BYTES_MAX,
    Entry,
    read_entry,
    read_header,
    read_types,
)
from satchel.books.formats.zim.places import Places
from satchel.books.unfit import Why, unfit

REDIRECTS_MAX = 32
ENTRIES_KEPT_MAX = 4096
ENTRY_BYTES = 512  # most end before
METADATA_BYTES_MAX = 1 << 20
LISTING_BYTES_MAX = 64 << 20  # of 16 million entries

CONTENT, METADATA, WELL_KNOWN, INDEXES = "C", "M", "W", "X"
OLD_CONTENT = "A"  # what is read as a page, before minor version 1
FRONT = b"listing/titleOrdered/v1"  # what a person reads, by its title


class Archive:
    def __init__(self, file: BinaryIO) -> None:
        """Raises UnfitBook [2, 3]."""
        self._places = Places(file)
        self.header = read_header(self._places.read(0, HEADER_BYTES), self._places.size_bytes)
        types_end = min(self.header.types_at + TYPES_BYTES_MAX, self.header.end)
        self._types = read_types(
            self._places.read_long(self.header.types_at, types_end - self.header.types_at)
        )
        self._clusters = Clusters(self._places, self.header)
        self._kept: OrderedDict[int, Entry] = OrderedDict()

    @property
    def is_old(self) -> bool:
        """Its namespaces are those of before minor version 1 [4.4]."""
        return self.header.minor == 0

    def entry(self, number: int) -> Entry:
        """By its place in the order of paths. Raises UnfitBook [4]."""
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        entry = self._kept[number] = self._read(number)
        if len(self._kept) > ENTRIES_KEPT_MAX:
            self._kept.popitem(last=False)
        return entry

    def find(self, namespace: str, path: bytes) -> Entry | None:
        """Raises UnfitBook."""
        wanted = namespace.encode("latin-1") + path
        number = self.first_of(wanted)
        if number == self.header.entries:
            return None
        entry = self.entry(number)
        return entry if entry.key == wanted else None

    def first_of(self, key: bytes) -> int:
        """The first entry that does not stand before `key`; the number of entries if all do."""
        low, high = 0, self.header.entries
        while low < high:
            middle = (low + high) // 2
            if self.entry(middle).key < key:
                low = middle + 1
            else:
                high = middle
        return low

    def span(self, namespace: str) -> range:
        """The entries of a namespace."""
        following = chr(ord(namespace) + 1).encode("latin-1")
        return range(self.first_of(namespace.encode("latin-1")), self.first_of(following))

    def resolve(self, entry: Entry) -> Entry:
        """Where redirects from here end. Raises UnfitBook: nowhere [4.3]."""
        for _ in range(REDIRECTS_MAX):
            if entry.target is None:
                return entry
            entry = self.entry(entry.target)
        raise unfit(Why.DAMAGED)

    def size(self, entry: Entry) -> int:
        """Of its body, in bytes; not of a redirect. Raises UnfitBook."""
        if entry.cluster is None:
            return 0
        return self._clusters.size(entry.cluster, entry.blob)

    def body(self, entry: Entry) -> bytes:
        """Not of a redirect. Raises UnfitBook: damaged, or larger than RESOURCE_BYTES_MAX."""
        if entry.cluster is None:
            return b""
        return self._clusters.body(entry.cluster, entry.blob)

    def metadata(self, name: str) -> bytes | None:
        """What the archive says of itself; None also where that has more than 1 MiB. Raises UnfitBook."""
        entry = self.find(METADATA, name.encode())
        if entry is None:
            return None
        entry = self.resolve(entry)
        return self.body(entry) if self.size(entry) <= METADATA_BYTES_MAX else None

    def main(self) -> Entry | None:
        """Where to begin, if it says so. Raises UnfitBook."""
        if self.header.main is not None:
            return self.resolve(self.entry(self.header.main))
        entry = None if self.is_old else self.find(WELL_KNOWN, b"mainPage")
        return None if entry is None else self.resolve(entry)

    def front(self) -> memoryview | None:
        """Numbers of what a person reads, by title; None: the archive has no such list. Raises UnfitBook."""
        entry = None if self.is_old else self.find(INDEXES, FRONT)
        if entry is None or not 0 < self.size(entry) <= LISTING_BYTES_MAX:
            return None
        body = self.body(entry)
        return memoryview(body)[: len(body) // 4 * 4]

    def by_title(self) -> Iterator[Entry]:
        """All entries in the order of their titles, where there is such a list. Raises UnfitBook."""
        if self.header.titles_at is None:
            return
        for index in range(self.header.entries):
            number = self._places.read_exactly(self.header.titles_at + 4 * index, 4)
            yield self.entry(int.from_bytes(number, "little"))

    def _read(self, number: int) -> Entry:
        if number >= self.header.entries:
            raise unfit(Why.DAMAGED)
        at = int.from_bytes(self._places.read_exactly(self.header.paths_at + 8 * number, 8), "little")
        if not HEADER_BYTES <= at < self.header.end:
            raise unfit(Why.DAMAGED)
        for length in (ENTRY_BYTES, ENTRY_BYTES_MAX):
            length = min(length, self.header.end - at)
            entry = read_entry(self._places.read(at, length), number, self._types)
            if entry is not None:
                return entry
        raise unfit(Why.DAMAGED)


def numbers(listing: memoryview) -> Iterator[int]:
    """Of `Archive.front`."""
    for at in range(0, len(listing), 4):
        yield int.from_bytes(listing[at : at + 4], "little")
