"""All that the door can see of a library: what stands on open shelves, and nothing else (G1).

Books, shelves, authors and the like are named to guests by handles, drawn anew with each opening. No number
of the catalogue, no item id and no root leaves this file (library 2.5, 6.2). Blocks: not for the loop.
"""

import threading
from base64 import b32encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from satchel.core.crypto.kdf import MacKey
from satchel.core.library.query import Query
from satchel.errors import NothingToDo
from satchel.ports.library import (
    Book,
    BookNumber,
    BookPage,
    Facet,
    Filter,
    Hits,
    Library,
    Order,
    Readable,
    Shelf,
    ShelfNumber,
)

HANDLE_BYTES = 10  # 16 characters; nobody guesses one of 2^80 at a few thousand a second
VALUES_MAX = 2000  # languages, authors, subjects: the most frequent of each
_IS_OPEN = Filter(is_open=True)


@dataclass(frozen=True, slots=True)
class State:
    """What is open now. Two of them differ if anything that a guest can see does."""

    shelves: tuple[Shelf, ...]
    changed_s: int  # since 1970; greater after each change
    changed_s_of: Mapping[ShelfNumber, int]  # the same, of each


@dataclass(frozen=True, slots=True)
class Value:
    """An author, a language, a subject: and how many books have it."""

    handle: str
    value: str = field(repr=False)
    count: int


@dataclass(slots=True)
class _Known:
    """Of one state."""

    state: State
    books: dict[str, BookNumber] = field(default_factory=dict, repr=False)
    numbers: frozenset[BookNumber] | None = field(default=None, repr=False)
    values: dict[Facet, tuple[Value, ...]] = field(default_factory=dict, repr=False)


class OpenShelves:
    """One for each opening of the door. From any thread; raises EnvironmentProblem."""

    def __init__(self, library: Library, *, secret: bytes, now_s: Callable[[], int]) -> None:
        """`secret`: 32 random bytes, of this opening. `now_s`: since 1970."""
        self._library = library
        self._key = MacKey(secret)
        self._now_s = now_s
        self._turn = threading.Lock()
        self._known: _Known | None = None

    def state(self) -> State:
        """As it is now.

        When it changed is counted here: what the catalogue says of a list that is narrower than all may be
        about what lies around it, and with it about closed shelves. And a shelf that was closed is a change
        that none of the open ones tells.
        """
        return self._now().state

    def shelf(self, handle: str) -> Shelf:
        """Raises NothingToDo: none that is open."""
        found = [one for one in self.state().shelves if self.handle_of_shelf(one) == handle]
        if not found:
            raise _nothing()
        return found[0]

    def handle_of_shelf(self, shelf: Shelf) -> str:
        return self._handle(b"shelf", b"%d" % shelf.number)

    def handle_of(self, book: BookNumber) -> str:
        return self._handle(b"book", b"%d" % book)

    def handle_of_value(self, facet: Facet, value: str) -> str:
        return self._handle(facet.value.encode(), value.encode())

    def tag(self, *what: bytes) -> str:
        """What stands for some bytes, or something that has a number, in a header."""
        return self._handle(b"tag", *what)

    def identity(self, *what: str) -> bytes:
        """16 bytes that name something in feeds, as long as the door is open."""
        return self._key.mac(_joined([b"identity", *(one.encode() for one in what)]))[:16]

    def book(self, handle: str) -> Book:
        """Raises NothingToDo: none that is on an open shelf."""
        number = self._all_books(self._now()).get(handle)
        if number is None:
            raise _nothing()
        return self._library.catalogue.find(number, _IS_OPEN)

    def find(self, number: BookNumber) -> Book | None:
        """None: it is on no open shelf any more."""
        try:
            return self._library.catalogue.find(number, _IS_OPEN)
        except NothingToDo:
            return None

    def read(self, book: Book, part: int) -> Readable:
        """Its bytes. Raises NothingToDo: it is on no open shelf (any more)."""
        self._library.catalogue.find(book.number, _IS_OPEN)
        return self._library.contents.read(book.number, part)

    def cover(self, book: Book) -> bytes | None:
        self._library.catalogue.find(book.number, _IS_OPEN)
        return self._library.catalogue.cover(book.number)

    def list(self, filter: Filter, order: Order, *, first: int, count: int) -> BookPage:
        return self._library.catalogue.list(self._open(filter), order, first=first, count=count)

    def values(self, facet: Facet) -> Sequence[Value]:
        """Of all that is open, the most frequent first."""
        known = self._now()
        if facet not in known.values:
            known.values[facet] = self._tally(_IS_OPEN, facet, VALUES_MAX)
        return known.values[facet]

    def values_in(self, filter: Filter, facet: Facet, *, count: int) -> Sequence[Value]:
        return self._tally(self._open(filter), facet, count)

    def value(self, facet: Facet, handle: str) -> str:
        """Raises NothingToDo: no open book has it."""
        found = [one.value for one in self.values(facet) if one.handle == handle]
        if not found:
            raise _nothing()
        return found[0]

    def search(self, query: Query, *, first: int, count: int, within_s: float) -> Hits:
        """Only what is on open shelves is found."""
        known = self._now()
        self._all_books(known)
        numbers = known.numbers or frozenset()
        return self._library.index.search(
            query, accept=numbers.__contains__, first=first, count=count, within_s=within_s
        )

    def _open(self, filter: Filter) -> Filter:
        """The same, of open shelves. Raises NothingToDo: one is meant that is closed."""
        if filter.shelf is not None:
            self._require_open(filter.shelf)
        return replace(filter, is_open=True)

    def _require_open(self, shelf: ShelfNumber) -> None:
        if all(one.number != shelf for one in self.state().shelves):
            raise _nothing()

    def _now(self) -> _Known:
        shelves = tuple(one for one in self._library.shelves.all() if one.is_open)
        with self._turn:
            before = self._known
            if before is None or before.state.shelves != shelves:
                self._known = _Known(self._changed(before.state if before is not None else None, shelves))
            assert self._known is not None
            return self._known

    def _changed(self, before: State | None, shelves: tuple[Shelf, ...]) -> State:
        """No answer of an earlier opening has a later time than this one, and none of this one the same."""
        if before is None:
            now_s = max(self._now_s(), *(one.changed_s for one in shelves), 0)
            return State(shelves, now_s, {one.number: now_s for one in shelves})
        now_s = max(before.changed_s + 1, self._now_s())
        times = {
            one.number: before.changed_s_of[one.number] if one in before.shelves else now_s for one in shelves
        }
        return State(shelves, now_s, times)

    def _all_books(self, known: _Known) -> dict[str, BookNumber]:
        if known.numbers is None:
            numbers = self._library.catalogue.numbers(_IS_OPEN)
            known.books = {self.handle_of(number): number for number in numbers}
            known.numbers = numbers
        return known.books

    def _tally(self, filter: Filter, facet: Facet, count: int) -> tuple[Value, ...]:
        return tuple(
            Value(self.handle_of_value(facet, value), value, number)
            for value, number in self._library.catalogue.tally(filter, facet, count=count)
        )

    def _handle(self, *parts: bytes) -> str:
        return b32encode(self._key.mac(_joined(parts))[:HANDLE_BYTES]).decode().lower()


def _joined(parts: Sequence[bytes]) -> bytes:
    """So that no two lists of parts are joined to the same."""
    return b"".join(len(one).to_bytes(4, "big") + one for one in parts)


def _nothing() -> NothingToDo:
    return NothingToDo("guests 3.5: there is no such thing on an open shelf (any more).")
