"""What is offered of real files and folders, and what is left out with a word."""

import os
import socket
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.core.handover.messages import EntryKind
from satchel.core.wire.paths import refusal
from satchel.errors import MisuseError
from satchel.store.source import survey
from store.offers import content_of, listed, look

STAGING = ".satchel-" + "0" * 32


# --- looking -------------------------------------------------------------------------------------


def test_a_tree_in_the_order_of_bytes_folders_first(tmp_path: Path) -> None:
    for name in ("b", "a/z", "a/y/deep", "B", "a.txt"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "root" / "empty").mkdir()
    found = look(tmp_path / "root")
    assert listed(found) == [
        b"root",
        b"root/B",
        b"root/a",
        b"root/a/y",
        b"root/a/y/deep",
        b"root/a/z",
        b"root/a.txt",
        b"root/b",
        b"root/empty",
    ]
    assert found.refused == []
    assert content_of(found.entries[4]) == b"a/y/deep"


def test_what_an_entry_says(tmp_path: Path) -> None:
    file = tmp_path / "run.sh"
    file.write_bytes(b"12345")
    file.chmod(0o4755)
    os.utime(file, ns=(1, 1_500_000_000_123_456_789))
    (entry,) = look(file).entries
    assert entry.path == (b"run.sh",)
    assert entry.kind is EntryKind.FILE
    assert (entry.size, entry.mtime_ns, entry.executable) == (5, 1_500_000_000_123_456_789, True)
    assert entry.location == os.fsencode(tmp_path / "run.sh")
    (folder,) = look(tmp_path).entries[:1]
    assert (folder.kind, folder.size, folder.executable) == (EntryKind.FOLDER, 0, False)


@pytest.mark.parametrize("named", [".", "./", "..", "../root/.", "../root//", "sub/.."])
def test_a_folder_has_its_real_name(tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "root" / ("sub" if named == ".." else "."))
    assert listed(look(named)) == [b"root", b"root/sub"]


def test_two_of_one_name_stay_two(tmp_path: Path) -> None:
    for parent in ("one", "two"):
        (tmp_path / parent).mkdir()
        (tmp_path / parent / "a.txt").write_text(parent)
    (tmp_path / "three" / "a.txt").mkdir(parents=True)
    found = look(*(tmp_path / parent / "a.txt" for parent in ("one", "two", "one", "three")))
    assert listed(found) == [b"a.txt", b"a (2).txt", b"a.txt (2)"]


def test_names_are_bytes(tmp_path: Path) -> None:
    names = [b"\xff\xfe", b"\x1b[2J", b"new\nline", "é".encode(), "e\u0301".encode()]
    for name in names:
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(name)
    found = survey([os.fsencode(tmp_path)])
    assert [entry.path[1] for entry in found.entries[1:]] == sorted(names)
    assert [content_of(entry) for entry in found.entries[1:]] == sorted(names)


def test_links_and_devices_are_refused_with_a_word(tmp_path: Path) -> None:
    """OnionShare CVE-2026-54706: a link in a shared folder disclosed what it leads to."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_bytes(b"")
    (root / "to-file").symlink_to("/etc/passwd")
    (root / "to-folder").symlink_to("/etc")
    (root / "dangling").symlink_to("nowhere")
    (root / "loop").symlink_to(".")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(root / "socket"))
    found = look(root)
    assert listed(found) == [b"root", b"root/file"]
    why = {os.path.basename(refused.path): refused.why for refused in found.refused}
    assert sorted(why) == [b"dangling", b"loop", b"pipe", b"socket", b"to-file", b"to-folder"]
    assert "links are not followed" in why[b"to-file"]
    assert "pipe" in why[b"pipe"]
    assert look("/dev/null").refused[0].why.startswith("a device")


@pytest.mark.parametrize("named", ["link", "link/", "link//"])
def test_a_link_that_is_named_itself_is_refused(tmp_path: Path, named: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "secret").write_bytes(b"")
    (tmp_path / "link").symlink_to("real")
    found = survey([os.fsencode(tmp_path) + b"/" + named.encode()])
    assert found.entries == []
    assert "links are not followed" in found.refused[0].why


def test_a_link_on_the_way_to_what_is_named_is_the_persons_word(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    (entry,) = look(tmp_path / "link" / "file").entries
    assert entry.location == os.fsencode(tmp_path / "real" / "file")
    assert content_of(entry) == b"x"


def test_what_is_being_received_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "root" / STAGING).mkdir(parents=True)
    (tmp_path / "root" / STAGING / "0").write_bytes(b"half a file")
    (tmp_path / "root" / ".satchel-notes").write_bytes(b"")
    found = look(tmp_path / "root")
    assert listed(found) == [b"root", b"root/.satchel-notes"]
    assert look(tmp_path / "root" / ".satchel-notes").refused != []  # no receiver would take it at the top


@pytest.mark.parametrize("named", [b"", b"missing", b"missing/", b"a\0b", b"/"])
def test_what_does_not_exist_is_a_mistake(tmp_path: Path, named: bytes) -> None:
    with pytest.raises(MisuseError):
        survey([os.path.join(os.fsencode(tmp_path), named) if b"missing" in named else named])


def test_too_deep_is_refused_with_a_word(tmp_path: Path) -> None:
    deep = tmp_path / "root"
    for _ in range(101):
        deep /= "d"
    deep.mkdir(parents=True)
    found = look(tmp_path / "root")
    assert len(found.entries) == 100
    assert len(found.refused) == 1


@pytest.fixture
def public_path() -> Iterator[Path]:
    """Unlike tmp_path, one that other users can get to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_unreadable_is_refused_with_a_word(public_path: Path) -> None:
    root = public_path / "root"
    (root / "closed").mkdir(parents=True)
    (root / "closed" / "inner").write_bytes(b"")
    (root / "secret").write_bytes(b"")
    (root / "open").write_bytes(b"")
    (root / "secret").chmod(0)
    (root / "closed").chmod(0)
    script = (
        "import os, sys; from satchel.store.source import survey\n"
        "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "found = survey([os.fsencode('root')])\n"
        "print([b'/'.join(e.path) for e in found.entries], len(found.refused))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=public_path, capture_output=True, text=True, check=False
    )
    root.joinpath("closed").chmod(0o700)
    assert done.stdout == "[b'root', b'root/open'] 2\n", done.stderr


NAMES = st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=3).map(tuple)


@settings(max_examples=50)
@given(paths=st.lists(NAMES, max_size=8))
def test_every_entry_may_be_offered(
    paths: list[tuple[bytes, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What one side offers, the other takes: the same rule on both ends."""
    root = os.fsencode(tmp_path_factory.mktemp("root"))
    for path in paths:
        if refusal(path) is None:
            try:
                os.makedirs(os.path.join(root, *path), exist_ok=True)
            except OSError:
                continue
    found = survey([root])
    assert [refusal(entry.path) for entry in found.entries] == [None] * len(found.entries)
    assert len({entry.path for entry in found.entries}) == len(found.entries)


def test_memory_of_many_files_is_flat(tmp_path: Path) -> None:
    count = 1000
    for number in range(count):
        (tmp_path / f"photo-{number:06}.jpg").touch()
    tracemalloc.start()
    found = look(tmp_path)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(found.entries) == count + 1
    assert used / count < 700
