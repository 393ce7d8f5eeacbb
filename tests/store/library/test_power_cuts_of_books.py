"""The power is cut under a library in use: what was acknowledged is there, and each byte of it right."""

import os
from pathlib import Path

import pytest

from lab.mounts import run_mounting

pytestmark = pytest.mark.lab
CUTS = 40
STEPS = 36

# Each line: this step is safe now.
USING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store.library_in_use import do, in_use
home = Path(sys.argv[1])
with in_use(home) as mine:
    print("created", flush=True)
    for n in range(int(sys.argv[3])):
        do(mine, n)
        print(n, flush=True)
    os._exit(0)
"""

# A sync that does nothing.
SLEEPY = """
from satchel.store.library import contents
contents.sync_disk_of = lambda folder: None
"""

CUTTING = """
import subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from lab.recorded_disk import RecordedDisk, mounted
from satchel.errors import SatchelError
from store.library_in_use import check_files, do, found, in_use
place, careless, steps = Path(sys.argv[1]), sys.argv[4] == "careless", int(sys.argv[6])
disk = RecordedDisk(place)
with disk:
    line = [sys.executable, "-c", sys.argv[3], str(disk.path / "profile"), sys.argv[2], str(steps)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            disk.mark(line)
    assert program.returncode == 0
assert len(disk.marks) == 1 + steps, disk.marks
with in_use(place / "beside") as reference:
    expected = [found(reference)]
    for n in range(steps):
        do(reference, n)
        expected.append(found(reference))
lost, safe = [], 0
for keep in (0.0, 0.5, 1.0):
    for image, marks in disk.cuts(int(sys.argv[5]), keep=keep, seed=1):
        if not marks:
            continue
        done = len(marks) - 1  # more may be there: it is marked a moment later
        safe += done
        with mounted(image, place) as path:
            try:
                with in_use(path / "profile") as mine:
                    check_files(path / "profile", mine)
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
