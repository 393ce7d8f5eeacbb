"""`satchel library` and `satchel shelf` over a library in memory (cli 1.20, 1.21)."""

import os
from pathlib import Path

import pytest

from cli.books_kit import Shop
from node.library.memory_library import MemoryContents
from satchel.cli.book_names import file_names
from satchel.cli.parser_library import KINDS, ORDERS
from satchel.core.library.item import Item, Part
from satchel.core.library.kinds import EPUB_TYPE, FILE_TYPE, TEXT_TYPE, Kind, kind_of
from satchel.core.library.sealed import Root
from satchel.ports.library import BookNumber, Order


@pytest.fixture
def books(tmp_path: Path) -> Path:
    folder = tmp_path / "books"
    folder.mkdir()
    (folder / "a.txt").write_text("Fish\na pike swims", encoding="utf-8")
    (folder / "b.txt").write_text("Bread\nof wheat", encoding="utf-8")
    (folder / "c.txt").write_text("BROKEN\n", encoding="utf-8")
    return folder


@pytest.fixture
def shop(books: Path) -> Shop:
    shop = Shop()
    assert shop.do("library", "add", str(books), "--shelf", "School").code == 0
    return shop


def number_of(shop: Shop, title: str) -> str:
    return next(
        str(book["number"]) for book in shop.do("library", "list").of("book") if book["title"] == title
    )


def test_words_of_the_command_line_are_those_of_the_ports() -> None:
    assert set(KINDS) == {kind.value for kind in Kind}
    assert set(ORDERS) == {order.value for order in Order}


def test_adding_tells_of_each(books: Path) -> None:
    shop = Shop()
    (books / "link").symlink_to(books / "a.txt")
    told = shop.do("library", "add", str(books))
    assert told.code == 0
    assert told.last == {"event": "done", "new": 2, "known": 0, "aside": 1, "indexed": 0}
    assert {one["path"]: one["title"] for one in told.of("added")} == {
        "books/a.txt": "Fish",
        "books/b.txt": "Bread",
    }
    aside = {"event": "set_aside", "path": "books/c.txt", "what": "It is damaged."}
    assert told.of("set_aside") == [{**aside, "do": "Get another copy of it."}]
    assert [one["why"] for one in told.of("left_out")] == ["a link; links are not followed"]
    assert shop.profile.confined == [()]  # it writes nowhere but in the profile
    again = shop.do("library", "add", str(books), "--shelf", "Later")
    assert (again.last["new"], again.last["known"]) == (0, 2)
    assert shop.do("shelf", "list").of("shelf") == [
        {"event": "shelf", "name": "Later", "open": False, "books": 2}
    ]


@pytest.mark.parametrize(
    ("words", "code"), [((), 2), (("nothing-here",), 2), (("empty",), 5), (("--upload", "x"), 2)]
)
def test_nothing_to_add(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    paths = [word if word.startswith("-") or word == "x" else str(tmp_path / word) for word in words]
    told = Shop().do("library", "add", *paths)
    assert told.code == code
    assert told.last["safe"] in ("Nothing was added.", "Nothing was changed.", "Nothing was sent.")


def test_listing_in_parts_and_by_what_books_are(shop: Shop) -> None:
    told = shop.do("library", "list", "--count", "1", "--first", "2")
    assert [book["title"] for book in told.of("book")] == ["Fish"]
    assert told.last == {"event": "done", "books": 1, "of": 2}
    assert shop.do("library", "list", "--language", "EN").last["books"] == 2
    assert shop.do("library", "list", "--language", "ar").last["books"] == 0
    assert shop.do("library", "list", "--kind", "text", "--author", "Ada").last["books"] == 2
    assert shop.do("library", "list", "--language", "??").code == 2
    assert shop.do("library", "list", "--order", "shelf").code == 2
    assert shop.do("library", "list", "--shelf", "Nobody's").code == 5
    assert [book["title"] for book in shop.do("library", "list", "--shelf", "School").of("book")] == [
        "Fish",
        "Bread",
    ]


def test_a_hostile_title_is_escaped_for_people_and_whole_for_scripts(tmp_path: Path) -> None:
    shop = Shop()
    (tmp_path / "x.txt").write_text("\u202eevil\x1b[31m\tname", encoding="utf-8")
    shop.do("library", "add", str(tmp_path))
    for words in (("list",), ("show", "1"), ("search", "evil")):
        said = shop.say("library", *words).console.written
        assert "\x1b" not in said
        assert "\u202e" not in said
    assert shop.do("library", "list").of("book")[0]["title"] == "\u202eevil [31m name"


def test_what_was_set_aside_can_be_seen_and_forgotten(shop: Shop) -> None:
    told = shop.do("library", "list", "--aside")
    assert [(one["name"], one["what"]) for one in told.of("aside")] == [("books/c.txt", "It is damaged.")]
    assert shop.do("library", "list", "--forget-asides").last["asides"] == 1
    assert shop.do("library", "list", "--aside").last["asides"] == 0


def test_what_there_is_is_counted(shop: Shop) -> None:
    told = shop.do("library", "list", "--tally")
    found = {(one["of"], one["value"]): one["books"] for one in told.of("facet")}
    assert found["language", "en"] == found["kind", "text"] == told.last["of"]
    assert told.last["asides"] == 1
    assert not shop.do("library", "list", "--tally", "--kind", "pdf").of("facet")
    assert "en" in shop.say("library", "list", "--tally").console.written


def test_searching_by_words_or_at_a_prompt(shop: Shop) -> None:
    told = shop.do("library", "search", "PIKE", "swim")
    assert [(hit["title"], hit["excerpt"]) for hit in told.of("hit")] == [("Fish", "a pike swims")]
    asked = shop.do("library", "search", typed=["wheat"])
    assert asked.events[0] == {"event": "ask", "what": "search", "offered": None}
    assert [hit["title"] for hit in asked.of("hit")] == ["Bread"]
    assert shop.do("library", "search", "pike", "--language", "ar").last["hits"] == 0
    assert shop.do("library", "search").code == 5
    assert shop.do("library", "search", "***").code == 5


def test_getting_writes_what_was_put_in_and_changes_nothing_that_is_there(shop: Shop, tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    (into / "Fish.txt").write_text("mine", encoding="utf-8")
    fish, bread = number_of(shop, "Fish"), number_of(shop, "Bread")
    told = shop.do("library", "get", fish, bread, fish, "--into", str(into))
    assert told.last == {"event": "done", "files": 2, "failed": 0}
    assert {one["offered"]: one["path"] for one in told.of("placed")} == {
        "Fish.txt": "Fish (2).txt",
        "Bread.txt": "Bread.txt",
    }
    assert (into / "Fish.txt").read_text(encoding="utf-8") == "mine"
    assert (into / "Fish (2).txt").read_text(encoding="utf-8") == "Fish\na pike swims"
    assert sorted(os.listdir(into)) == ["Bread.txt", "Fish (2).txt", "Fish.txt"]
    assert shop.profile.confined[-1] == (into,)
    assert shop.do("library", "get", "99", "--into", str(into)).code == 5


def test_a_damaged_book_is_not_written_and_is_found_by_check(shop: Shop, tmp_path: Path) -> None:
    contents = shop.profile.library.contents
    assert isinstance(contents, MemoryContents)
    fish, bread = number_of(shop, "Fish"), number_of(shop, "Bread")
    assert shop.do("library", "check").last["damaged"] == 0
    contents.of[BookNumber(int(fish)), 0] = b"Fisk"
    told = shop.do("library", "get", fish, bread, "--into", str(tmp_path / "into"))
    assert told.code == 1
    assert [one["number"] for one in told.of("failed")] == [int(fish)]
    assert os.listdir(tmp_path / "into") == ["Bread.txt"]
    checked = shop.do("library", "check")
    assert checked.code == 1
    assert [one["number"] for one in checked.of("damaged")] == [int(fish)]
    shop.profile.library.index.remove([BookNumber(int(bread))])
    assert shop.do("library", "check").last["indexed"] == 1


def test_removing_asks_and_removes_all_or_none(shop: Shop) -> None:
    fish = number_of(shop, "Fish")
    assert shop.do("library", "remove", fish, typed=["n"]).code == 4
    assert shop.do("library", "remove", fish, "99", "--yes").code == 5
    assert shop.do("library", "list").last["of"] == 2
    assert shop.do("library", "remove", fish, typed=["y"]).last == {"event": "done", "removed": 1}
    gone = frozenset({BookNumber(int(fish))})
    assert shop.profile.library.index.missing(gone) == gone


def test_shelves(shop: Shop) -> None:
    fish, bread = number_of(shop, "Fish"), number_of(shop, "Bread")
    assert shop.do("shelf", "new", "Home").last == {
        "event": "done",
        "shelf": "Home",
        "open": False,
        "books": 0,
    }
    assert shop.do("shelf", "new", "Home").code == 2
    shop.do("shelf", "put", "Home", bread, fish)
    titles = [book["title"] for book in shop.do("library", "list", "--shelf", "Home").of("book")]
    assert titles == ["Bread", "Fish"]
    shop.do("shelf", "order", "Home", fish)
    titles = [book["title"] for book in shop.do("library", "list", "--shelf", "Home").of("book")]
    assert titles == ["Fish", "Bread"]
    assert shop.do("shelf", "take", "Home", fish).last["books"] == 1
    assert shop.do("shelf", "rename", "Home", "Here").last["shelf"] == "Here"
    assert shop.do("shelf", "put", "Here", "99").code == 5
    assert shop.do("shelf", "remove", "Here", typed=["y"]).code == 0
    assert shop.do("library", "list").last["of"] == 2


def test_opening_a_shelf_says_what_it_means_and_asks(shop: Shop) -> None:
    refused = shop.say("shelf", "open", "School", typed=[""])
    assert refused.code == 4
    assert "not encrypted" in refused.console.noted
    assert shop.do("shelf", "list").of("shelf")[0]["open"] is False
    assert shop.do("shelf", "open", "School", "--yes").last["open"] is True
    assert shop.say("shelf", "list").console.written.startswith("OPEN")
    assert shop.do("shelf", "close", "School").last["open"] is False


@pytest.mark.parametrize(
    ("title", "media_type", "name"),
    [
        ("Fish", EPUB_TYPE, "Fish.epub"),
        ("../../etc/passwd", TEXT_TYPE, "etc passwd.txt"),
        ('a: "b" <c>|d?*\\', TEXT_TYPE, "a b c d.txt"),
        ("con", TEXT_TYPE, "book con.txt"),
        ("...", TEXT_TYPE, "book.txt"),
        ("\u202egnp.exe", TEXT_TYPE, "gnp.exe.txt"),
        ("notes.txt", TEXT_TYPE, "notes.txt"),
        ("map.apk", FILE_TYPE, "map.apk"),
        ("كتاب", EPUB_TYPE, "كتاب.epub"),
        (".bashrc", FILE_TYPE, "bashrc"),
        ("trailing. ", EPUB_TYPE, "trailing.epub"),
    ],
)
def test_names_are_such_as_any_file_system_takes(title: str, media_type: str, name: str) -> None:
    part = Part(root=Root(bytes(32)), size_bytes=1, media_type=media_type)
    assert file_names(Item(revision=1, parts=(part,), title=title), kind_of(media_type)) == [name]


def test_long_names_are_cut_between_characters() -> None:
    part = Part(root=Root(bytes(32)), size_bytes=1, media_type=EPUB_TYPE)
    (name,) = file_names(Item(revision=1, parts=(part,), title="書" * 300), Kind.EPUB)
    assert name.endswith("書.epub")
    assert len(name.encode()) <= 180
    names = file_names(Item(revision=1, parts=(part,) * 12, title="Long"), Kind.EPUB)
    assert names[0] == "Long 01.epub"
    assert len(set(names)) == 12
