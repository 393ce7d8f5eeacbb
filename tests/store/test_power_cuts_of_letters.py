"""The power is cut under letters and bundles in use: what was acknowledged is there, and right (C2, W4)."""

import os
from pathlib import Path

import pytest

from lab.mounts import run_mounting

pytestmark = pytest.mark.lab
CUTS = 40
STEPS = 60

# Each line: this step is safe now.
USING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store.letter_samples import desk
from store.letters_in_use import do
home = Path(sys.argv[1])
with desk(home) as mine:
    print("created", flush=True)
    for n in range(int(sys.argv[3])):
        do(mine, n)
        print(n, flush=True)
    os._exit(0)
"""

# WAL's own default, in which a commit does not wait for the disk; and files that nobody has synced.
SLEEPY = """
from satchel.store import contents, database as module
settle = module._settle
def sleepy(connection):
    settle(connection)
    connection.execute("PRAGMA synchronous = NORMAL").fetchall()
module._settle = sleepy
class Sleepy:
    fdatasync = staticmethod(lambda file: None)
    def __getattr__(self, name):
        return getattr(os, name)
contents.os = Sleepy()
contents.sync_folder = lambda path: None
"""

CUTTING = """
import subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from lab.recorded_disk import RecordedDisk, mounted
from satchel.errors import SatchelError
from satchel.store.blob_files import remove_unnamed
from store.letter_samples import desk
from store.letters_in_use import check_files, found, states
place, careless, steps = Path(sys.argv[1]), sys.argv[4] == "careless", int(sys.argv[6])
disk = RecordedDisk(place)
with disk:
    line = [sys.executable, "-c", sys.argv[3], str(disk.path / "profile"), sys.argv[2], str(steps)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            disk.mark(line)
    assert program.returncode == 0
assert len(disk.marks) == 1 + steps, disk.marks
beside = place / "beside"
beside.mkdir()
expected = states(beside, steps)
lost, safe = [], 0
for keep in (0.0, 0.5, 1.0):
    for image, marks in disk.cuts(int(sys.argv[5]), keep=keep, seed=1):
        if not marks:
            continue
        done = len(marks) - 1  # more may be there: it is marked a moment later
        safe += done
        with mounted(image, place) as path:
            try:
                with desk(path / "profile", people=False) as mine:
                    mine.database.require_whole()
                    mine.custody.require_whole()
                    remove_unnamed(mine.home, mine.database)
                    check_files(mine)
                    state = found(mine)
            except (SatchelError, AssertionError) as exc:
                lost.append((keep, done, repr(exc)))
                continue
            known = [n for n in range(steps + 1) if state == expected[n]]
            if not known or max(known) < done:
                lost.append((keep, done, known))
print(f"{safe} acknowledged, {len(lost)} lost")
assert bool(lost) is careless, lost
"""


def cut(tmp_path: Path, how: str) -> str:
    using = USING if how == "careful" else USING.replace("home = ", SLEEPY + "home = ", 1)
    return run_mounting(CUTTING, tmp_path / "disk", using, how, str(CUTS), str(STEPS))


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    assert " 0 lost" in cut(tmp_path, "careful")


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_the_test_finds_who_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    assert " 0 lost" not in cut(tmp_path, "careless")
