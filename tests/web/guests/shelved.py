"""A library in memory, as its ports promise it: small, and honest about what it hides."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from satchel.core.library.item import Content, Item, Part
from satchel.core.library.kinds import EPUB_TYPE, kind_of
from satchel.core.library.query import Query
from satchel.core.library.sealed import Root
from satchel.core.library.words import plain
from satchel.errors import MisuseError, NothingToDo
from satchel.ports.library import (
    EVERYTHING,
    Added,
    Aside,
    Book,
    BookNumber,
    BookPage,
    Facet,
    Filter,
    Hit,
    Hits,
    Library,
    NewBook,
    Order,
    Passage,
    Readable,
    Shelf,
    ShelfNumber,
    Written,
)

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
BEGAN_S = 1_790_000_000


@dataclass
class OneContent:
    """Of one part; counts who has it open."""

    data: bytes | Callable[[int, memoryview], int]
    size: int
    opened: int = 0
    closed: int = 0

    @property
    def size_bytes(self) -> int:
        return self.size

    def read_into(self, offset: int, buffer: memoryview) -> int:
        if callable(self.data):
            return self.data(offset, buffer)
        piece = self.data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self.closed += 1


@dataclass
class Shelved:
    """All three of catalogue, contents and shelves, and an index that looks at everything each time."""

    books: dict[BookNumber, Item] = field(default_factory=dict)
    parts: dict[tuple[BookNumber, int], OneContent] = field(default_factory=dict)
    covers: dict[BookNumber, bytes] = field(default_factory=dict)
    passages: dict[BookNumber, list[Passage]] = field(default_factory=dict)
    rows: dict[ShelfNumber, list[BookNumber]] = field(default_factory=dict)
    names: dict[ShelfNumber, str] = field(default_factory=dict)
    opened: set[ShelfNumber] = field(default_factory=set)
    times: dict[ShelfNumber, int] = field(default_factory=dict)
    clock_s: int = BEGAN_S
    is_cut: bool = False
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def library(self) -> Library:
        return Library(_Contents(self), _Catalogue(self), _Shelves(self), _Index(self))

    def put(
        self,
        title: str,
        *,
        shelf: str | None = "School",
        data: bytes | None = None,
        media_type: str = EPUB_TYPE,
        cover: bool = False,
        inside: str = "",
        parts: int = 1,
        size_bytes: int | None = None,
        **known: object,
    ) -> BookNumber:
        """A new book; on a shelf that is there, or becomes one (closed)."""
        number = BookNumber(len(self.books) + 1)
        whole = data if data is not None else f"all of {title}".encode() * 100
        self.clock_s += 10
        made = []
        for part in range(parts):
            content = OneContent(whole, len(whole) if size_bytes is None else size_bytes)
            self.parts[number, part] = content
            made.append(
                Part(
                    root=Root(hashlib.sha256(f"{title} {part}".encode() + whole[:1000]).digest()),
                    size_bytes=content.size,
                    media_type=media_type,
                    title=f"Part {part + 1}" if parts > 1 else None,
                )
            )
        item = Item(
            revision=1,
            parts=tuple(made),
            title=title,
            cover=Content(root=Root(bytes(32)), size_bytes=len(JPEG), media_type="image/jpeg")
            if cover
            else None,
            added_s=self.clock_s,
        )
        self.books[number] = replace(item, **known)  # type: ignore[arg-type]
        if cover:
            self.covers[number] = JPEG
        text = inside or title
        self.passages[number] = [Passage(place="1", heading="One", text=text, words=plain(f"{title} {text}"))]
        if shelf is not None:
            self.onto(shelf, number)
        return number

    def onto(self, shelf: str, *books: BookNumber) -> ShelfNumber:
        number = next((one for one, name in self.names.items() if name == shelf), None)
        if number is None:
            number = ShelfNumber(len(self.names) + 1)
            self.names[number], self.rows[number] = shelf, []
        self.rows[number] += books
        self.touch(number)
        return number

    def open(self, *shelves: str) -> None:
        for number, name in self.names.items():
            if name in shelves:
                self.opened.add(number)

    def close(self, *shelves: str) -> None:
        self.opened -= {number for number, name in self.names.items() if name in shelves}

    def touch(self, shelf: ShelfNumber) -> None:
        self.clock_s += 1
        self.times[shelf] = self.clock_s

    def fits(self, number: BookNumber, wanted: Filter) -> bool:
        item = self.books[number]
        on = {shelf for shelf, row in self.rows.items() if number in row}
        language = wanted.language
        return (
            (wanted.shelf is None or wanted.shelf in on)
            and (not wanted.is_open or bool(on & self.opened))
            and (language is None or any(f"{one}-".startswith(f"{language}-") for one in item.languages))
            and (wanted.author is None or wanted.author in item.authors)
            and (wanted.subject is None or wanted.subject in item.subjects)
            and (wanted.kind is None or wanted.kind is kind_of(item.parts[0].media_type))
        )

    def numbers(self, wanted: Filter) -> list[BookNumber]:
        return [number for number in self.books if self.fits(number, wanted)]


@dataclass
class _Contents:
    all: Shelved

    def write(self, size_bytes: int) -> Written:
        raise NotImplementedError

    def read(self, book: BookNumber, part: int = 0) -> Readable:
        content = self.all.parts[book, part]
        content.opened += 1
        return content


@dataclass
class _Catalogue:
    all: Shelved

    def add(self, books: Sequence[NewBook]) -> Sequence[Added]:
        raise NotImplementedError

    def number_of(self, parts: Sequence[Root]) -> BookNumber | None:
        raise NotImplementedError

    def find(self, number: BookNumber, filter: Filter = EVERYTHING) -> Book:
        if number not in self.all.books or not self.all.fits(number, filter):
            raise NothingToDo("no such book")
        return Book(number=number, item=self.all.books[number])

    def list(self, filter: Filter, order: Order, *, first: int, count: int) -> BookPage:
        self.all.calls["list"] += 1
        numbers = self.all.numbers(filter)
        if order is Order.TITLE:
            numbers.sort(key=lambda one: self.all.books[one].title)
        elif order is Order.NEWEST:
            numbers.sort(reverse=True)
        elif filter.shelf is None:
            raise MisuseError("no shelf")
        else:
            numbers.sort(key=self.all.rows[filter.shelf].index)
        return BookPage(
            books=[Book(number=one, item=self.all.books[one]) for one in numbers[first : first + count]],
            total=len(numbers),
        )

    def numbers(self, filter: Filter) -> frozenset[BookNumber]:
        return frozenset(self.all.numbers(filter))

    def tally(self, filter: Filter, facet: Facet, *, count: int) -> Sequence[tuple[str, int]]:
        found: Counter[str] = Counter()
        for number in self.all.numbers(filter):
            item = self.all.books[number]
            found.update(
                {
                    Facet.LANGUAGE: item.languages,
                    Facet.AUTHOR: item.authors,
                    Facet.SUBJECT: item.subjects,
                    Facet.KIND: (kind_of(item.parts[0].media_type).value,),
                }[facet]
            )
        return found.most_common(count)

    def cover(self, number: BookNumber) -> bytes | None:
        return self.all.covers.get(number)

    def change(self, number: BookNumber, item: Item) -> None:
        raise NotImplementedError

    def remove(self, numbers: Sequence[BookNumber]) -> None:
        raise NotImplementedError

    def changed_s(self, filter: Filter) -> int:
        return self.all.clock_s  # as it may: of what is around

    def set_aside(self, name: str, size_bytes: int, *, what: str, do: str) -> None:
        raise NotImplementedError

    def asides(self) -> Sequence[Aside]:
        raise NotImplementedError

    def forget_asides(self) -> None:
        raise NotImplementedError


@dataclass
class _Shelves:
    held: Shelved

    def make(self, name: str) -> Shelf:
        raise NotImplementedError

    def all(self) -> Sequence[Shelf]:
        return [
            Shelf(
                number=number,
                name=name,
                is_open=number in self.held.opened,
                count=len(self.held.rows[number]),
                changed_s=self.held.times[number],
            )
            for number, name in self.held.names.items()
        ]

    def named(self, name: str) -> Shelf:
        raise NotImplementedError

    def rename(self, shelf: ShelfNumber, name: str) -> None:
        raise NotImplementedError

    def remove(self, shelf: ShelfNumber) -> None:
        raise NotImplementedError

    def put(self, shelf: ShelfNumber, books: Sequence[BookNumber], *, at: int | None = None) -> None:
        raise NotImplementedError

    def take(self, shelf: ShelfNumber, books: Sequence[BookNumber]) -> None:
        raise NotImplementedError

    def set_open(self, shelf: ShelfNumber, is_open: bool) -> None:
        raise NotImplementedError

    def of(self, book: BookNumber) -> Sequence[Shelf]:
        raise NotImplementedError


@dataclass
class _Index:
    all: Shelved

    def put(self, book: BookNumber, passages: Iterable[Passage]) -> None:
        raise NotImplementedError

    def remove(self, books: Sequence[BookNumber]) -> None:
        raise NotImplementedError

    def missing(self, books: frozenset[BookNumber]) -> frozenset[BookNumber]:
        raise NotImplementedError

    def search(
        self,
        query: Query,
        *,
        accept: Callable[[BookNumber], bool],
        first: int,
        count: int,
        within_s: float,
    ) -> Hits:
        self.all.calls["search"] += 1
        hits = []
        for number, passages in self.all.passages.items():
            for passage in passages:
                words = f" {passage.words} "
                if accept(number) and all(f" {' '.join(term)}" in words for term in query.terms):
                    at = passage.text.casefold().find(query.terms[0][0])
                    marks = [(at, at + len(query.terms[0][0]))] if at >= 0 else []
                    hits.append(
                        Hit(
                            book=number, place="1", heading=passage.heading, excerpt=passage.text, marks=marks
                        )
                    )
                    break
        return Hits(hits=hits[first : first + count], is_cut=self.all.is_cut)

    def search_in(self, query: Query, book: BookNumber, *, first: int, count: int, within_s: float) -> Hits:
        raise NotImplementedError
