"""The power is cut under a profile that is in use: it opens, and what was acknowledged is there (T1, T2)."""

import os
from pathlib import Path

import pytest

from lab.mounts import run_mounting
from store.long_use import KINDS

pytestmark = pytest.mark.lab

# Contacts, what waits for them, records, other keys, backups, restoring, uploads: one after another. Each
# line: it is safe now.
USING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.store.profile import ProfileFolder
from store.long_use import create, do
home = Path(sys.argv[1])
create(home)
folder = ProfileFolder.take(home)
database = folder.open(folder.read_key_file())
print("created", flush=True)
for number in range(int(sys.argv[3])):
    database = do(folder, database, number)
    print(number, flush=True)
os._exit(0)
"""

CUTTING = """
import os, subprocess, sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from lab.recorded_disk import RecordedDisk, mounted
from satchel.store.profile import ProfileFolder
from store.long_use import KINDS, check_copies, found, key_after, possible
place, careless, steps = Path(sys.argv[1]), sys.argv[4] == "careless", int(sys.argv[6])
disk = RecordedDisk(place)
with disk:
    line = [sys.executable, "-c", sys.argv[3], str(disk.path / "profile"), sys.argv[2], str(steps)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            disk.mark(line)
    assert program.returncode == 0
assert len(disk.marks) == 1 + steps, disk.marks
lost, safe, kinds = [], 0, set()
for keep in (0.0, 0.5, 1.0):
    for image, marks in disk.cuts(int(sys.argv[5]), keep=keep, seed=1):
        if not marks:
            continue
        done = len(marks) - 1  # more may be there: it is marked a moment later
        safe += done
        kinds.add(done % KINDS)
        with mounted(image, place) as path:
            home = path / "profile"
            with closing(ProfileFolder.take(home)) as folder:
                key = folder.read_key_file()
                with closing(folder.open(key)) as database:
                    database.require_whole()
                    state = found(database, home)
                assert set(os.listdir(home)) - {"blobs"} == {"data", "key", "lock"}
            known = [n for n in range(steps + 1) if state in possible(n)]
            assert known and any(key in (key_after(n), key_after(n + 1)) for n in known), (done, state)
            if max(known) < done:
                lost.append((keep, done, known))
            else:
                check_copies(home, done)
print(f"{safe} acknowledged, {len(kinds)} kinds cut off, {len(lost)} lost")
assert bool(lost) is careless, lost
"""


def cut(tmp_path: Path, how: str, count: int, *, steps: int) -> str:
    using = USING if how == "careful" else USING.replace("folder = ", SLEEPY + "folder = ", 1)
    return run_mounting(CUTTING, tmp_path / "disk", using, how, str(count), str(steps))


# WAL's own default: a commit does not wait for the disk.
SLEEPY = """
from satchel.store import database as module
settle = module._settle
def sleepy(connection):
    settle(connection)
    connection.execute("PRAGMA synchronous = NORMAL").fetchall()
module._settle = sleepy
"""


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Adding, verifying and forgetting contacts, the queue, backups and restoring, too."""
    assert " 0 lost" in cut(tmp_path, "careful", 40, steps=5 * KINDS)


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_the_test_finds_who_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    assert " 0 lost" not in cut(tmp_path, "careless", 12, steps=2 * KINDS)
