"""The power is cut under a profile that is in use: it opens, and what was acknowledged is there (T1, T2)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.namespace import mount_flags

pytestmark = pytest.mark.lab
TESTS = str(Path(__file__).parents[1])

# Records come, others go, and twice everything is put under another key. Each line: this is safe now.
USING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.ports import HandoverId
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from store.record_samples import entry, head
folder = ProfileFolder.take(Path(sys.argv[1]))
keys = [bytes([n]) * 32 for n in range(1, 4)]
folder.create(keys[0], keys[0])
database = folder.open(keys[0])
print("key", 0, flush=True)
for number in range(24):
    id = HandoverId(bytes([number]) * 16)
    SqliteRecords(database).create(head(id), [entry(n) for n in range(5 * number % 40)])
    print("stored", number, flush=True)
    if number % 5 == 4:
        SqliteRecords(database).forget(id)
        print("forgotten", number, flush=True)
    if number in (8, 16):
        database = folder.replace_key(database, keys[number // 8], keys[number // 8])
        print("key", number // 8, flush=True)
os._exit(0)
"""

CUTTING = """
import os, subprocess, sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from lab.recorded_disk import RecordedDisk, mounted
from satchel.ports import Role
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
place, careless = Path(sys.argv[1]), sys.argv[4] == "careless"
disk = RecordedDisk(place)
with disk:
    with subprocess.Popen([sys.executable, "-c", sys.argv[3], str(disk.path / "profile"), sys.argv[2]],
                          stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            disk.mark(line)
    assert program.returncode == 0
assert len(disk.marks) == 24 + 4 + 3, disk.marks
lost, safe = [], 0
for keep in (0.0, 0.5, 1.0):
    for image, marks in disk.cuts(int(sys.argv[5]), keep=keep, seed=1):
        told = [line.split() for line in marks]
        with mounted(image, place) as path:
            keys = [int(number) for what, number in told if what == "key"]
            if not keys:
                continue
            safe += len(told)
            with closing(ProfileFolder.take(path / "profile")) as folder:
                key = folder.read_key_file()
                assert key is not None and key[0] - 1 in (keys[-1], keys[-1] + 1), (key, keys)
                with closing(folder.open(key)) as database:
                    database.require_whole()
                    there = {found.id[0] for found in SqliteRecords(database).unfinished(Role.RECEIVER)}
                assert sorted(os.listdir(path / "profile")) == ["data", "key", "lock"]
            stored = {int(number) for what, number in told if what == "stored"}
            forgotten = {int(number) for what, number in told if what == "forgotten"}
            for number in stored - forgotten - there:
                if number % 5 != 4:  # else it may just have been forgotten, and not told yet
                    lost.append((keep, number))
            lost += [(keep, number) for number in forgotten & there]
print(f"{safe} acknowledged, {len(lost)} lost")
assert bool(lost) is careless, lost
"""


def cut(tmp_path: Path, how: str, count: int) -> str:
    if subprocess.run(
        ["unshare", *mount_flags(), "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False
    ).returncode:
        pytest.skip("mounting needs root")
    using = USING if how == "careful" else USING.replace("folder = ", SLEEPY + "folder = ", 1)
    command = ["unshare", *mount_flags(), sys.executable, "-c", CUTTING, str(tmp_path / "disk"), TESTS, using]
    done = subprocess.run([*command, how, str(count)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    assert " 0 lost" in cut(tmp_path, "careful", 25)


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_the_test_finds_who_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    assert " 0 lost" not in cut(tmp_path, "careless", 12)
