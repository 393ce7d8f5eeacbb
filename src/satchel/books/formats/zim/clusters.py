"""What bodies of entries lie in: many in one cluster, compressed together. Spec: docs/spec/zim.md, 5.

A few bytes can be compressed gigabytes (B1). So the list of a cluster is opened first, it says how long the
cluster is, and no more than that is ever opened.
"""

import lzma
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import zstandard

from satchel.books.formats.zim.layout import Header
from satchel.books.formats.zim.places import Onwards, Places
from satchel.books.unfit import Why, unfit
from satchel.ports.books import RESOURCE_BYTES_MAX

OPENED_BYTES_MAX = RESOURCE_BYTES_MAX  # of a compressed cluster
KEPT_BYTES_MAX = 32 << 20  # of opened clusters, but for the last one
DECODER_BYTES_MAX = 128 << 20  # of memory for xz; presets to 9 take 65 MiB
WINDOW_BYTES_MAX = 64 << 20  # of Zstandard; levels to 19 take 8 MiB
READ_AT_ONCE = 65_536

_PLAIN, _XZ, _ZSTD = frozenset({0, 1}), 4, 5
_KIND, _EXTENDED = 0x0F, 0x10

Read = Callable[[int], bytes]  # at most so many bytes; fewer or none: the end


@dataclass(frozen=True, slots=True)
class Opened:
    offset_bytes: int  # 4, or 8 in extended clusters
    data: bytes = field(repr=False)  # from the beginning of the list


class Clusters:
    def __init__(self, places: Places, header: Header) -> None:
        self._places = places
        self._header = header
        self._kept: OrderedDict[int, Opened] = OrderedDict()

    def size(self, cluster: int, blob: int) -> int:
        """Of one body, in bytes. Raises UnfitBook."""
        start, end, _ = self._find(cluster, blob)
        return end - start

    def body(self, cluster: int, blob: int) -> bytes:
        """Raises UnfitBook: damaged, or larger than RESOURCE_BYTES_MAX [5.6]."""
        start, end, source = self._find(cluster, blob)
        if end - start > RESOURCE_BYTES_MAX:
            raise unfit(Why.PART_TOO_LARGE)
        if isinstance(source, Opened):
            return source.data[start:end]
        return self._places.read_long(source + start, end - start)

    def _find(self, cluster: int, blob: int) -> tuple[int, int, Opened | int]:
        """(start, end) from the beginning of the list, and what that is: opened, or a place of the file."""
        at = self._place(cluster)
        info = self._places.read_exactly(at, 1)[0]
        kind, offset_bytes = info & _KIND, 8 if info & _EXTENDED else 4
        if kind in _PLAIN:
            start, end = self._bounds(lambda place, size: self._plain(at, place, size), offset_bytes, blob)
            if at + 1 + end > self._header.end:
                raise unfit(Why.DAMAGED)
            return start, end, at + 1
        opened = self._opened(cluster, at, kind, offset_bytes)
        start, end = self._bounds(lambda place, size: opened.data[place : place + size], offset_bytes, blob)
        if end > len(opened.data):
            raise unfit(Why.DAMAGED)
        return start, end, opened

    def _place(self, cluster: int) -> int:
        if cluster >= self._header.clusters:
            raise unfit(Why.DAMAGED)
        at = int.from_bytes(self._places.read_exactly(self._header.clusters_at + 8 * cluster, 8), "little")
        if not 0 < at < self._header.end:
            raise unfit(Why.DAMAGED)
        return at

    def _plain(self, at: int, place: int, size: int) -> bytes:
        return self._places.read(at + 1 + place, size)

    def _bounds(self, read: Callable[[int, int], bytes], offset_bytes: int, blob: int) -> tuple[int, int]:
        first = int.from_bytes(read(0, offset_bytes), "little")
        if first % offset_bytes or (blob + 2) * offset_bytes > first:
            raise unfit(Why.DAMAGED)
        pair = read(blob * offset_bytes, 2 * offset_bytes)
        if len(pair) != 2 * offset_bytes:
            raise unfit(Why.DAMAGED)
        start = int.from_bytes(pair[:offset_bytes], "little")
        end = int.from_bytes(pair[offset_bytes:], "little")
        if not first <= start <= end:
            raise unfit(Why.DAMAGED)
        return start, end

    def _opened(self, cluster: int, at: int, kind: int, offset_bytes: int) -> Opened:
        kept = self._kept.get(cluster)
        if kept is not None:
            self._kept.move_to_end(cluster)
            return kept
        # The largest first: nothing is opened while more is held than has to be.
        while self._kept and sum(len(one.data) for one in self._kept.values()) > KEPT_BYTES_MAX:
            self._kept.popitem(last=False)
        read = _reader(kind, Onwards(self._places, at + 1, self._header.end))
        opened = self._kept[cluster] = Opened(offset_bytes, _open(read, offset_bytes))
        while len(self._kept) > 1 and sum(len(one.data) for one in self._kept.values()) > KEPT_BYTES_MAX:
            self._kept.popitem(last=False)
        return opened


def _open(read: Read, offset_bytes: int) -> bytes:
    """A compressed cluster, as far as its own list says that it goes."""
    beginning = _exactly(read, offset_bytes)
    first = int.from_bytes(beginning, "little")
    if first < 2 * offset_bytes or first % offset_bytes:
        raise unfit(Why.DAMAGED)
    if first > OPENED_BYTES_MAX:
        raise unfit(Why.PART_TOO_LARGE)
    list_of = beginning + _exactly(read, first - offset_bytes)
    end = int.from_bytes(list_of[-offset_bytes:], "little")
    if end < first:
        raise unfit(Why.DAMAGED)
    if end > OPENED_BYTES_MAX:
        raise unfit(Why.PART_TOO_LARGE)
    return list_of + _exactly(read, end - first)


def _exactly(read: Read, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        try:
            more = read(size - len(data))
        except (lzma.LZMAError, zstandard.ZstdError, EOFError, MemoryError) as exc:
            raise unfit(Why.DAMAGED) from exc
        if not more:
            raise unfit(Why.DAMAGED)
        data += more
    return bytes(data)


def _reader(kind: int, source: Onwards) -> Read:
    if kind == _XZ:
        return _XzReader(source).read
    if kind == _ZSTD:
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX)
        stream = decompressor.stream_reader(source, read_size=READ_AT_ONCE)  # type: ignore[arg-type]
        return lambda size: stream.read(min(size, 16 * READ_AT_ONCE))
    raise unfit(Why.NOT_READ_HERE)


class _XzReader:
    def __init__(self, source: Onwards) -> None:
        self._source = source
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=DECODER_BYTES_MAX)

    def read(self, size: int) -> bytes:
        while not self._decompressor.eof:
            given = self._source.read(READ_AT_ONCE) if self._decompressor.needs_input else b""
            data = self._decompressor.decompress(given, size)
            if data or (not given and self._decompressor.needs_input):
                return data
        return b""
