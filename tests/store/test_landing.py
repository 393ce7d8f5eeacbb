"""FolderLanding on a real disk: collisions, times, modes, restarts, and what it never touches."""

import ctypes
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from satchel.ports import HandoverId, Landing, Placed
from satchel.store import landing as landing_module
from satchel.store import renaming
from satchel.store.landing import FolderLanding
from store.arrivals import MTIME_NS, receive
from store.landing_conformance import LandingConformance

ID = HandoverId(bytes(range(16)))
STAGING = f".satchel-{ID.hex()}"


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "into"


@pytest.fixture
def landing(into: Path) -> Iterator[FolderLanding]:
    opened = FolderLanding.open(into, ID)
    yield opened
    opened.close(remove=False)


class TestFolderLanding(LandingConformance):
    @pytest.fixture
    def read_placed(self, into: Path) -> Callable[[tuple[bytes, ...]], bytes]:
        return lambda path: (into / os.fsdecode(b"/".join(path))).read_bytes()


def works_with_landing(opened: Landing) -> None:
    """mypy: it is one."""


# --- times and modes -----------------------------------------------------------------------------


def test_time_and_mode_arrive_but_never_set_user_id(landing: FolderLanding, into: Path) -> None:
    works_with_landing(landing)
    umask = os.umask(0o022)
    os.umask(umask)
    receive(landing, 0, (b"plain",), b"x")
    receive(landing, 1, (b"program",), b"x", executable=True)
    for number, name in ((2, b"small plain"), (3, b"small program")):
        landing.put(number, memoryview(b"y"), mtime_ns=MTIME_NS, executable=number == 3)
        landing.place(number, (name,))
    for small in ("", "small "):
        plain, program = (into / f"{small}plain").stat(), (into / f"{small}program").stat()
        assert plain.st_mtime_ns == program.st_mtime_ns == MTIME_NS
        assert stat.S_IMODE(plain.st_mode) == 0o666 & ~umask
        assert stat.S_IMODE(program.st_mode) == 0o777 & ~umask


def test_a_umask_that_shuts_out_its_own_person_loses_no_small_file(into: Path) -> None:
    umask = os.umask(0o377)
    try:
        landing = FolderLanding.open(into, ID)
        landing.put(0, memoryview(b"x"), mtime_ns=MTIME_NS, executable=False)
        landing.sync([0])
        landing.place(0, (b"x",))
        landing.close(remove=True)
    finally:
        os.umask(umask)
    assert stat.S_IMODE((into / "x").stat().st_mode) == 0o400
    assert (into / "x").read_bytes() == b"x"


def test_unfinished_files_are_for_the_owner_only(landing: FolderLanding, into: Path) -> None:
    landing.create(0)
    assert stat.S_IMODE((into / STAGING).stat().st_mode) == 0o700
    assert stat.S_IMODE((into / STAGING / "0").stat().st_mode) == 0o600


@pytest.mark.parametrize("mtime_ns", [-(2**63) + 1, -1, 0, 2**63 - 1])
def test_any_time_a_peer_may_name_is_taken_or_left_out(landing: FolderLanding, mtime_ns: int) -> None:
    landing.create(0)
    landing.finish(0, size=0, mtime_ns=mtime_ns, executable=False)
    landing.make_folder((b"folder",))
    landing.set_folder_times([((b"folder",), mtime_ns)])


def test_folder_times_survive_what_is_put_into_them(landing: FolderLanding, into: Path) -> None:
    landing.make_folder((b"a", b"b"))
    receive(landing, 0, (b"a", b"b", b"c"), b"x")
    landing.set_folder_times([((b"a",), MTIME_NS), ((b"a", b"b"), MTIME_NS + 10**9)])
    assert (into / "a").stat().st_mtime_ns == MTIME_NS
    assert (into / "a" / "b").stat().st_mtime_ns == MTIME_NS + 10**9


def test_the_time_of_a_folder_that_was_there_before_is_not_ours(into: Path) -> None:
    """M4: what was there before is not changed; our own folders are known after a restart."""
    (into / "mine").mkdir(parents=True)
    os.utime(into / "mine", ns=(5, 5))
    landing = FolderLanding.open(into, ID)
    landing.make_folder((b"mine",))
    landing.make_folder((b"theirs",))
    landing.close(remove=False)
    landing = FolderLanding.open(into, ID)
    landing.set_folder_times([((b"mine",), MTIME_NS), ((b"theirs",), MTIME_NS), ((b"gone",), MTIME_NS)])
    landing.close(remove=True)
    assert (into / "mine").stat().st_mtime_ns == 5
    assert (into / "theirs").stat().st_mtime_ns == MTIME_NS
    assert sorted(os.listdir(into)) == ["mine", "theirs"]


# --- what was there before -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["link to a file", "dangling link", "folder", "fifo", "link to a folder"])
def test_whatever_has_the_name_stays(into: Path, tmp_path: Path, shape: str) -> None:
    """M4: never followed, never replaced, never waited for."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"new")  # the same content as what arrives: still not the same file
    into.mkdir()
    blocker = into / "x"
    match shape:
        case "link to a file":
            blocker.symlink_to(outside / "file")
        case "dangling link":
            blocker.symlink_to(outside / "missing")
        case "folder":
            blocker.mkdir()
        case "fifo":
            os.mkfifo(blocker)
        case "link to a folder":
            blocker.symlink_to(outside)
    before = os.lstat(blocker)
    landing = FolderLanding.open(into, ID)
    assert receive(landing, 0, (b"x",), b"new").path == (b"x (2)",)
    if shape != "folder":
        assert receive(landing, 1, (b"x", b"below"), b"new").path == (b"x (3)", b"below")
    landing.close(remove=True)
    assert os.lstat(blocker).st_ino == before.st_ino
    assert sorted(os.listdir(outside)) == ["file"]
    assert (outside / "file").read_bytes() == b"new"


def test_what_stands_there_is_not_touched_when_it_is_the_same(landing: FolderLanding, into: Path) -> None:
    (into / "x").write_bytes(b"same")
    os.utime(into / "x", ns=(1, 1))
    (into / "x").chmod(0o640)
    before = (into / "x").stat()
    assert receive(landing, 0, (b"x",), b"same").already_there
    after = (into / "x").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, 1, before.st_mode)


def test_the_numbered_folder_is_the_same_after_a_restart(into: Path) -> None:
    into.mkdir()
    (into / "a").write_bytes(b"in the way")
    for number in range(3):
        landing = FolderLanding.open(into, ID)
        assert receive(landing, number, (b"a", b"%d" % number), b"x").path == (b"a (2)", b"%d" % number)
        landing.close(remove=False)


def test_a_folder_removed_meanwhile_is_made_again(landing: FolderLanding, into: Path) -> None:
    receive(landing, 0, (b"a", b"b", b"c"), b"1")
    (into / "a" / "b" / "c").unlink()
    (into / "a" / "b").rmdir()
    (into / "a").rmdir()
    assert receive(landing, 1, (b"a", b"b", b"c"), b"2").path == (b"a", b"b", b"c")


def small(landing: FolderLanding, number: int, path: tuple[bytes, ...]) -> Placed:
    """Placed without a sync in between: as the files of one group are."""
    landing.put(number, memoryview(b"%d" % number), mtime_ns=0, executable=False)
    return landing.place(number, path)


def test_a_folder_removed_within_a_group_is_made_again(landing: FolderLanding, into: Path) -> None:
    small(landing, 0, (b"a", b"b", b"c"))
    (into / "a" / "b" / "c").unlink()
    (into / "a" / "b").rmdir()
    assert small(landing, 1, (b"a", b"b", b"c")).path == (b"a", b"b", b"c")
    assert (into / "a" / "b" / "c").read_bytes() == b"1"


@pytest.mark.parametrize("above", [False, True])
def test_a_folder_moved_away_within_a_group_gets_nothing_more(
    landing: FolderLanding, into: Path, above: bool
) -> None:
    small(landing, 0, (b"a", b"b", b"0"))
    moved = into / "a" if above else into / "a" / "b"
    moved.rename(into / "moved")
    assert small(landing, 1, (b"a", b"b", b"1")).path == (b"a", b"b", b"1")
    assert sorted(os.listdir(into / "a" / "b")) == ["1"]


@pytest.mark.parametrize("above", [False, True])
def test_a_folder_that_becomes_a_link_within_a_group_is_left_alone(
    landing: FolderLanding, into: Path, tmp_path: Path, above: bool
) -> None:
    """M4: although it is kept open."""
    outside = tmp_path / "outside"
    (outside / "b").mkdir(parents=True)
    small(landing, 0, (b"a", b"b", b"0"))
    way = into / "a" if above else into / "a" / "b"
    way.rename(into / "moved")
    way.symlink_to(outside)
    assert small(landing, 1, (b"a", b"b", b"1")).path == (
        (b"a (2)", b"b", b"1") if above else (b"a", b"b (2)", b"1")
    )
    assert os.listdir(outside) == ["b"]
    assert os.listdir(outside / "b") == []


def test_no_folder_is_kept_open_after_a_group(landing: FolderLanding) -> None:
    """The person may want to take the stick out."""
    before = len(os.listdir("/proc/self/fd"))
    for number in range(6):
        small(landing, number, (b"%d" % (number // 2), b"%d" % number))
    landing.sync([])
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_removed_in_the_very_moment_is_made_again(
    landing: FolderLanding, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = renaming.rename_new

    def remove_first(old: renaming.At, new: renaming.At) -> None:
        monkeypatch.setattr(landing_module, "rename_new", rename)
        (into / "a").rmdir()
        rename(old, new)

    monkeypatch.setattr(landing_module, "rename_new", remove_first)
    assert receive(landing, 0, (b"a", b"x"), b"1").path == (b"a", b"x")
    assert (into / "a" / "x").read_bytes() == b"1"


def test_a_folder_that_became_a_link_is_left_alone(
    landing: FolderLanding, into: Path, tmp_path: Path
) -> None:
    """M4: between two files of one hand-over, although the way was known to be good."""
    outside = tmp_path / "outside"
    outside.mkdir()
    receive(landing, 0, (b"a", b"1"), b"1")
    (into / "a").rename(into / "moved")
    (into / "a").symlink_to(outside)
    assert receive(landing, 1, (b"a", b"2"), b"2").path == (b"a (2)", b"2")
    assert os.listdir(outside) == []


def test_a_folder_swapped_for_a_link_in_a_race_never_lets_anything_out(
    landing: FolderLanding, into: Path, tmp_path: Path
) -> None:
    """M4, the classic race between check and use: another thread swaps as fast as it can."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (into / "a").mkdir()
    (into / "link").symlink_to(outside)
    over = threading.Event()
    landed = set()

    def swap() -> None:
        exchange = ctypes.CDLL(None).renameat2
        while not over.is_set():  # 2: RENAME_EXCHANGE
            exchange(-100, os.fsencode(into / "a"), -100, os.fsencode(into / "link"), 2)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for number in range(10_000):
            landing.create(number)
            landing.finish(number, size=0, mtime_ns=0, executable=False)
            # Another folder each time, or the way that was found first would be taken again.
            landed.add(landing.place(number, (b"a", b"%d" % number, b"x")).path[0])
            if number >= 300 and len(landed) == 2:
                break
    finally:
        over.set()
        swapper.join()
    assert landed == {b"a", b"a (2)"}, "the race did not happen"
    assert os.listdir(outside) == []


# --- two of one name, many of one name -----------------------------------------------------------


def test_a_thousand_files_of_one_name_are_not_a_million_tries(
    landing: FolderLanding, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3, M3: the cost of one more stays bounded."""
    tries = 0
    rename = renaming.rename_new

    def counted(old: renaming.At, new: renaming.At) -> None:
        nonlocal tries
        tries += 1
        rename(old, new)

    monkeypatch.setattr(landing_module, "rename_new", counted)
    for number in range(300):
        landing.create(number)
        landing.write(number, 0, memoryview(b"%03d" % number))
        landing.finish(number, size=3, mtime_ns=0, executable=False)
        landing.place(number, (b"x",))
    assert (into / "x (300)").read_bytes() == b"299"
    assert tries < 300 * (landing_module.NAMES_COMPARED_MAX + 2)


def test_a_name_of_255_bytes_makes_room_for_its_number(landing: FolderLanding) -> None:
    name = "é".encode() * 125 + b".jpeg"
    receive(landing, 0, (name,), b"1")
    second = receive(landing, 1, (name,), b"2").path[0]
    assert len(second) <= 255
    assert second.endswith(b" (2).jpeg")
    assert second.decode()  # cut between characters
