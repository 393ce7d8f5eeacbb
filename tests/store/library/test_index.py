"""Words are found in any passage, in time; removed ones are in no file any more (T2)."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.library.query import Query
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports.library import EVERYTHING, WHOLE, BookNumber, Passage
from satchel.store.database import Database
from satchel.store.library import index as module
from satchel.store.library.index import SqliteIndex
from satchel.store.library.opening import KeptLibrary
from satchel.store.library.shards import Shards
from satchel.store.library.turns import Turns
from store.library_samples import (
    Clock,
    content_of,
    found,
    library_at,
    new_book,
    opened,
    passage,
    query,
    search,
    whole,
)
from store.record_samples import KEY

SMALL = 1 << 18  # bytes: so that there are several shards soon


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def library(home: Path) -> Iterator[KeptLibrary]:
    with library_at(home, shard_bytes=SMALL) as opened_one:
        yield opened_one


def books(library: KeptLibrary, count: int, first: int = 0) -> list[BookNumber]:
    new = [new_book(library, [content_of(n, 50)]) for n in range(first, first + count)]
    return [each.number for each in library.catalogue.add(new)]


def shards_of(library: KeptLibrary) -> Shards:
    assert isinstance(library.index, SqliteIndex)
    return library.index._shards


def long_text(number: int, words: int = 1100) -> str:
    return " ".join(f"word{number * 7919 + n * 31 % 4001}" for n in range(words))


def large(word: str) -> Iterator[Passage]:
    """More than one batch."""
    yield from (passage(f"{word} {long_text(n)}") for n in range(9))


def fill(library: KeptLibrary, count: int, first: int = 0) -> list[BookNumber]:
    """More than one shard has."""
    numbers = books(library, count, first)
    for number in numbers:
        library.index.put(number, [whole(f"Book {number}"), passage(f"needle{number} {long_text(number)}")])
    return numbers


def test_what_was_put_in_is_found(library: KeptLibrary) -> None:
    one, two = books(library, 2)
    library.index.put(one, [whole("The sea, by Amina"), passage("the wind over the hills", "c1", "Wind")])
    library.index.put(
        two, [whole("Hills"), passage("no wind today", "c1"), passage("the Café by the sea", "c2")]
    )
    assert found(library, "sea") == [one, two]  # a title first
    assert found(library, "hills") == [two, one]
    assert found(library, "wind", "hills") == [one]
    assert found(library, "the sea") == [one, two]
    assert found(library, "sea the") == []
    assert found(library, "nowhere") == []
    assert found(library, "wi") == []
    assert found(library, "win", is_prefix=True) == [one, two]
    [hit] = search(library, "cafe\u0301").hits
    assert (hit.book, hit.place, hit.heading) == (two, "c2", "")
    assert [hit.excerpt[first:end] for first, end in hit.marks] == ["Café"]
    assert search(library, "amina").hits[0].place == WHOLE
    assert not search(library, "sea").is_cut


def test_terms_stand_in_one_passage(library: KeptLibrary) -> None:
    [one] = books(library, 1)
    library.index.put(one, [whole("Title"), passage("sea"), passage("wind", "c2")])
    assert found(library, "sea", "wind") == []
    library.index.put(one, [whole("Title"), passage("sea, wind")])
    assert found(library, "sea", "wind") == [one]


def test_the_best_of_each_book_is_shown_once(library: KeptLibrary) -> None:
    [one, two] = books(library, 2)
    library.index.put(one, [passage(f"sea {long_text(1)}", "c1"), passage("sea, sea and sea", "c2")])
    library.index.put(two, [passage(f"a sea {long_text(2)}", "c1")])
    assert [(hit.book, hit.place) for hit in search(library, "sea").hits] == [(one, "c2"), (two, "c1")]
    assert [hit.book for hit in search(library, "sea", first=1, count=1).hits] == [two]
    only = library.index.search(query("sea"), accept=lambda n: n == two, first=0, count=5, within_s=9)
    assert [hit.book for hit in only.hits] == [two]


def test_all_of_one_book_in_its_order(library: KeptLibrary) -> None:
    numbers = fill(library, 12)
    one = numbers[5]
    library.index.put(
        one, [whole("sea"), *(passage(f"sea {n}", f"c{n}") for n in range(9)), passage("wind", "z")]
    )
    hits = library.index.search_in(query("se", is_prefix=True), one, first=2, count=4, within_s=9).hits
    assert [(hit.book, hit.place) for hit in hits] == [(one, f"c{n}") for n in range(2, 6)]
    assert library.index.search_in(query("sea"), numbers[4], first=0, count=4, within_s=9).hits == []
    assert library.index.search_in(query(), one, first=0, count=4, within_s=9).hits == []


@pytest.mark.parametrize(
    "terms", [[], [""], ['"'], ["*"], ["a" * 5000], ["NEAR(sea wind)"], ["sea OR wind"], ["\udcff"]]
)
def test_what_people_type_is_words_and_nothing_else(library: KeptLibrary, terms: list[str]) -> None:
    [one] = books(library, 1)
    library.index.put(one, [passage("the sea. the wind")])
    assert found(library, *terms) == []
    raw = Query(tuple((term,) for term in terms), True)
    library.index.search(raw, accept=lambda _: True, first=0, count=9, within_s=9)


def test_several_shards_are_one_index(library: KeptLibrary, home: Path) -> None:
    numbers = fill(library, 30)
    assert len(shards_of(library).all()) > 2
    assert len(list((home / "sums").iterdir())) >= 3
    for number in numbers:
        assert found(library, f"needle{number}") == [number]
    assert sorted(found(library, "book")) == numbers
    assert sorted(found(library, "needle", is_prefix=True)) == numbers
    library.index.put(numbers[0], [passage("something else")])  # of the first shard, into the last one
    assert found(library, f"needle{numbers[0]}") == []
    assert found(library, "something") == [numbers[0]]
    assert library.index.missing(frozenset(numbers)) == frozenset()


def test_what_is_not_whole_is_missing(library: KeptLibrary) -> None:
    one, two = books(library, 2)

    def breaks_off() -> Iterator[Passage]:
        yield from large("sea")
        raise ZeroDivisionError

    library.index.put(two, [])
    with pytest.raises(ZeroDivisionError):
        library.index.put(one, breaks_off())
    assert library.index.missing(frozenset({one, two, BookNumber(9)})) == {one, 9}
    library.index.put(one, [passage("all of it")])
    assert library.index.missing(frozenset({one, two})) == frozenset()
    assert found(library, "sea") == []


def test_t2_removed_words_are_in_no_file_with_the_keys_either(library: KeptLibrary, home: Path) -> None:
    numbers = fill(library, 12)
    gone, stays = numbers[3], numbers[4]
    shard = next(each for each in shards_of(library).all() if each.has(gone))
    before = shard.path
    assert f"needle{gone}".encode() in plain(library)
    library.index.remove([gone])
    assert not before.exists()  # and its key is erased
    seen = plain(library)
    assert f"needle{stays}".encode()[:6] in seen
    assert f"eedle{gone}".encode() not in seen
    assert str(gone * 7919).encode() not in seen
    assert found(library, f"needle{gone}") == []
    assert found(library, f"needle{stays}") == [stays]
    library.index.remove([gone])
    library.index.remove(numbers)
    assert list((home / "sums").iterdir()) == []
    assert library.index.missing(frozenset(numbers)) == set(numbers)


def plain(library: KeptLibrary) -> bytes:
    """All pages, as who has the keys sees them; terms stand there without what the one before has, too."""
    pages = b""
    for shard in shards_of(library).all():
        with shard._database.reading() as connection:
            pages += connection.serialize("main")
    return pages


def test_a_kill_between_a_book_and_its_words_is_made_up_for(home: Path) -> None:
    with library_at(home, shard_bytes=SMALL) as library:
        numbers = fill(library, 12)
        library.catalogue.remove([numbers[2], *numbers[6:]])  # and then it was killed
    with library_at(home, shard_bytes=SMALL) as library:
        assert found(library, f"needle{numbers[2]}") == []
        assert sorted(found(library, "book")) == [*numbers[:2], *numbers[3:6]]
        for shard in shards_of(library).all():
            assert shard.books() <= library.catalogue.numbers(EVERYTHING)


@pytest.mark.parametrize("how", ["damaged", "cut", "gone", "another", "empty"])
def test_what_is_lost_is_missing_and_nothing_else(home: Path, how: str) -> None:
    with library_at(home, shard_bytes=SMALL) as library:
        numbers = fill(library, 20)
        path = shards_of(library).all()[0].path
        lost = shards_of(library).all()[0].books()
    data = path.read_bytes()
    match how:
        case "damaged":
            path.write_bytes(data[:3] + b"!" + data[4:])
        case "cut":
            path.write_bytes(data[:5000])
        case "gone":
            path.unlink()
        case "another":
            path.write_bytes(bytes(len(data)))
        case "empty":
            path.write_bytes(b"")
    with library_at(home, shard_bytes=SMALL) as library:
        search(library, "needle", is_prefix=True)
        assert library.index.missing(frozenset(numbers)) == lost
        for number in sorted(lost):
            library.index.put(number, [passage(f"needle{number}")])
        assert sorted(found(library, "needle", is_prefix=True)) == numbers


@pytest.mark.parametrize("first", [1, 2, 3, 8])
def test_a_page_that_is_damaged_is_found_while_it_is_used(home: Path, first: int) -> None:
    with library_at(home, shard_bytes=SMALL) as library:
        numbers = fill(library, 20)
        path = shards_of(library).all()[0].path
    data = bytearray(path.read_bytes())
    for at in range(4096 * first, len(data), 4096):
        data[at + 100] ^= 1
    path.write_bytes(data)
    with library_at(home, shard_bytes=SMALL) as library:
        for number in numbers:
            search(library, f"needle{number}")
        left = set(numbers) - library.index.missing(frozenset(numbers))
        assert 0 < len(left) < len(numbers)
        for number in left:
            assert found(library, f"needle{number}") == [number]


def test_a_search_ends_with_its_time(home: Path) -> None:
    clock = Clock()
    with library_at(home, shard_bytes=SMALL, clock=clock) as library:
        fill(library, 20)

        def accept(_: BookNumber) -> bool:
            clock.steps_s += 1
            return True

        hits = library.index.search(query("book"), accept=accept, first=0, count=50, within_s=0.5)
        assert hits.is_cut
        assert 0 < len(hits.hits) < 20
        assert not library.index.search(
            query("book"), accept=lambda _: True, first=0, count=9, within_s=1
        ).is_cut


def test_of_what_stands_everywhere_some_is_looked_at(
    library: KeptLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not of the first books alone: who has many is left behind."""
    numbers = books(library, 3)
    for number in numbers:
        library.index.put(number, [passage(f"the {n}", f"c{n}") for n in range(400)])
    monkeypatch.setattr(module, "ROWS_MAX", 100)
    hits = search(library, "the")
    assert not hits.is_cut
    assert sorted(hit.book for hit in hits.hits) == numbers
    monkeypatch.setattr(module, "ROWS_MAX", 40)
    hits = search(library, "the")
    assert hits.is_cut
    assert sorted(hit.book for hit in hits.hits) == numbers[:2]


def test_whoever_searches_goes_before_whoever_writes() -> None:
    for _ in range(30):  # else chance alone could have them in this order
        turns, order = Turns(), list[str]()

        def write(turns: Turns, order: list[str]) -> None:
            with turns.writing():
                order.append("write")

        def look(turns: Turns, order: list[str]) -> None:
            with turns.searching(5) as is_ours:
                assert is_ours
                order.append("search")

        threads = [threading.Thread(target=each, args=(turns, order)) for each in (write, write, look)]
        with turns.writing():
            with turns.searching(0) as is_ours:
                assert not is_ours
            for count, thread in enumerate(threads, 1):
                thread.start()
                while len(turns._changed._waiters) < count:  # type: ignore[attr-defined]
                    pass
        for thread in threads:
            thread.join(5)
        assert order == ["search", "write", "write"]


def test_a_book_that_is_removed_while_it_is_put_in_leaves_nothing(library: KeptLibrary) -> None:
    one, two = books(library, 2)
    library.index.put(two, [passage("stays")])

    def passages() -> Iterator[Passage]:
        yield from large("sea")
        library.index.remove([one])
        yield from large("sea")

    library.index.put(one, passages())
    assert found(library, "sea") == []
    assert library.index.missing(frozenset({one, two})) == {one}


def test_a_book_that_is_put_in_twice_at_once_is_there_once(library: KeptLibrary) -> None:
    """Whoever began last has it."""
    [one] = books(library, 1)

    def passages() -> Iterator[Passage]:
        yield from large("sea")
        library.index.put(one, [passage("wind")])
        yield from large("sea")

    library.index.put(one, passages())
    assert found(library, "sea") == []
    assert found(library, "wind") == [one]
    assert library.index.missing(frozenset({one})) == frozenset()


@pytest.mark.parametrize("field", ["place", "heading", "text", "words"])
def test_a_passage_that_is_too_long_is_refused(library: KeptLibrary, field: str) -> None:
    [one] = books(library, 1)
    good = passage("sea")
    with pytest.raises(MisuseError):
        library.index.put(one, [replace(good, **{field: "x" * (1 << 18)})])
    with pytest.raises(MisuseError):
        library.index.put(one, [replace(good, **{field: "\udcff"})])
    assert library.index.missing(frozenset({one})) == {one}


def test_many_threads_use_it_at_once(library: KeptLibrary) -> None:
    numbers = books(library, 12)
    problems: list[BaseException] = []

    def work(part: int) -> None:
        try:
            for number in numbers[part::3]:
                library.index.put(number, [passage(f"needle{number} {long_text(number)}")])
                search(library, "needle", is_prefix=True)
                library.index.missing(frozenset(numbers))
            library.index.remove([numbers[part]])
        except BaseException as exc:
            problems.append(exc)
            raise

    threads = [threading.Thread(target=work, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert sorted(found(library, "needle", is_prefix=True)) == numbers[3:]


def test_it_is_closed_with_the_library(home: Path) -> None:
    home.mkdir()
    with closing(Database.open(home / "data", KEY)) as database:
        library = opened(home, database)
        [one] = books(library, 1)
        library.index.put(one, [passage("sea")])
        library.close()
        library.close()
        with pytest.raises(EnvironmentProblem):
            search(library, "sea")
