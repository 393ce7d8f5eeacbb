"""What the door can see of a library (G1; library 2.5, 6.2)."""

import pytest

from satchel.core.library.query import parse_query
from satchel.errors import NothingToDo
from satchel.ports.library import BookNumber, Facet, Filter, Order, Shelf, ShelfNumber
from satchel.web.guests.open_shelves import OpenShelves
from web.guests.knocking import a_school
from web.guests.shelved import Shelved

CLOSED = BookNumber(5)


def seen(shelved: Shelved, secret: bytes = b"s" * 32) -> OpenShelves:
    return OpenShelves(shelved.library, secret=secret, now_s=lambda: shelved.clock_s)


def test_g1_a_closed_book_is_found_by_no_way() -> None:
    shelved = a_school()
    shelves = seen(shelved)
    shelves.list(Filter(), Order.TITLE, first=0, count=10)
    with pytest.raises(NothingToDo):
        shelves.book(shelves.handle_of(CLOSED))
    with pytest.raises(NothingToDo):
        shelves.list(Filter(shelf=ShelfNumber(3)), Order.SHELF, first=0, count=10)
    closed = Shelf(number=ShelfNumber(3), name="Private", is_open=False, count=1, changed_s=0)
    with pytest.raises(NothingToDo):
        shelves.shelf(shelves.handle_of_shelf(closed))
    with pytest.raises(NothingToDo):
        shelves.value(Facet.AUTHOR, shelves.handle_of_value(Facet.AUTHOR, "Nobody Known"))
    assert shelves.find(CLOSED) is None
    assert [hit.book for hit in shelves.search(parse_query("quick"), first=0, count=9, within_s=1).hits] == [
        1
    ]
    assert {one.value for facet in Facet for one in shelves.values(facet)}.isdisjoint(
        {"x-hidden", "Nobody Known", "Treason", "zim"}
    )


def test_a_book_that_was_seen_is_gone_when_its_shelf_is_closed() -> None:
    shelved = a_school()
    shelves = seen(shelved)
    book = shelves.book(shelves.handle_of(BookNumber(1)))
    assert shelves.cover(book)
    shelved.close("School")
    for ask in (
        lambda: shelves.book(shelves.handle_of(BookNumber(1))),
        lambda: shelves.read(book, 0),
        lambda: shelves.cover(book),
    ):
        with pytest.raises(NothingToDo):
            ask()


def test_handles_are_those_of_one_opening() -> None:
    shelved = a_school()
    one, other = seen(shelved), seen(shelved, b"t" * 32)
    assert one.handle_of(BookNumber(1)) == seen(shelved).handle_of(BookNumber(1))
    assert one.handle_of(BookNumber(1)) != other.handle_of(BookNumber(1))
    assert one.handle_of(BookNumber(1)) != one.handle_of_value(Facet.AUTHOR, "1")
    with pytest.raises(NothingToDo):
        other.book(one.handle_of(BookNumber(1)))


def test_g1_no_time_says_that_a_closed_shelf_has_changed() -> None:
    shelved = a_school()
    shelves = seen(shelved)
    before = shelves.state()
    shelved.put("Another", shelf="Private")
    assert shelves.state() is before
    shelved.put("Geometry", shelf="School")
    after = shelves.state()
    assert after.changed_s > before.changed_s
    assert after.changed_s_of[ShelfNumber(1)] == after.changed_s
    assert after.changed_s_of[ShelfNumber(2)] == before.changed_s_of[ShelfNumber(2)]


def test_times_go_on_where_the_clock_went_back_and_a_shelf_was_closed() -> None:
    shelved = a_school()
    shelves = seen(shelved)
    times = [shelves.state().changed_s]
    shelved.clock_s = 5
    shelved.close("Music")
    times.append(shelves.state().changed_s)
    shelved.open("Music")
    times.append(shelves.state().changed_s)
    assert times == sorted(set(times))
