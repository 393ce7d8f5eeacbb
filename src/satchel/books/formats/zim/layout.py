"""What stands at one place of an archive: header, types, entries. Spec: docs/spec/zim.md, 2 to 4.

Reads bytes that may be anything. Nothing here is believed further than the archive is long.
"""

import struct
from dataclasses import dataclass, field

from satchel.books.unfit import Why, unfit

MAGIC = 0x044D495A  # "ZIM", 4
MAJORS = frozenset({5, 6})
HEADER_BYTES = 80
NOTHING = 0xFFFFFFFF  # of the main page
NO_LIST = 0xFFFFFFFFFFFFFFFF  # of the list of titles
TYPES_BYTES_MAX = 65_536
TYPE_BYTES_MAX = 255
ENTRY_BYTES_MAX = 16_384
CHECKSUM_BYTES = 16

_HEADER = struct.Struct("<IHH16sIIQQQQIIQ")
_ENTRY = struct.Struct("<HBcI")  # type, length of the parameter, namespace, revision
_TARGET = struct.Struct("<I")
_BODY = struct.Struct("<II")
_REDIRECT, _LINK_TARGET, _DELETED = 0xFFFF, 0xFFFE, 0xFFFD


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    minor: int
    entries: int
    clusters: int
    paths_at: int  # a list of places of entries, by their path
    titles_at: int | None  # a list of entries, by their title
    clusters_at: int
    types_at: int
    main: int | None  # an entry
    end: int  # nothing that is pointed at lies behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One of the archive, by its number in the order of paths."""

    number: int
    namespace: str
    path: bytes = field(repr=False)
    title: str = field(repr=False)
    media_type: str = ""
    target: int | None = None  # of a redirect: the entry it leads to
    cluster: int | None = None  # where its body lies, if it has one
    blob: int = 0

    @property
    def key(self) -> bytes:
        """By it entries are ordered."""
        return self.namespace.encode("latin-1") + self.path


def read_header(data: bytes, size_bytes: int) -> Header:
    """The first 80 bytes of an archive of `size_bytes`. Raises UnfitBook [2]."""
    if len(data) < HEADER_BYTES:
        raise unfit(Why.NOT_WHOLE)
    magic, major, minor, _, entries, clusters, paths_at, titles_at, clusters_at, types_at, main, _, end = (
        _HEADER.unpack(data[:HEADER_BYTES])
    )
    if magic != MAGIC:
        raise unfit(Why.DAMAGED)
    if major not in MAJORS:
        raise unfit(Why.NOT_READ_HERE)
    if end + CHECKSUM_BYTES > size_bytes:
        raise unfit(Why.NOT_WHOLE)
    if entries == 0 or clusters == 0:
        raise unfit(Why.EMPTY)
    lists = [(paths_at, 8 * entries), (clusters_at, 8 * clusters), (types_at, 1)]
    has_titles = titles_at not in (0, NO_LIST)
    if has_titles:
        lists.append((titles_at, 4 * entries))
    if any(at < HEADER_BYTES or at + length > end for at, length in lists):
        raise unfit(Why.DAMAGED)
    if main != NOTHING and main >= entries:
        raise unfit(Why.DAMAGED)
    return Header(
        minor=minor,
        entries=entries,
        clusters=clusters,
        paths_at=paths_at,
        titles_at=titles_at if has_titles else None,
        clusters_at=clusters_at,
        types_at=types_at,
        main=None if main == NOTHING else main,
        end=end,
    )


def read_types(data: bytes) -> tuple[str, ...]:
    """The media types, from the beginning of their list; `data`: at most TYPES_BYTES_MAX. Raises UnfitBook
    [3.1]."""
    types: list[str] = []
    at = 0
    while True:
        end = data.find(b"\0", at, at + TYPE_BYTES_MAX + 1)
        if end < 0:
            raise unfit(Why.DAMAGED)
        if end == at:
            return tuple(types)
        types.append(data[at:end].decode("utf-8", "replace"))
        at = end + 1


def read_entry(data: bytes, number: int, types: tuple[str, ...]) -> Entry | None:
    """The entry at the beginning of `data`, at most ENTRY_BYTES_MAX; None: it does not end in there, or is
    one of a kind that holds nothing. Raises UnfitBook [4]."""
    if len(data) < _ENTRY.size + _TARGET.size:
        return None
    kind, _, namespace, _ = _ENTRY.unpack_from(data)
    at = _ENTRY.size
    target = cluster = None
    blob = 0
    media_type = ""
    if kind == _REDIRECT:
        (target,) = _TARGET.unpack_from(data, at)
        at += _TARGET.size
    elif kind not in (_LINK_TARGET, _DELETED):
        if kind >= len(types):
            raise unfit(Why.DAMAGED)
        if len(data) < at + _BODY.size:
            return None
        cluster, blob = _BODY.unpack_from(data, at)
        at += _BODY.size
        media_type = types[kind]
    path_end = data.find(b"\0", at)
    title_end = data.find(b"\0", path_end + 1)
    if path_end < 0 or title_end < 0:
        return None
    path = data[at:path_end]
    title = data[path_end + 1 : title_end] or path
    return Entry(
        number=number,
        namespace=namespace.decode("latin-1"),
        path=path,
        title=title.decode("utf-8", "replace"),
        media_type=media_type,
        target=target,
        cluster=cluster,
        blob=blob,
    )
