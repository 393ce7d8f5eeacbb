"""Catalogue and shelves beside a plain model of them: any order of calls leaves the same in both."""

import random
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from satchel.core.library.item import Item
from satchel.errors import MisuseError, NothingToDo
from satchel.ports.library import BookNumber, Facet, Filter, Order, ShelfNumber
from satchel.store.library.titles import sort_key
from store.library_samples import Clock, add_of, content_of, item_of, library_at, new_book, read

WORDS = ("sea", "wind", "Élan", "10", "2")
some = st.integers(0, 5)


@dataclass
class _Shelf:
    name: str
    books: list[int] = field(default_factory=list)
    is_open: bool = False


class LibraryBesideModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        home = Path(self.closing.enter_context(tempfile.TemporaryDirectory()))
        self.clock = Clock()
        self.library = self.closing.enter_context(library_at(home, clock=self.clock))
        self.books: dict[int, Item] = {}
        self.contents: dict[int, bytes] = {}
        self.shelves: dict[int, _Shelf] = {}
        self.last = 0

    def teardown(self) -> None:
        self.closing.close()

    @rule(content=st.integers(0, 7), title=st.sampled_from(WORDS), author=st.sampled_from(WORDS))
    def add(self, content: int, title: str, author: str) -> None:
        data = content_of(content, 300)
        item = replace(item_of([data], title), authors=(author,))
        number = add_of(self.library, item, data)
        known = [each for each, other in self.books.items() if other.id == item.id]
        if known:
            assert known == [number]
            return
        assert number == self.last + 1  # never used again
        self.last = number
        self.books[number], self.contents[number] = item, data

    @rule(which=some, title=st.sampled_from(WORDS), author=st.sampled_from(WORDS))
    def change(self, which: int, title: str, author: str) -> None:
        if number := self._book(which):
            item = replace(self.books[number], title=title, authors=(author,))
            item = replace(item, revision=item.revision + 1)
            self.library.catalogue.change(BookNumber(number), item)
            self.books[number] = item

    @rule(which=st.lists(some, min_size=1, max_size=3))
    def remove(self, which: list[int]) -> None:
        numbers = [BookNumber(number) for each in which if (number := self._book(each))]
        self.library.catalogue.remove(numbers)
        for number in numbers:
            self.books.pop(number, None)
            for shelf in self.shelves.values():
                shelf.books = [each for each in shelf.books if each != number]

    @rule(name=st.sampled_from(["one", "ONE", "two", "three"]))
    def make(self, name: str) -> None:
        is_there = any(each.name.lower() == name.lower() for each in self.shelves.values())
        try:
            made = self.library.shelves.make(name)
        except MisuseError:
            assert is_there
            return
        assert not is_there
        assert made.number > max(self.shelves, default=0)
        self.shelves[made.number] = _Shelf(name)

    @rule(which=some)
    def remove_shelf(self, which: int) -> None:
        if number := self._shelf(which):
            self.library.shelves.remove(ShelfNumber(number))
            del self.shelves[number]

    @rule(which=some, books=st.lists(some, max_size=4), at=st.none() | some)
    def put(self, which: int, books: list[int], at: int | None) -> None:
        number = self._shelf(which)
        numbers = [BookNumber(each) for one in books if (each := self._book(one))]
        if not number:
            return
        self.library.shelves.put(ShelfNumber(number), numbers, at=at)
        shelf = self.shelves[number]
        others = [each for each in shelf.books if each not in numbers]
        place = len(others) if at is None else at
        shelf.books = [*others[:place], *dict.fromkeys(numbers), *others[place:]]

    @rule(which=some, books=st.lists(some, max_size=4))
    def take(self, which: int, books: list[int]) -> None:
        if number := self._shelf(which):
            numbers = [BookNumber(each) for one in books if (each := self._book(one))]
            self.library.shelves.take(ShelfNumber(number), numbers)
            self.shelves[number].books = [each for each in self.shelves[number].books if each not in numbers]

    @rule(which=some, is_open=st.booleans(), name=st.sampled_from(["one", "four"]))
    def set_open_and_rename(self, which: int, *, is_open: bool, name: str) -> None:
        if number := self._shelf(which):
            self.library.shelves.set_open(ShelfNumber(number), is_open)
            self.shelves[number].is_open = is_open
            with suppress(MisuseError):
                self.library.shelves.rename(ShelfNumber(number), name)
                self.shelves[number].name = name

    @rule(seconds=st.integers(-(10**9), 10**6))
    def set_clock(self, seconds: int) -> None:
        self.clock.wall_s += seconds

    @invariant()
    def all_is_the_same(self) -> None:
        catalogue, shelves = self.library.catalogue, self.library.shelves
        for filter, order, numbers in self._lists():
            page = catalogue.list(filter, order, first=0, count=99)
            assert [book.number for book in page.books] == numbers
            assert [book.item for book in page.books] == [self.books[number] for number in numbers]
            assert catalogue.numbers(filter) == set(numbers)
            authors: dict[str, int] = {}
            for number in numbers:
                for author in self.books[number].authors:
                    authors[author] = authors.get(author, 0) + 1
            assert dict(catalogue.tally(filter, Facet.AUTHOR, count=99)) == authors
        assert [(each.number, each.name, each.is_open, each.count) for each in shelves.all()] == [
            (number, each.name, each.is_open, len(each.books)) for number, each in self.shelves.items()
        ]
        for number in self.books:
            on = [each for each, shelf in self.shelves.items() if number in shelf.books]
            assert [shelf.number for shelf in shelves.of(BookNumber(number))] == on
        if self.books:
            number = random.Random(self.last).choice(sorted(self.books))
            assert read(self.library, BookNumber(number)) == self.contents[number]

    def _lists(self) -> list[tuple[Filter, Order, list[int]]]:
        by_title = sorted(self.books, key=lambda each: (sort_key(self.books[each].title), each))
        seen = {each for shelf in self.shelves.values() if shelf.is_open for each in shelf.books}
        return [
            (Filter(), Order.TITLE, by_title),
            (Filter(), Order.NEWEST, sorted(self.books, reverse=True)),
            (Filter(is_open=True), Order.TITLE, [each for each in by_title if each in seen]),
            (Filter(author="sea"), Order.TITLE, [n for n in by_title if self.books[n].authors == ("sea",)]),
            *(
                (Filter(shelf=ShelfNumber(number)), Order.SHELF, shelf.books)
                for number, shelf in self.shelves.items()
            ),
        ]

    def _book(self, which: int) -> int | None:
        return sorted(self.books)[which % len(self.books)] if self.books else None

    def _shelf(self, which: int) -> int | None:
        return sorted(self.shelves)[which % len(self.shelves)] if self.shelves else None


TestLibraryBesideModel = LibraryBesideModel.TestCase
TestLibraryBesideModel.settings = settings(
    max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize(
    ("books", "at", "expected"),
    [
        ([5], None, [1, 2, 3, 4, 5]),
        ([5], 0, [5, 1, 2, 3, 4]),
        ([5], 2, [1, 2, 5, 3, 4]),
        ([5, 1], 2, [2, 3, 5, 1, 4]),
        ([1], None, [2, 3, 4, 1]),
        ([4, 3, 4], 0, [4, 3, 1, 2]),
        ([2], 99, [1, 3, 4, 2]),
        ([2], -9, [2, 1, 3, 4]),
        ([], 0, [1, 2, 3, 4]),
    ],
)
def test_books_are_put_at_a_place(
    tmp_path: Path, books: list[int], at: int | None, expected: list[int]
) -> None:
    with library_at(tmp_path) as library:
        new = [new_book(library, [content_of(number, 100)]) for number in range(5)]
        numbers = [each.number for each in library.catalogue.add(new)]
        shelf = library.shelves.make("one").number
        library.shelves.put(shelf, numbers[:4])
        library.shelves.put(shelf, [BookNumber(each) for each in books], at=at)
        page = library.catalogue.list(Filter(shelf=shelf), Order.SHELF, first=0, count=9)
        assert [book.number for book in page.books] == expected


def test_what_is_not_there_is_said() -> None:
    with tempfile.TemporaryDirectory() as home, library_at(Path(home)) as library:
        shelves, none = library.shelves, ShelfNumber(9)
        shelf = shelves.make("one").number
        for call in (
            lambda: shelves.named("two"),
            lambda: shelves.rename(none, "two"),
            lambda: shelves.remove(none),
            lambda: shelves.put(none, []),
            lambda: shelves.put(shelf, [BookNumber(4)]),
            lambda: shelves.take(none, []),
            lambda: shelves.set_open(none, True),
        ):
            try:
                call()
            except NothingToDo:
                continue
            raise AssertionError(call)
        for name in ("", "  ", "x" * 257, "a\nb", "ONE", "\ud800"):
            try:
                shelves.make(name)
            except MisuseError:
                continue
            raise AssertionError(name)
        assert shelves.named(" One ").number == shelf
