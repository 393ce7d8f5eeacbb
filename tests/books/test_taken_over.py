"""B1: a process that was taken over by its book reaches nothing, and what it says is believed no more than
the book. Each is stopped and reported, and the next book is fine."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from books.content import InMemory
from books.hostile_formats import TRIES
from satchel.books.opener import BookOpener, Patience
from satchel.books.unfit import Why, why_of
from satchel.confinement.landlock import landlock_version
from satchel.confinement.seccomp import can_filter_calls
from satchel.core.crypto.kdf import digest
from satchel.core.library.codec import encode_item
from satchel.core.library.item import Direction, Item, Part
from satchel.core.library.kinds import Kind
from satchel.core.library.sealed import Root
from satchel.errors import EnvironmentProblem, NothingToDo, UnfitBook
from satchel.ports.books import Facts
from satchel.ports.library import Passage

FORMATS = "books.hostile_formats"
IMPATIENT = Patience(step_s=0.5, examining_s=1.0, call_s=0.5, turn_s=0.2)


@pytest.fixture(scope="module")
def opener() -> Iterator[BookOpener]:
    opened = BookOpener(now_s=time.monotonic, formats=FORMATS, examining=2, reading=2, patience=IMPATIENT)
    list(opened.examine(InMemory(b"x"), "fine"))  # the zygote takes a moment, and it is not the book's
    yield opened
    opened.close()


def facts_of(opener: BookOpener, name: str, content: bytes = b"") -> Facts:
    found = list(opener.examine(InMemory(content), name))
    assert isinstance(found[0], Facts)
    return found[0]


def is_fine(opener: BookOpener) -> bool:
    return facts_of(opener, "fine", b"the next book").title == "the next book"


@pytest.mark.parametrize("attempt", sorted(TRIES))
def test_nothing_can_be_reached(opener: BookOpener, attempt: str) -> None:
    if not can_filter_calls():
        pytest.skip("this kernel has no seccomp filters")
    title = facts_of(opener, f"{attempt}:{os.getpid()}").title
    assert title in ("EPERM", "EACCES"), title
    assert is_fine(opener)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("spin", Why.TOO_LONG),
        ("sleep", Why.TOO_LONG),
        ("drop by drop", Why.TOO_LONG),
        ("read for ever", Why.TOO_LONG),
        ("die", Why.ENDED),
        ("fault", Why.ENDED),
        ("memory", Why.TOO_MUCH),
        ("unfit", Why.LOCKED),
        ("endless", Why.LIED),
        ("length", Why.LIED),
        ("garbage", Why.LIED),
        ("passage first", Why.LIED),
        ("done first", Why.LIED),
        ("facts twice", Why.LIED),
        ("piece", Why.LIED),
        ("chapters", Why.LIED),
        ("no reason", Why.LIED),
    ],
)
def test_it_is_stopped_and_reported(opener: BookOpener, name: str, why: Why) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnfitBook) as raised:
        for _ in opener.examine(InMemory(b"x" * 5000), name):
            pass
    assert why_of(raised.value) is why
    assert raised.value.safe
    assert raised.value.do
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 << 10  # KiB
    assert is_fine(opener)


def test_reading_behind_the_end_gives_nothing(opener: BookOpener) -> None:
    assert facts_of(opener, "read behind", b"x").title == repr(bytes(4))


def test_what_it_says_of_a_book_always_fits_a_record(opener: BookOpener) -> None:
    facts, passage = opener.examine(InMemory(b""), "driving")
    assert isinstance(facts, Facts)
    assert isinstance(passage, Passage)
    assert facts.title is not None
    assert "\x1b" not in facts.title
    assert facts.languages == ("en", "en-US")
    assert facts.authors == ("a b",)
    assert (facts.cover, facts.pages, facts.duration_s) == (None, None, None)
    assert facts.media_type == "application/octet-stream"
    assert facts.contents[0].depth == 0
    assert len(passage.place) == 0
    assert passage.text == "a b\n"
    assert passage.words == " w"
    parts = tuple(Part(root=Root(digest(bytes([n]))), size_bytes=1, media_type="a/b") for n in range(256))
    item = Item(
        revision=1,
        parts=parts,
        title=facts.title,
        authors=facts.authors,
        languages=facts.languages,
        direction=Direction.RIGHT_TO_LEFT,
        subjects=facts.subjects,
        contents=facts.contents,
    )
    assert len(encode_item(item)) < 65_536


def test_an_open_book_gives_what_it_has(opener: BookOpener) -> None:
    content = InMemory(b"x" * 700_000)
    book = opener.open(content, Kind.TEXT)
    assert book.fetch("fine").body == b"x" * 700_000
    assert [(one.title, one.depth) for one in book.outline()] == [("", 7)]
    assert len(book.fetch("large").body) == 64 << 20
    for path, why in (("too large", Why.TOO_MUCH), ("bug", Why.DAMAGED), ("", Why.EMPTY)):
        with pytest.raises(UnfitBook) as raised:
            book.fetch(path)
        assert why_of(raised.value) is why
        assert book.fetch("fine").title == "t"  # one bad page is not the end of a book
    with pytest.raises(NothingToDo):
        book.fetch("x" * 5000)
    book.close()
    book.close()
    assert content.is_closed
    with pytest.raises(UnfitBook):
        book.fetch("fine")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("header", Why.LIED),
        ("promise", Why.TOO_LONG),
        ("more than said", Why.LIED),
        ("die", Why.ENDED),
        ("spin", Why.TOO_LONG),
    ],
)
def test_an_open_book_that_is_hostile_ends(opener: BookOpener, path: str, why: Why) -> None:
    book = opener.open(InMemory(b"x"), Kind.TEXT)
    with pytest.raises(UnfitBook) as raised:
        book.fetch(path)
    assert why_of(raised.value) is why
    with pytest.raises(UnfitBook):
        book.fetch("fine")
    book.close()
    assert is_fine(opener)


def test_an_endless_outline_ends(opener: BookOpener) -> None:
    book = opener.open(InMemory(b"endless"), Kind.TEXT)
    with pytest.raises(UnfitBook):
        book.outline()
    book.close()


def test_no_more_books_are_open_than_there_are_places(opener: BookOpener) -> None:
    contents = [InMemory(b"x") for _ in range(3)]
    books = [opener.open(one, Kind.TEXT) for one in contents[:2]]
    with pytest.raises(EnvironmentProblem, match="Too many books"):
        opener.open(contents[2], Kind.TEXT)
    assert contents[2].is_closed
    books.pop().close()
    with pytest.raises(UnfitBook):  # one that is refused keeps no place
        opener.open(InMemory(b"x"), Kind.PDF)
    books.append(opener.open(InMemory(b"x"), Kind.TEXT))
    for book in books:
        book.close()


def test_closing_ends_a_call_that_is_under_way() -> None:
    patient = BookOpener(now_s=time.monotonic, formats=FORMATS)
    book = patient.open(InMemory(b"x"), Kind.TEXT)
    raised: list[UnfitBook] = []

    def read() -> None:
        try:
            book.fetch("spin")
        except UnfitBook as exc:
            raised.append(exc)

    reading = threading.Thread(target=read)
    reading.start()
    book.close()
    reading.join(10)
    assert not reading.is_alive()
    assert raised
    patient.close()


def test_a_zygote_that_ended_is_started_anew_and_ends_with_its_books(opener: BookOpener) -> None:
    first = opener.zygote_id
    assert first is not None
    book = opener.open(InMemory(b"x"), Kind.TEXT)
    os.kill(first, 9)
    with pytest.raises(UnfitBook):  # it ended with its zygote
        book.fetch("spin")
    book.close()
    assert is_fine(opener)
    assert opener.zygote_id not in (first, None)


def test_the_zygote_has_nothing_of_the_node(opener: BookOpener) -> None:
    place = Path(f"/proc/{opener.zygote_id}")
    assert (place / "environ").read_bytes() == b""
    opened = [os.readlink(one) for one in (place / "fd").iterdir()]
    others = [one for one in opened if not one.startswith(("socket:", "anon_inode:[eventpoll]", "/dev/null"))]
    assert not [one for one in others if "pidfd" not in one]


def test_who_stops_listening_ends_the_process(opener: BookOpener) -> None:
    found = opener.examine(InMemory(b""), "endless")
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert is_fine(opener)


def test_this_machine_has_both_walls() -> None:
    """Or the tests above would say nothing of one of them."""
    if landlock_version() < 1 or not can_filter_calls():
        pytest.skip("this kernel has not both of them")
