"""That exactly what was offered is read: real files and folders, changed in the worst moment."""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from satchel.core.handover.messages import EntryKind
from satchel.errors import EnvironmentProblem
from satchel.ports import SourceEntry
from satchel.store.source import FileSource
from store.offers import look, opened, whole


def test_reading_at_any_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(range(100)))
    file = opened(look(tmp_path / "x").entries[0])
    buffer = bytearray(10)
    assert file.read_into(95, memoryview(buffer)) == 5
    assert bytes(buffer[:5]) == bytes(range(95, 100))
    assert file.read_into(100, memoryview(buffer)) == 0
    assert file.is_unchanged()
    file.close()
    file.close()


def test_beyond_4_gib(tmp_path: Path) -> None:
    size = (4 << 30) + 5
    with open(tmp_path / "x", "wb") as made:
        made.seek(size - 3)
        made.write(b"end")
    (entry,) = look(tmp_path / "x").entries
    assert entry.size == size
    file = opened(entry)
    buffer = bytearray(10)
    assert file.read_into(size - 3, memoryview(buffer)) == 3
    assert bytes(buffer[:3]) == b"end"
    file.close()


def replace_by_rename(path: Path) -> None:
    (path.parent / "new").write_bytes(b"12345")
    os.rename(path.parent / "new", path)


def append(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def edit_in_place_and_put_the_time_back(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"54321")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_a_link(path: Path) -> None:
    os.rename(path, path.parent / "aside")
    path.symlink_to("aside")


def put_a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def put_a_link_on_the_way(path: Path) -> None:
    os.rename(path.parent, path.parent.parent / "elsewhere")
    path.parent.symlink_to("elsewhere")


def replace_the_folder(path: Path) -> None:
    os.rename(path.parent, path.parent.parent / "elsewhere")
    path.parent.mkdir()
    path.write_bytes(b"12345")


CHANGES = [
    replace_the_folder,
    replace_by_rename,
    append,
    edit_in_place_and_put_the_time_back,
    put_a_link,
    put_a_fifo,
    os.unlink,
]


@pytest.mark.parametrize("change", [*CHANGES, put_a_link_on_the_way], ids=lambda change: change.__name__)
def test_what_changed_since_it_was_offered_is_not_opened(tmp_path: Path, change: object) -> None:
    """OnionShare CVE-2026-54706: also not a link that was swapped in later, to the very same file."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_bytes(b"12345")
    (entry,) = look(tmp_path / "d" / "x").entries
    opened(entry).close()
    assert callable(change)
    change(tmp_path / "d" / "x")
    with pytest.raises(EnvironmentProblem):
        opened(entry)
    with pytest.raises(EnvironmentProblem):
        whole(FileSource(), entry)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changed_in_a_folder_that_is_kept_open_is_not_read(tmp_path: Path, change: object) -> None:
    (tmp_path / "d").mkdir()
    for name in ("w", "x"):
        (tmp_path / "d" / name).write_bytes(b"12345")
    first, entry = look(tmp_path / "d").entries[1:]
    source = FileSource()
    assert whole(source, first) == b"12345"
    assert callable(change)
    change(tmp_path / "d" / "x")
    with pytest.raises(EnvironmentProblem) as caught:
        whole(source, entry)
    assert all((caught.value.what, caught.value.safe, caught.value.do))
    with pytest.raises(EnvironmentProblem):
        source.open(entry)
    if change is not replace_the_folder:
        assert whole(source, first) == b"12345"


def test_a_link_on_the_way_shows_nothing_but_what_was_offered(tmp_path: Path) -> None:
    """OnionShare CVE-2026-54706, while the folder is kept open."""
    secret = tmp_path / "secret"
    for folder in (tmp_path / "d", secret):
        folder.mkdir()
        for name in ("w", "x"):
            (folder / name).write_bytes(b"12345" if folder != secret else b"54321")
    first, entry = look(tmp_path / "d").entries[1:]
    source = FileSource()
    assert whole(source, first) == b"12345"
    (tmp_path / "d").rename(tmp_path / "elsewhere")
    (tmp_path / "d").symlink_to(secret)
    with pytest.raises(EnvironmentProblem):
        whole(source, entry)
    with pytest.raises(EnvironmentProblem):
        source.open(entry)


def test_a_folder_that_came_back_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_bytes(b"12345")
    (entry,) = look(tmp_path / "d" / "x").entries
    source = FileSource()
    assert whole(source, entry) == b"12345"
    (tmp_path / "d").rename(tmp_path / "e")
    (tmp_path / "d").mkdir()
    (tmp_path / "e" / "x").rename(tmp_path / "d" / "x")
    (entry,) = look(tmp_path / "d" / "x").entries  # the rename changed its ctime
    assert whole(source, entry) == b"12345"


def test_a_source_keeps_one_folder_open_until_it_rests(tmp_path: Path) -> None:
    for name in ("a/1", "a/2", "b/3", "c/d/4"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    files = [entry for entry in look(tmp_path / "root").entries if entry.kind is EntryKind.FILE]
    before = len(os.listdir("/proc/self/fd"))
    source = FileSource()
    for _ in range(2):
        assert [whole(source, entry) for entry in files] == [b"a/1", b"a/2", b"b/3", b"c/d/4"]
        source.open(files[0]).close()
        assert len(os.listdir("/proc/self/fd")) == before + 1
        source.rest()
        source.rest()
        assert len(os.listdir("/proc/self/fd")) == before


def open_below(folder: Path) -> list[str]:
    """What this process has open there, whatever else another test's threads close meanwhile."""
    opened: list[str] = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            opened.append(os.readlink(f"/proc/self/fd/{number}"))
    return [name for name in opened if name.startswith(f"{folder}/")]


def test_several_threads_share_a_source(tmp_path: Path) -> None:
    """Nobody closes a folder under another's hands: else a file of another folder would be read."""
    for number in range(40):
        path = tmp_path / "root" / f"{number % 4}" / "x" / f"{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%02d" % number)
    files = [entry for entry in look(tmp_path / "root").entries if entry.kind is EntryKind.FILE]
    source = FileSource()

    def read_all(order: list[SourceEntry]) -> bool:
        return all(whole(source, entry) == b"%02d" % int(entry.path[-1]) for entry in order * 20)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read_all, [files[start:] + files[:start] for start in (0, 10, 20, 30)]))
    assert open_below(tmp_path)
    source.rest()
    assert not open_below(tmp_path)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_changes_while_it_is_read_is_noticed(tmp_path: Path, change: object) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_bytes(b"12345")
    file = opened(look(tmp_path / "d" / "x").entries[0])
    assert file.is_unchanged()
    assert callable(change)
    change(tmp_path / "d" / "x")
    assert not file.is_unchanged()
    file.close()
