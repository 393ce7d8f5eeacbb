"""The library with whole programs, on a disk: put in, found, taken out, killed, and inside of a node."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from books.epub_maker import make_epub
from cli.node_kit import serving
from cli.test_profile_commands import PROGRAM, Done, satchel
from cli.upload_kit import GROUP, bring, listed
from satchel.store.library.names import INDEX

pytestmark = pytest.mark.slow

LIMIT_S = 60.0
WORD = "zugvogel"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "profile"
    assert satchel(home, "init", "--no-passphrase").code == 0
    return home


@pytest.fixture
def books(tmp_path: Path) -> Path:
    folder = tmp_path / "books"
    (folder / "deep").mkdir(parents=True)
    fish = make_epub(title="Fish", chapters=(("One", ["A pike."]), ("Two", [f"A {WORD} flies."])))
    (folder / "fish.epub").write_bytes(fish)
    (folder / "deep/ar.epub").write_bytes(
        make_epub(title="كتاب القراءة", language="ar", direction="rtl", chapters=(("واحد", ["ذَهَبَ."]),))
    )
    (folder / "bread.epub").write_bytes(make_epub(title="Bread", language="fr"))
    (folder / "cut.epub").write_bytes(fish[: len(fish) // 2])
    return folder


def number_of(home: Path, title: str) -> str:
    listed = satchel(home, "library", "list").events
    return next(str(one["number"]) for one in listed if one.get("title") == title)


def hits(done: Done) -> list[tuple[str, str]]:
    return [(one["title"], one["heading"]) for one in done.events if one["event"] == "hit"]


def test_from_a_folder_and_back(home: Path, books: Path, tmp_path: Path) -> None:
    added = satchel(home, "library", "add", str(books), "--shelf", "School")
    assert added.code == 0
    assert added.events[-1] == {"event": "done", "new": 3, "known": 0, "aside": 1, "indexed": 0}
    again = satchel(home, "library", "add", str(books))
    assert again.events[-1] == {"event": "done", "new": 0, "known": 3, "aside": 1, "indexed": 0}
    listed = [one for one in satchel(home, "library", "list").events if one["event"] == "book"]
    assert [(one["title"], one["languages"]) for one in listed] == [
        ("Bread", ["fr"]),
        ("Fish", ["en"]),
        ("كتاب القراءة", ["ar"]),
    ]
    asides = [one["name"] for one in satchel(home, "library", "list", "--aside").events if "name" in one]
    assert asides == ["books/cut.epub"]
    assert hits(satchel(home, "library", "search", lines=(WORD,))) == [("Fish", "Two")]
    assert [title for title, _ in hits(satchel(home, "library", "search", "قراءة"))] == ["كتاب القراءة"]
    got = satchel(home, "library", "get", number_of(home, "Fish"), "--into", str(tmp_path / "into"))
    assert got.code == 0
    assert (tmp_path / "into/Fish.epub").read_bytes() == (books / "fish.epub").read_bytes()
    assert satchel(home, "library", "remove", number_of(home, "Fish"), "--yes").code == 0
    assert hits(satchel(home, "library", "search", WORD)) == []
    assert satchel(home, "library", "check").events[-1]["damaged"] == 0
    shelves = [one for one in satchel(home, "shelf", "list").events if one["event"] == "shelf"]
    assert [(one["name"], one["books"], one["open"]) for one in shelves] == [("School", 2, False)]


def test_nothing_of_a_book_lies_there_in_clear(home: Path, books: Path) -> None:
    satchel(home, "library", "add", str(books), "--shelf", "Zugvogelregal")
    (books / "plain.txt").write_text(f"{WORD} " * 500, encoding="utf-8")
    satchel(home, "library", "add", str(books / "plain.txt"))
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        data = path.read_bytes().lower()
        assert WORD.encode() not in data
        assert not any(name in path.name for name in ("fish", "plain", "epub"))


def test_killed_at_any_moment_what_is_in_is_in_and_the_rest_comes(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    text = " ".join(f"word{number}" for number in range(3000))
    for number in range(60):
        chapters = ((f"One {number}", [f"{WORD}{number} {text}"]),)
        (folder / f"b{number:02}.epub").write_bytes(make_epub(title=f"Book {number}", chapters=chapters))
    for delay_s in (0.9, 1.1, 1.3):
        line = [*PROGRAM, "library", "add", str(folder), "--json", "--home", str(home)]
        adding = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        time.sleep(delay_s)
        adding.kill()
        adding.wait(LIMIT_S)
        assert satchel(home, "library", "check").events[-1]["damaged"] == 0
    done = satchel(home, "library", "add", str(folder)).events[-1]
    assert done["new"] + done["known"] == 60
    assert satchel(home, "library", "list").events[-1]["of"] == 60
    for number in (0, 17, 59):
        assert len(hits(satchel(home, "library", "search", f'"{WORD}{number}"'))) == 1
    assert satchel(home, "library", "check").events[-1]["indexed"] == 0


def test_an_index_that_was_lost_is_made_anew_while_the_node_runs(home: Path, books: Path) -> None:
    satchel(home, "library", "add", str(books))
    shutil.rmtree(home / INDEX)
    with running(home):
        ends_s = time.monotonic() + LIMIT_S
        while hits(satchel(home, "library", "search", WORD)) != [("Fish", "Two")]:
            assert time.monotonic() < ends_s
    assert satchel(home, "library", "check").events[-1]["indexed"] == 0


@contextmanager
def running(home: Path) -> Iterator[None]:
    line = [*PROGRAM, "up", "--no-browser", "--json", "--home", str(home)]
    node = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert node.stdout is not None
    for told in node.stdout:
        if '"ready"' in told:
            break
    try:
        yield
    finally:
        node.send_signal(signal.SIGTERM)
        node.communicate(timeout=LIMIT_S)
    assert node.returncode == 0


def test_inside_of_a_running_node(home: Path, books: Path, tmp_path: Path) -> None:
    with running(home):
        added = satchel(home, "library", "add", str(books), "--shelf", "School")
        assert added.events[-1]["new"] == 3
        assert hits(satchel(home, "library", "search", lines=(WORD,))) == [("Fish", "Two")]
        got = satchel(home, "library", "get", number_of(home, "Bread"), "--into", str(tmp_path / "into"))
        assert got.code == 0
        assert os.listdir(tmp_path / "into") == ["Bread.epub"]
        assert satchel(home, "shelf", "open", "School", lines=("y",)).events[-1]["open"] is True
    assert satchel(home, "library", "list").events[-1]["of"] == 3


def test_what_the_page_has_brought(tmp_path: Path) -> None:
    with serving(tmp_path / "profile") as served:
        bring(served, "drop", "fish.epub", content=make_epub(title="Fish"))
        bring(served, "drop", "cut.epub", content=make_epub(title="Cut")[:200])
        added = satchel(served.home, "library", "add", "--upload", GROUP, "--shelf", "School")
        assert (added.code, added.events[-1]["new"], added.events[-1]["aside"]) == (0, 1, 1)
        assert [one["path"] for one in added.events if one["event"] == "added"] == ["drop/fish.epub"]
        assert listed(served) == []  # they are in, and their bytes are not kept twice
        gone = satchel(served.home, "library", "add", "--upload", GROUP)
        assert (gone.code, gone.events[-1]["safe"]) == (5, "Nothing was added.")
