"""An archive as a book: what it says of itself, what is found in it, and what is shown of it."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from books.zim_maker import Hand, Laid, Page, Redirect, with_libzim
from satchel.books import effort
from satchel.books.formats import zim
from satchel.books.formats.zim import pages, reading
from satchel.books.unfit import Why, why_of
from satchel.core.library.item import Direction
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Facts, Opened
from satchel.ports.library import PASSAGE_BYTES_MAX, Passage


def examined(data: bytes) -> tuple[Facts, list[Passage]]:
    facts, *passages = zim.examine(io.BytesIO(data), "a.zim")
    assert isinstance(facts, Facts)
    return facts, [one for one in passages if isinstance(one, Passage)]


def opened(data: bytes) -> Opened:
    return zim.open(io.BytesIO(data))


def picture(size: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (size, size), (200, 20, 20)).save(out, "PNG")
    return out.getvalue()


MAIN = """<!doctype html><html dir="rtl" lang="ar"><head><title>x</title><script src="s.js"></script></head>
<body><h1>الصفحة الأولى</h1><p>اقرأ <a href="%D9%82%D8%B3%D9%85/two?x=1#part">التالي</a>
<a href="https://example.org/x">out</a> <a href="doc.pdf">file</a> <a href="nowhere">none</a>
<img src="./i/p.png" onerror="x()"><img src="https://example.org/p.png">
<a href="#here">below</a></p></body></html>"""

PAGES = [
    Page("main", "الصفحة الأولى", MAIN.encode()),
    Page("قسم/two", "The second", b"<p>A goat and a boat.</p><p>Second line</p><a href='../main'>back</a>"),
    Page("three", "Third", b"<script>hidden words</script><style>p{}</style><p>H<sub>2</sub>O</p>"),
    Page("doc.pdf", "A document", b"%PDF-", "application/pdf", is_front=False),
    Page("i/p.png", "", picture(30), "image/png", is_front=False),
    Page("s.js", "", b"alert(1)", "text/javascript", is_front=False),
    Page("style.css", "", b"p{}", "text/css; charset=latin-1", is_front=False),
    Page("latin", "Latin", "<meta charset=iso-8859-1><p>caf\u00e9".encode("latin-1"), is_front=False),
    Page("odd", "", b"x", "text/html\r\nX-Evil: 1", is_front=False),
]
METADATA = {
    "Title": "كتاب القرية",
    "Language": "ara,fra",
    "Creator": "Amina",
    "Publisher": "Kitab",
    "Tags": "_category:school;maths;_ftindex:yes;village",
    "Description": "short",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("zim") / "a.zim"
    redirects = [Redirect("short", "Goats", "قسم/two"), Redirect("same", "Thirdly", "three")]
    made = with_libzim(path, PAGES, redirects, main="main", metadata=METADATA, illustration=picture(48))
    return made.read_bytes()


def test_what_it_says_of_itself(archive: bytes) -> None:
    facts, _ = examined(archive)
    assert facts.media_type == "application/x-zim"
    assert facts.title == "كتاب القرية"
    assert facts.authors == ("Amina", "Kitab")
    assert facts.languages == ("ar", "fr")
    assert facts.subjects == ("maths", "village")
    assert facts.direction is Direction.RIGHT_TO_LEFT
    assert facts.pages == 5  # and titles that lead to them
    assert facts.cover is not None
    assert Image.open(io.BytesIO(facts.cover), formats=["JPEG"]).size == (48, 48)


def test_every_page_is_found_by_its_title_and_its_words(archive: bytes) -> None:
    _, passages = examined(archive)
    found = {(one.place, one.heading): one for one in passages}
    assert set(found) == {
        ("main", "الصفحة الأولى"),
        ("قسم/two", "The second"),
        ("three", "Third"),
        ("latin", "Latin"),
        ("short", "Goats"),
        ("same", "Thirdly"),
    }
    assert found["قسم/two", "The second"].text == "A goat and a boat.\nSecond line\nback"
    assert {"second", "goat"} <= set(found["قسم/two", "The second"].words.split())
    assert found["three", "Third"].text == "H2O"
    assert (found["short", "Goats"].text, found["short", "Goats"].words) == ("", "goats")


def test_it_opens_on_its_main_page_and_has_its_titles(archive: bytes) -> None:
    chapters = opened(archive).outline()
    assert (chapters[0].place, chapters[0].title) == ("main", "الصفحة الأولى")
    assert sorted(one.place for one in chapters) == [
        "main",
        "three",
        "قسم/two",
    ]  # not what its maker did not mean to be read


def test_an_entry_is_given_as_it_stands_there(archive: bytes) -> None:
    book = opened(archive)
    for page in PAGES:
        body = book.fetch(f"file/{page.path}").body
        assert body == page.body or (page.path == "latin" and "café".encode() in body)
    types = {page.path: book.fetch(f"file/{page.path}").media_type for page in PAGES}
    assert types == {
        "main": "text/html; charset=utf-8",
        "قسم/two": "text/html; charset=utf-8",
        "three": "text/html; charset=utf-8",
        "doc.pdf": "application/pdf",
        "i/p.png": "image/png",
        "s.js": "text/javascript; charset=utf-8",
        "style.css": "text/css; charset=utf-8",
        "latin": "text/html; charset=utf-8",
        "odd": "application/octet-stream",
    }
    assert book.fetch("file/main").title == "الصفحة الأولى"
    assert book.fetch("cover").media_type == "image/jpeg"


def test_a_redirect_is_followed_and_leads_on_where_its_links_would_break(archive: bytes) -> None:
    book = opened(archive)
    assert book.fetch("file/same").body == PAGES[2].body
    leading = book.fetch("file/short")
    assert b'href="%D9%82%D8%B3%D9%85/two"' in leading.body
    assert b"goat" not in leading.body
    assert b"goat" in book.fetch("chapter/short").body


def test_a_chapter_acts_on_nothing_and_leads_nowhere_else(archive: bytes) -> None:
    body = opened(archive).fetch("chapter/main").body.decode()
    assert 'dir="rtl"' in body
    assert 'lang="ar"' in body
    assert 'href="%D9%82%D8%B3%D9%85%2Ftwo#b-part"' in body
    assert 'href="../file/doc.pdf"' in body
    assert 'src="../file/i/p.png"' in body
    assert 'href="#b-here"' in body
    for gone in ("script", "onerror", "example.org", "nowhere", "style"):
        assert gone not in body
    assert 'href="main"' in opened(archive).fetch("chapter/قسم/two").body.decode()


@pytest.mark.parametrize(
    "path",
    [
        "file/none",
        "file/",
        "file",
        "",
        "chapter/doc.pdf",
        "chapter/none",
        "page/1",
        "file/\ud800",
        "file/M/Title",
    ],
)
def test_there_is_nothing_anywhere_else(archive: bytes, path: str) -> None:
    with pytest.raises(NothingToDo):
        opened(archive).fetch(path)


@pytest.mark.parametrize(
    ("base", "address", "path"),
    [
        ("a/b", "c", "a/c"),
        ("a/b", "../c", "c"),
        ("a/b", "./c/../d", "a/d"),
        ("a/b", "/c", "c"),
        ("a/b", "../../c", None),
        ("a/b", "c%20d%3Fe", "a/c d?e"),
        ("a", "c?x#y", "c"),
        ("a", "c/", "c/"),
        ("a", "", None),
        ("a", "..", None),
        ("a", "http://e/x", None),
        ("a", "//e/x", None),
        ("a", "JavaScript:x", None),
        ("a", "\\\\e\\x", None),
        ("a", " \tdata:x", None),
    ],
)
def test_addresses_on_a_page_are_paths_of_the_archive_or_nothing(
    base: str, address: str, path: str | None
) -> None:
    assert pages.resolved(base, address) == path


def old(entries: Sequence[Laid], **options: object) -> bytes:
    made = Hand(entries, minor=0)
    for name, value in options.items():
        setattr(made, name, value)
    return made.write()


def test_old_archives_keep_their_namespaces_in_their_paths() -> None:
    data = old(
        [
            Laid("-favicon", "", target=3),
            Laid("Aone", "One", b"<p>first <a href='two'>t</a> <img src='../I/p.png'></p>"),
            Laid("Atwo", "Two", b"<p>second</p>"),
            Laid("Ip.png", "", picture(32), "image/png"),
            Laid("MLanguage", "", b"per", "text/plain"),
            Laid("MTitle", "", "قدیمی".encode(), "text/plain"),
        ],
        main=1,
        by_title=[0, 2, 1, 3, 4, 5],
    )
    facts, passages = examined(data)
    assert (facts.title, facts.languages, facts.pages) == ("قدیمی", ("fa",), 2)
    assert facts.cover is not None
    assert [(one.place, one.text) for one in passages] == [("A/one", "first t"), ("A/two", "second")]
    book = opened(data)
    assert [one.place for one in book.outline()] == ["A/one", "A/two"]
    chapter = book.fetch("chapter/A/one").body
    assert b'href="A%2Ftwo"' in chapter
    assert b'src="../file/I/p.png"' in chapter
    assert book.fetch("file/I/p.png").body == picture(32)
    for path in ("file/one", "file/A", "file/A/", "file/Aone", "file/é/one"):
        with pytest.raises(NothingToDo):
            book.fetch(path)


def test_the_number_of_pages_is_counted_where_it_is_not_said() -> None:
    entries = [Laid(f"Ap{n}", "", b"x") for n in range(7)]
    assert examined(old(entries))[0].pages == 7
    counter = Laid("MCounter", "", b"image/png=9;text/html;raw=true=12;text/css=3", "text/plain")
    assert examined(old([*entries, counter]))[0].pages == 12
    counter = Laid("MCounter", "", b"image/png=9;text/html=40;text/css=3", "text/plain")
    assert examined(old([*entries, counter]))[0].pages == 40


def test_one_that_needs_a_service_worker_says_so_and_is_not_opened() -> None:
    tags = Laid("MTags", "", b"x;_sw:yes;y", "text/plain")
    data = Hand([Laid("Ca", "A", b"<p>words"), tags]).write()
    facts, passages = examined(data)
    assert (facts.subjects, passages) == (("x", "y"), [])
    with pytest.raises(UnfitBook) as refused:
        opened(data)
    assert why_of(refused.value) is Why.NOT_READ_HERE


def test_what_it_says_of_itself_may_be_anything() -> None:
    noise = [
        Laid(f"M{name}", "", b"\xff\xfe\x00" * 10, "text/plain") for name in ("Title", "Language", "Tags")
    ]
    big = Laid("MCreator", "", b"x" * (2 << 20), "text/plain")
    facts, _ = examined(Hand([Laid("Ca", "", b"x"), *noise, big]).write())
    assert (facts.languages, facts.authors, facts.cover) == ((), (), None)


def test_of_many_pages_every_title_is_found_and_text_while_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "PASSAGES_MAX", 60)
    monkeypatch.setattr(reading, "TEXT_BYTES_MAX", 40 * reading.TITLE_BYTES + 100_000)
    long = b"<p>" + b"word " * 20_000
    entries = [Laid(f"Cp{n:02}", f"Title {n}", long if n < 5 else b"<p>short") for n in range(40)]
    _, passages = examined(Hand(entries, compression=5).write())
    assert len(passages) <= 60
    assert {one.place for one in passages} == {f"p{n:02}" for n in range(40)}
    assert sum(len(one.text) for one in passages) <= 100_000 + PASSAGE_BYTES_MAX
    assert all(len(one.text.encode()) <= PASSAGE_BYTES_MAX for one in passages)
    assert passages[-1].text == ""
    assert {one.words.split()[0] for one in passages if one.place > "p30"} == {"title"}


def test_a_slow_machine_finds_titles_alone_and_then_no_more(
    archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = len(examined(archive)[1])
    monkeypatch.setattr(effort, "TEXT_CPU_S", -1.0)
    _, passages = examined(archive)
    assert len(passages) == every
    assert {one.text for one in passages} == {""}
    monkeypatch.setattr(effort, "EXAMINING_CPU_S", -1.0)
    facts, passages = examined(archive)
    assert (facts.title, passages) == ("كتاب القرية", [])


def test_paths_too_long_to_be_places_can_be_read_and_not_found() -> None:
    path = "p" * 1200
    data = Hand([Laid(f"C{path}", "Long", b"<p>x")]).write()
    assert examined(data)[1] == []
    assert opened(data).fetch(f"file/{path}").body == b"<p>x"


def test_an_archive_of_a_file_is_read_only_where_it_is_wanted(tmp_path: Path) -> None:
    class Watched(io.BytesIO):
        total = longest = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            Watched.total += len(data)
            Watched.longest = max(Watched.longest, len(data))
            return data

    blob = bytes(range(256)) * 40_000  # 10 MB, not compressed
    data = Hand([Laid("Ca", "A", b"<p>x"), Laid("Cb", "B", blob, "image/png")], main=0).write()
    book = zim.open(Watched(data))
    book.fetch("file/a")
    assert Watched.total < 300_000
    assert Watched.longest <= 65_536
