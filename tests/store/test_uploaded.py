"""Uploads as something to send: a dropped folder is the tree it was, and its bytes are what was brought."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from satchel.core.handover.messages import EntryKind
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import SourceEntry
from satchel.store.database import Database
from satchel.store.source import FileSource, survey
from satchel.store.uploaded import AnySource, UploadSource, survey_uploads
from satchel.store.uploads import SqliteUploads
from store.record_samples import KEY
from store.upload_samples import GROUP, OTHER_GROUP, bring, one_begun, uploads_of


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[SqliteUploads]:
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        yield uploads_of(tmp_path, database)


def tree(entries: list[SourceEntry]) -> list[tuple[bytes, bool, int, int]]:
    return [(b"/".join(e.path), e.kind is EntryKind.FOLDER, e.size, e.mtime_ns) for e in entries]


def test_a_dropped_folder_is_a_tree(uploads: SqliteUploads) -> None:
    """Folders before what is in them, empty ones too; as new as what is in them."""
    bring(uploads, (b"trip", b"day 2", b"b.jpg"), b"22", mtime_ns=9)
    bring(uploads, (b"trip", b"day 1", b"a.jpg"), b"1", mtime_ns=5)
    one_begun(uploads, GROUP, (b"trip", b"empty"), size=None, mtime_ns=3)
    bring(uploads, (b"note.txt",), b"333", mtime_ns=4)
    bring(uploads, (b"else",), b"", group=OTHER_GROUP)
    assert tree(survey_uploads(uploads, [GROUP], set())) == [
        (b"note.txt", False, 3, 4),
        (b"trip", True, 0, 9),
        (b"trip/day 1", True, 0, 5),
        (b"trip/day 1/a.jpg", False, 1, 5),
        (b"trip/day 2", True, 0, 9),
        (b"trip/day 2/b.jpg", False, 2, 9),
        (b"trip/empty", True, 0, 3),
    ]


def test_two_of_one_name_are_two(uploads: SqliteUploads) -> None:
    """Of other groups, of what lies on the disk, and of one group: nothing takes the place of anything."""
    bring(uploads, (b"a",), b"1")
    bring(uploads, (b"a",), b"22")
    bring(uploads, (b"a", b"x"), b"333")
    bring(uploads, (b"a", b"x"), b"4444")
    bring(uploads, (b"a", b"x", b"y"), b"55555")
    bring(uploads, (b"a", b"x"), b"666666", group=OTHER_GROUP)
    taken = {b"a (2)"}
    entries = survey_uploads(uploads, [GROUP, OTHER_GROUP, GROUP], taken)
    assert {path: size for path, is_folder, size, _ in tree(entries) if not is_folder} == {
        b"a (3)": 1,
        b"a (4)": 2,
        b"a/x (2)": 3,
        b"a/x (3)": 4,
        b"a/x/y": 5,
        b"a (5)/x": 6,
    }
    assert {path for path, is_folder, *_ in tree(entries) if is_folder} == {b"a", b"a/x", b"a (5)"}
    assert taken == {b"a", b"a (2)", b"a (3)", b"a (4)", b"a (5)"}


def test_what_is_not_whole_is_not_sent(uploads: SqliteUploads) -> None:
    bring(uploads, (b"whole",), b"1")
    one_begun(uploads, GROUP, (b"half",), size=9, mtime_ns=7)
    with pytest.raises(MisuseError, match="not all here yet"):
        survey_uploads(uploads, [GROUP], set())


@pytest.mark.parametrize("size", [0, 1, 5000, 256 * 1024, 3_000_001])
def test_both_kinds_are_read_by_one_source(uploads: SqliteUploads, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(content)
    bring(uploads, (b"folder", b"file"), content)
    source = AnySource(FileSource(), UploadSource(uploads))
    here, there = survey([os.fsencode(path)]).entries[0], survey_uploads(uploads, [GROUP], set())[1]
    assert source.recognise([here, there]) == [here, there]
    for entry in (here, there):
        assert entry.size == size
        whole = bytearray(size)
        source.read_whole(entry, memoryview(whole))
        with closing(source.open(entry)) as opened:
            assert opened.is_unchanged()
            parts = bytearray(size + 5)
            read = 0
            while count := opened.read_into(read, memoryview(parts)[read : read + 1_000_000]):
                read += count
        assert bytes(whole) == bytes(parts[:read]) == content
        assert not source.is_gone(entry)
    path.unlink()
    assert source.is_gone(here)
    uploads.remove(GROUP)
    for entry in (here, there):
        with pytest.raises(EnvironmentProblem):
            source.open(entry)
    source.rest()
