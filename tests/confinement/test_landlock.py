"""Rights given away, in child processes: there is no way back from it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFINE_ONE_THREAD = """
import sys, threading
from pathlib import Path
from satchel.confinement.landlock import confine_thread
inside, outside = Path(sys.argv[1]), Path(sys.argv[2])
go, done = threading.Event(), []
def free():
    go.wait()
    (outside / "by a free thread").write_bytes(b"x")
    job = threading.Thread(target=confined, args=[outside, inside])
    job.start(); job.join()
    done.append(True)
def confined(mine, not_mine):
    if not confine_thread([mine]):
        print("no landlock"); return
    (mine / "by its thread").write_bytes(b"x")
    def refused():
        try:
            (not_mine / "new").write_bytes(b"x")
        except PermissionError:
            done.append("refused")
    refused()
    child = threading.Thread(target=refused)
    child.start(); child.join()
before = threading.Thread(target=free)
before.start()
confined(inside, outside)
go.set()
before.join()
print(*done)
"""
CONFINE = """
import ctypes, os, sys, threading, errno
from pathlib import Path
from satchel.confinement.landlock import confine_writes, harden
from satchel.errors import MisuseError
inside, outside = Path(sys.argv[1]), Path(sys.argv[2])
if sys.argv[3] == "nobody":
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
harden()
if not confine_writes([os.fsencode(inside), inside / "not-there"]):
    print("no landlock"); sys.exit()
def refused(call):
    try:
        call()
    except OSError as exc:
        assert exc.errno in (errno.EACCES, errno.EXDEV, errno.EPERM), exc
        return True
    return False
def tries():
    (inside / "d").mkdir(exist_ok=True)
    (inside / "new").write_bytes(b"x")
    os.rename(inside / "new", inside / "d" / "new")
    os.truncate(inside / "d" / "new", 0)
    (inside / "d" / "new").unlink()
    (inside / "d").rmdir()
    with open("/dev/null", "wb") as null:
        null.write(b"x")
    assert (outside / "precious").read_bytes() == b"precious"
    assert refused(lambda: (outside / "new").write_bytes(b"x"))
    assert refused(lambda: (outside / "precious").write_bytes(b"x"))
    assert refused(lambda: os.truncate(outside / "precious", 0))
    assert refused(lambda: (outside / "precious").unlink())
    assert refused(lambda: (outside / "d").mkdir())
    assert refused(lambda: os.rename(outside / "precious", inside / "precious"))
    assert refused(lambda: (inside / "link").symlink_to(outside))
    assert refused(lambda: os.mkfifo(inside / "fifo"))
    (inside / "x").write_bytes(b"")
    assert refused(lambda: os.rename(inside / "x", outside / "x"))
    assert refused(lambda: os.link(inside / "x", outside / "x"))
    (inside / "x").unlink()
    results.append(True)
results = []
tries()
thread = threading.Thread(target=tries)
thread.start()
thread.join()
assert len(results) == 2
assert os.system("echo x > '%s/by-a-child' 2>/dev/null" % outside) != 0
assert Path("/proc/self/status").read_bytes()
import resource
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE
locked = [line.split() for line in Path("/proc/self/status").read_text().splitlines() if "VmLck" in line]
assert os.getuid() != 0 or int(locked[0][1]) > 4096, locked  # KiB that are never swapped out
if os.getuid() != 0:
    # Not dumpable: to others of this user, memory, environment and descriptors are closed.
    assert refused(lambda: open("/proc/self/environ", "rb"))
stop = threading.Event()
waiting = threading.Thread(target=stop.wait)
waiting.start()
try:
    confine_writes([inside])
except MisuseError:
    print("confined")
finally:
    stop.set()
"""


@pytest.fixture
def public_path() -> Iterator[Path]:
    """Unlike tmp_path, one that other users can get to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("user", ["self", "nobody"])
def test_writes_stay_inside(public_path: Path, user: str) -> None:
    """M4: the second wall holds alone, without any check of ours; for root and for anybody."""
    if user == "nobody" and os.getuid() != 0:
        pytest.skip("only root can become nobody")
    inside, outside = public_path / "inside", public_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "precious").write_bytes(b"precious")
    if user == "nobody":
        for folder in (inside, outside, outside / "precious"):
            os.chown(folder, 65534, 65534)
    done = subprocess.run(
        [sys.executable, "-c", CONFINE, str(inside), str(outside), user],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stdout == "no landlock\n":
        pytest.skip("this kernel has no Landlock of version 2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "confined\n"
    assert sorted(os.listdir(outside)) == ["precious"]


def test_a_thread_gives_away_its_own_rights(tmp_path: Path) -> None:
    """M4: a job of a node has other folders than the node. Landlock's rights are a thread's, and go to those
    that it starts; of one that was there before they are not taken."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    line = [sys.executable, "-c", CONFINE_ONE_THREAD, str(inside), str(outside)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    if "no landlock" in done.stdout:
        pytest.skip("this kernel has no Landlock of version 2")
    assert done.stdout.split() == ["refused"] * 4 + ["True"]
    assert sorted(os.listdir(inside)) == ["by its thread"]
    assert sorted(os.listdir(outside)) == ["by a free thread", "by its thread"]


WHOLE = """
import sys
from pathlib import Path
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding
from satchel.confinement.landlock import confine_writes, harden
home, into = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, sys.argv[3])
from store.record_samples import ID, entry, head, open_records
records = open_records(home)
ChosenFolder.open(into).close()
harden()
confine_writes([home, into])
from store.arrivals import receive
records.create(head(), [entry(0)])
landing = FolderLanding.open(into, ID)
receive(landing, 0, (b"a", b"b"), b"x" * 100)
receive(landing, 1, (b"a", b"b"), b"x" * 100)
receive(landing, 2, (b"a", b"b"), b"y" * 100)
landing.close(remove=True)
records.forget(ID)
records.database.close()
open_records(home).database.close()
print("received")
"""


def test_receiving_works_when_confined(tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", WHOLE, str(tmp_path / "home"), str(tmp_path / "into"), tests],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "received\n", done.stderr
    assert sorted(os.listdir(tmp_path / "into" / "a")) == ["b", "b (2)"]
