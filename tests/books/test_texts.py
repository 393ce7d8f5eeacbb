"""Plain texts and pages of the web: their encoding, direction and chapters; and what a file is at all."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from books.epub_maker import make_epub, zipped
from satchel.books import formats
from satchel.books.decoding import decode
from satchel.books.sniffing import sniff
from satchel.books.unfit import Why, why_of
from satchel.core.library.item import Direction
from satchel.core.library.kinds import Kind, kind_of
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Facts
from satchel.ports.library import Passage

ARABIC = "في البدء كان الكلمة، والعلم نور يضيء الطريق للناس جميعا. "
PERSIAN = "به نام خداوند جان و خرد، کزین برتر اندیشه برنگذرد. "
FRENCH = "L’été dernier, à Orléans, la forêt était déjà brûlée ; où aller ? « Là-bas », répéta-t-elle. "


def zip_of(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (make_epub(), "x", "application/epub+zip"),
        (zipped({"META-INF/container.xml": b"x"}), "book.zip", "application/epub+zip"),
        (zip_of("META-INF/container.xml", "mimetype"), "x", "application/epub+zip"),
        (zip_of("AndroidManifest.xml", "res/1.png"), "x.cbz", "application/vnd.android.package-archive"),
        (zip_of("1.jpg", "2.PNG", "ComicInfo.xml"), "x", "application/vnd.comicbook+zip"),
        (zip_of("1.jpg", "code.exe"), "x", "application/zip"),
        (
            zip_of("1.txt"),
            "x.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"PK\x03\x04 broken", "x.epub", "application/epub+zip"),
        (b"%PDF-1.7\n", "x.txt", "application/pdf"),
        (b"\0" * 20 + b"%PDF-1.7\n", "x", "application/pdf"),
        (b"ZIM\x04" + bytes(80), "x", "application/x-zim"),
        (b"ID3\x04" + bytes(80), "x", "audio/mpeg"),
        (b"\xff\xfb\x90\x00" + bytes(80), "x", "audio/mpeg"),
        (b"\xff\xff\xff\xff" + bytes(80), "x", "application/octet-stream"),
        (b"fLaC" + bytes(80), "x", "audio/flac"),
        (b"OggS" + bytes(24) + b"OpusHead", "x", "audio/ogg"),
        (b"OggS" + bytes(24) + b"\x80theora", "x", "video/ogg"),
        (b"\0\0\0\x20ftypM4B ", "x", "audio/mp4"),
        (b"\0\0\0\x20ftypisom", "x.mp4", "video/mp4"),
        (b"\0\0\0\x20ftypisom", "x.m4b", "audio/mp4"),
        (b"<!DOCTYPE html><p>x", "x.txt", "text/html"),
        (b"\xef\xbb\xbf <!-- c --> <HTML>", "x", "text/html"),
        (b"<?xml version='1.0'?><html>", "x", "text/html"),
        (b"<p>a part", "x.htm", "text/html"),
        (b"<p>a part", "x", "text/plain"),
        ("नमस्ते".encode(), "x", "text/plain"),
        ("hi".encode("utf-16"), "x", "text/plain"),
        (ARABIC.encode("cp1256"), "x.txt", "text/plain"),
        (ARABIC.encode("cp1256"), "x.bin", "application/octet-stream"),
        (b"\x7fELF\0\0", "x.txt", "application/octet-stream"),
        (b"", "x.txt", "application/octet-stream"),
        (b"\0\x01", "x.apk", "application/vnd.android.package-archive"),
        (b"\xff\xd8\xff\xe0", "x.epub", "image/jpeg"),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, name: str, media_type: str) -> None:
    assert sniff(io.BytesIO(content), name) == media_type


def test_comments_without_end_take_no_time() -> None:
    """A pattern with a choice in each of them would try all ways to read them."""
    for head in (b"<!---->" * 9000, b"<!-- -->\n" * 7000, b"<!--" * 16_000, b" " * 65_536):
        assert sniff(io.BytesIO(head + b"x"), "x") == "text/plain"
    assert sniff(io.BytesIO(b"<!---->" * 9000 + b"<html>"), "x") == "text/html"


@given(st.binary(max_size=200), st.text(max_size=10))
def test_any_file_is_something(content: bytes, name: str) -> None:
    for head in (b"", b"PK\x03\x04", b"OggS", b"\0\0\0\0ftyp", b"ID3", b"\xff\xfe"):
        assert kind_of(sniff(io.BytesIO(head + content), name)) in Kind


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfa", "a"),
        ("né".encode("utf-16"), "né"),
        ("né".encode("utf-32"), "né"),
        ("né".encode(), "né"),
        (ARABIC.encode("cp1256") * 3, ARABIC * 3),
        (FRENCH.encode("cp1252") * 3, FRENCH * 3),
        ("naïve".encode("cp1252"), "naïve"),
        ("日本".encode() + "語".encode()[:2], "日本\ufffd"),
        (b"+ADw-script+AD4-", "+ADw-script+AD4-"),
    ],
)
def test_texts_without_a_sign_are_read_by_their_letters(content: bytes, text: str) -> None:
    assert decode(content) == text


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset='shift_jis'>", "cp932"),
        ("<meta http-equiv='Content-Type' content='text/html; charset=windows-1251'>", "cp1251"),
        ("<?xml version='1.0' encoding='gb2312'?>", "gb18030"),
        ("<meta charset=iso-8859-6>", "iso8859-6"),
    ],
)
def test_pages_are_read_as_they_declare(head: str, encoding: str) -> None:
    letters = {"cp932": "日本語", "cp1251": "Привет", "gb18030": "中文", "iso8859-6": "سلام"}[encoding]
    assert decode((head + letters).encode(encoding), is_markup=True) == head + letters


@pytest.mark.parametrize("label", ["utf-7", "utf-16", "nonsense", "zlib", "rot13", "idna", "unicode_escape"])
def test_no_page_chooses_what_is_not_a_text(label: str) -> None:
    content = f"<meta charset={label}>".encode() + b"\xe9+ADw-\\x3c"
    assert decode(content, is_markup=True).endswith("é+ADw-\\x3c")


def read(content: bytes, name: str) -> tuple[Facts, list[Passage]]:
    facts, *passages = formats.examine(io.BytesIO(content), name)
    assert isinstance(facts, Facts)
    return facts, [one for one in passages if isinstance(one, Passage)]


def test_a_text_has_its_direction_and_chapters() -> None:
    text = "\n\n".join(f"{number}. {PERSIAN * 5}" for number in range(400))
    facts, passages = read(text.encode(), "folder/شعر_1.txt")
    assert (facts.title, facts.direction) == ("شعر 1", Direction.RIGHT_TO_LEFT)
    opened = formats.format_of(Kind.TEXT).open(io.BytesIO(text.encode()))
    outline = opened.outline()
    assert {one.place for one in passages} == {one.place for one in outline}
    assert len(outline) > 2
    whole = "".join(opened.fetch(f"chapter/{one.place}").body.decode() for one in outline)
    assert whole.count('<p dir="auto">') == 400
    assert "399. " in whole
    with pytest.raises(NothingToDo):
        opened.fetch(f"chapter/{len(outline) + 1}")


def test_a_text_is_never_markup() -> None:
    body = formats.format_of(Kind.TEXT).open(io.BytesIO(b"<script>x</script>\n& <b>")).fetch("chapter/1").body
    assert body == b'<p dir="auto">&lt;script&gt;x&lt;/script&gt;<br>&amp; &lt;b&gt;</p>'


def test_an_empty_text_is_no_book() -> None:
    with pytest.raises(UnfitBook) as raised:
        read(b"\n\n  \n", "x.txt")
    assert why_of(raised.value) is Why.EMPTY


def test_a_page_says_what_it_is() -> None:
    content = (
        b"<html lang='heb'><head><title> A  title </title><meta name=Author content='N. N.'>"
        b"<meta name=keywords content='one, two,'></head><body><script>x</script><h1>H</h1>"
        + "<p>שלום</p></body></html>".encode()
    )
    facts, passages = read(content, "x.html")
    assert (facts.title, facts.authors, facts.subjects[:2]) == ("A title", ("N. N.",), ("one", "two"))
    assert facts.languages == ("he",)
    assert facts.direction is Direction.LEFT_TO_RIGHT  # its first letter is the H
    assert [(one.heading, one.text) for one in passages] == [("H", "שלום")]
    assert read(b"<html dir=rtl><body>a", "x.html")[0].direction is Direction.RIGHT_TO_LEFT
    assert read("<html><body>א".encode(), "x.html")[0].direction is Direction.RIGHT_TO_LEFT


def test_a_long_page_is_cut_into_chapters_that_find_each_other() -> None:
    parts = "".join(f"<h2 id=s{n}>S{n}</h2><p>{'word ' * 3000}</p>" for n in range(30))
    page = f"<html dir=rtl><body><div class=wrap>{parts}<a href=#s0>up</a></div></body></html>".encode()
    opened = formats.format_of(Kind.PAGE).open(io.BytesIO(page))
    outline = opened.outline()
    assert 5 < len(outline) < 30
    bodies = [opened.fetch(f"chapter/{one.place}").body.decode() for one in outline]
    assert all(len(body) < 100_000 for body in bodies)
    assert all(body.startswith('<div dir="rtl">') for body in bodies)
    assert sum(body.count("<h2") for body in bodies) == 30
    assert '<a href="1#b-s0">up</a>' in bodies[-1]
    _, passages = read(page, "x.html")
    assert {one.place for one in passages} == {one.place for one in outline}
