"""Books: what is asked of who keeps them, and of who finds in them.

Who looks into them is `books`: nothing here is a foreign format. All of it lies encrypted (T1). A book is
named by a number of this library alone; its content, and with it its item id, names it to everybody who has
it, and is shown to nobody (library 6.2).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NewType, Protocol

from satchel.core.library.item import Item
from satchel.core.library.kinds import Kind, kind_of
from satchel.core.library.query import Query
from satchel.core.library.sealed import Root

BookNumber = NewType("BookNumber", int)  # from 1; what a person types; never used again
ShelfNumber = NewType("ShelfNumber", int)

PLACE_BYTES_MAX = 1024
HEADING_BYTES_MAX = 256
PASSAGE_BYTES_MAX = 16_384  # of its text
SHELF_NAME_BYTES_MAX = 256
WHOLE = ""  # the place of what is known of the book itself: title, authors, subjects


class Readable(Protocol):
    """Bytes from any place. Used by one thread at a time; raises EnvironmentProblem."""

    @property
    def size_bytes(self) -> int: ...
    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; fewer bytes only at the end."""
        ...

    def close(self) -> None:
        """May be repeated."""
        ...


class Written(Protocol):
    """Content that is being put in, sealed as it comes. Used by one thread; raises EnvironmentProblem."""

    def write(self, data: memoryview) -> None:
        """What follows. Raises MisuseError: more than it was to have."""
        ...

    def finish(self) -> Root:
        """All is here, and can be read (`read`); it is durable with `Catalogue.add`. Raises MisuseError: less
        came than it was to have."""
        ...

    def read(self) -> Readable:
        """After `finish`."""
        ...

    def close(self) -> None:
        """What no book has is dropped. May be repeated."""
        ...


class Contents(Protocol):
    """What books are made of: sealed files of a padded size, with random names and one time for all. From any
    thread; raises EnvironmentProblem."""

    def write(self, size_bytes: int) -> Written:
        """Content of 1 byte or more. Raises EnvironmentProblem also where the disk has no room for it."""
        ...

    def read(self, book: BookNumber, part: int = 0) -> Readable:
        """Raises NothingToDo: there is no such book, or part, any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBook:
    """Content that has been looked into."""

    item: Item = field(repr=False)  # its parts are those of `contents`, in their order
    contents: tuple[Written, ...]  # finished
    cover: bytes | None = field(default=None, repr=False)  # JPEG; item.cover says the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    number: BookNumber
    is_new: bool  # False: it was here already, and stays as it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """As the catalogue has it."""

    number: BookNumber
    item: Item = field(repr=False)

    @property
    def kind(self) -> Kind:
        return kind_of(self.item.parts[0].media_type)

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.item.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A file that could not become a book, and why."""

    number: int
    name: str = field(repr=False)
    size_bytes: int
    what: str = field(repr=False)  # happened: one sentence
    do: str
    at_s: int | None  # since 1970; None: the clock was not plausible


class Order(Enum):
    TITLE = "title"
    NEWEST = "new"  # what came last, first
    SHELF = "shelf"  # as its owner has put it there; needs a shelf


class Facet(Enum):
    """By what people look around."""

    LANGUAGE = "language"
    AUTHOR = "author"
    SUBJECT = "subject"
    KIND = "kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which books are meant: those to which all of these apply."""

    shelf: ShelfNumber | None = None
    is_open: bool = False  # only those on a shelf that guests may see (G1)
    language: str | None = None  # the tag, and what lies below it: "pt" has "pt-BR", too
    author: str | None = None
    subject: str | None = None
    kind: Kind | None = None


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPage:
    """Some of many."""

    books: Sequence[Book]
    total: int


class Catalogue(Protocol):
    """Which books there are. From any thread; what returns is durable. Raises EnvironmentProblem."""

    def add(self, books: Sequence[NewBook]) -> Sequence[Added]:
        """All of them, with their contents, or none. The same content twice is one book."""
        ...

    def number_of(self, parts: Sequence[Root]) -> BookNumber | None:
        """Whether a book of this content is here."""
        ...

    def find(self, number: BookNumber, filter: Filter = EVERYTHING) -> Book:
        """Raises NothingToDo: there is none, or the filter leaves it out."""
        ...

    def list(self, filter: Filter, order: Order, *, first: int, count: int) -> BookPage:
        """`count` of them, from the `first`, 0."""
        ...

    def numbers(self, filter: Filter) -> frozenset[BookNumber]: ...
    def tally(self, filter: Filter, facet: Facet, *, count: int) -> Sequence[tuple[str, int]]:
        """The values that these books have, and how many have each: the most frequent `count` of them."""
        ...

    def cover(self, number: BookNumber) -> bytes | None:
        """JPEG."""
        ...

    def change(self, number: BookNumber, item: Item) -> None:
        """Another record of the same content, of the next revision. Raises NothingToDo, MisuseError."""
        ...

    def remove(self, numbers: Sequence[BookNumber]) -> None:
        """With all that was kept of them: overwritten (T2). Raises NothingToDo: one is not there; then none
        is removed."""
        ...

    def changed_s(self, filter: Filter) -> int:
        """When the list of these last changed, in seconds since 1970: greater after each change, also where
        the clock went back. Of shelves, and of all; a narrower filter may get that of what is around it."""
        ...

    def set_aside(self, name: str, size_bytes: int, *, what: str, do: str) -> None:
        """The oldest go when there are more than 1,000."""
        ...

    def asides(self) -> Sequence[Aside]: ...
    def forget_asides(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    number: ShelfNumber
    name: str = field(repr=False)
    is_open: bool  # guests see it while the door is open (G1)
    count: int  # of books
    changed_s: int  # as Catalogue.changed_s


class Shelves(Protocol):
    """As Catalogue. Each has a secret (library 2.1) from the day it is made, for sharing later."""

    def make(self, name: str) -> Shelf:
        """Behind the others. Raises MisuseError: there is one of this name, or it is none."""
        ...

    def all(self) -> Sequence[Shelf]: ...
    def named(self, name: str) -> Shelf:
        """Raises NothingToDo."""
        ...

    def rename(self, shelf: ShelfNumber, name: str) -> None: ...
    def remove(self, shelf: ShelfNumber) -> None:
        """Its books stay in the library."""
        ...

    def put(self, shelf: ShelfNumber, books: Sequence[BookNumber], *, at: int | None = None) -> None:
        """In this order, at the place `at` (from 0) or behind the others. One that is there is moved."""
        ...

    def take(self, shelf: ShelfNumber, books: Sequence[BookNumber]) -> None:
        """From the shelf. One that is not there is no matter."""
        ...

    def set_open(self, shelf: ShelfNumber, is_open: bool) -> None: ...
    def of(self, book: BookNumber) -> Sequence[Shelf]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A part of a book that is found, and shown, as one."""

    place: str  # what a reader opens: a chapter, a page; WHOLE: the book
    heading: str = field(repr=False)
    text: str = field(repr=False)
    words: str = field(repr=False)  # `core.library.words.fold` of heading and text


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    book: BookNumber
    place: str
    heading: str = field(repr=False)
    excerpt: str = field(repr=False)  # of the text around what was found
    marks: Sequence[tuple[int, int]] = ()  # what was found in it: first and last+1 character


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The best of each book first: titles before what stands inside."""

    hits: Sequence[Hit]
    is_cut: bool  # its time was over before all was looked through


class Index(Protocol):
    """Which words stand where. It can be lost: it is made anew from the books. From any thread; raises
    EnvironmentProblem."""

    def put(self, book: BookNumber, passages: Iterable[Passage]) -> None:
        """In place of what there was of this book. Whoever searches meanwhile waits no longer than for one
        batch."""
        ...

    def remove(self, books: Sequence[BookNumber]) -> None:
        """Overwritten (T2)."""
        ...

    def missing(self, books: frozenset[BookNumber]) -> frozenset[BookNumber]:
        """Which of these are not, or not wholly, in it."""
        ...

    def search(
        self, query: Query, *, accept: Callable[[BookNumber], bool], first: int, count: int, within_s: float
    ) -> Hits:
        """One hit of each book, from the `first`. `accept`: which books may be shown."""
        ...

    def search_in(self, query: Query, book: BookNumber, *, first: int, count: int, within_s: float) -> Hits:
        """All hits of one book, in its order."""
        ...


@dataclass(frozen=True, slots=True)
class Library:
    contents: Contents
    catalogue: Catalogue
    shelves: Shelves
    index: Index
