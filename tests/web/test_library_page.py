"""The library on the page: put in, found, read, kept on shelves, opened for guests, removed. T1, T2, G, B1;
page 8."""

import re
import time
from collections.abc import Iterator
from itertools import count

import pytest

from cli.node_kit import LIMIT_S, Served, serving
from node.library.memory_library import LineOpener
from web.browsing import Answer, Browser

GROUPS = count(1)  # what was dropped together has a number of its own
HOSTILE = "<script>x</script>\u202egnp.\N{ZERO WIDTH NON-JOINER}"
PERSIAN = "کتاب\N{ZERO WIDTH NON-JOINER}ها"
LONG = "x" * 1_024
FILES = {
    "fish.txt": b"Fish\na pike swims in the lake",
    "bread.txt": b"Bread\nwheat and rye",
    "evil.txt": f"{HOSTILE}\nthe pike <b>bites</b>".encode(),
    "long.txt": LONG.encode(),
    "persian.txt": PERSIAN.encode(),
    "bad.txt": b"BROKEN",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("library") / "profile") as running:
        running.profile.shared_opener._opener = LineOpener()  # type: ignore[assignment]
        browser = owner_of(running)
        assert "5 books have come in" in put_in(browser, FILES).text
        assert browser.send("GET", "/uploads", None)["uploads"] == []  # they lie in the library now (T2)
        yield running
        running.profile.guests.close()
        running.profile.library.close()


@pytest.fixture
def browser(served: Served) -> Browser:
    return owner_of(served)


def owner_of(served: Served) -> Browser:
    assert served.page is not None
    return Browser(served.page)


def put_in(browser: Browser, files: dict[str, bytes], **fields: str) -> Answer:
    """All of it as a script of the page does; the page of the errand when it is over."""
    chosen = [{"path": ["books", name], "size": len(data), "mtime_ns": 0} for name, data in files.items()]
    group = f"{next(GROUPS):032x}"
    begun = browser.send("POST", "/uploads", {"group": group, "files": chosen})
    ids = "".join(one["id"] for one in begun["uploads"])
    browser.send("PUT", f"/uploads?count={len(files)}", ids.encode() + b"".join(files.values()))
    place = browser.post("/library/add", {"upload": group, **fields}).path
    ends_s = time.monotonic() + LIMIT_S
    while "Stop" in (page := browser.get(place)).text:
        assert time.monotonic() < ends_s
        time.sleep(0.05)
    return page


def find(browser: Browser, words: str = "", **fields: str) -> Answer:
    return browser.post("/library/find", {"words": words, **fields})


def book_of(browser: Browser, words: str) -> str:
    """The address of what is found."""
    return find(browser, words).links("/library/books/[0-9]+")[0]


def shelf_of(browser: Browser, name: str) -> str:
    """Made, with its address."""
    return browser.post("/library/shelves", {"name": name}).path


def test_what_came_in_and_what_was_set_aside_is_told(browser: Browser) -> None:
    page = put_in(
        browser, {"again.txt": FILES["fish.txt"], "bad2.txt": b"BROKEN", "new.txt": b"New\nnothing"}
    )
    assert "1 book has come in" in page.text
    assert "1 was here already" in page.text
    assert "1 file was set aside: it could not become a book" in page.text
    assert "bad2.txt It is damaged. Get another copy of it." in page.text
    assert browser.get("/waiting").text.count("again.txt") == 0  # it is in, and erased as an upload (T2)
    assert '/library"' in page.body


def test_all_books_stand_in_the_library(browser: Browser) -> None:
    page = browser.get("/library")
    for title in ("Fish", "Bread", "Ada", "English", "Text"):
        assert title in page.text
    assert "There are no books" not in page.text


def test_g_a_title_is_text(browser: Browser) -> None:
    page = find(browser, "pike")
    for one in (page, browser.get(book_of(browser, "bites"))):
        assert "<script>x" not in one.body
        assert "\u202e" not in one.body
        assert r"<script>x</script>\u{202e}gnp.\u{200c}" in one.text
        assert "<title>Satchel</title>" in one.body
    assert "&lt;b&gt;" in page.body
    assert LONG in browser.get("/library").text


def test_what_joins_letters_of_persian_stays(browser: Browser) -> None:
    assert PERSIAN in browser.get("/library").text


def test_words_are_found_in_books_and_marked(browser: Browser) -> None:
    page = find(browser, "pike")
    assert page.body.count("<mark>pike</mark>") == 2
    assert "Bread" not in page.text.partition("Order")[2]
    assert 'value="pike"' in page.body
    assert "Nothing was found." in find(browser, "xyzzy").text
    assert "Nothing was found." in find(browser, "!!!").text


def test_t1_nothing_that_is_looked_for_stands_in_an_address(browser: Browser) -> None:
    """[2.7] And a browser can go back there: what is shown is asked for by GET."""
    answer = find(browser, "pike", author="Ada", language="en", kind="text", order="new")
    assert re.fullmatch("/library/found/[0-9a-f]{16}", answer.path)
    assert browser.get(answer.path).text == answer.text
    shelf = shelf_of(browser, "Zubaida")
    browser.post(f"{book_of(browser, 'wheat')}/put", {"new": "Zubaida"})
    for page in (answer, browser.get(shelf), browser.get("/library"), browser.get("/library/shelves")):
        for word in ("pike", "Ada", "Zubaida", "Fish", "Bread"):
            assert not [link for link in page.links('[^"]*') if word in link]
    assert browser.get("/library/found/0123456789abcdef").status == 404


def test_a_list_is_narrowed(browser: Browser) -> None:
    assert "Fish" in find(browser, author="Ada", kind="text").text
    assert find(browser, author="Nobody").links("/library/books/[0-9]+") == []
    assert find(browser, kind="nonsense").status == 400
    newest = find(browser, order="new").links("/library/books/[0-9]+")
    assert newest == sorted(newest, key=lambda one: -int(one.rpartition("/")[2]))


def test_a_book_is_saved_as_it_was_and_never_shown(browser: Browser) -> None:
    """B1, M4."""
    answer = browser.get(f"{book_of(browser, 'wheat')}/save/0")
    assert answer.body.encode() == FILES["bread.txt"]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Bread.txt"
    assert answer.headers["cache-control"] == "no-store"
    assert browser.get(f"{book_of(browser, 'wheat')}/save/1").status == 404
    assert browser.get(f"{book_of(browser, 'wheat')}/cover").status == 404
    assert browser.get("/library/books/999").status == 404
    assert browser.get("/library/books/0").status == 404


def test_a_book_is_written_into_the_folder(browser: Browser, served: Served) -> None:
    place = browser.post(f"{book_of(browser, 'wheat')}/get").path
    ends_s = time.monotonic() + LIMIT_S
    while "It is there, and not encrypted." not in browser.get(place).text:
        assert time.monotonic() < ends_s
        time.sleep(0.05)
    assert (served.into / "Bread.txt").read_bytes() == FILES["bread.txt"]


def test_a_book_is_read_on_an_origin_of_its_own(browser: Browser) -> None:
    answer = browser.get(f"{book_of(browser, 'wheat')}/read")
    assert answer.status == 303
    assert re.fullmatch(r"http://localhost:[0-9]+/[0-9a-f]{32}/", answer.headers["location"])
    assert browser.gate.base not in answer.headers["location"]


def test_books_stand_on_shelves_in_their_order(browser: Browser) -> None:
    shelf = shelf_of(browser, "Food & <i>fish</i>")
    bread, fish = (book_of(browser, words) for words in ("wheat", "swims"))
    handle = shelf.rpartition("/")[2]
    for book in (bread, fish):
        assert "It is on no shelf" not in browser.post(f"{book}/put", {"shelf": handle}).text
    assert "<i>" not in browser.get(shelf).body
    assert browser.get(shelf).links("/library/books/[0-9]+") == [bread, fish]
    moved = browser.post(f"{shelf}/move/0", {"book": fish.rpartition("/")[2], "place": "1"})
    assert moved.links("/library/books/[0-9]+") == [fish, bread]
    for nonsense in ("0", "x", "-1", "9" * 30):
        browser.post(f"{shelf}/move/0", {"book": fish.rpartition("/")[2], "place": nonsense})
    assert browser.get(shelf).links("/library/books/[0-9]+") == [fish, bread]
    assert browser.post(f"{shelf}/take/0", {"book": fish.rpartition("/")[2]}).links(
        "/library/books/[0-9]+"
    ) == [bread]
    renamed = browser.post(f"{shelf}/rename", {"name": "--open"})  # as an option begins
    assert "--open" in renamed.text
    assert browser.get(shelf).status == 404
    assert "--open" not in browser.post(f"{renamed.path}/remove").text
    assert browser.get(bread).status == 200


def test_g1_a_shelf_is_opened_after_what_it_means_was_said(browser: Browser, served: Served) -> None:
    shelf = shelf_of(browser, "For all")
    assert "It is not encrypted on the way" in browser.get(shelf).text
    assert "No shelf is open" in browser.get("/library/guests").text
    assert "OPEN for guests" in browser.post(f"{shelf}/open").text
    assert "For all" in browser.get("/library/guests").text
    assert [one.is_open for one in served.profile.library.shelves.all() if one.name == "For all"] == [True]
    assert "OPEN for guests" not in browser.post(f"{shelf}/close").text


def test_g1_the_door_is_opened_and_closed(browser: Browser, served: Served) -> None:
    page = browser.get("/library/guests")
    assert "public to this network, and not encrypted" in page.text
    assert browser.get("/library/guests/picture.svg").status == 404
    page = browser.post("/library/guests/open")
    opened = served.profile.guests.now
    assert opened is not None
    assert not opened.lan_open
    assert "The door is OPEN, and public to this network." in page.text
    for url in opened.urls():
        assert url in page.text
    picture = browser.get("/library/guests/picture.svg")
    assert (picture.status == 200) == bool(opened.urls())
    page = browser.post("/library/guests/close")
    assert served.profile.guests.now is None
    assert "The door is closed" in page.text
    assert browser.post("/library/guests/close").status == 200  # another window was sooner


def test_what_was_set_aside_is_forgotten(browser: Browser) -> None:
    page = browser.get("/library/aside")
    assert "bad.txt" in page.text
    assert "It is damaged." in page.text
    browser.post("/library/aside/forget")
    assert "bad.txt" not in browser.get("/library/aside").text


def test_t2_a_removed_book_is_gone(browser: Browser, served: Served) -> None:
    put_in(browser, {"gone.txt": b"Gone\nquicksand"})
    place = book_of(browser, "quicksand")
    assert "Remove for good" in browser.get(place).text
    assert browser.post(f"{place}/remove").path == "/library"
    assert browser.get(place).status == 404
    assert browser.get(f"{place}/save/0").status == 404
    assert find(browser, "quicksand").links("/library/books/[0-9]+") == []


def test_it_is_said_in_the_language_of_the_page(served: Served) -> None:
    assert served.page is not None
    page = Browser(served.page, language="ar").get("/library")
    assert 'dir="rtl"' in page.body
    assert "المكتبة" in page.text
    assert "الإنجليزية" in page.text
    gone = Browser(served.page, language="fr").get("/library/books/999")
    assert "Ce livre n’est pas ici" in gone.text


@pytest.mark.parametrize("path", ["/library", "/library/books/1/save/0", "/library/guests", "/library/aside"])
def test_nobody_else_sees_it(browser: Browser, path: str) -> None:
    browser.headers.pop("cookie")
    assert browser.get(path).status == 401


@pytest.mark.parametrize(
    "path", ["/library/add", "/library/find", "/library/guests/open", "/library/books/1/remove"]
)
def test_no_other_page_does_anything(browser: Browser, path: str) -> None:
    assert browser.hand_in(path, {}, origin="http://127.0.0.1:1").status == 403
