"""FolderLanding after the program ended, beside other processes, and when others meddle with its files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.errors import EnvironmentProblem, NameRefused
from satchel.ports import HandoverId
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding
from store.arrivals import receive

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


def test_partials_are_there_after_a_restart_and_foreign_files_are_not_counted(into: Path) -> None:
    landing = FolderLanding.open(into, ID)
    landing.create(3)
    landing.write(3, 0, memoryview(b"12345"))
    landing.close(remove=False)
    staging = into / STAGING
    (staging / "007").write_bytes(b"x")
    (staging / "٣").write_bytes(b"x")  # a digit, but not one of ours
    (staging / "8").symlink_to("/etc/passwd")
    (staging / "9").mkdir()
    landing = FolderLanding.open(into, ID)
    assert landing.partials() == {3: 5}
    landing.close(remove=True)
    assert sorted(os.listdir(staging)) == ["007", "9", "٣"]  # only what has a name of ours went
    assert Path("/etc/passwd").exists()


def test_an_unfinished_file_that_is_a_link_is_not_written_through(into: Path, tmp_path: Path) -> None:
    """M4: also not into the staging folder's own links."""
    outside = tmp_path / "precious"
    outside.write_bytes(b"precious")
    landing = FolderLanding.open(into, ID)
    (into / STAGING / "5").symlink_to(outside)
    with pytest.raises(EnvironmentProblem):
        landing.create(5)
    with pytest.raises(EnvironmentProblem):
        landing.write(5, 0, memoryview(b"overwritten"))
    landing.close(remove=True)
    assert outside.read_bytes() == b"precious"


def test_a_small_file_is_not_written_through_a_link(into: Path, tmp_path: Path) -> None:
    landing = FolderLanding.open(into, ID)
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (into / STAGING / "0").symlink_to(victim)
    landing.put(0, memoryview(b"x"), mtime_ns=0, executable=False)
    landing.close(remove=False)
    assert victim.read_bytes() == b"mine"
    assert (into / STAGING / "0").read_bytes() == b"x"
    assert not (into / STAGING / "0").is_symlink()


def test_a_staging_folder_that_is_a_link_is_refused(into: Path, tmp_path: Path) -> None:
    into.mkdir()
    (tmp_path / "outside").mkdir()
    (into / STAGING).symlink_to(tmp_path / "outside")
    with pytest.raises(EnvironmentProblem):
        FolderLanding.open(into, ID)
    FolderLanding.sweep(into, ID)
    assert os.listdir(tmp_path / "outside") == []


def test_two_never_work_on_the_same_hand_over(into: Path) -> None:
    first = FolderLanding.open(into, ID)
    first.create(0)
    with pytest.raises(EnvironmentProblem, match="Another Satchel"):
        FolderLanding.open(into, ID)
    FolderLanding.sweep(into, ID)  # an expired record of a hand-over that is running after all
    assert first.partials() == {0: 0}
    other = FolderLanding.open(into, HandoverId(bytes(16)))
    other.close(remove=True)
    first.close(remove=True)
    FolderLanding.open(into, ID).close(remove=True)
    assert os.listdir(into) == []


def test_sweep_removes_what_is_left_and_makes_nothing(into: Path) -> None:
    FolderLanding.sweep(into, ID)
    assert not into.exists()
    landing = FolderLanding.open(into, ID)
    receive(landing, 0, (b"done",), b"x")
    landing.create(1)
    landing.close(remove=False)
    FolderLanding.sweep(into, ID)
    assert os.listdir(into) == ["done"]


def test_a_shortened_unfinished_file_gets_no_name(landing: FolderLanding, into: Path) -> None:
    """Nothing short ever stands under a final name, and no hole is passed off as content."""
    landing.create(0)
    landing.write(0, 0, memoryview(b"12345"))
    os.truncate(into / STAGING / "0", 2)
    with pytest.raises(EnvironmentProblem, match="shorter"):
        landing.finish(0, size=5, mtime_ns=0, executable=False)


def test_a_deleted_unfinished_file_is_said(landing: FolderLanding, into: Path) -> None:
    landing.create(0)
    landing.finish(0, size=0, mtime_ns=0, executable=False)
    (into / STAGING / "0").unlink()
    with pytest.raises(EnvironmentProblem, match="deleted") as caught:
        landing.place(0, (b"x",))
    assert not isinstance(caught.value, NameRefused)


def test_no_descriptor_is_left_open(into: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    landing = FolderLanding.open(into, ID)
    for number in range(100):
        receive(landing, number, (b"d", b"%d" % number), b"x")
    for number in range(100, 200):
        landing.put(number, memoryview(b"x"), mtime_ns=0, executable=False)
        landing.place(number, (b"e%d" % (number // 10), b"%d" % number))
    landing.close(remove=True)
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_chosen_folder_may_be_a_link_of_the_person(into: Path, tmp_path: Path) -> None:
    """Links in what the person said count; only those below do not."""
    (tmp_path / "real").mkdir()
    into.symlink_to(tmp_path / "real")
    landing = FolderLanding.open(os.fsencode(into), ID)
    receive(landing, 0, (b"x",), b"1")
    landing.close(remove=True)
    assert os.listdir(tmp_path / "real") == ["x"]


def test_a_file_in_place_of_the_chosen_folder_is_said(into: Path) -> None:
    into.write_bytes(b"")
    with pytest.raises(EnvironmentProblem, match="it is not a folder"):
        FolderLanding.open(into, ID)
    with pytest.raises(EnvironmentProblem):
        ChosenFolder.open(into)


CHILD = """
import sys
from pathlib import Path
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding
landing = FolderLanding.open(Path(sys.argv[1]), bytes(range(16)))
number = 0
while True:
    content = b"%d " % number * 5000
    if number % 2:
        landing.put(number, memoryview(content), mtime_ns=0, executable=False)
    else:
        landing.create(number)
        landing.write(number, 0, memoryview(content))
        landing.finish(number, size=len(content), mtime_ns=0, executable=False)
    landing.place(number, (b"d", b"%d" % (number % 50)))
    number += 1
    if number == 40:
        print("go", flush=True)
"""


def test_after_kill_9_nothing_unfinished_has_a_name(into: Path) -> None:
    """M4, "a partial never stands under a final name": killed at a random instant, then looked at."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(into)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    names = os.listdir(into / "d")
    assert len(names) >= 40
    for name in names:
        content = (into / "d" / name).read_bytes()
        assert content == content.split(b" ")[0] + b" " + content[len(content.split(b" ")[0]) + 1 :]
        assert len(content.split(b" ")) == 5001
        assert len(set(content.split(b" ")[:-1])) == 1
    landing = FolderLanding.open(into, ID)  # the lock went with the process
    assert len(landing.partials()) <= 1
    landing.close(remove=True)
    assert os.listdir(into) == ["d"]
