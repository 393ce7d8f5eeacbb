"""Guests read a book in their browser, behind the door as it is (reading 1; guests 5.4; G1)."""

import re
from collections.abc import Iterator

import pytest

from satchel.core.library.kinds import ZIM_TYPE
from satchel.ports.books import Chapter, Resource
from satchel.web.reading import BooksForGuests
from web.guests.knocking import Guest, open_door
from web.guests.shelved import Shelved
from web.shown_books import Looker

HTML = "text/html; charset=utf-8"
LOOKER = Looker(
    (Chapter(place="1", title="First"),),
    {
        "chapter/1": Resource(media_type=HTML, body=b"<p>Once</p>"),
        "chapter/A/Main": Resource(media_type=HTML, body=b'<p>Main</p><a href="A%2FOther">on</a>'),
        "file/A/Main": Resource(media_type=HTML, body=b"<p>As it is</p>"),
    },
)


@pytest.fixture
def shelved() -> Shelved:
    made = Shelved()
    made.put("Stones", languages=("ar",))
    made.put("Archive", media_type=ZIM_TYPE)
    made.open("School")
    return made


@pytest.fixture
def guest(shelved: Shelved) -> Iterator[Guest]:
    with open_door(shelved, reader=lambda threads: BooksForGuests(LOOKER, threads=threads)) as opened:
        yield opened


def way_to(guest: Guest, title: str) -> str:
    """Below the base: as a phone gets there."""
    listed = guest.get("/books", accept="text/html").text
    found = re.search(rf'href="[^"]*(/book/[a-z0-9]+)"[^>]*>(?:(?!</a>).)*{title}', listed, re.DOTALL)
    assert found
    shown = guest.get(found[1], accept="text/html").text
    read = re.search(r'href="[^"]*(/read/[a-z0-9]+/)"', shown)
    assert read
    return read[1]


def test_a_guest_reads_without_scripts_and_with_them(guest: Guest) -> None:
    way = way_to(guest, "Stones")
    first = guest.get(way, accept_language="fr")
    assert first.status == 200
    assert "static/epub.js" in first.text
    assert 'lang="fr"' in first.text
    assert "data-keep" not in first.text  # nothing is kept on a guest's phone
    assert re.search(r'href="[^"]*/book/[a-z0-9]+"', first.text)  # back to where it was opened
    assert guest.get(f"{way}static/epub.js").status == 200
    assert guest.get(f"{way}foreign/foliate-js/view.js").status == 200
    assert "Once" in guest.get(f"{way}text/1").text
    part = guest.get(f"{way}content/0", range="bytes=0-9")
    assert (part.status, len(part.body)) == (206, 10)
    assert (
        f"http://127.0.0.1:{guest.port}{guest.base}{way}static/" in first.headers["content-security-policy"]
    )


def test_places_of_an_archive_have_slashes(guest: Guest) -> None:
    way = way_to(guest, "Archive")
    assert "As it is" in guest.get(f"{way}zim/A/Main").text
    page = guest.get(f"{way}text/A/Main").text
    onward = re.search(r'<a href="[^"]*(/read/[^"]*/text/[^"]*)">on</a>', page)
    assert onward
    assert onward[1] == f"{way}text/A/Other"


def test_a_book_whose_shelf_was_closed_is_gone(guest: Guest, shelved: Shelved) -> None:
    way = way_to(guest, "Stones")
    assert guest.get(f"{way}text/1").status == 200
    shelved.close("School")
    for path in ("", "text/1", "content/0"):
        assert guest.get(way + path).status == 404
