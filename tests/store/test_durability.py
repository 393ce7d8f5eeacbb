"""What is asked of the disk, in which order, and what happens when it says no: seen from outside, by strace.

Killing a process shows nothing about durability, since the kernel still has its writes.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = str(Path(__file__).parents[1])
BEGIN = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.errors import EnvironmentProblem
from satchel.ports import FileState, HandoverId
from satchel.store.landing import FolderLanding

from store.arrivals import receive
from store.record_samples import ID, entry, head, open_records
disk = Path(sys.argv[1])
def written(landing, numbers):
    for number in numbers:
        landing.create(number)
        landing.write(number, 0, memoryview(b"x" * 100))
        landing.finish(number, size=100, mtime_ns=0, executable=False)
def say(what):
    try:
        os.stat("/say/" + what)
    except FileNotFoundError:
        pass
"""
PUT = 'landing.put(0, memoryview(b"x"), mtime_ns=0, executable=False)'
CALLS = "fsync,fdatasync,syncfs,renameat2,newfstatat,pwrite64,fadvise64,fchmod,utimensat,link,linkat,mkdirat"

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def traced(script: str, folder: Path, *inject: str) -> list[str]:
    """The calls made, with the paths of descriptors; from "/say/begin" on."""
    log = folder / "strace.log"
    command = ["strace", "-f", "--seccomp-bpf", "-y", "-qq", "-o", str(log), "-e", f"trace={CALLS}"]
    command += [f"--inject={fault}" for fault in inject]
    done = subprocess.run(
        [*command, sys.executable, "-c", BEGIN + script, str(folder / "disk"), TESTS],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr.lower() and done.returncode:
        pytest.skip("this machine lets nobody trace")
    assert done.returncode == 0, done.stderr
    lines = [re.sub(r"^\d+ +", "", line) for line in log.read_text().splitlines()]
    begin = next(index for index, line in enumerate(lines) if "/say/begin" in line)
    return lines[begin:]


def positions(lines: list[str], pattern: str) -> list[int]:
    return [index for index, line in enumerate(lines) if re.search(pattern, line)]


@pytest.mark.parametrize("there_before", [False, True])
@pytest.mark.parametrize("small", [False, True])
def test_data_before_name_and_name_before_word(tmp_path: Path, there_before: bool, small: bool) -> None:
    if there_before:
        (tmp_path / "disk" / "a").mkdir(parents=True)
    script = """
landing = FolderLanding.open(disk, ID)
written(landing, [0])
say("begin")
landing.sync([0])
say("synced")
landing.place(0, (b"a", b"b"))
say("placed")
landing.sync([])
say("end")
"""
    if small:
        script = script.replace("written(landing, [0])", PUT)
    lines = traced(script, tmp_path)
    (synced,), (placed,), (end,) = (positions(lines, f"/say/{word}") for word in ("synced", "placed", "end"))
    assert any(index < synced for index in positions(lines, r"^fsync\(.*/\.satchel-[0-9a-f]+/0>"))
    assert all(synced < index < placed for index in positions(lines, "^renameat2"))
    for folder in (r"disk/a>", r"\.satchel-[0-9a-f]+>", *([] if there_before else [r"disk>"])):
        assert any(placed < index < end for index in positions(lines, rf"^fsync\(\d+<[^>]*{folder}"))


def test_many_are_one_call(tmp_path: Path) -> None:
    script = """
landing = FolderLanding.open(disk, ID)
written(landing, range(100))
say("begin")
landing.sync(range(100))
say("synced")
for number in range(100):
    landing.place(number, (b"%d" % (number % 30), b"%d" % number))
landing.sync([])
"""
    lines = traced(script, tmp_path)
    assert len(positions(lines, "^syncfs")) == 2
    assert positions(lines, "^fsync") == []


@pytest.mark.parametrize(("call", "count"), [("fsync", 1), ("syncfs", 100)])
def test_a_failed_sync_is_said_and_the_pages_are_not_trusted(tmp_path: Path, call: str, count: int) -> None:
    """fsyncgate: what is read back afterwards must come from the disk."""
    script = f"""
landing = FolderLanding.open(disk, ID)
written(landing, range({count}))
say("begin")
try:
    landing.sync(range({count}))
except EnvironmentProblem as problem:
    assert "reports an error" in problem.what, problem
else:
    raise AssertionError("not said")
"""
    lines = traced(script, tmp_path, f"{call}:error=EIO")
    assert len(positions(lines, "^fadvise64.*DONTNEED")) == count


def test_names_that_could_not_be_made_durable_are_tried_again(tmp_path: Path) -> None:
    script = """
landing = FolderLanding.open(disk, ID)
written(landing, [0])
landing.place(0, (b"a", b"b"))
say("begin")
for _ in range(2):
    try:
        landing.sync([])
    except EnvironmentProblem:
        say("failed")
"""
    lines = traced(script, tmp_path, "fsync:error=EIO:when=1")
    (failed,) = positions(lines, "/say/failed")
    assert any(index > failed for index in positions(lines, r"^fsync\(\d+<[^>]*disk/a>"))


def test_the_same_file_is_made_durable_before_it_is_called_there(tmp_path: Path) -> None:
    """A receipt follows: it must be true also of a file that somebody else wrote a second ago."""
    script = """
landing = FolderLanding.open(disk, ID)
(disk / "x").write_bytes(b"x" * 100)
written(landing, [0])
say("begin")
assert landing.place(0, (b"x",)).already_there
"""
    assert positions(traced(script, tmp_path), r"^fsync\(\d+<[^>]*disk/x>") != []


EXFAT = ("fchmod:error=EPERM", "utimensat:error=EPERM", "renameat2:error=EINVAL", "link,linkat:error=EPERM")


def test_a_stick_without_modes_links_and_exclusive_renames_will_do(tmp_path: Path) -> None:
    """exFAT through FUSE: the files arrive, with less about them, and still nothing is overwritten."""
    script = """
landing = FolderLanding.open(disk, ID)
say("begin")
assert receive(landing, 0, (b"a", b"x"), b"1", executable=True).path == (b"a", b"x")
assert receive(landing, 1, (b"a", b"x"), b"2").path == (b"a", b"x (2)")
assert receive(landing, 2, (b"a", b"x"), b"1").already_there
landing.put(3, memoryview(b"3"), mtime_ns=0, executable=True)
assert landing.place(3, (b"a", b"x")).path == (b"a", b"x (3)")
landing.close(remove=True)
assert (disk / "a" / "x").read_bytes() == b"1"
"""
    lines = traced(script, tmp_path, *EXFAT)
    assert positions(lines, "^renameat2.*EINVAL.*INJECTED")


def test_a_name_that_the_disk_refuses_is_the_problem_of_that_file_alone(tmp_path: Path) -> None:
    """exFAT says ENOENT to `:` and `?`; the kernel's own driver says EINVAL."""
    script = """
from satchel.errors import NameRefused
landing = FolderLanding.open(disk, ID)
written(landing, [0, 1])
say("begin")
try:
    landing.place(0, (b"what?",))
except NameRefused as problem:
    assert problem.what and problem.safe and problem.do and not problem.disk_full
else:
    raise AssertionError("not said")
assert 0 in landing.partials()
"""
    traced(script, tmp_path, "renameat2:error=ENOENT:when=1")
    traced(script.replace('b"what?"', 'b"d?", b"x"'), tmp_path, "mkdirat:error=EINVAL:when=2")


def test_a_record_is_durable_when_the_call_returns(tmp_path: Path) -> None:
    """WAL's own default would lose the last transactions in a power cut."""
    script = """
records = open_records(disk)
records.create(head(), [entry(0)])
say("begin")
records.mark(ID, [0], FileState.DONE)
say("end")
os._exit(0)
"""
    lines = traced(script, tmp_path)
    (end,) = positions(lines, "/say/end")
    syncs = positions(lines, r"^(fsync|fdatasync)\(\d+<[^>]*data-wal>")
    assert any(index < end for index in syncs)
    assert all(index < max(syncs) for index in positions(lines[:end], r"^pwrite64.*-wal>"))


def test_a_start_with_nothing_to_forget_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    """On a slow card each wait is a tenth of a second before anything is seen."""
    script = """
records = open_records(disk, now_s=1_800_000_000)
records.create(head(), [entry(0)])
records.database.close()
say("begin")
records = open_records(disk, now_s=1_800_000_000)
assert records.expire(1_800_000_000) == []
assert len(records.unfinished(head().role)) == 1
records.database.close()
"""
    assert positions(traced(script, tmp_path), r"^(fsync|fdatasync)\(") == []
