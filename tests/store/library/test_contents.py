"""What books are made of: as it was, padded, without a time, and of no use to who has the disk (T1, T2)."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.core.blobs.sealed import BLOCK_BYTES, sealed_length
from satchel.core.wire.padme import padme
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.ports.library import EVERYTHING, BookNumber, NewBook
from satchel.store.database import Database
from satchel.store.library import contents as module
from satchel.store.library.opening import KeptLibrary
from store.library_samples import add, content_of, item_of, library_at, new_book, opened, read, written
from store.record_samples import KEY

SIZES = [1, 4095, 4096, 4097, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 77]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def library(home: Path) -> Iterator[KeptLibrary]:
    with library_at(home) as opened_one:
        yield opened_one


def files(home: Path) -> list[Path]:
    return sorted((home / "files").iterdir()) if (home / "files").exists() else []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1000, 100_003, 1 << 20])
def test_what_is_written_is_read(library: KeptLibrary, home: Path, size: int, step: int) -> None:
    content = content_of(1, size)
    file = written(library.contents, content, step=step)
    with closing(file.read()) as reader:  # whoever looks into it does before it is a book
        buffer = bytearray(size + 10)
        assert reader.read_into(0, memoryview(buffer)) == reader.size_bytes == size
        assert bytes(buffer) == content + bytes(10)
    library.catalogue.add([NewBook(item=item_of([content]), contents=(file,))])
    assert read(library, BookNumber(1)) == content
    [path] = files(home)
    assert path.stat().st_size == sealed_length(padme(max(4096, size)))
    assert path.stat().st_size != size


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(offset=st.integers(0, 4 * BLOCK_BYTES), length=st.integers(0, 3 * BLOCK_BYTES))
def test_any_part_is_read_and_no_filling(library: KeptLibrary, offset: int, length: int) -> None:
    content = content_of(2, 3 * BLOCK_BYTES + 77)
    number = library.catalogue.number_of([p.root for p in item_of([content]).parts]) or add(library, content)
    buffer = bytearray(length)
    with closing(library.contents.read(number)) as reader:
        count = reader.read_into(offset, memoryview(buffer))
    assert bytes(buffer[:count]) == content[offset : offset + length]


def test_another_thread_may_read(library: KeptLibrary) -> None:
    content = content_of(3, BLOCK_BYTES * 2)
    reader = library.contents.read(add(library, content))
    buffer = bytearray(len(content))
    thread = threading.Thread(target=reader.read_into, args=(0, memoryview(buffer)))
    thread.start()
    thread.join()
    reader.close()
    reader.close()
    assert bytes(buffer) == content


def test_names_times_and_modes_say_nothing(library: KeptLibrary, home: Path) -> None:
    """T1: random names, one time for all, few sizes."""
    for number in range(3):
        add(library, content_of(number, 40_000 + number), cover=content_of(number + 10, 9000 + 50 * number))
    read(library, BookNumber(2))
    library.catalogue.cover(BookNumber(2))
    assert len(files(home)) == 6
    found = [path.stat() for path in files(home)]
    assert {one.st_mtime_ns for one in found} == {one.st_atime_ns for one in found} == {module.TIME_NS}
    assert {stat.S_IMODE(one.st_mode) for one in found} == {0o600}
    assert {one.st_size for one in found} == {sealed_length(padme(40_002)), sealed_length(16_384)}
    assert all(len(path.name) == 32 for path in files(home))


def test_what_no_book_has_goes(library: KeptLibrary, home: Path) -> None:
    """Where it is closed, where all is, and at the next start."""
    written(library.contents, content_of(1)).close()
    half = library.contents.write(BLOCK_BYTES * 3)
    half.write(memoryview(bytes(BLOCK_BYTES)))
    half.close()
    half.close()
    assert files(home) == []
    written(library.contents, content_of(2))
    library.contents.write(100)
    assert len(files(home)) == 2
    library.close()
    assert files(home) == []


def test_what_a_kill_leaves_goes_at_the_next_start(home: Path) -> None:
    with library_at(home) as library:
        add(library, content_of(1))
        [kept] = files(home)
    (home / "files" / ("0" * 32)).write_bytes(b"of a kill")
    with library_at(home) as library:
        assert files(home) == [kept]
        assert read(library, BookNumber(1)) == content_of(1)


def test_the_same_content_is_kept_once(library: KeptLibrary, home: Path) -> None:
    """Also as a part of another book, and twice in one go."""
    one, two = content_of(1), content_of(2)
    first = add(library, one)
    assert len(files(home)) == 1
    [again] = library.catalogue.add([new_book(library, [one], "Another title")])
    assert (again.number, again.is_new) == (first, False)
    assert len(files(home)) == 1
    both = add(library, one, two)
    assert len(files(home)) == 2
    added = library.catalogue.add(
        [new_book(library, [two]), new_book(library, [two]), new_book(library, [two, two])]
    )
    assert [each.is_new for each in added] == [True, False, True]
    assert len(files(home)) == 2
    library.catalogue.remove([first])
    assert read(library, both, 0) == one
    assert read(library, added[2].number, 1) == two
    library.catalogue.remove([both, added[0].number, added[2].number])
    assert files(home) == []


def test_what_another_book_is_made_of_stays(library: KeptLibrary, home: Path) -> None:
    """Each part of it, and its cover."""
    cover = content_of(9, 300)
    book = add(library, content_of(1), content_of(2), cover=cover)
    other = add(library, content_of(1), content_of(3), cover=cover)
    assert len(files(home)) == 4
    library.catalogue.remove([other])
    assert len(files(home)) == 3
    assert [read(library, book, part) for part in (0, 1)] == [content_of(1), content_of(2)]
    assert library.catalogue.cover(book) == cover


def test_what_was_removed_is_not_read(library: KeptLibrary) -> None:
    number = add(library, content_of(1))
    for book, part in ((BookNumber(99), 0), (number, 1)):
        with pytest.raises(NothingToDo):
            library.contents.read(book, part)
    library.catalogue.remove([number])
    with pytest.raises(NothingToDo):
        library.contents.read(number)


def test_less_or_more_than_was_said_is_refused(library: KeptLibrary) -> None:
    file = library.contents.write(10)
    file.write(memoryview(bytes(6)))
    with pytest.raises(MisuseError):
        file.finish()
    with pytest.raises(MisuseError):
        file.write(memoryview(bytes(5)))
    with pytest.raises(MisuseError):
        file.read()
    file.write(memoryview(bytes(4)))
    assert file.finish() == file.finish()
    with pytest.raises(MisuseError):
        file.write(memoryview(b"x"))
    for size in (0, -1, 1 << 39):
        with pytest.raises(MisuseError):
            library.contents.write(size)


def test_some_of_the_disk_stays_free(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still to come of others counts, too."""
    home.mkdir()
    with (
        closing(Database.open(home / "data", KEY)) as database,
        closing(opened(home, database, reserve_bytes=1000 << 12)) as library,
    ):
        left = os.statvfs_result((4096, 4096, 0, 0, 1300, 0, 0, 0, 0, 255))
        monkeypatch.setattr(os, "fstatvfs", lambda file: left)
        first = library.contents.write(200 << 12)
        with pytest.raises(EnvironmentProblem, match="no room") as told:
            library.contents.write(200 << 12)
        assert told.value.disk_full
        first.close()
        library.contents.write(200 << 12)


def test_a_disk_that_cannot_sync_keeps_nothing(
    library: KeptLibrary, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After such an error the kernel calls lost pages clean: none of what was written before may count."""
    kept = add(library, content_of(1))

    def fails(folder: int) -> None:
        raise OSError(5, "Input/output error")

    ready = new_book(library, [content_of(2)])
    with monkeypatch.context() as then:
        then.setattr(module, "sync_disk_of", fails)
        with pytest.raises(EnvironmentProblem, match="error"):
            library.catalogue.add([ready])
    with pytest.raises(EnvironmentProblem, match="since"):
        library.catalogue.add([ready])
    assert library.catalogue.numbers(EVERYTHING) == {kept}
    ready.contents[0].close()
    assert len(files(home)) == 1
    assert read(library, add(library, content_of(2))) == content_of(2)


def test_a_full_disk_is_said_as_of_a_book(
    library: KeptLibrary, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: memoryview, at: int) -> int:
        raise OSError(28, "No space left on device")

    number = add(library, content_of(1))
    with monkeypatch.context() as then:
        then.setattr(os, "pwrite", full)
        file = library.contents.write(BLOCK_BYTES * 5)
        with pytest.raises(EnvironmentProblem, match="keep a book: the disk is full") as told:
            file.write(memoryview(bytes(BLOCK_BYTES * 5)))
        assert told.value.disk_full
        file.close()
        with pytest.raises(EnvironmentProblem, match="keep a book: the disk is full"):
            new_book(library, [content_of(2)])
    assert len(files(home)) == 2  # the last one goes when it is closed, or the library is

    def too_many(*_: object) -> int:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as then:
        then.setattr(os, "open", too_many)
        with pytest.raises(EnvironmentProblem, match="read a book: too many"):
            read(library, number)


def test_a_damaged_file_is_said_as_of_a_book(library: KeptLibrary, home: Path) -> None:
    number = add(library, content_of(1))
    [path] = files(home)
    good = path.read_bytes()
    for bad in (good[:100] + bytes([good[100] ^ 1]) + good[101:], good[:-1], b""):
        path.write_bytes(bad)
        with pytest.raises(EnvironmentProblem, match="This book cannot be read"):
            read(library, number)
    path.unlink()
    with pytest.raises(EnvironmentProblem):
        read(library, number)
