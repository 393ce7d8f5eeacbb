"""A book of the catalogue as guests see it. Blocks."""

import uuid
from collections.abc import Callable

from satchel.core.library.item import Direction
from satchel.core.library.kinds import Kind
from satchel.ports.library import Book, Facet, Filter, Hit, Order
from satchel.web.guests.asking import Ask
from satchel.web.guests.feed import Excerpt, File, Named, Publication
from satchel.web.guests.names import ending
from satchel.web.guests.open_shelves import OpenShelves

NEW_AT_START = 6
DAY_S = 86_400


class Publications:
    """One for each opening. From any thread."""

    def __init__(self, shelves: OpenShelves, *, is_read_here: Callable[[Kind], bool]) -> None:
        """`is_read_here`: whether a book of that kind opens in the browser."""
        self._shelves = shelves
        self.is_read_here = is_read_here

    def of(self, ask: Ask, book: Book, hit: Hit | None = None) -> Publication:
        item, handle = book.item, self._shelves.handle_of(book.number)
        added_s = item.added_s if item.added_s is not None else self._shelves.state().changed_s
        return Publication(
            id=self.urn("book", handle),
            href=ask.to("book", handle),
            title=item.title,
            authors=tuple(self._named(ask, Facet.AUTHOR, name) for name in item.authors),
            languages=item.languages,
            subjects=tuple(self._named(ask, Facet.SUBJECT, name) for name in item.subjects),
            kind=book.kind,
            is_rtl=None if item.direction is None else item.direction is Direction.RIGHT_TO_LEFT,
            pages=item.pages,
            duration_s=item.duration_s,
            updated_s=added_s - added_s % DAY_S,  # which day: when somebody was at work is nobody's business
            cover=ask.bare("cover", handle) if item.cover is not None else None,
            files=tuple(
                File(
                    href=ask.bare("take", handle, f"{number}.{ending(part.media_type)}"),
                    media_type=part.media_type,
                    size_bytes=part.size_bytes,
                    title=(part.title or str(number)) if len(item.parts) > 1 else None,
                )
                for number, part in enumerate(item.parts, start=1)
            ),
            read=ask.bare("read", handle) + "/" if self.is_read_here(book.kind) else None,
            found=_excerpt(hit) if hit is not None else None,
        )

    def newest(self, ask: Ask) -> tuple[Publication, ...]:
        """A few, for the first page."""
        page = self._shelves.list(Filter(), Order.NEWEST, first=0, count=NEW_AT_START)
        return tuple(self.of(ask, book) for book in page.books)

    def urn(self, *what: str) -> str:
        """Names something in feeds, as long as the door is open."""
        return uuid.UUID(bytes=self._shelves.identity(*what), version=4).urn

    def _named(self, ask: Ask, facet: Facet, name: str) -> Named:
        return Named(name=name, href=ask.to(facet.value, self._shelves.handle_of_value(facet, name)))


def _excerpt(hit: Hit) -> Excerpt | None:
    """Marks that make no sense are left out."""
    if not hit.excerpt:
        return None
    pieces: list[tuple[str, bool]] = []
    at = 0
    for first, end in sorted(hit.marks):
        if not at <= first < end <= len(hit.excerpt):
            continue
        pieces += [(hit.excerpt[at:first], False), (hit.excerpt[first:end], True)]
        at = end
    pieces.append((hit.excerpt[at:], False))
    return Excerpt(hit.heading, tuple((text, is_found) for text, is_found in pieces if text))
