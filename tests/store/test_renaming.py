"""Each way to give a name, on its own: none overwrites (M4)."""

import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from satchel.store import renaming
from satchel.store.renaming import At, link_then_unlink, look_then_rename, rename_exclusively, rename_new

Way = Callable[[At, At], None]
WAYS = [rename_new, rename_exclusively, link_then_unlink, look_then_rename]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield opened
    os.close(opened)


@pytest.mark.parametrize("way", WAYS)
def test_a_free_name_is_taken(way: Way, folder: int, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"content")
    way(At(folder, b"old"), At(folder, b"new\xff\x01"))
    assert os.listdir(os.fsencode(tmp_path)) == [b"new\xff\x01"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", ["file", "folder", "dangling link", "fifo"])
def test_a_taken_name_is_never_replaced(way: Way, shape: str, folder: int, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"content")
    new = tmp_path / "new"
    match shape:
        case "file":
            new.write_bytes(b"was there")
        case "folder":
            new.mkdir()
        case "dangling link":
            new.symlink_to("nowhere")
        case "fifo":
            os.mkfifo(new)
    before = os.lstat(new)
    with pytest.raises(FileExistsError):
        way(At(folder, b"old"), At(folder, b"new"))
    assert os.lstat(new) == before
    assert (tmp_path / "old").read_bytes() == b"content"


@pytest.mark.parametrize("way", WAYS)
def test_a_missing_file_is_said(way: Way, folder: int) -> None:
    with pytest.raises(FileNotFoundError):
        way(At(folder, b"old"), At(folder, b"new"))


@pytest.mark.parametrize("refusing", [["renameat2"], ["renameat2", "link"]])
def test_the_next_way_is_taken_where_one_is_unknown(
    refusing: list[str], folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FUSE and old kernels say EINVAL to renameat2, exFAT says EPERM to link."""

    def refuse_rename(*_: object) -> int:
        ctypes.set_errno(errno.EINVAL)
        return -1

    def refuse_link(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links")

    monkeypatch.setattr(renaming, "_renameat2", refuse_rename)
    if "link" in refusing:
        monkeypatch.setattr(os, "link", refuse_link)
    (tmp_path / "old").write_bytes(b"content")
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(FileExistsError):
        rename_new(At(folder, b"old"), At(folder, b"taken"))
    rename_new(At(folder, b"old"), At(folder, b"new"))
    assert sorted(os.listdir(tmp_path)) == ["new", "taken"]
