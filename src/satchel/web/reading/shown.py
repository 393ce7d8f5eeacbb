"""What the reader knows of a book that it shows, and how it behaves to who reads. All it knows: no other book
and nothing of the library around it can be reached from here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NewType

from satchel.core.library.item import Direction
from satchel.core.library.kinds import Kind
from satchel.errors import NothingToDo
from satchel.ports.library import Book, Hits, Readable

Code = NewType("Code", str)  # of a language of the pages: web.owner.speech.CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    """One of its files: an audio book may have many."""

    media_type: str
    size_bytes: int
    title: str | None = field(default=None, repr=False)
    read: Callable[[], Readable] = field(repr=False)  # anew for each who reads; raises NothingToDo


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBook:
    kind: Kind
    title: str = field(repr=False)
    parts: tuple[ShownPart, ...]  # one at least
    authors: tuple[str, ...] = field(default=(), repr=False)
    languages: tuple[str, ...] = ()
    direction: Direction | None = None
    pages: int | None = None


# Where words stand in this book: what was typed, and from which hit on. Blocking. Raises MisuseError: they
# are no question.
Find = Callable[[str, int], Hits]


def not_there() -> NothingToDo:
    """To be raised: a book has nothing at this address."""
    return NothingToDo(
        "There is no such place in this book.",
        safe="The book is as it was.",
        do="Go back to its beginning, and choose from its contents.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the reader behaves, by whose it is."""

    language: Callable[[], Code | None] = lambda: None  # as chosen; None: as the browser is set
    keeps_places: bool = False  # the owner's alone: offers to keep, in this browser, where one was
    back: str | None = None  # an address for "Back": the page from which the book was opened
    find: Find | None = None  # None: nothing can be looked for in this book


def shown_of(book: Book, read: Callable[[int], Readable]) -> ShownBook:
    """A book of the library. `read`: a part of it, by its number from 0; raises NothingToDo."""
    item = book.item
    return ShownBook(
        kind=book.kind,
        title=item.title,
        parts=tuple(
            ShownPart(
                media_type=part.media_type,
                size_bytes=part.size_bytes,
                title=part.title,
                read=partial(read, number),
            )
            for number, part in enumerate(item.parts)
        ),
        authors=item.authors,
        languages=item.languages,
        direction=item.direction,
        pages=item.pages,
    )
