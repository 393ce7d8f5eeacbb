"""Comics: pages in the order of a person, pictures alone, and what ComicInfo.xml says."""

import io
import zipfile
from collections.abc import Mapping

import pytest
from PIL import Image

from satchel.books.formats import comic
from satchel.books.unfit import Why, why_of
from satchel.core.library.item import Direction
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Facts
from satchel.ports.library import WHOLE, Passage

RED, GREEN, BLUE = (200, 20, 20), (20, 200, 20), (20, 20, 200)

INFO = """<?xml version="1.0"?>
<ComicInfo xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <Title>البداية</Title><Series>Two Rivers</Series><Number>3</Number>
 <Writer>Amina, Бьянка</Writer><Penciller>Amina</Penciller><Genre>School, Humour</Genre>
 <LanguageISO>ar</LanguageISO><Manga>YesAndRightToLeft</Manga><Summary>A boat and a goat.</Summary>
 <Pages><Page Image="0" Type="FrontCover"/><Page Image="1" Bookmark="The boat"/>
 <Page Image="99" Bookmark="nowhere"/><Page Image="x" Bookmark="no number"/></Pages>
</ComicInfo>"""


def page(color: tuple[int, int, int], form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 900), color).save(out, form)
    return out.getvalue()


def archive(files: Mapping[str, bytes | str]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in files.items():
            made.writestr(name, body)
    return out


BOOK = archive(
    {
        "p10.jpg": page(BLUE),
        "p2.png": page(GREEN, "PNG"),
        "p1.jpg": page(RED),
        "ComicInfo.xml": INFO,
        "__MACOSX/._p1.jpg": b"x",
        ".hidden.jpg": b"x",
        "notes.txt": b"x",
    }
)


def examined(file: io.BytesIO) -> tuple[Facts, list[Passage]]:
    facts, *passages = comic.examine(file, "c.cbz")
    assert isinstance(facts, Facts)
    return facts, [one for one in passages if isinstance(one, Passage)]


def color_of(data: bytes) -> tuple[int, ...]:
    color = Image.open(io.BytesIO(data)).convert("RGB").getpixel((5, 5))
    assert isinstance(color, tuple)
    return tuple(round(one / 20) * 20 for one in color)


def test_what_it_says_of_itself() -> None:
    facts, passages = examined(BOOK)
    assert facts.media_type == "application/vnd.comicbook+zip"
    assert facts.title == "Two Rivers 3 – البداية"
    assert facts.authors == ("Amina", "Бьянка")
    assert facts.subjects == ("Two Rivers", "School", "Humour")
    assert facts.languages == ("ar",)
    assert facts.direction is Direction.RIGHT_TO_LEFT
    assert facts.pages == 3
    assert [one.title for one in facts.contents] == ["The boat"]
    assert facts.cover is not None
    assert color_of(facts.cover) == RED
    assert [(one.place, one.text) for one in passages] == [(WHOLE, "A boat and a goat.")]
    assert "goat" in passages[0].words.split()


def test_pages_are_in_the_order_of_a_person_and_as_they_lie_there() -> None:
    book = comic.open(BOOK)
    found = [book.fetch(f"page/{number}") for number in (1, 2, 3)]
    assert [color_of(one.body) for one in found] == [RED, GREEN, BLUE]
    assert [one.media_type for one in found] == ["image/jpeg", "image/png", "image/jpeg"]
    assert found[1].body == page(GREEN, "PNG")
    assert [(one.place, one.title) for one in book.outline()] == [("2", "The boat")]
    assert color_of(book.fetch("cover").body) == RED


def test_names_are_counted() -> None:
    names = [
        "b 10.jpg",
        "B 2.jpg",
        "a/11.jpg",
        "a/9.jpg",
        "010.jpg",
        "2.jpg",
        "١٢.jpg",
        "x" + "9" * 5000,
        "b2.jpg",
    ]
    assert sorted(names, key=comic.natural)[:3] == ["2.jpg", "010.jpg", "١٢.jpg"]
    assert sorted(names, key=comic.natural).index("a/9.jpg") + 1 == sorted(names, key=comic.natural).index(
        "a/11.jpg"
    )
    assert sorted(names, key=comic.natural).index("B 2.jpg") + 1 == sorted(names, key=comic.natural).index(
        "b 10.jpg"
    )


@pytest.mark.parametrize(
    "path", ["page/0", "page/4", "page/-1", "page/x", "page/", "page", "file/p1.jpg", "chapter/1"]
)
def test_there_is_nothing_anywhere_else(path: str) -> None:
    with pytest.raises(NothingToDo):
        comic.open(BOOK).fetch(path)


@pytest.mark.parametrize(
    "body", [b"<svg onload='x()'/>", b"<html>", b"", b"\xff\xd8\xff and more", b"GIF89a"]
)
def test_a_page_that_is_no_picture_is_not_given(body: bytes) -> None:
    book = archive({"1.jpg": body, "2.jpg": page(BLUE)})
    with pytest.raises(UnfitBook) as refused:
        comic.open(book).fetch("page/1")
    assert why_of(refused.value) is Why.DAMAGED
    facts, _ = examined(book)
    assert facts.pages == 2
    assert facts.cover is not None
    assert color_of(facts.cover) == BLUE


@pytest.mark.parametrize(
    "info",
    [
        "",
        "<ComicInfo",
        "<ComicInfo/>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><ComicInfo><Title>&b;</Title></ComicInfo>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><ComicInfo><Title>&a;</Title></ComicInfo>',
        "<ComicInfo>" + "<a>" * 5000 + "</ComicInfo>",
        "".join(map(str, range(350_000))),
    ],
)
def test_any_other_words_about_it_are_borne(info: str) -> None:
    facts, _ = examined(archive({"1.jpg": page(RED), "ComicInfo.xml": info}))
    assert (facts.title, facts.pages) == (None, 1)


def test_one_without_pictures_is_empty() -> None:
    for files in ({}, {"a.txt": b"x"}, {"__MACOSX/1.jpg": b"x"}):
        with pytest.raises(UnfitBook) as refused:
            examined(archive(files))
        assert why_of(refused.value) is Why.EMPTY


def test_garbage_and_bombs_are_refused() -> None:
    for data in (b"", b"PK", BOOK.getvalue()[:500]):
        with pytest.raises(UnfitBook):
            examined(io.BytesIO(data))
    bomb = archive({"1.jpg": bytes(200 << 20)})
    with pytest.raises(UnfitBook) as refused:
        examined(bomb)
    assert why_of(refused.value) is Why.TOO_MUCH
