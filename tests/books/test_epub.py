"""EPUB 2 and 3: what is found in them, and what is not let through (B1)."""

import io
import zipfile

import pytest

from books.epub_maker import make_epub
from books.hostile_books import BOMB, EXTERNAL, PACKAGE, book
from books.pictures_made import picture
from satchel.books import formats
from satchel.books.unfit import Why, why_of
from satchel.core.library.item import Direction, Heading
from satchel.core.library.kinds import EPUB_TYPE, Kind
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Facts, Opened
from satchel.ports.library import PASSAGE_BYTES_MAX, Passage

OPS = 'xmlns:epub="http://www.idpf.org/2007/ops"'
NAV = f"""<html xmlns="http://www.w3.org/1999/xhtml" {OPS}><body><nav epub:type="landmarks"><ol><li>
<a href="c.xhtml">Not this</a></li></ol></nav><nav epub:type="toc"><ol><li><a href="c.xhtml">One</a><ol><li>
<a href="c.xhtml#b">Inner</a></li></ol></li><li><span>Only a title</span></li></ol></nav></body></html>"""
NAV_ITEM = '<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'


def examined(content: bytes) -> tuple[Facts, list[Passage]]:
    facts, *passages = formats.examine(io.BytesIO(content), "the name.epub")
    assert isinstance(facts, Facts)
    return facts, [one for one in passages if isinstance(one, Passage)]


def opened(content: bytes) -> Opened:
    return formats.format_of(Kind.EPUB).open(io.BytesIO(content))


def chapter(content: bytes, number: int = 1) -> str:
    return opened(content).fetch(f"chapter/{number}").body.decode()


def why(content: bytes) -> Why:
    with pytest.raises(UnfitBook) as raised:
        examined(content)
    return why_of(raised.value)


@pytest.mark.parametrize("version", [2, 3])
def test_what_a_book_says_of_itself(version: int) -> None:
    content = make_epub(
        title="ألف ليلة وليلة",
        authors=["مجهول", "A & B"],
        language="ara",
        direction="rtl",
        chapters=[("الأولى", ["كان يا ما كان"]), ("الثانية", ["في قديم الزمان", "<not markup>"])],
        cover=picture(),
        subjects=["قصص", "Tales"],
        version=version,
    )
    facts, passages = examined(content)
    assert facts.media_type == EPUB_TYPE
    assert (facts.title, facts.authors) == ("ألف ليلة وليلة", ("مجهول", "A & B"))
    assert facts.languages == ("ar",)
    assert facts.direction is Direction.RIGHT_TO_LEFT
    assert facts.subjects == ("قصص", "Tales")
    assert facts.contents == (Heading(depth=0, title="الأولى"), Heading(depth=0, title="الثانية"))
    assert facts.cover is not None
    assert facts.cover.startswith(b"\xff\xd8\xff")
    assert [(one.place, one.heading) for one in passages] == [("1", "الأولى"), ("2", "الثانية")]
    assert passages[1].text == "في قديم الزمان\n<not markup>"
    assert "<not markup>" in passages[1].text
    read = opened(content)
    assert [(one.place, one.title) for one in read.outline()] == [("1", "الأولى"), ("2", "الثانية")]
    assert '<div dir="rtl" lang="ara">' in chapter(content, 2)
    assert "&lt;not markup&gt;" in chapter(content, 2)
    assert read.fetch("cover").body == facts.cover
    assert read.fetch("file/OEBPS/cover.jpg").body == picture()


def test_a_book_without_a_title_has_the_name_of_its_file() -> None:
    facts, _ = examined(book(package=PACKAGE % ("", "", "")))
    assert facts.title == "the name"
    assert (facts.authors, facts.languages, facts.direction, facts.cover) == ((), (), None, None)


def test_contents_have_their_depths() -> None:
    content = book(package=PACKAGE % ("", NAV_ITEM, ""), more={"nav.xhtml": NAV.encode()})
    facts, passages = examined(content)
    assert [(one.depth, one.title) for one in facts.contents] == [
        (0, "One"),
        (1, "Inner"),
        (0, "Only a title"),
    ]
    assert passages[0].heading == "One"


def test_damaged_contents_leave_the_pages() -> None:
    content = book(package=PACKAGE % ("", NAV_ITEM, ""), more={"nav.xhtml": b"\0\0<<<"})
    facts, passages = examined(content)
    assert facts.contents == ()
    assert passages[0].text == "Once."


def test_a_damaged_page_leaves_the_others() -> None:
    items = '<item id="d" href="d.xhtml" media-type="application/xhtml+xml"/>'
    content = book(package=PACKAGE % ("", items, '<itemref idref="d"/>'), more={"d.xhtml": b""})
    _, passages = examined(content)
    assert [(one.place, one.text) for one in passages] == [("2", "Once.")]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (b"<html><head><title/></head><body><p>a&nbsp;b&eacute;</p></body></html>", "a bé"),
        (b"<html><head><script src='x'/></head><body><a id='x'/><p>after</p></body></html>", "after"),
        (b"<html><body><p>not closed<p>two<br>three", "not closed\ntwo\nthree"),
        ("<?xml version='1.0' encoding='UTF-16'?><html><body>ünï</body></html>".encode("utf-16"), "ünï"),
        (b"<?xml version='1.0' encoding='windows-1251'?><html><body>\xcf\xf0\xe8</body></html>", "При"),
        ("<html><body><ruby>漢<rt>かん</rt></ruby>字</body></html>".encode(), "漢字"),
        (b"<html><body><p>a</p><style>p {}</style><!-- no --><p>b</p></body></html>", "a\nb"),
        (b"<html><body>ctrl\x01\x1b[2J</body></html>", "ctrl[2J"),
    ],
)
def test_texts_are_read_as_they_are_meant(page: bytes, text: str) -> None:
    _, passages = examined(book(page))
    assert [one.text for one in passages] == [text]


def test_a_long_page_is_found_in_pieces() -> None:
    paragraphs = [f"word{n} " * 100 for n in range(200)]
    _, passages = examined(make_epub(chapters=[("One", paragraphs)]))
    assert len(passages) > 10
    assert all(len(one.text.encode()) <= PASSAGE_BYTES_MAX for one in passages)
    assert {one.place for one in passages} == {"1"}
    assert "".join("".join(one.text.split()) for one in passages) == "".join("".join(paragraphs).split())


def test_headings_divide_a_page() -> None:
    page = "".join(f"<h2>Part {n}</h2><p>{'text ' * 200}</p>" for n in range(3))
    _, passages = examined(book(f"<html><body>{page}</body></html>".encode()))
    assert [one.heading for one in passages] == ["Part 0", "Part 1", "Part 2"]


@pytest.mark.parametrize("trap", [BOMB, EXTERNAL])
def test_no_entity_of_a_book_is_ever_read(trap: str) -> None:
    """In what says what it is: refused. In a page: it is not there."""
    package = trap + PACKAGE % ("<dc:title>&i;</dc:title>", "", "")
    assert why(book(package=package)) is Why.TOO_MUCH
    _, passages = examined(book(f"{trap}<html><body><p>&i;here</p></body></html>".encode()))
    assert "root:" not in passages[0].text
    assert "aaaa" not in passages[-1].text[-1000:].replace(trap, "")
    assert passages[-1].text.endswith("here")
    nav = trap + NAV.replace("One", "&i;")
    facts, _ = examined(book(package=PACKAGE % ("", NAV_ITEM, ""), more={"nav.xhtml": nav.encode()}))
    assert facts.contents == ()


def test_a_locked_book_is_said_and_hidden_fonts_are_no_lock() -> None:
    method = '<encryption><EncryptedData><EncryptionMethod Algorithm="%s"/></EncryptedData></encryption>'
    for lock in ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://ns.adobe.com/adept", ""):
        assert why(book(more={"META-INF/encryption.xml": (method % lock).encode()})) is Why.LOCKED
    for fonts in ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"):
        assert examined(book(more={"META-INF/encryption.xml": (method % fonts).encode()}))[1]


@pytest.mark.parametrize(
    "package",
    [
        "",
        "<x/>",
        "not XML",
        PACKAGE.replace("c.xhtml", "../c.xhtml") % ("", "", ""),
        PACKAGE.split("<spine>")[0],
    ],
)
def test_what_has_no_pages_is_no_book(package: str) -> None:
    assert why(book(package=package.replace("%s", ""))) in (Why.DAMAGED, Why.EMPTY)


def test_other_places_are_not_there() -> None:
    read = opened(book(more={"script.js": b"x", "page.html": b"<p>", "font.woff2": b"wOF2", "a.css": b"a{}"}))
    for path in (
        *(
            "chapter/0",
            "chapter/2",
            "chapter/01",
            "chapter/",
            "chapter/x",
            "chapter/١",
            "",
            "cover",
            "page/1",
        ),
        *("file/c.xhtml", "file/p.opf", "file/script.js", "file/page.html", "file/font.woff2", "file/a.css"),
        *("file/../x", "file//etc/passwd", "file/META-INF/container.xml"),
    ):
        with pytest.raises(NothingToDo):
            read.fetch(path)


def test_deep_pages_and_long_ones_end() -> None:
    deep = b"<html><body>" + b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000 + b"</body></html>"
    content = book(deep, method=zipfile.ZIP_STORED)
    examined(content)
    chapter(content)
    content = book(b"<html><body><p>" + b"<b><i>" * 50_000 + b"x" * 100_000_000, method=zipfile.ZIP_STORED)
    examined(content)
    chapter(content)


def test_a_picture_says_nothing_of_its_kind() -> None:
    """Neither its name nor its book: only its bytes."""
    items = '<item id="x" href="x.png" media-type="image/png"/>'
    content = book(package=PACKAGE % ("", items, ""), more={"x.png": b"<html><script>x</script>"})
    with pytest.raises(NothingToDo):
        opened(content).fetch("file/x.png")
    content = book(package=PACKAGE % ("", items, ""), more={"x.png": picture("PNG")})
    assert opened(content).fetch("file/x.png").media_type == "image/png"
