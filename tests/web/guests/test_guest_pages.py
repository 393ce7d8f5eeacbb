"""The pages for phones: all that they can say, in six languages, and nothing that a book says is mark-up (G,
B1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from satchel.core.library.kinds import Kind
from satchel.ports.library import Facet
from satchel.web.guests import pages
from satchel.web.guests.asking import Ask, Form
from satchel.web.guests.feed import (
    Around,
    Choice,
    Choices,
    Entry,
    Excerpt,
    Feed,
    File,
    Named,
    Paging,
    Publication,
    Way,
)
from satchel.web.guests.lists import Lists
from satchel.web.guests.names import kind_name, language_name, shown
from satchel.web.guests.open_shelves import OpenShelves
from satchel.web.guests.publications import Publications
from satchel.web.owner import speech
from web.guests.shelved import BEGAN_S, Shelved
from web.seen import Seen
from web.test_words import is_shown, messages, originals, texts, translated
from web.test_words import said as everything_said
from web.wording import LANGUAGES

ROOT = "http://10.0.0.1:4000/abc"
HOSTILE = "\"><script>alert(1)</script><b a='{{ 7*7 }}\u202e\x00&amp;"


def asking(code: str, *path: str, **fields: str) -> Ask:
    return Ask(root=ROOT, path=path, fields=fields, form=Form.PAGE, code=code, kept=(("hl", code),))


def a_book(said: str, **known: object) -> Publication:
    about: dict[str, object] = {
        "id": "urn:uuid:0",
        "href": f"{ROOT}/book/b",
        "title": said,
        "authors": (Named(name=said, href=f"{ROOT}/author/a"),) * 4,
        "languages": ("ar", "xx-unknown"),
        "subjects": (Named(name=said, href=f"{ROOT}/subject/s"),),
        "kind": Kind.EPUB,
        "pages": 12,
        "updated_s": BEGAN_S,
        "cover": f"{ROOT}/cover/c",
        "files": (
            File(href=f"{ROOT}/take/b/1.epub", media_type="application/epub+zip", size_bytes=5_000_000),
        ),
        "read": f"{ROOT}/read/b/",
        "found": Excerpt(said, ((said, False), (said, True))),
    }
    return Publication(**{**about, **known})  # type: ignore[arg-type]


def a_feed(said: str, code: str, **known: object) -> Feed:
    around = Around(door=said, start=ROOT, opensearch=ROOT, search=ROOT, code=code)
    about: dict[str, object] = {"id": "urn:uuid:0", "title": said, "href": ROOT, "updated_s": BEGAN_S}
    return Feed(**{**about, "around": around, **known})  # type: ignore[arg-type]


def all_pages(code: str, said: str) -> list[str]:
    """Every page in every state that it can show."""
    parts = tuple(
        File(href=f"{ROOT}/take/b/{n}.mp3", media_type="audio/mpeg", size_bytes=9, title=said) for n in "12"
    )
    books = (a_book(said), a_book(said, cover=None, languages=(), authors=(), pages=None, duration_s=9000))
    facets = (
        Choices(title=said, choices=(Choice(title=said, href=ROOT, is_active=True),)),
        Choices(
            title=said,
            choices=(Choice(title=said, href=ROOT), Choice(title=said, href=ROOT, count=3, language="ar")),
        ),
    )
    ways = (
        Way(title=said, href=ROOT, leads_to_books=True, count=5, language="ar"),
        Way(title=said, href=ROOT, leads_to_books=False),
    )
    middle = Paging(first=ROOT, previous=ROOT, next=ROOT, last=ROOT, number=2, per_page=30, total=1234)
    uncounted = Paging(first=ROOT, previous=ROOT, next=ROOT, number=2, per_page=30, total=None)
    feed = a_feed(said, code, has_books=True, books=books, facets=facets, paging=middle)
    search = asking(code, "search", query=said)
    entry = Entry(book=books[0], around=feed.around)
    return [
        page.decode()
        for page in (
            pages.show_feed(asking(code), a_feed(said, code, ways=ways), newest=books),
            pages.show_feed(asking(code), a_feed(said, code)),
            pages.show_feed(asking(code, "shelf", "h"), feed),
            pages.show_feed(asking(code, "books", kind="pdf"), feed),
            pages.show_feed(asking(code, "authors"), a_feed(said, code, ways=ways, paging=middle)),
            pages.show_feed(
                search, a_feed(said, code, has_books=True, books=books, is_cut=True, paging=uncounted)
            ),
            pages.show_feed(search, a_feed(said, code, has_books=True)),
            pages.show_feed(asking(code, "search"), a_feed(said, code, has_books=True)),
            pages.show_book(asking(code, "book", "b"), entry),
            pages.show_book(
                asking(code, "book", "b"),
                Entry(book=a_book(said, read=None, duration_s=120), around=feed.around),
            ),
            pages.show_book(
                asking(code, "book", "b"), Entry(book=a_book(said, kind=Kind.AUDIO), around=feed.around)
            ),
            pages.show_book(
                asking(code, "book", "b"),
                Entry(book=a_book(said, kind=Kind.AUDIO, files=parts, read=None), around=feed.around),
            ),
            pages.show_nothing(asking(code)),
            pages.show_busy(asking(code)),
        )
    ]


@cache
def said_in(code: str) -> str:
    """All that can be read at the door, titles of lists included."""
    shelved = Shelved()
    shelved.put("A", languages=("ar",), authors=("B",), subjects=("C",))
    shelved.put("D", languages=("en",), media_type="application/pdf")
    shelved.open("School")
    shelves = OpenShelves(shelved.library, secret=bytes(32), now_s=lambda: BEGAN_S)
    lists = Lists(shelves, Publications(shelves, is_read_here=lambda _kind: False))
    [shelf] = shelves.state().shelves
    paths: Sequence[tuple[str, ...]] = (
        *((), ("new",), ("books",), ("shelves",), ("languages",), ("authors",), ("subjects",), ("kinds",)),
        *(
            ("search",),
            ("shelf", shelves.handle_of_shelf(shelf)),
            ("language", shelves.values(Facet.LANGUAGE)[0].handle),
        ),
    )
    made = [pages.show_feed(asking(code, *path), lists.feed(asking(code, *path))).decode() for path in paths]
    return "\n".join(Seen(page).text for page in [*all_pages(code, "Algebra"), *made]) + "".join(
        kind_name(kind, code) for kind in Kind
    )


@pytest.mark.parametrize("code", ["en", *LANGUAGES])
def test_every_message_is_shown_somewhere(code: str) -> None:
    here = [
        message
        for message in messages(everything_said())
        if any(place.startswith("guests/") for place, _ in message.locations)
    ]
    assert len(here) > 40
    for message in here:
        forms = originals(message) if code == "en" else texts(translated(code)[message.id])
        assert is_shown(forms[-1], said_in(code)), message.id


@pytest.mark.parametrize("code", ["en", *LANGUAGES])
def test_nothing_that_a_book_says_is_mark_up(code: str) -> None:
    """The same elements with the same attributes stand on a page, whatever is said."""
    for plain, hostile in zip(all_pages(code, "Algebra"), all_pages(code, HOSTILE), strict=True):
        assert Seen(hostile).elements == Seen(plain).elements
        assert "\u202e" not in hostile
        assert "49" not in Seen(hostile).text


def test_words_are_written_with_their_joiners_and_turn_nothing() -> None:
    assert shown("می\u200cخواهم \u202egnp.exe\u2066\n\x1b[2J\u00ad") == "می\u200cخواهم gnp.exe  [2J"


@pytest.mark.parametrize("code", speech.CODES)
def test_a_page_runs_in_the_direction_of_its_language(code: str) -> None:
    for page in all_pages(code, "Algebra"):
        assert Seen(page).said_of("html", "dir") == ("rtl" if code in ("ar", "fa") else "ltr")
        assert Seen(page).said_of("html", "lang") == speech.tag(code)
        assert "<title>Satchel</title>" in page  # a browser keeps it


def test_every_field_has_a_name_and_every_picture_says_what_it_is() -> None:
    for page in all_pages("en", "Algebra"):
        seen = Seen(page)
        for tag, names in seen.elements:
            if tag == "img":
                assert "alt" in names
            if tag == "input":
                assert "id" in names or "type" in names
        assert 'label class="unseen" for="query"' in page


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("ar", "العربية"),
        ("pt-BR", "português (Brasil)"),
        ("x-own", "x-own"),
        ("qqq", "qqq"),
        ("zh-Hant", "中文 (繁體)"),
    ],
)
def test_a_language_is_called_as_its_readers_call_it(tag: str, name: str) -> None:
    assert language_name(tag) == name
