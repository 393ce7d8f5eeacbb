"""Putting books in: groups, what is set aside, what is known, what stops it; nothing stays open."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node.library.memory_library import (
    LineOpener,
    MemoryCatalogue,
    MemoryContents,
    MemoryIndex,
    MemoryShelves,
    memory_library,
)
from satchel.core.library.kinds import Kind
from satchel.errors import EnvironmentProblem
from satchel.node.library import events, importing, putting
from satchel.node.library import reading as reading_module
from satchel.node.library.candidates import candidates
from satchel.node.library.importing import Importer, Stopped, Wanted
from satchel.node.library.tending import find_damaged, index_missing
from satchel.ports.files import SourceEntry
from satchel.ports.library import EVERYTHING, WHOLE, Added, BookNumber, Library, NewBook
from satchel.store.source import FileSource, OpenFile, survey


@dataclass
class Kit:
    library: Library = field(default_factory=memory_library)
    opener: LineOpener = field(default_factory=LineOpener)
    told: list[events.Event] = field(default_factory=list)

    def importer(self, wanted: Wanted | None = None) -> Importer:
        return Importer(self.library, self.opener, FileSource(), wanted or Wanted(), self.hear)

    def hear(self, event: events.Event) -> None:
        self.told.append(event)

    def add(self, *paths: Path, wanted: Wanted | None = None) -> events.Outcome:
        found = survey([os.fsencode(path) for path in paths])
        return self.importer(wanted).run(candidates(found.entries))

    @property
    def catalogue(self) -> MemoryCatalogue:
        assert isinstance(self.library.catalogue, MemoryCatalogue)
        return self.library.catalogue

    @property
    def contents(self) -> MemoryContents:
        assert isinstance(self.library.contents, MemoryContents)
        return self.library.contents

    @property
    def index(self) -> MemoryIndex:
        assert isinstance(self.library.index, MemoryIndex)
        return self.library.index

    def titles(self) -> list[str]:
        return sorted(book.item.title for book in self.catalogue.books.values())


@pytest.fixture
def kit() -> Kit:
    return Kit()


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_becomes_books(kit: Kit, tmp_path: Path) -> None:
    write(tmp_path / "books", a="Fish\nof the river", b="Wheat\nand bread")
    write(tmp_path / "books/deep/.hidden", c="Nobody's")
    write(tmp_path / "books/deep", d="Birds")
    (tmp_path / "books/deep/.d.txt").write_text("Of a program", encoding="utf-8")
    outcome = kit.add(tmp_path / "books")
    assert (outcome.new, outcome.known, outcome.aside) == (3, 0, 0)
    assert kit.titles() == ["Birds", "Fish", "Wheat"]
    fish = next(number for number, book in kit.catalogue.books.items() if book.item.title == "Fish")
    whole, *inside = kit.index.of[fish]
    assert (whole.place, whole.words) == (WHOLE, "fish ada")
    assert [one.text for one in inside] == ["of the river"]
    assert kit.contents.open_count == 0
    last = [event for event in kit.told if isinstance(event, events.Read)][-1]
    assert last.bytes_done == last.bytes_of > 0
    assert last.files_done == last.files_of == 3


def test_what_cannot_be_read_is_set_aside_once_and_stops_no_other(kit: Kit, tmp_path: Path) -> None:
    write(tmp_path / "books", a="BROKEN\n", b="Fish", c="", d="Bread")
    for _ in range(2):
        outcome = kit.add(tmp_path / "books")
        assert outcome.aside == 2
    assert kit.titles() == ["Bread", "Fish"]
    asides = {one.name: (one.what, one.size_bytes) for one in kit.catalogue.aside}
    assert asides == {"books/a.txt": ("It is damaged.", 7), "books/c.txt": ("There is nothing in it.", 0)}
    assert len(kit.catalogue.aside) == 2
    assert kit.contents.open_count == 0


def test_the_same_twice_is_one_and_is_not_looked_into_again(kit: Kit, tmp_path: Path) -> None:
    write(tmp_path / "books", a="Fish", b="Fish")
    first = kit.add(tmp_path / "books")
    assert first.new + first.known == 2
    assert kit.titles() == ["Fish"]
    before = (len(kit.opener.examined), kit.contents.begun)
    again = kit.add(tmp_path / "books")
    assert (again.new, again.known) == (0, 2)
    assert (len(kit.opener.examined), kit.contents.begun) == before


def test_a_shelf_gets_them_in_order_and_those_that_were_here(kit: Kit, tmp_path: Path) -> None:
    kit.add(write(tmp_path / "old", b="Old"))
    shelf = kit.library.shelves.make("School")
    kit.add(write(tmp_path / "all", a="First", b="Old", c="Third"), wanted=Wanted(shelf=shelf.number))
    assert isinstance(kit.library.shelves, MemoryShelves)
    titles = [kit.catalogue.books[number].item.title for number in kit.library.shelves.on[shelf.number]]
    assert titles == ["First", "Old", "Third"]


def test_pieces_of_an_archive_are_one_book(kit: Kit, tmp_path: Path) -> None:
    folder = tmp_path / "zim"
    folder.mkdir()
    for piece, text in (
        ("wiki.zimab", "two"),
        ("wiki.zimaa", "Wiki\none "),
        ("hole.zimaa", "x"),
        ("hole.zimac", "y"),
    ):
        (folder / piece).write_text(text, encoding="utf-8")
    outcome = kit.add(folder)
    assert (outcome.new, outcome.aside) == (1, 1)
    assert kit.contents.of[BookNumber(1), 0] == b"Wiki\none two"
    (hole,) = kit.catalogue.aside
    assert (hole.name, hole.what) == ("zim/hole.zim", "A piece of it is missing: hole.zimab.")


def test_a_title_from_the_name_and_a_file_that_is_not_looked_into(kit: Kit, tmp_path: Path) -> None:
    kit.add(write(tmp_path, my_first_reader="\nwords"))
    assert kit.titles() == ["my first reader"]
    (tmp_path / "map.apk").write_text("BROKEN", encoding="utf-8")
    kit.add(tmp_path / "map.apk", wanted=Wanted(as_files=True, added_s=5))
    book = kit.catalogue.find(BookNumber(2))
    assert (book.kind, book.item.title, book.item.added_s) == (Kind.FILE, "map.apk", 5)


def test_a_file_that_changes_is_set_aside(kit: Kit, tmp_path: Path) -> None:
    write(tmp_path, a="Fish")
    found = candidates(survey([os.fsencode(tmp_path)]).entries)
    write(tmp_path, a="Fish and more")
    assert kit.importer().run(found).aside == 1
    assert kit.catalogue.aside[0].what == "It was changed while it was being read."


class EditedWhileRead(FileSource):
    """Each file is written to when its first bytes have been read."""

    def open(self, entry: SourceEntry) -> OpenFile:
        opened = super().open(entry)
        with Path(os.fsdecode(entry.location)).open("ab") as file:
            file.write(b" and more")
        return opened


@pytest.mark.parametrize("hashed_first_max", [0, 1 << 20])
def test_a_file_that_changes_while_it_is_read_is_set_aside(
    kit: Kit, tmp_path: Path, hashed_first_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "HASHED_FIRST_BYTES_MAX", hashed_first_max)
    write(tmp_path, a="Fish", b="Bread")
    importer = Importer(kit.library, kit.opener, EditedWhileRead(), Wanted(), kit.hear)
    assert importer.run(candidates(survey([os.fsencode(tmp_path)]).entries)).aside == 2
    assert {one.what for one in kit.catalogue.aside} == {"It was changed while it was being read."}
    assert kit.catalogue.books == {}
    assert kit.contents.open_count == 0


def test_a_full_disk_ends_it_and_what_is_in_is_in(kit: Kit, tmp_path: Path) -> None:
    kit.add(write(tmp_path / "one", a="Fish"))
    kit.contents.is_full = True
    with pytest.raises(EnvironmentProblem, match="full"):
        kit.add(write(tmp_path / "two", a="Wheat", b="Bread"))
    assert kit.titles() == ["Fish"]
    assert kit.contents.open_count == 0
    assert kit.catalogue.aside == []


def test_a_catalogue_that_cannot_be_written_ends_it(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_books: Sequence[NewBook]) -> Sequence[Added]:
        raise EnvironmentProblem("The disk is full.")

    monkeypatch.setattr(kit.catalogue, "add", fail)
    with pytest.raises(EnvironmentProblem, match="full"):
        kit.add(write(tmp_path, **{f"b{number:03}": f"Book {number}" for number in range(100)}))
    assert kit.contents.open_count == 0  # also of what was looked into meanwhile
    assert not [one for one in threading.enumerate() if one.name == "satchel-books"]


def test_a_long_book_is_indexed_while_it_is_read(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_module, "PASSAGES_KEPT_BYTES", 200)
    lines = [f"line {number}" for number in range(500)]
    kit.add(write(tmp_path, a="\n".join(["Long", *lines]), b="\n".join(["Breaks", *lines, "BROKEN", "more"])))
    assert kit.titles() == ["Breaks", "Long"]
    for passages in kit.index.of.values():
        assert [one.text for one in passages[1:]] == lines
    assert kit.contents.open_count == 0


def test_it_stops_between_two_books(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(putting, "GROUP_MAX", 1)
    write(tmp_path, **{f"b{number:03}": f"Book {number}" for number in range(200)})
    importer = kit.importer()
    kit.told = StoppingList(importer, after=5)
    with pytest.raises(Stopped):
        importer.run(candidates(survey([os.fsencode(tmp_path)]).entries))
    assert 5 <= len(kit.catalogue.books) < 200
    assert kit.contents.open_count == 0
    again = kit.add(tmp_path)
    assert again.new + again.known == 200
    assert len(kit.catalogue.books) == 200
    assert not [one for one in threading.enumerate() if one.name == "satchel-books"]


class StoppingList(list[events.Event]):
    def __init__(self, importer: Importer, *, after: int) -> None:
        super().__init__()
        self._importer, self._after = importer, after

    def append(self, event: events.Event) -> None:
        super().append(event)
        if sum(isinstance(one, events.PutIn) for one in self) >= self._after:
            self._importer.stop()


def test_groups_are_bounded(kit: Kit, tmp_path: Path) -> None:
    kit.add(write(tmp_path, **{f"b{number:03}": f"Book {number}" for number in range(100)}))
    assert sum(kit.catalogue.groups) == 100
    assert max(kit.catalogue.groups) <= putting.GROUP_MAX
    assert len(kit.catalogue.groups) < 50


def test_what_the_index_lacks_is_put_there(kit: Kit, tmp_path: Path) -> None:
    kit.add(write(tmp_path, a="Fish\nriver", b="Bread\nBROKEN\nnever read", c="Wheat"))
    number_of = {book.item.title: number for number, book in kit.catalogue.books.items()}
    lost = [number_of["Fish"], number_of["Bread"]]
    kit.index.remove(lost)
    assert index_missing(kit.library, kit.opener, kit.told.append, lambda: None) == 2
    assert [[one.text for one in kit.index.of[number]] for number in lost] == [["Ada", "river"], ["Ada"]]
    assert kit.library.index.missing(kit.catalogue.numbers(EVERYTHING)) == frozenset()
    assert kit.contents.open_count == 0


def test_damage_is_found(kit: Kit, tmp_path: Path) -> None:
    kit.add(write(tmp_path, a="Fish", b="Bread", c="Wheat"))
    assert find_damaged(kit.library, kit.told.append, lambda: None) == (3, [])
    kit.contents.of[BookNumber(2), 0] = b"Fisk!"
    assert find_damaged(kit.library, kit.told.append, lambda: None) == (3, [2])
    assert kit.contents.open_count == 0
