"""The package of an EPUB: what it says of itself, and which pages it has in which order.

EPUB 3.3, 5, and OPF 2.0.1. Every name in it is looked for among the entries of the archive; one that is
not there, or steps out, is left out.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from lxml import etree

from satchel.books.archive import Archive
from satchel.books.markup import local, parse_xml, text_in
from satchel.books.unfit import Why, unfit
from satchel.core.library.item import Direction

XML_BYTES_MAX = 8 << 20
PAGES_MAX = 10_000
PAGE_TYPES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
_DEPTH_MAX = 32  # of a table of contents that is followed
_ENTRIES_MAX = 20_000  # of one
# Not a lock: fonts are made unreadable outside of their book (EPUB 3.3, 4.4; Adobe's older way).
_FONTS_ONLY = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of its table of contents."""

    depth: int
    title: str
    path: str | None  # of the page


@dataclass(slots=True)
class Package:
    titles: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    direction: Direction | None = None
    cover: str | None = None  # path of a picture
    pages: list[str] = field(default_factory=list)  # paths, in the order of reading
    types: dict[str, str] = field(default_factory=dict)  # media type of each path
    contents: list[Entry] = field(default_factory=list)


def read_package(archive: Archive) -> Package:
    """Raises UnfitBook: locked, damaged, or no EPUB."""
    _refuse_locks(archive)
    container = _xml(archive, "META-INF/container.xml")
    roots = (one.get("full-path") for one in container.iter() if local(one) == "rootfile")
    path = next((one for one in roots if one in archive.entries), None)
    if path is None:
        raise unfit(Why.DAMAGED)
    root = _xml(archive, path)
    package = Package()
    _read_metadata(root, package)
    items = _read_manifest(root, path, archive, package)
    _read_spine(root, items, package)
    _find_cover(root, path, archive, items, package)
    package.contents = _read_contents(archive, root, items)
    return package


def resolve(archive: Archive, base: str, link: str) -> tuple[str, str] | None:
    """(path, fragment) of what a link in the page at `base` leads to; None: out of the book, or nowhere."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or "\\" in link:
        return None
    if not parts.path:
        return base, unquote(parts.fragment)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
    return (path, unquote(parts.fragment)) if path in archive.entries else None


@dataclass(frozen=True, slots=True)
class _Item:
    path: str
    media_type: str
    properties: frozenset[str]


def _xml(archive: Archive, path: str) -> etree._Element:
    if path not in archive.entries:
        raise unfit(Why.DAMAGED)
    return parse_xml(archive.read(path, XML_BYTES_MAX))


def _refuse_locks(archive: Archive) -> None:
    if "META-INF/encryption.xml" not in archive.entries:
        return
    methods = [
        one.get("Algorithm")
        for one in _xml(archive, "META-INF/encryption.xml").iter()
        if local(one) == "encryptionmethod"
    ]
    if not _FONTS_ONLY.issuperset(methods):
        raise unfit(Why.LOCKED)


def _read_metadata(root: etree._Element, package: Package) -> None:
    lists = {
        "title": package.titles,
        "creator": package.authors,
        "language": package.languages,
        "subject": package.subjects,
    }
    for block in _children(root, "metadata"):
        for one in block.iter():
            name = local(one)
            text = text_in(one) if name in lists else ""
            if text and len(lists[name]) < 256:
                lists[name].append(text)


def _read_manifest(root: etree._Element, path: str, archive: Archive, package: Package) -> dict[str, _Item]:
    items: dict[str, _Item] = {}
    for block in _children(root, "manifest"):
        for one in _children(block, "item"):
            found = resolve(archive, path, one.get("href") or "")
            if found is None:
                continue
            media_type = (one.get("media-type") or "").strip().lower()
            properties = frozenset((one.get("properties") or "").split())
            items[one.get("id") or ""] = _Item(found[0], media_type, properties)
            package.types[found[0]] = media_type
    return items


def _read_spine(root: etree._Element, items: dict[str, _Item], package: Package) -> None:
    for block in _children(root, "spine"):
        said = (block.get("page-progression-direction") or "").lower()
        if said in ("rtl", "ltr"):
            package.direction = Direction.RIGHT_TO_LEFT if said == "rtl" else Direction.LEFT_TO_RIGHT
        for one in _children(block, "itemref"):
            item = items.get(one.get("idref") or "")
            if item is not None and item.media_type in PAGE_TYPES and item.path not in package.pages:
                package.pages.append(item.path)
                if len(package.pages) == PAGES_MAX:
                    break
    if not package.pages:
        raise unfit(Why.EMPTY)


def _find_cover(
    root: etree._Element, path: str, archive: Archive, items: dict[str, _Item], package: Package
) -> None:
    """By EPUB 3, by the habit of EPUB 2, by its guide, or by its name."""
    ids = [one.get("content") for one in root.iter() if local(one) == "meta" and one.get("name") == "cover"]
    named = [items[one] for one in ids if one is not None and one in items]
    told = [one for one in items.values() if "cover-image" in one.properties]
    guided = [
        resolve(archive, path, one.get("href") or "")
        for one in root.iter()
        if local(one) == "reference" and (one.get("type") or "").lower() == "cover"
    ]
    by_guide = [_Item(one[0], package.types.get(one[0], ""), frozenset()) for one in guided if one]
    by_name = [one for one in items.values() if "cover" in posixpath.basename(one.path).lower()]
    for item in (*told, *named, *by_guide, *by_name):
        if item.media_type.startswith("image/"):
            package.cover = item.path
            return


def _read_contents(archive: Archive, root: etree._Element, items: dict[str, _Item]) -> list[Entry]:
    """Of EPUB 3 if it has one, else of EPUB 2. One that is damaged is left out: the pages are still there."""
    nav = next((one.path for one in items.values() if "nav" in one.properties), None)
    spine = next(_children(root, "spine"), None)
    named = items.get((spine.get("toc") or "") if spine is not None else "")
    ncx = named or next((one for one in items.values() if one.media_type == "application/x-dtbncx+xml"), None)
    for path, read in ((nav, _of_nav), (None if ncx is None else ncx.path, _of_ncx)):
        if path is None:
            continue
        try:
            entries = read(archive, path, _xml(archive, path))
        except Exception:  # noqa: BLE001, S112 - whatever is wrong with it: see above
            continue
        if entries:
            return entries
    return []


def _of_nav(archive: Archive, path: str, root: etree._Element) -> list[Entry]:
    navs = [one for one in root.iter() if local(one) == "nav"]
    tables = [one for one in navs if "toc" in (one.get("{http://www.idpf.org/2007/ops}type") or "").split()]
    entries: list[Entry] = []
    # Lists in lists, without recursion: the next line is the last one of these.
    lists = [below for table in (tables or navs)[:1] for below in _children(table, "ol")]
    waiting = [(line, 0) for one in lists for line in _children(one, "li")][::-1]
    while waiting and len(entries) < _ENTRIES_MAX:
        line, depth = waiting.pop()
        label = next((one for one in line if local(one) in ("a", "span")), None)
        title = text_in(label)
        if label is not None and title:
            found_at = resolve(archive, path, label.get("href") or "") if label.get("href") else None
            entries.append(Entry(depth, title, found_at[0] if found_at else None))
        if depth < _DEPTH_MAX:
            inner = [one for below in _children(line, "ol") for one in _children(below, "li")]
            waiting += [(one, depth + 1) for one in inner[::-1]]
    return entries


def _of_ncx(archive: Archive, path: str, root: etree._Element) -> list[Entry]:
    entries: list[Entry] = []
    waiting = [(one, 0) for top in _children(root, "navmap") for one in _children(top, "navpoint")][::-1]
    while waiting and len(entries) < _ENTRIES_MAX:
        point, depth = waiting.pop()
        title = text_in(next(_children(point, "navlabel"), None))
        content = next(_children(point, "content"), None)
        found = resolve(archive, path, content.get("src") or "") if content is not None else None
        if title:
            entries.append(Entry(depth, title, found[0] if found else None))
        if depth < _DEPTH_MAX:
            waiting += [(one, depth + 1) for one in list(_children(point, "navpoint"))[::-1]]
    return entries


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (one for one in element if local(one) == name)
