"""Where a file may lie that no disk is to get (T1, T2)."""

import os
from pathlib import Path

import pytest

from satchel.store import memory_folder as module
from satchel.store.memory_folder import is_in_memory, memory_folder

SHARED = "/dev/shm"
needs_memory = pytest.mark.skipif(not is_in_memory(SHARED), reason="no tmpfs")


@needs_memory
def test_what_is_in_it_is_overwritten_and_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And nothing that a link of it leads to."""
    (tmp_path / "mine").write_bytes(b"mine")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    with memory_folder() as folder:
        assert folder is not None
        assert is_in_memory(folder)
        assert folder.parent == Path(SHARED)
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "swap" / "deep").mkdir(parents=True)
        files = [folder / "letter.txt", folder / "swap" / "deep" / "x"]
        for file in files:
            file.write_bytes(b"what I saw")
        os.mkfifo(folder / "pipe")  # would wait for its reader
        (folder / "link").symlink_to(tmp_path / "mine")
        (folder / "to a folder").symlink_to(tmp_path)
        held = [file.open("rb") for file in files]
    assert not folder.exists()
    for still_open in held:
        assert still_open.read() == bytes(len(b"what I saw"))
        still_open.close()
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_where_there_are_only_disks_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if is_in_memory(tmp_path):
        pytest.skip("the folder of tests lies in memory here")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(module, "_SHARED", str(tmp_path))
    with memory_folder() as folder:
        assert folder is None
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_not_there_is_none() -> None:
    assert not is_in_memory("/nowhere at all")
