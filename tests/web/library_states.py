"""The pages of the library in every state that they can show."""

from typing import Any

from satchel.web.owner.books import Asked, OpenDoor, Piece, Row
from satchel.web.owner.errands import Problem
from web.states import Page, Said

URLS = ["http://192.168.1.7:4821/abcdefghijklmnopqrstuvwxyz/", "http://[fd00::7]:4821/abc/"]
KINDS = ("epub", "pdf", "zim", "audio", "comic", "page", "text", "file")


def library_pages(said: Said) -> list[Page]:
    return [*_lists(said), *_books(said), *_shelves(said), *_guests(said), *_aside(said)]


def _shelf(said: Said, *, is_open: bool = False) -> dict[str, Any]:
    return {"name": said.name, "open": is_open, "books": 12, "handle": "0a0b"}


def _rows(said: Said) -> list[Row]:
    rows = [
        Row(
            number=number,
            title=said.text,
            authors=[said.text] * 12,
            languages=("fa", "pt-BR", "x-unknown"),
            kind=kind,
            size_bytes=2_345_678,
            has_cover=number == 1,
            place=number,
        )
        for number, kind in enumerate(KINDS, 1)
    ]
    pieces = [Piece(text=said.text, is_found=False), Piece(text=said.text, is_found=True)]
    return [*rows, Row(number=99, title=said.text, heading=said.text, pieces=pieces, place=9)]


def _lists(said: Said) -> list[Page]:
    tally: dict[str, list[tuple[str, int]]] = {
        "language": [("ar", 12), ("x-unknown", 1)],
        "kind": [(kind, 12) for kind in KINDS],
        "author": [(said.text, 12)],
        "subject": [(said.text, 12)],
    }
    usual: dict[str, Any] = {"rows": _rows(said), "asked": Asked(), "total": 12, "all_books": 12}
    usual |= {
        "is_cut": False,
        "tally": tally,
        "shelves": [_shelf(said)],
        "asides": 12,
        "way": "/library/from",
    }
    usual |= {"page": 1, "has_more": True}
    asked = Asked(
        words=said.text, language="ar", author=said.text + "2", subject=said.text + "2", order="new"
    )
    none: dict[str, Any] = {name: [] for name in tally}
    empty = {**usual, "rows": [], "total": 0, "all_books": 0, "tally": none, "shelves": [], "asides": 0}
    empty |= {"page": 0, "has_more": False}
    found = {**usual, "asked": asked, "total": None, "is_cut": True, "page": 2, "way": "/library/found/0a0b"}
    return [
        Page("library.html", "some", usual),
        Page("library.html", "found", found),
        Page("library.html", "nothing found", {**empty, "all_books": 12, "asked": asked}),
        Page("library.html", "empty", empty),
    ]


def _books(said: Said) -> list[Page]:
    book: dict[str, Any] = {"number": 7, "kind": "epub", "title": said.text, "authors": [said.text] * 2}
    book |= {
        "languages": ["fa"],
        "direction": "rtl",
        "subjects": [said.text],
        "pages": 12,
        "bytes": 2_345_678,
    }
    book |= {"duration_s": 720, "media_type": "application/epub+zip", "added_s": 1_790_000_000}
    book |= {"cover": True, "parts": 1}
    bare = {**book, "kind": "file", "authors": [], "languages": [], "subjects": [], "pages": None}
    bare |= {"duration_s": None, "added_s": None, "cover": False}
    contents = [{"depth": depth, "title": said.text} for depth in range(8)]
    usual: dict[str, Any] = {"book": book, "contents": contents, "more_contents": 12, "into": said.path}
    usual |= {"on": [_shelf(said, is_open=True)], "others": [_shelf(said), _shelf(said, is_open=True)]}
    none: dict[str, Any] = {"on": [], "others": [], "contents": [], "more_contents": 0}
    return [
        Page("book.html", "a book", usual),
        Page("book.html", "a recording", {**usual, "book": {**book, "kind": "audio", "parts": 12}}),
        Page("book.html", "a file", {**usual, **none, "book": bare}),
    ]


def _shelves(said: Said) -> list[Page]:
    one: dict[str, Any] = {"shelf": _shelf(said), "rows": _rows(said), "total": 12, "page": 0}
    one |= {"has_more": True, "door": None}
    door = OpenDoor(urls=URLS, lan_open=False, left_s=40_000.0)
    both = [_shelf(said), {**_shelf(said, is_open=True), "handle": "0c0d"}]
    return [
        Page("shelves.html", "some", {"shelves": both}),
        Page("shelves.html", "none", {"shelves": []}),
        Page("shelf.html", "closed", one),
        Page("shelf.html", "closed, the door open", {**one, "door": door, "page": 1}),
        Page("shelf.html", "open", {**one, "shelf": _shelf(said, is_open=True), "rows": [], "total": 0}),
    ]


def _guests(said: Said) -> list[Page]:
    door = OpenDoor(urls=URLS, lan_open=False, left_s=43_000.0)
    wide = OpenDoor(urls=[], lan_open=True, left_s=None)
    shelves = [_shelf(said, is_open=True)]
    return [
        Page("guests.html", "closed", {"door": None, "open_shelves": []}),
        Page("guests.html", "open", {"door": door, "open_shelves": shelves}),
        Page("guests.html", "in no network", {"door": wide, "open_shelves": shelves}),
    ]


def _aside(said: Said) -> list[Page]:
    one: dict[str, Any] = {"name": said.path, "bytes": 2_345_678, "what": said.text, "do": said.text}
    asides = [{**one, "at_s": None}, {**one, "at_s": 1_790_000_000}]
    problem = Problem(what=said.text)
    return [
        Page("aside.html", "some", {"asides": asides, "problem": problem}),
        Page("aside.html", "none", {"asides": []}),
    ]
