"""A library in memory, as `ports.library` asks for one, and who looks into books of a few lines."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from satchel.core.blobs.chunks import ContentHasher
from satchel.core.library.item import Item
from satchel.core.library.kinds import TEXT_TYPE, Kind
from satchel.core.library.query import Query
from satchel.core.library.sealed import Root
from satchel.core.library.words import fold
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo, UnfitBook
from satchel.ports.books import Facts, OpenBook
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
)


class MemoryContent:
    def __init__(self, data: bytes, contents: "MemoryContents") -> None:
        self._data, self._contents = data, contents
        contents.open_count += 1
        self._is_open = True

    @property
    def size_bytes(self) -> int:
        return len(self._data)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        piece = self._data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._contents.open_count -= self._is_open
        self._is_open = False


class MemoryWritten:
    def __init__(self, size_bytes: int, contents: "MemoryContents") -> None:
        self.data = bytearray()
        self._size_bytes, self._contents = size_bytes, contents
        contents.open_count += 1
        self._is_open = True

    def write(self, data: memoryview) -> None:
        if len(self.data) + len(data) > self._size_bytes:
            raise MisuseError("more than it was to have")
        if self._contents.is_full:
            raise EnvironmentProblem("The disk is full.")
        self.data += data

    def finish(self) -> Root:
        if len(self.data) != self._size_bytes:
            raise MisuseError("less than it was to have")
        return root_of(bytes(self.data))

    def read(self) -> MemoryContent:
        return MemoryContent(bytes(self.data), self._contents)

    def close(self) -> None:
        self._contents.open_count -= self._is_open
        self._is_open = False


def root_of(data: bytes) -> Root:
    hasher = ContentHasher()
    hasher.update(data)
    return Root(hasher.root())


class MemoryContents:
    def __init__(self) -> None:
        self.of: dict[tuple[BookNumber, int], bytes] = {}
        self.open_count = 0  # of what was opened and not closed
        self.begun = 0  # how many were written
        self.is_full = False

    def write(self, size_bytes: int) -> MemoryWritten:
        assert size_bytes > 0
        self.begun += 1
        return MemoryWritten(size_bytes, self)

    def read(self, book: BookNumber, part: int = 0) -> MemoryContent:
        if (book, part) not in self.of:
            raise NothingToDo("There is no such book.")
        return MemoryContent(self.of[book, part], self)


@dataclass
class MemoryCatalogue:
    contents: MemoryContents
    books: dict[BookNumber, Book] = field(default_factory=dict)
    covers: dict[BookNumber, bytes | None] = field(default_factory=dict)
    aside: list[Aside] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)  # how many came together
    shelves: "MemoryShelves | None" = None
    guard: threading.RLock = field(default_factory=threading.RLock)
    last: int = 0

    def add(self, books: Sequence[NewBook]) -> Sequence[Added]:
        added = []
        with self.guard:
            self.groups.append(len(books))
            for new in books:
                known = self.number_of([part.root for part in new.item.parts])
                if known is None:
                    self.last += 1
                    number = BookNumber(self.last)
                    self.books[number] = Book(number=number, item=new.item)
                    self.covers[number] = new.cover
                    for part, written in enumerate(new.contents):
                        assert isinstance(written, MemoryWritten)
                        self.contents.of[number, part] = bytes(written.data)
                added.append(Added(number=known or BookNumber(self.last), is_new=known is None))
        return added

    def number_of(self, parts: Sequence[Root]) -> BookNumber | None:
        with self.guard:
            for number, book in self.books.items():
                if [part.root for part in book.item.parts] == list(parts):
                    return number
        return None

    def find(self, number: BookNumber, filter: Filter = EVERYTHING) -> Book:
        book = self.books.get(number)
        if book is None or not self._is_meant(book, filter):
            raise NothingToDo(
                "There is no such book.", safe="Nothing was changed.", do="satchel library list"
            )
        return book

    def _is_meant(self, book: Book, filter: Filter) -> bool:
        item = book.item
        on = [shelf.number for shelf in self.shelves.of(book.number)] if self.shelves is not None else []
        tag = filter.language
        return (
            (filter.shelf is None or filter.shelf in on)
            and (tag is None or any(f"{one}-".startswith(f"{tag}-") for one in item.languages))
            and (filter.author is None or filter.author in item.authors)
            and (filter.subject is None or filter.subject in item.subjects)
            and (filter.kind is None or filter.kind is book.kind)
        )

    def list(self, filter: Filter, order: Order, *, first: int, count: int) -> BookPage:
        books = [book for book in self.books.values() if self._is_meant(book, filter)]
        if order is Order.TITLE:
            books.sort(key=lambda book: fold(book.item.title))
        elif order is Order.NEWEST:
            books.reverse()
        elif self.shelves is not None and filter.shelf is not None:
            books.sort(key=lambda book: self.shelves.on[filter.shelf].index(book.number))  # type: ignore[union-attr,index]
        return BookPage(books=books[first : first + count], total=len(books))

    def numbers(self, filter: Filter) -> frozenset[BookNumber]:
        return frozenset(number for number, book in self.books.items() if self._is_meant(book, filter))

    def tally(self, filter: Filter, facet: Facet, *, count: int) -> Sequence[tuple[str, int]]:
        books = [book for book in self.books.values() if self._is_meant(book, filter)]
        found = Counter(value for book in books for value in _values(book, facet))
        return sorted(found.items(), key=lambda one: (-one[1], one[0]))[:count]

    def cover(self, number: BookNumber) -> bytes | None:
        return self.covers.get(number)

    def change(self, number: BookNumber, item: Item) -> None:
        self.books[self.find(number).number] = Book(number=number, item=item)

    def remove(self, numbers: Sequence[BookNumber]) -> None:
        for number in numbers:
            self.find(number)
        for number in numbers:
            del self.books[number]

    def changed_s(self, filter: Filter) -> int:
        raise NotImplementedError

    def set_aside(self, name: str, size_bytes: int, *, what: str, do: str) -> None:
        number = len(self.aside) + 1
        self.aside.append(Aside(number=number, name=name, size_bytes=size_bytes, what=what, do=do, at_s=None))

    def asides(self) -> Sequence[Aside]:
        return list(self.aside)

    def forget_asides(self) -> None:
        self.aside = []


def _values(book: Book, facet: Facet) -> Sequence[str]:
    item = book.item
    return {
        Facet.LANGUAGE: item.languages,
        Facet.AUTHOR: item.authors,
        Facet.SUBJECT: item.subjects,
        Facet.KIND: (book.kind.value,),
    }[facet]


class MemoryShelves:
    def __init__(self) -> None:
        self.names: dict[ShelfNumber, str] = {}
        self.on: dict[ShelfNumber, list[BookNumber]] = {}
        self.is_open: dict[ShelfNumber, bool] = {}

    def make(self, name: str) -> Shelf:
        if not name or name in self.names.values():
            raise MisuseError("There is a shelf of this name.", safe="Nothing was changed.", do="Another.")
        number = ShelfNumber(len(self.names) + 1)
        self.names[number], self.on[number], self.is_open[number] = name, [], False
        return self._shelf(number)

    def _shelf(self, number: ShelfNumber) -> Shelf:
        on = self.on[number]
        return Shelf(
            number=number, name=self.names[number], is_open=self.is_open[number], count=len(on), changed_s=0
        )

    def all(self) -> Sequence[Shelf]:
        return [self._shelf(number) for number in self.names]

    def named(self, name: str) -> Shelf:
        for shelf in self.all():
            if shelf.name == name:
                return shelf
        raise NothingToDo("There is no such shelf.", safe="Nothing was changed.", do="satchel shelf list")

    def rename(self, shelf: ShelfNumber, name: str) -> None:
        self.names[shelf] = name

    def remove(self, shelf: ShelfNumber) -> None:
        del self.names[shelf], self.on[shelf], self.is_open[shelf]

    def put(self, shelf: ShelfNumber, books: Sequence[BookNumber], *, at: int | None = None) -> None:
        kept = [book for book in self.on[shelf] if book not in books]
        place = len(kept) if at is None else at
        self.on[shelf] = [*kept[:place], *books, *kept[place:]]

    def take(self, shelf: ShelfNumber, books: Sequence[BookNumber]) -> None:
        self.on[shelf] = [book for book in self.on[shelf] if book not in books]

    def set_open(self, shelf: ShelfNumber, is_open: bool) -> None:
        self.is_open[shelf] = is_open

    def of(self, book: BookNumber) -> Sequence[Shelf]:
        return [shelf for shelf in self.all() if book in self.on[shelf.number]]


class MemoryIndex:
    def __init__(self) -> None:
        self.of: dict[BookNumber, list[Passage]] = {}

    def put(self, book: BookNumber, passages: Iterable[Passage]) -> None:
        self.of[book] = list(passages)

    def remove(self, books: Sequence[BookNumber]) -> None:
        for book in books:
            self.of.pop(book, None)

    def missing(self, books: frozenset[BookNumber]) -> frozenset[BookNumber]:
        return books - self.of.keys()

    def search(
        self, query: Query, *, accept: Callable[[BookNumber], bool], first: int, count: int, within_s: float
    ) -> Hits:
        assert within_s > 0
        found = [
            Hit(book=book, place=one.place, heading=one.heading, excerpt=one.text[:80])
            for book, passages in self.of.items()
            if accept(book)
            for one in passages
            if all(f" {' '.join(term)}" in f" {one.words}" for term in query.terms)
        ]
        best = list({hit.book: hit for hit in reversed(found)}.values())
        return Hits(hits=best[first : first + count], is_cut=False)

    def search_in(self, query: Query, book: BookNumber, *, first: int, count: int, within_s: float) -> Hits:
        raise NotImplementedError


class LineOpener:
    """Of text: its first line is a title, each other one a passage. BROKEN stands for what breaks who looks
    into it there."""

    def __init__(self) -> None:
        self.examined: list[str] = []

    def examine(self, content: Readable, name: str) -> Iterator[Facts | Passage]:
        self.examined.append(name)
        buffer = bytearray(content.size_bytes)
        assert content.read_into(0, memoryview(buffer)) == len(buffer)
        title, *lines = buffer.decode().split("\n")
        if title == "BROKEN":
            raise UnfitBook("It is damaged.", safe="", do="Get another copy of it.")
        yield Facts(media_type=TEXT_TYPE, title=title or None, languages=("en",), authors=("Ada",))
        for place, line in enumerate(lines):
            if line == "BROKEN":
                raise UnfitBook("It is damaged.", safe="", do="Get another copy of it.")
            yield Passage(place=str(place), heading="", text=line, words=fold(line))

    def open(self, content: Readable, kind: Kind) -> OpenBook:
        raise NotImplementedError

    def close(self) -> None:
        pass


def memory_library() -> Library:
    contents, shelves = MemoryContents(), MemoryShelves()
    catalogue = MemoryCatalogue(contents, shelves=shelves)
    return Library(contents, catalogue, shelves, MemoryIndex())
