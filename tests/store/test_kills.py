"""`kill -9` at 200 random instants: the profile opens, whole, and nothing acknowledged is lost (T1 to T3)."""

import subprocess
import sys
from pathlib import Path

import pytest

from store.long_use import KINDS

pytestmark = pytest.mark.slow
TESTS = str(Path(__file__).parents[1])
KILLS = 200
SECONDS_MAX = 120

# Each child goes on where the one before was killed. Where the states before and after a step are equal, it
# may be done again.
KILLING = """
import os, sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.store.profile import ProfileFolder
from store.killing import Killing
from store.long_use import BACKING_UP, KINDS, RESTORING, after, check_copies, create, do, found, key_after
from store.long_use import possible

home = Path(sys.argv[1]) / "profile"

def use(start, told):
    folder = ProfileFolder.take(home)
    database = folder.open(folder.read_key_file())
    for n in range(start, start + 100_000):
        database = do(folder, database, n)
        os.write(told, b".")

create(home)
killing = Killing(use, kinds=KINDS, kills=int(sys.argv[3]), pause_s_max=0.15)
for _ in killing:
    done = killing.done
    with closing(ProfileFolder.take(home)) as folder:
        key = folder.read_key_file()
        assert key in (key_after(done), key_after(done + 1))
        with closing(folder.open(key)) as database:
            database.require_whole()
            state = found(database, home)
        assert set(os.listdir(home)) - {"blobs"} == {"data", "key", "lock"}, os.listdir(home)
    assert state in (*possible(done), after(done + 1)), (done, state, after(done))
    if done % KINDS in (BACKING_UP, RESTORING) or killing.kill % 8 == 0:  # copies take longest to look at
        check_copies(home, done)
    if state != after(done):
        killing.done += state == after(done + 1)
print(f"{killing.done} acknowledged, killed in {killing.kinds_hit} kinds of operations")
"""


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Contacts, what waits for them, records, another key, backups, uploads: one after another."""
    done = subprocess.run(
        [sys.executable, "-c", KILLING, str(tmp_path), TESTS, str(KILLS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"killed in {KINDS} kinds of operations" in done.stdout
