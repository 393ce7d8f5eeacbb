"""Lists of books as OPDS 1.2 (Atom, RFC 4287), and how they are searched (OpenSearch 1.1).

Written by a library that knows XML: readers stop at the first thing that is not well-formed. Spec:
docs/spec/guests.md, 4.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast

from lxml import etree

from satchel.web.guests.feed import Around, Choices, Entry, Feed, Paging, Publication, Way

NAVIGATION = "application/atom+xml;profile=opds-catalog;kind=navigation"
BOOKS = "application/atom+xml;profile=opds-catalog;kind=acquisition"
ENTRY = "application/atom+xml;type=entry;profile=opds-catalog"
OPENSEARCH = "application/opensearchdescription+xml"
JPEG = "image/jpeg"
OPEN_ACCESS = "http://opds-spec.org/acquisition/open-access"
IMAGE = "http://opds-spec.org/image"
THUMBNAIL = "http://opds-spec.org/image/thumbnail"
FACET = "http://opds-spec.org/facet"

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/terms/"
_OPDS = "http://opds-spec.org/2010/catalog"
_THREADS = "http://purl.org/syndication/thread/1.0"
_SEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_PREFIXES = {None: _ATOM, "dc": _DC, "opds": _OPDS, "thr": _THREADS, "opensearch": _SEARCH}
_NAMES = cast("dict[str, str]", _PREFIXES)  # the types of the library know no default
_ONLY_SEARCH = cast("dict[str, str]", {None: _SEARCH})
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_COUNT = f"{{{_THREADS}}}count"


def write_feed(feed: Feed) -> bytes:
    """A whole document."""
    root = _atom("feed")
    root.set(_XML_LANG, feed.around.code)
    _extend(root, _head(feed))
    _extend(root, _links(feed))
    for way in feed.ways:
        root.append(_way(way, feed))
    for book in feed.books:
        root.append(_entry(book))
    return _bytes(root)


def write_entry(entry: Entry) -> bytes:
    """The document of one book."""
    made = _entry(entry.book)
    made.append(_link("start", entry.around.start, NAVIGATION))
    return _bytes(made)


def write_description(around: Around, template: str) -> bytes:
    """How the door is searched. `template`: an address with {searchTerms} in it."""
    root = etree.Element(f"{{{_SEARCH}}}OpenSearchDescription", nsmap=_ONLY_SEARCH)
    for name, said in (
        ("ShortName", "Satchel"),
        ("Description", text(around.door)),
        ("InputEncoding", "UTF-8"),
        ("OutputEncoding", "UTF-8"),
    ):
        etree.SubElement(root, f"{{{_SEARCH}}}{name}").text = said
    etree.SubElement(root, f"{{{_SEARCH}}}Url", {"type": BOOKS, "template": template})
    return _bytes(root)


def text(said: str) -> str:
    """Of what others wrote, what can stand in XML (1.0, 2.2)."""
    return "".join(
        character
        for character in said
        if character in "\t\n\r" or " " <= character < "\ud800" or "\ue000" <= character not in "\ufffe\uffff"
    )


def moment(when_s: int) -> str:
    """RFC 3339."""
    try:
        return datetime.fromtimestamp(when_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return "1970-01-01T00:00:00Z"  # a year that the calendar does not have


def _head(feed: Feed) -> Iterator[etree._Element]:
    yield _atom("id", feed.id)
    yield _atom("title", text(feed.title), type="text")
    yield _atom("updated", moment(feed.updated_s))
    yield _atom("author", "", _atom("name", text(feed.around.door)), _atom("uri", feed.around.start))
    if feed.paging is not None:
        if feed.paging.total is not None:
            yield _make(_SEARCH, "totalResults", str(feed.paging.total))
        yield _make(_SEARCH, "itemsPerPage", str(feed.paging.per_page))
        yield _make(_SEARCH, "startIndex", str((feed.paging.number - 1) * feed.paging.per_page + 1))


def _links(feed: Feed) -> Iterator[etree._Element]:
    around = feed.around
    yield _link("self", feed.href, BOOKS if feed.has_books else NAVIGATION)
    yield _link("start", around.start, NAVIGATION)
    if feed.up is not None:
        yield _link("up", feed.up, NAVIGATION)
    yield _link("search", around.opensearch, OPENSEARCH)
    if feed.paging is not None:
        for rel, href in pages(feed.paging):
            yield _link(rel, href, BOOKS if feed.has_books else NAVIGATION)
    for facet in feed.facets:
        yield from _facet(facet)


def pages(paging: Paging) -> Iterator[tuple[str, str]]:
    """The other pages there are, by their relation."""
    for rel, href in (
        ("first", paging.first),
        ("previous", paging.previous),
        ("next", paging.next),
        ("last", paging.last),
    ):
        if href is not None:
            yield rel, href


def _facet(facet: Choices) -> Iterator[etree._Element]:
    for choice in facet.choices:
        link = _link(FACET, choice.href, BOOKS, title=choice.title)
        link.set(f"{{{_OPDS}}}facetGroup", text(facet.title))
        if choice.count is not None:
            link.set(_COUNT, str(choice.count))
        if choice.is_active:
            link.set(f"{{{_OPDS}}}activeFacet", "true")
        yield link


def _way(way: Way, feed: Feed) -> etree._Element:
    link = _link(way.rel.value, way.href, BOOKS if way.leads_to_books else NAVIGATION)
    if way.count is not None:
        link.set(_COUNT, str(way.count))
    title = _atom("title", text(way.title), type="text")
    if way.language is not None:
        title.set(_XML_LANG, way.language)
    return _atom(
        "entry",
        "",
        title,
        _atom("id", way.href),
        _atom("updated", moment(feed.updated_s)),
        _atom("content", "" if way.count is None else str(way.count), type="text"),
        link,
    )


def _entry(book: Publication) -> etree._Element:
    entry = _atom(
        "entry",
        "",
        _atom("title", text(book.title), type="text"),
        _atom("id", book.id),
        _atom("updated", moment(book.updated_s)),
    )
    for author in book.authors:
        made = _atom("author", "", _atom("name", text(author.name)))
        if author.href is not None:
            made.append(_atom("uri", author.href))
        entry.append(made)
    _extend(entry, (_make(_DC, "language", language) for language in book.languages))
    if book.pages is not None:
        entry.append(_make(_DC, "extent", f"{book.pages} pages"))
    for subject in book.subjects:
        entry.append(_atom("category", term=text(subject.name), label=text(subject.name)))
    if book.found is not None:
        heading = f"{book.found.heading}: " if book.found.heading else ""
        entry.append(_atom("summary", text(heading + book.found.text), type="text"))
    _extend(entry, _ways_to(book))
    return entry


def _ways_to(book: Publication) -> Iterator[etree._Element]:
    yield _link("alternate", book.href, ENTRY)
    if book.cover is not None:
        yield _link(IMAGE, book.cover, JPEG)
        yield _link(THUMBNAIL, book.cover, JPEG)
    for file in book.files:
        link = _link(OPEN_ACCESS, file.href, file.media_type, title=file.title)
        link.set("length", str(file.size_bytes))
        yield link
    if book.read is not None:
        yield _link("alternate", book.read, "text/html")


def _link(rel: str, href: str, media_type: str, *, title: str | None = None) -> etree._Element:
    link = _atom("link", rel=rel, href=href, type=media_type)
    if title is not None:
        link.set("title", text(title))
    return link


def _atom(name: str, said: str = "", *inner: etree._Element, **attributes: str) -> etree._Element:
    return _make(_ATOM, name, said, *inner, **attributes)


def _make(space: str, name: str, said: str = "", *inner: etree._Element, **attributes: str) -> etree._Element:
    element = etree.Element(f"{{{space}}}{name}", attributes, nsmap=_NAMES)
    if said:
        element.text = said
    _extend(element, iter(inner))
    return element


def _extend(element: etree._Element, more: Iterator[etree._Element]) -> None:
    for one in more:
        element.append(one)


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")
