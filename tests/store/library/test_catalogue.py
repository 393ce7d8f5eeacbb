"""Which books there are: found by everything that is known of them, and gone when they are removed (T2)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.library.codec import encode_item
from satchel.core.library.item import Content, Item
from satchel.core.library.kinds import Kind
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.ports.library import EVERYTHING, BookNumber, Facet, Filter, NewBook, Order, ShelfNumber
from satchel.store.database import Database
from satchel.store.library import catalogue as module
from satchel.store.library.opening import KeptLibrary
from store.library_samples import (
    NOW_S,
    Clock,
    add,
    add_of,
    content_of,
    item_of,
    library_at,
    new_book,
    opened,
    root_of,
    written,
)
from store.record_samples import KEY

COVER = content_of(77, 900)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(tmp_path: Path, clock: Clock) -> Iterator[KeptLibrary]:
    with library_at(tmp_path / "profile", clock=clock) as opened_one:
        yield opened_one


def filled(library: KeptLibrary) -> dict[str, BookNumber]:
    """By their titles."""
    books = [
        ("Beta", ("Amina",), ("pt-BR",), ("sea", "wind"), "application/epub+zip"),
        ("alpha", ("Amina", "Bilal"), ("pt",), ("sea",), "application/pdf"),
        ("Gamma", ("Bilal",), ("ptx", "en"), (), "text/plain"),
        ("10 days", (), (), ("wind",), "application/pdf"),
        ("2 days", (), ("en-GB",), (), "application/x-unheard-of"),
    ]
    new = []
    for number, (title, authors, languages, subjects, media) in enumerate(books):
        content = content_of(number)
        item = replace(
            item_of([content], title, media=media), authors=authors, languages=languages, subjects=subjects
        )
        new.append(NewBook(item=item, contents=(written(library.contents, content),)))
    added = library.catalogue.add(new)
    return {title: each.number for (title, *_), each in zip(books, added, strict=True)}


def titles(library: KeptLibrary, filter: Filter, order: Order = Order.TITLE) -> Sequence[str]:
    page = library.catalogue.list(filter, order, first=0, count=100)
    assert page.total == len(page.books) == len(library.catalogue.numbers(filter))
    assert {book.number for book in page.books} == library.catalogue.numbers(filter)
    for book in page.books:
        assert library.catalogue.find(book.number, filter) == book
    return [book.item.title for book in page.books]


def test_what_is_added_is_found_as_it_was(library: KeptLibrary) -> None:
    contents = [content_of(1), content_of(2)]
    item = item_of(contents, "Title", cover=COVER)
    number = add(library, *contents, title="Title", cover=COVER)
    assert number == 1
    found = library.catalogue.find(number)
    assert (found.item, found.kind, found.size_bytes) == (item, Kind.TEXT, 10_000)
    assert library.catalogue.cover(number) == COVER
    assert library.catalogue.number_of([root_of(one) for one in contents]) == number
    assert library.catalogue.number_of([root_of(one) for one in reversed(contents)]) is None
    other = add(library, content_of(3))
    assert library.catalogue.cover(other) is None


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (EVERYTHING, ["2 days", "10 days", "alpha", "Beta", "Gamma"]),
        (Filter(language="pt"), ["alpha", "Beta"]),
        (Filter(language="pt-BR"), ["Beta"]),
        (Filter(language="en"), ["2 days", "Gamma"]),
        (Filter(language="e"), []),
        (Filter(author="Amina"), ["alpha", "Beta"]),
        (Filter(author="Amina", subject="wind"), ["Beta"]),
        (Filter(subject="sea", kind=Kind.PDF), ["alpha"]),
        (Filter(kind=Kind.PDF), ["10 days", "alpha"]),
        (Filter(kind=Kind.FILE), ["2 days"]),
        (Filter(shelf=ShelfNumber(5)), []),
        (Filter(is_open=True), []),
        (Filter(author="\udcff", language="\udcff"), []),
    ],
)
def test_filters(library: KeptLibrary, filter: Filter, expected: list[str]) -> None:
    filled(library)
    assert titles(library, filter) == expected


def test_orders_and_pages(library: KeptLibrary) -> None:
    filled(library)
    assert titles(library, EVERYTHING, Order.NEWEST) == ["2 days", "10 days", "Gamma", "alpha", "Beta"]
    pages = [library.catalogue.list(EVERYTHING, Order.TITLE, first=n, count=2) for n in (0, 2, 4, 6)]
    assert [[book.item.title for book in page.books] for page in pages] == [
        ["2 days", "10 days"],
        ["alpha", "Beta"],
        ["Gamma"],
        [],
    ]
    assert {page.total for page in pages} == {5}
    with pytest.raises(MisuseError):
        library.catalogue.list(EVERYTHING, Order.SHELF, first=0, count=1)


def test_tallies(library: KeptLibrary) -> None:
    filled(library)
    tally = library.catalogue.tally
    assert tally(EVERYTHING, Facet.AUTHOR, count=9) == [("Amina", 2), ("Bilal", 2)]
    assert tally(EVERYTHING, Facet.KIND, count=1) == [("pdf", 2)]
    assert tally(Filter(subject="sea"), Facet.AUTHOR, count=9) == [("Amina", 2), ("Bilal", 1)]
    assert tally(EVERYTHING, Facet.LANGUAGE, count=9) == [
        (one, 1) for one in ("en", "en-GB", "pt", "pt-BR", "ptx")
    ]
    assert tally(Filter(is_open=True), Facet.SUBJECT, count=9) == []


def test_a_book_that_a_filter_leaves_out_is_not_found(library: KeptLibrary) -> None:
    numbers = filled(library)
    for number, filter in ((numbers["Beta"], Filter(is_open=True)), (BookNumber(99), EVERYTHING)):
        with pytest.raises(NothingToDo):
            library.catalogue.find(number, filter)


def test_a_record_is_changed_by_a_later_one_of_the_same_content(library: KeptLibrary) -> None:
    numbers = filled(library)
    number = numbers["Beta"]
    before = library.catalogue.find(number).item
    after = replace(before, revision=2, title="Zeta", authors=("Chen",), languages=(), subjects=())
    library.catalogue.change(number, after)
    assert library.catalogue.find(number).item == after
    assert titles(library, EVERYTHING)[-1] == "Zeta"
    assert titles(library, Filter(author="Chen")) == ["Zeta"]
    assert titles(library, Filter(author="Amina")) == ["alpha"]
    cover = Content(root=root_of(COVER), size_bytes=len(COVER), media_type="image/jpeg")
    for wrong in (
        replace(after, title="Of the same revision"),
        replace(library.catalogue.find(numbers["alpha"]).item, revision=9),
        replace(after, revision=3, cover=cover),
    ):
        with pytest.raises(MisuseError):
            library.catalogue.change(number, wrong)
    with pytest.raises(NothingToDo):
        library.catalogue.change(BookNumber(99), replace(after, revision=3))
    assert library.catalogue.find(number).item == after


def test_a_number_never_comes_again(library: KeptLibrary) -> None:
    numbers = filled(library)
    library.catalogue.remove([numbers["2 days"], numbers["alpha"]])
    assert titles(library, EVERYTHING) == ["10 days", "Beta", "Gamma"]
    assert add(library, content_of(50)) == 6
    with pytest.raises(NothingToDo):
        library.catalogue.remove([numbers["Beta"], numbers["alpha"]])
    assert "Beta" in titles(library, EVERYTHING)
    library.catalogue.remove([numbers["Beta"], numbers["Beta"]])
    assert "Beta" not in titles(library, EVERYTHING)


def test_t2_nothing_stays_of_what_was_removed(tmp_path: Path) -> None:
    """With the key either: as the pages are, not as the tables are."""
    home = tmp_path / "profile"
    title, name = "a title that nobody must see", "an author that nobody must see"
    with library_at(home) as library:
        filled(library)
        content = content_of(70)
        item = replace(item_of([content], title), authors=(name,))
        number = add_of(library, item, content)
        library.catalogue.set_aside("a name of a file", 5, what="It broke.", do="Nothing.")
        seen = plain_pages(library)
        assert all(one.encode() in seen for one in (title, name, "a name of a file"))
        library.catalogue.remove([number])
        seen = plain_pages(library)
        assert b"a name of a file" in seen
        assert not [one for one in (title, name) if one.encode() in seen]
        library.catalogue.forget_asides()
        seen = plain_pages(library)
        assert b"Gamma" in seen
        assert not [one for one in (title, name, "a name of a file") if one.encode() in seen]
        assert bytes(root_of(content)) not in seen
        assert library.catalogue.asides() == []


def test_t2_what_is_erased_leaves_the_log_at_once(tmp_path: Path) -> None:
    """Else its keys would lie there until something else is written."""
    home = tmp_path / "profile"
    with library_at(home) as library:
        numbers = list(filled(library).values())
        shelf = library.shelves.make("one").number
        item = library.catalogue.find(numbers[1]).item
        erasings: list[Callable[[], None]] = [
            lambda: library.catalogue.remove(numbers[:1]),
            lambda: library.catalogue.change(numbers[1], replace(item, revision=2)),
            library.catalogue.forget_asides,
            lambda: library.shelves.rename(shelf, "two"),
            lambda: library.shelves.take(shelf, numbers[1:2]),
            lambda: library.shelves.remove(shelf),
        ]
        for erase in erasings:
            library.catalogue.set_aside("a name of a file", 5, what="It broke.", do="Nothing.")
            library.shelves.put(shelf, numbers[1:3])
            assert (home / "rows-wal").stat().st_size > 0
            erase()
            assert (home / "rows-wal").stat().st_size == 0


def plain_pages(library: KeptLibrary) -> bytes:
    with library.catalogue._database.reading() as connection:  # type: ignore[attr-defined]
        return bytes(connection.serialize("main"))


@pytest.mark.parametrize(
    "how", ["another size", "another content", "another cover", "no cover", "parts", "unfinished"]
)
def test_a_record_that_names_something_else_is_refused(library: KeptLibrary, how: str) -> None:
    """And nothing is added, of the others of that call neither."""
    content = content_of(1)
    good = new_book(library, [content_of(2)])
    item = item_of([content], cover=COVER)
    file, cover = written(library.contents, content), COVER
    match how:
        case "another size":
            item = replace(item, parts=(replace(item.parts[0], size_bytes=4),))
        case "another content":
            item = replace(item, parts=(replace(item.parts[0], root=root_of(b"other")),))
        case "another cover":
            cover = content_of(78, 900)
        case "parts":
            item = item_of([content, content_of(3)], cover=COVER)
        case "unfinished":
            file = library.contents.write(5000)
    bad = NewBook(item=item, contents=(file,), cover=None if how == "no cover" else cover)
    with pytest.raises(MisuseError):
        library.catalogue.add([good, bad])
    assert library.catalogue.numbers(EVERYTHING) == set()
    library.catalogue.add([good])
    assert library.catalogue.numbers(EVERYTHING) == {BookNumber(1)}


def test_a_file_that_was_set_aside(
    library: KeptLibrary, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.catalogue.set_aside("first.epub", 7, what="It is damaged.", do="Ask for it again.")
    [first] = library.catalogue.asides()
    assert (first.name, first.size_bytes, first.what, first.at_s) == (
        "first.epub",
        7,
        "It is damaged.",
        NOW_S,
    )
    library.catalogue.set_aside("no UTF-8: \udcff", 7, what="w", do="d")
    assert library.catalogue.asides()[-1].name == "no UTF-8: \\udcff"
    clock.wall_s = 0  # of a machine without a clock
    monkeypatch.setattr(module, "ASIDES_MAX", 20)
    for number in range(20):
        library.catalogue.set_aside(f"{number}", number, what="w", do="d")
    asides = library.catalogue.asides()
    assert [(one.name, one.at_s) for one in asides] == [(f"{number}", None) for number in range(20)]


@pytest.mark.parametrize("backwards_s", [0, 10**9, -5])
def test_a_change_is_seen_by_its_time_also_where_the_clock_went_back(
    library: KeptLibrary, clock: Clock, backwards_s: int
) -> None:
    numbers = list(filled(library).values())
    shelves, catalogue = library.shelves, library.catalogue
    shelf, other = shelves.make("open"), shelves.make("closed")
    shelves.set_open(shelf.number, True)
    shelves.put(other.number, numbers[:2])
    shelves.put(shelf.number, numbers[1:3])
    item = catalogue.find(numbers[1]).item
    everything, guests = EVERYTHING, Filter(is_open=True)
    one, hidden = Filter(shelf=shelf.number), Filter(shelf=other.number)

    def seen() -> list[Filter]:
        return [everything, guests, *(Filter(shelf=each.number) for each in shelves.all())]

    for change, moved in (
        (lambda: add(library, content_of(90)), {everything}),
        (lambda: catalogue.change(numbers[1], replace(item, revision=2)), {everything, guests, one, hidden}),
        (lambda: shelves.put(other.number, [numbers[4]]), {everything, hidden}),
        (lambda: shelves.put(shelf.number, [numbers[4]]), {everything, guests, one}),
        (lambda: shelves.take(other.number, [numbers[4]]), {everything, hidden}),
        (lambda: shelves.rename(shelf.number, "still open"), {everything, guests, one}),
        (lambda: catalogue.remove([numbers[0]]), {everything, hidden}),
        (lambda: shelves.set_open(other.number, True), {everything, guests, hidden}),
        (lambda: shelves.set_open(other.number, False), {everything, guests, hidden}),
        (lambda: shelves.remove(other.number), {everything}),
        (lambda: catalogue.remove([numbers[4]]), {everything, guests, one}),
    ):
        clock.wall_s -= backwards_s
        before = {each: catalogue.changed_s(each) for each in seen()}
        change()
        after = {each: catalogue.changed_s(each) for each in seen() if each in before}
        assert {each for each in after if after[each] > before[each]} == moved
        assert all(after[each] >= before[each] for each in after)


def test_g1_who_asks_for_a_closed_shelf_by_its_number_learns_nothing(library: KeptLibrary) -> None:
    numbers = list(filled(library).values())
    shelves = library.shelves
    shelf, closed = shelves.make("open"), shelves.make("closed")
    shelves.set_open(shelf.number, True)
    shelves.put(shelf.number, numbers[:3])
    shelves.put(closed.number, numbers[1:4])
    guest = Filter(shelf=closed.number, is_open=True)
    assert titles(library, guest, Order.SHELF) == []
    with pytest.raises(NothingToDo):
        library.catalogue.find(numbers[1], guest)
    assert library.catalogue.tally(guest, Facet.KIND, count=9) == []
    assert library.catalogue.changed_s(guest) == library.catalogue.changed_s(Filter(is_open=True))
    assert titles(library, Filter(is_open=True)) == ["alpha", "Beta", "Gamma"]
    assert len(titles(library, Filter(shelf=shelf.number, is_open=True), Order.SHELF)) == 3


def test_a_record_that_was_written_by_nobody_here_is_damage(library: KeptLibrary) -> None:
    number = add(library, content_of(1))
    with library.catalogue._database.changing() as connection:  # type: ignore[attr-defined]
        connection.execute("UPDATE record SET body = x'00'")
    with pytest.raises(EnvironmentProblem, match="damaged"):
        library.catalogue.find(number)


def test_a_record_of_a_later_version_stays_as_it_came(library: KeptLibrary) -> None:
    item: Item = replace(item_of([content_of(1)]), others={40: b"of later"})
    number = add_of(library, item, content_of(1))
    assert encode_item(library.catalogue.find(number).item) == encode_item(item)


def test_it_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        with closing(opened(tmp_path, database)) as library:
            filled(library)
            library.shelves.make("one")
            before = library.catalogue.list(EVERYTHING, Order.TITLE, first=0, count=9), library.shelves.all()
        with closing(opened(tmp_path, database)) as library:
            after = library.catalogue.list(EVERYTHING, Order.TITLE, first=0, count=9), library.shelves.all()
            assert after == before
