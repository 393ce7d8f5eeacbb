"""The real formats in their processes: as it is when a person puts books in, and reads one."""

import io
import threading
import time
from collections.abc import Iterator

import pytest

from books.content import InMemory
from books.epub_maker import make_epub
from books.hostile_books import BOMB, book, entry_of_ratio
from books.pictures_made import picture
from satchel.books import formats
from satchel.books.opener import BookOpener
from satchel.books.turns import Turns
from satchel.books.unfit import Why, why_of
from satchel.core.library.kinds import Kind
from satchel.errors import EnvironmentProblem, UnfitBook
from satchel.ports.books import Facts


@pytest.fixture(scope="module")
def opener() -> Iterator[BookOpener]:
    opened = BookOpener(now_s=time.monotonic)
    yield opened
    opened.close()


ENGLISH = make_epub(chapters=[(f"Chapter {n}", ["word " * 500] * 10) for n in range(30)], cover=picture())
JAPANESE_PAGE = b"<html><meta charset=shift_jis><body><p>" + "日本語".encode("shift_jis")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ENGLISH, "x.epub"),
        (make_epub(version=2, language="ar", direction="rtl"), "x.epub"),
        (JAPANESE_PAGE, "x.html"),
        ("Привет, мир. ".encode("cp1251") * 9, "x.txt"),
        ("中文".encode("gb2312"), "x.txt"),
        (b"\x7fELF\0", "a_program"),
    ],
)
def test_a_process_finds_what_is_found_here(opener: BookOpener, content: bytes, name: str) -> None:
    """So nothing is loaded, opened or decoded too late, when it is not allowed any more."""
    assert list(opener.examine(InMemory(content), name)) == list(formats.examine(io.BytesIO(content), name))


def test_a_book_is_read_in_its_process(opener: BookOpener) -> None:
    reading = opener.open(InMemory(ENGLISH), Kind.EPUB)
    assert len(reading.outline()) == 30
    assert "word word" in reading.fetch("chapter/30").body.decode()
    assert reading.fetch("file/OEBPS/cover.jpg").body == picture()
    assert reading.fetch("cover").media_type == "image/jpeg"
    reading.close()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (entry_of_ratio(30 << 20), Why.TOO_MUCH),
        (book(package=BOMB + "<package/>"), Why.TOO_MUCH),
        (ENGLISH[:5000], Why.DAMAGED),
    ],
)
def test_a_trap_is_said_and_the_next_book_is_fine(opener: BookOpener, content: bytes, why: Why) -> None:
    with pytest.raises(UnfitBook) as raised:
        list(opener.examine(InMemory(content), "x.epub"))
    assert why_of(raised.value) is why
    assert len(list(opener.examine(InMemory(make_epub()), "x.epub"))) == 2


def test_many_at_a_time(opener: BookOpener) -> None:
    contents = [make_epub(title=f"Book {n}") for n in range(12)]
    titles: list[str | None] = []

    def examine(content: bytes) -> None:
        facts, *_ = opener.examine(InMemory(content), "x.epub")
        assert isinstance(facts, Facts)
        titles.append(facts.title)

    threads = [threading.Thread(target=examine, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(map(str, titles)) == sorted(f"Book {n}" for n in range(12))


class Broken(InMemory):
    """A disk that fails in the middle."""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        raise EnvironmentProblem("the disk reports an error")


def test_content_that_cannot_be_read_is_no_fault_of_the_book(opener: BookOpener) -> None:
    with pytest.raises(EnvironmentProblem, match="disk") as raised:
        list(opener.examine(Broken(ENGLISH), "x.epub"))
    assert not isinstance(raised.value, UnfitBook)
    assert list(opener.examine(InMemory(b"a text"), "x.txt"))


def test_who_is_closed_makes_no_more_processes() -> None:
    closed = BookOpener(now_s=time.monotonic)
    closed.close()
    with pytest.raises(EnvironmentProblem, match="no process"):
        list(closed.examine(InMemory(b"x"), "x"))
    closed.close()


def test_turns_are_taken_in_their_order() -> None:
    turns = Turns(1)
    assert turns.take()
    assert not turns.take(within_s=0.01)
    order: list[int] = []
    waiting = []
    for number in range(5):

        def wait(mine: int = number) -> None:
            turns.take()
            order.append(mine)
            turns.give()

        thread = threading.Thread(target=wait)
        thread.start()
        waiting.append(thread)
        while turns.waiting <= number:
            pass
    turns.give()
    for thread in waiting:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]
    assert turns.take(within_s=1)
