"""Lists of books as OPDS 2.0: JSON, on the manifest of Readium. Spec: docs/spec/guests.md, 4."""

import json
from collections.abc import Sequence
from typing import Any

from satchel.core.library.kinds import Kind
from satchel.web.guests.feed import Choices, Entry, Feed, Named, Publication, Way
from satchel.web.guests.opds1 import JPEG, OPEN_ACCESS, moment, pages

FEED = "application/opds+json"
ENTRY = "application/opds-publication+json"
_BOOK, _AUDIO = "http://schema.org/Book", "http://schema.org/Audiobook"
_Object = dict[str, Any]


def write_feed(feed: Feed) -> bytes:
    """A whole document."""
    told: _Object = {
        "metadata": _about(feed),
        "links": [*_links(feed)],
    }
    if feed.books:
        told["publications"] = [_publication(book) for book in feed.books]
    ways = [_way(way) for way in feed.ways]
    if not feed.books and not ways:  # one of them there has to be
        ways = [{"href": feed.around.start, "title": feed.around.door, "type": FEED, "rel": "start"}]
    if ways:
        told["navigation"] = ways
    if feed.facets:
        told["facets"] = [_facet(facet) for facet in feed.facets]
    return _bytes(told)


def write_entry(entry: Entry) -> bytes:
    """The document of one book."""
    return _bytes(_publication(entry.book))


def _about(feed: Feed) -> _Object:
    told: _Object = {"identifier": feed.id, "title": feed.title, "modified": moment(feed.updated_s)}
    if feed.paging is not None:
        told |= {"itemsPerPage": feed.paging.per_page, "currentPage": feed.paging.number}
        if feed.paging.total is not None:
            told["numberOfItems"] = feed.paging.total
    return told


def _links(feed: Feed) -> list[_Object]:
    around = feed.around
    links: list[_Object] = [
        {"rel": "self", "href": feed.href, "type": FEED},
        {"rel": "start", "href": around.start, "type": FEED},
        {"rel": "search", "href": f"{around.search}{{?query}}", "type": FEED, "templated": True},
    ]
    if feed.up is not None:
        links.append({"rel": "up", "href": feed.up, "type": FEED})
    if feed.paging is not None:
        links += [{"rel": rel, "href": href, "type": FEED} for rel, href in pages(feed.paging)]
    return links


def _way(way: Way) -> _Object:
    told: _Object = {"href": way.href, "title": way.title, "type": FEED, "rel": way.rel.value}
    if way.count is not None:
        told["properties"] = {"numberOfItems": way.count}
    return told


def _facet(facet: Choices) -> _Object:
    links = []
    for choice in facet.choices:
        link: _Object = {"href": choice.href, "title": choice.title, "type": FEED}
        if choice.is_active:
            link["rel"] = "self"
        if choice.count is not None:
            link["properties"] = {"numberOfItems": choice.count}
        links.append(link)
    return {"metadata": {"title": facet.title}, "links": links}


def _publication(book: Publication) -> _Object:
    about: _Object = {
        "@type": _AUDIO if book.kind is Kind.AUDIO else _BOOK,
        "identifier": book.id,
        "title": book.title,
        "modified": moment(book.updated_s),
    }
    about |= {
        name: said
        for name, said in {
            "author": _contributors(book.authors),
            "language": list(book.languages),
            "subject": [_named(one) for one in book.subjects],
            "numberOfPages": book.pages,
            "duration": book.duration_s,
            "readingProgression": None if book.is_rtl is None else "rtl" if book.is_rtl else "ltr",
            "description": book.found.text if book.found is not None else None,
        }.items()
        if said
    }
    links: list[_Object] = [{"rel": "self", "href": book.href, "type": ENTRY}]
    for file in book.files:
        link: _Object = {"rel": OPEN_ACCESS, "href": file.href, "type": file.media_type}
        link["size"] = file.size_bytes
        if file.title is not None:
            link["title"] = file.title
        links.append(link)
    if book.read is not None:
        links.append({"rel": "alternate", "href": book.read, "type": "text/html"})
    told: _Object = {"metadata": about, "links": links}
    if book.cover is not None:
        told["images"] = [{"href": book.cover, "type": JPEG}]
    return told


def _contributors(authors: Sequence[Named]) -> list[_Object]:
    return [_named(one) for one in authors]


def _named(one: Named) -> _Object:
    told: _Object = {"name": one.name}
    if one.href is not None:
        told["links"] = [{"href": one.href, "type": FEED}]
    return told


def _bytes(told: _Object) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
