"""Archives for the tests. `with_libzim`: as the tools of openZIM write them. `by_hand`: any byte of it wrong,
and what those do not write any more: xz, old namespaces, extended offsets."""

import lzma
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zstandard
from libzim.writer import (
    Creator,
    Hint,
    Item,
    StringProvider,
)


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    title: str = ""
    body: bytes = b""
    media_type: str = "text/html"
    is_front: bool = True
    is_compressed: bool = True


@dataclass(frozen=True, slots=True)
class Redirect:
    path: str
    title: str
    target: str


class _Item(Item):  # type: ignore[misc]
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page

    def get_path(self) -> str:
        return self._page.path

    def get_title(self) -> str:
        return self._page.title

    def get_mimetype(self) -> str:
        return self._page.media_type

    def get_contentprovider(self) -> StringProvider:
        return StringProvider(self._page.body)

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: self._page.is_front, Hint.COMPRESS: self._page.is_compressed}


def with_libzim(
    path: Path,
    pages: Iterable[Page],
    redirects: Iterable[Redirect] = (),
    *,
    main: str | None = None,
    compression: str = "zstd",
    cluster_bytes: int = 2 << 20,
    metadata: Mapping[str, str | bytes] | None = None,
    illustration: bytes | None = None,
) -> Path:
    creator = Creator(path).config_indexing(False, "eng").config_compression(compression)
    creator = creator.config_clustersize(cluster_bytes).config_nbworkers(1)
    if main is not None:
        creator.set_mainpath(main)
    with creator:
        for page in pages:
            creator.add_item(_Item(page))
        for one in redirects:
            creator.add_redirection(one.path, one.title, one.target, {Hint.FRONT_ARTICLE: 1})
        for name, value in (metadata or {}).items():
            creator.add_metadata(name, value)
        if illustration is not None:
            creator.add_illustration(48, illustration)
    return path


@dataclass(frozen=True, slots=True)
class Laid:
    """An entry as it is written by hand."""

    key: str  # namespace and path
    title: str = ""
    body: bytes = b""
    media_type: str = "text/html"
    target: int | None = None  # the number of an entry, in the order of keys
    raw_type: int | None = None
    cluster: int | None = None  # another than the one it lies in
    blob: int | None = None


@dataclass(slots=True)
class Hand:
    entries: Sequence[Laid]
    minor: int = 1
    major: int = 6
    compression: int = 1  # 1: none, 4: xz, 5: Zstandard
    is_extended: bool = False
    main: int = 0xFFFFFFFF
    by_title: Sequence[int] | None = None
    cluster: bytes | None = None  # in place of the one that is made
    clusters: int = 1  # all of them the same one
    header: dict[str, int] = field(default_factory=dict)

    def write(self) -> bytes:
        """One cluster, with all bodies in it."""
        entries = sorted(self.entries, key=lambda one: one.key.encode())
        types = sorted({one.media_type for one in entries if one.target is None})
        bodies = [one.body for one in entries if one.target is None]
        out = bytearray(80)
        types_at = len(out)
        out += b"".join(one.encode() + b"\0" for one in types) + b"\0"
        places, blob = [], 0
        for one in entries:
            places.append(len(out))
            kind = 0xFFFF if one.target is not None else types.index(one.media_type)
            out += struct.pack(
                "<HBcI", kind if one.raw_type is None else one.raw_type, 0, one.key[:1].encode(), 0
            )
            if one.target is not None:
                out += struct.pack("<I", one.target)
            else:
                out += struct.pack("<II", one.cluster or 0, blob if one.blob is None else one.blob)
                blob += 1
            out += one.key[1:].encode() + b"\0" + one.title.encode() + b"\0"
        paths_at = len(out)
        out += struct.pack(f"<{len(places)}Q", *places)
        titles_at = 0xFFFFFFFFFFFFFFFF
        if self.by_title is not None:
            titles_at = len(out)
            out += struct.pack(f"<{len(self.by_title)}I", *self.by_title)
        clusters_at = len(out)
        out += struct.pack("<Q", len(out) + 8 * self.clusters) * self.clusters
        out += cluster(bodies, self.compression, self.is_extended) if self.cluster is None else self.cluster
        head = {
            "magic": 0x044D495A, "major": self.major, "minor": self.minor, "entries": len(entries),
            "clusters": self.clusters, "paths": paths_at, "titles": titles_at, "cluster_list": clusters_at,
            "types": types_at, "main": self.main, "layout": 0xFFFFFFFF, "checksum": len(out),
        }  # fmt: skip
        head |= self.header
        struct.pack_into(
            "<IHH16sIIQQQQIIQ", out, 0, head["magic"], head["major"], head["minor"], b"u" * 16,
            head["entries"], head["clusters"], head["paths"], head["titles"], head["cluster_list"],
            head["types"], head["main"], head["layout"], head["checksum"],
        )  # fmt: skip
        return bytes(out) + bytes(16)


def cluster(bodies: Sequence[bytes], compression: int, is_extended: bool) -> bytes:
    """With the byte before it that says how it is compressed."""
    size, kind = (8, "Q") if is_extended else (4, "I")
    places = [size * (len(bodies) + 1)]
    for body in bodies:
        places.append(places[-1] + len(body))
    data = struct.pack(f"<{len(places)}{kind}", *places) + b"".join(bodies)
    return bytes([compression | (0x10 if is_extended else 0)]) + compressed(data, compression)


def compressed(data: bytes, compression: int) -> bytes:
    if compression == 4:
        return lzma.compress(data)
    if compression == 5:
        return zstandard.ZstdCompressor().compress(data)
    return data
