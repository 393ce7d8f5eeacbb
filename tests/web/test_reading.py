"""What a reader gets of a book, and what nobody gets: paths, types, policies (reading 2 and 3; B1)."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from satchel.core.library.kinds import COMIC_TYPE, EPUB_TYPE, FILE_TYPE, PDF_TYPE, ZIM_TYPE, Kind
from satchel.errors import MisuseError
from satchel.ports.books import Chapter, Resource
from satchel.ports.library import BookNumber, Hit, Hits
from satchel.web.reading import Manners, Reading
from web.book_reader import PATH, PLACE, Reader
from web.shown_books import Looker, epub, shown

CHAPTERS = (Chapter(place="c0", title="First"), Chapter(place="c1", title="Second"))
DIRTY = b"".join(
    (
        b'<h1 onclick="x()">One</h1><script>alert(1)</script>',
        b'<p style="color:red" class="bar" dir="rtl" lang="ar">x</p>',
        b'<img src="../file/a.png" onerror="x()"><img src="http://evil.example/a.png">',
        b'<img src="//evil.example/b.png"><img src="../../page.png"><img src="../file/../../x.png">',
        b'<img src="../file/%2e%2e/%2e%2e/x.png"><a href="%2e%2e%2fx">out</a>',
        b'<a href="c1#there">on</a><a href="https://evil.example/">out</a><a href="//evil.example">out</a>',
        b'<a href="javascript:x()">out</a><a href="/other">out</a><a href="../../other">out</a>',
        b'<form action="http://evil.example"><input name="p"></form><style>p{}</style>',
        b'<meta http-equiv="refresh" content="0;url=http://evil.example">',
        b'<link rel="dns-prefetch" href="//evil.example"><iframe src="http://evil.example"></iframe>',
        b'<svg onload="x()"><a xlink:href="http://evil.example">z</a></svg><base href="http://evil.example/">',
    )
)
FOUND = {
    "chapter/c0": Resource(media_type="text/html; charset=utf-8", body=DIRTY),
    "chapter/c1": Resource(media_type="text/html; charset=utf-8", body=b"<p>Two</p>"),
    "file/a.png": Resource(media_type="image/png", body=b"png"),
    "file/a.svg": Resource(media_type="image/svg+xml", body=b"<svg/>"),
    "file/a.html": Resource(media_type="text/html", body=b"<script>1</script>"),
    "file/A/Main": Resource(media_type="text/html; charset=utf-8", body=b"<script>1</script>"),
    "file/odd": Resource(media_type="text/html\r\nx: y", body=b"odd"),
    "page/1": Resource(media_type="image/jpeg", body=b"jpeg"),
    "page/2": Resource(media_type="text/html", body=b"<script>1</script>"),
}


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


@pytest.fixture
def looker() -> Looker:
    return Looker(CHAPTERS, FOUND)


def reader(
    kind: Kind, media_type: str, looker: Looker, threads: ThreadPoolExecutor, **settings: Any
) -> Reader:
    content = settings.pop("content", bytes(range(256)) * 4)
    manners = settings.pop("manners", None)
    return Reader(
        Reading(shown(kind, content, media_type, **settings), looker, threads=threads, manners=manners)
    )


@pytest.fixture
def book(looker: Looker, threads: ThreadPoolExecutor) -> Reader:
    return reader(Kind.EPUB, EPUB_TYPE, looker, threads)


# --- the pages ---------------------------------------------------------------------------------------


def test_each_kind_opens_on_its_page(looker: Looker, threads: ThreadPoolExecutor) -> None:
    wanted = {
        (Kind.EPUB, EPUB_TYPE): (200, "static/epub.js"),
        (Kind.PDF, PDF_TYPE): (200, "static/pdf.js"),
        (Kind.AUDIO, "audio/mpeg"): (200, "<audio controls"),
        (Kind.ZIM, ZIM_TYPE): (200, f'src="{PATH}/zim/c0"'),
        (Kind.FILE, FILE_TYPE): (200, "download"),
        (Kind.COMIC, COMIC_TYPE): (303, "/pages/1#begin"),
        (Kind.PAGE, "text/html"): (303, "/text/"),
        (Kind.TEXT, "text/plain"): (303, "/text/"),
    }
    for (kind, media_type), (status, said) in wanted.items():
        answer = reader(kind, media_type, looker, threads).get("/")
        assert answer.status == status, kind
        assert said in (answer.text if status == 200 else answer.headers["location"]), kind


def test_chapters_are_read_without_scripts(book: Reader) -> None:
    assert book.get("/text/").headers["location"] == f"{PATH}/text/c0"
    first = book.get("/text/c0")
    assert f'rel="next" href="{PATH}/text/c1"' in first.text
    assert 'rel="prev"' not in first.text
    assert f'rel="prev" href="{PATH}/text/c0"' in book.get("/text/c1").text
    contents = book.get("/contents").text
    assert f'href="{PATH}/text/c1"' in contents
    assert book.get("/text/c9").status == 404


def test_what_the_limited_process_says_is_cleaned_once_more(book: Reader) -> None:
    """A book may have taken it over: neither a script nor an address of elsewhere comes through."""
    page = book.get("/text/c0").text
    article = page.partition("<article")[2].partition("</article>")[0]
    for bad in (
        "evil",
        "script",
        "onclick",
        "onerror",
        "onload",
        "style",
        "<form",
        "<meta",
        "<link",
        "<svg",
        "<base",
    ):
        assert bad not in article, bad
    for bad in ('"/other"', "../..", "%2e", 'class="bar"'):
        assert bad not in article, bad
    for good in (
        'dir="rtl"',
        'lang="ar"',
        f'src="{PATH}/file/a.png"',
        f'href="{PATH}/text/c1#there"',
        "<h1>One</h1>",
    ):
        assert good in article, good


def test_pages_are_pictures(looker: Looker, threads: ThreadPoolExecutor) -> None:
    comic = reader(Kind.COMIC, COMIC_TYPE, looker, threads, pages=2)
    first, second = comic.get("/pages/1").text, comic.get("/pages/2").text
    assert f'src="{PATH}/page/1"' in first
    assert f'href="{PATH}/pages/2"' in first
    assert 'rel="next"' not in second
    assert [comic.get(f"/pages/{n}").status for n in (0, 3)] == [404, 404]
    assert comic.get("/page/1").headers["content-type"] == "image/jpeg"


def test_words_are_looked_for_in_this_book(looker: Looker, threads: ThreadPoolExecutor) -> None:
    asked: list[tuple[str, int]] = []

    def find(words: str, first: int) -> Hits:
        asked.append((words, first))
        if words == "bad":
            raise MisuseError("These are no words.", do="Type others.")
        hit = Hit(book=BookNumber(1), place="c1", heading="<b>", excerpt="a <stone> b", marks=[(2, 9)])
        return Hits(hits=[hit], is_cut=True)

    book = reader(Kind.EPUB, EPUB_TYPE, looker, threads, manners=Manners(find=find))
    page = book.get("/search?words=%3Cstone%3E&from=20")
    assert asked == [("<stone>", 20)]
    assert "<mark>&lt;stone&gt;</mark>" in page.text
    assert f'href="{PATH}/text/c1"' in page.text
    assert page.policy["form-action"] == [f"{PLACE}/search"]
    assert "These are no words." in book.get("/search?words=bad").text
    assert reader(Kind.EPUB, EPUB_TYPE, looker, threads).get("/search?words=x").status == 404


def test_a_page_speaks_as_its_reader_does(looker: Looker, threads: ThreadPoolExecutor) -> None:
    book = reader(Kind.FILE, FILE_TYPE, looker, threads, title="<b>\N{RIGHT-TO-LEFT OVERRIDE}")
    page = book.get("/", accept_language="ar").text
    assert '<html lang="ar" dir="rtl">' in page
    assert "<b>" not in page
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page


# --- the bytes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "status", "told", "size"),
    [
        (None, 200, None, 1024),
        ("bytes=0-0", 206, "bytes 0-0/1024", 1),
        ("bytes=1000-", 206, "bytes 1000-1023/1024", 24),
        ("bytes=-24", 206, "bytes 1000-1023/1024", 24),
        ("bytes=1000-9999", 206, "bytes 1000-1023/1024", 24),
        ("bytes=1024-", 416, "bytes */1024", 0),
        ("bytes=0-1,4-5", 200, None, 1024),
        ("bytes=5-4", 200, None, 1024),
    ],
)
def test_a_stretch_is_given(
    book: Reader, asked: str | None, status: int, told: str | None, size: int
) -> None:
    answer = book.get("/content/0", **({"range": asked} if asked else {}))
    assert (answer.status, answer.headers.get("content-range"), len(answer.body)) == (status, told, size)
    assert answer.headers["accept-ranges"] == "bytes"
    head = book.get("/content/0", method="HEAD", **({"range": asked} if asked else {}))
    assert (head.status, head.headers["content-length"], head.body) == (status, str(size), b"")


def test_content_is_a_download_with_a_name(looker: Looker, threads: ThreadPoolExecutor) -> None:
    title = 'كتاب/../"x"\r\n'
    answer = reader(Kind.EPUB, EPUB_TYPE, looker, threads, title=title).get("/content/0")
    said = answer.headers["content-disposition"]
    assert said.startswith("attachment; filename=")
    assert said.endswith("_.._%22x%22__.epub".replace("%22", "_")) or "%D9%83" in said
    assert all(character not in said for character in "\r\n/")
    assert (
        reader(Kind.FILE, "text/html2", looker, threads).get("/content/0").headers["content-type"]
        == FILE_TYPE
    )


def test_only_known_types_are_given_as_they_say(
    book: Reader, looker: Looker, threads: ThreadPoolExecutor
) -> None:
    for path, kind in {"a.png": "image/png", "a.svg": "image/svg+xml"}.items():
        answer = book.get(f"/file/{path}")
        assert answer.headers["content-type"] == kind
        assert "content-disposition" not in answer.headers
        assert answer.policy["sandbox"] == []
    for path in ("a.html", "odd"):
        answer = book.get(f"/file/{path}")
        assert answer.headers["content-type"] == FILE_TYPE
        assert answer.headers["content-disposition"] == "attachment"
    page = reader(Kind.PDF, PDF_TYPE, looker, threads).get("/page/2")
    assert page.headers["content-type"] == FILE_TYPE


def test_sha1_for_fonts(book: Reader) -> None:
    assert book.get("/sha1?of=abc").body.hex() == "a9993e364706816aba3e25717850c26c9cd0d89d"


# --- what is allowed ---------------------------------------------------------------------------------


EVERYWHERE = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
    "cross-origin-resource-policy": "same-origin",
}


def test_every_answer_says_what_may_be_done_with_it(book: Reader) -> None:
    paths: tuple[str, ...] = (
        "/",
        "/text/",
        "/text/c0",
        "/contents",
        "/content/0",
        "/file/a.png",
        "/static/epub.js",
        "/nothing",
    )
    paths += (
        "/foreign/foliate-js/view.js",
        "/page/1",
        "/cover",
        "/sha1",
        "/text/c9",
        "/content/7",
    )
    for path in paths:
        for answer in (
            book.get(path),
            book.get(path, method="POST"),
            book.get(path, sec_fetch_site="cross-site"),
        ):
            for name, value in EVERYWHERE.items():
                assert answer.headers[name] == value, (path, name)
            assert answer.policy["default-src"] == ["'none'"], path
            assert answer.policy["frame-ancestors"] == ["'none'"], path
            assert answer.policy["base-uri"] == ["'none'"], path
            assert "camera=()" in answer.headers["permissions-policy"]
            assert "set-cookie" not in answer.headers


def test_scripts_are_ours_by_their_path(looker: Looker, threads: ThreadPoolExecutor) -> None:
    static, foreign = f"{PLACE}/static/", f"{PLACE}/foreign"
    epub_page = reader(Kind.EPUB, EPUB_TYPE, looker, threads).get("/").policy
    assert epub_page["script-src"][:2] == [static, f"{foreign}/foliate-js/"]
    assert epub_page["script-src"][2].startswith("'sha256-")
    assert len(epub_page["script-src"]) == 3
    assert epub_page["frame-src"] == ["blob:"]
    assert epub_page["connect-src"] == [f"{PLACE}/content/", f"{PLACE}/sha1"]
    pdf_page = reader(Kind.PDF, PDF_TYPE, looker, threads).get("/").policy
    assert pdf_page["script-src"] == [static, f"{foreign}/pdfjs-dist/"]
    assert "form-action" in pdf_page
    for page in (epub_page, pdf_page):
        assert "'unsafe-eval'" not in str(page)
        assert page["form-action"] == ["'none'"]
    chapter = reader(Kind.EPUB, EPUB_TYPE, looker, threads).get("/text/c0").policy
    assert chapter["script-src"] == ["'none'"]


def test_an_archive_is_in_a_frame_without_an_origin(looker: Looker, threads: ThreadPoolExecutor) -> None:
    guests = reader(Kind.ZIM, ZIM_TYPE, looker, threads)
    entry = guests.get("/zim/A/Main")
    assert entry.headers["content-type"] == "text/html; charset=utf-8"
    assert entry.policy["sandbox"] == []
    assert entry.policy["script-src"] == ["'none'"]
    assert "allow" not in str(guests.get("/").text.partition("sandbox=")[2][:20])
    for directive in ("img-src", "media-src", "style-src", "font-src"):
        assert f"{PLACE}/zim/" in entry.policy[directive]
        assert "'self'" not in entry.policy[directive]
    assert reader(Kind.EPUB, EPUB_TYPE, looker, threads).get("/zim/A/Main").status == 404


def test_a_page_of_another_origin_gets_nothing(book: Reader) -> None:
    for site in ("cross-site", "same-site"):
        for dest in ("empty", "image", "script", "iframe", "audio"):
            assert book.get("/content/0", sec_fetch_site=site, sec_fetch_dest=dest).status == 403
        assert book.get("/", sec_fetch_site=site, sec_fetch_dest="document").status == 200
    assert book.get("/content/0", sec_fetch_site="same-origin", sec_fetch_dest="empty").status == 200


def test_nothing_leads_out_of_the_book(book: Reader) -> None:
    for path in (
        *(
            "/static/../app.py",
            "/static/..%2Fapp.py",
            "/static/",
            "/static/nothing.css",
            "/foreign/qr/index.js",
        ),
        *(
            "/foreign/pdfjs-dist/legacy/build/pdf.min.mjs",
            "/foreign/foliate-js/LICENSE",
            "/foreign/../answers.py",
        ),
        *("/file/../a.png", "/content/-1", "/content/1", "/content", "/../", "//", "/zim/nothing"),
    ):
        assert book.get(path).status == 404, path
    assert book.get("/", method="PUT").status == 405
    assert book.get("/", host="evil.example; script-src *").status == 421


# --- the limited process -----------------------------------------------------------------------------


def test_a_process_is_begun_once_and_ends_with_the_book(book: Reader, looker: Looker) -> None:
    async def read() -> None:
        assert (await book.ask("/")).status == 200
        assert not looker.opened  # nothing was asked of it
        await asyncio.gather(*(book.ask("/text/c0") for _ in range(3)))
        assert len(looker.opened) == 1
        await book.app.close()
        assert looker.opened[0].is_closed
        assert (await book.ask("/text/c1")).status == 404

    asyncio.run(read())


def test_a_process_ends_when_nobody_has_asked_for_a_while(
    book: Reader, looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satchel.web.reading.held.IDLE_S", 0.01)

    async def read() -> None:
        await book.ask("/text/c0")
        for _ in range(200):
            if looker.opened[0].is_closed:
                break
            await asyncio.sleep(0.01)
        assert looker.opened[0].is_closed
        assert (await book.ask("/text/c1")).status == 200
        assert len(looker.opened) == 2
        await book.app.close()

    asyncio.run(read())


def test_the_made_epub_is_one() -> None:
    assert epub({"One": "<p>x</p>"})[:2] == b"PK"
