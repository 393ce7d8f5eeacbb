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
import os, random, select, signal, sys, time
from collections import Counter
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.store.profile import ProfileFolder
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
chance, done, kinds, kill, kills = random.Random(7), 0, Counter(), 0, int(sys.argv[3])
# On a busy machine a kill comes late, and misses the short ones: then there are more, up to twice as many.
while kill < kills or (len(kinds) < KINDS and kill < 2 * kills):
    kill += 1
    told, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            use(done, telling)
        finally:
            os._exit(3)
    os.close(telling)
    time.sleep(chance.uniform(0, 0.15))
    if kill % 2:  # a short operation is seldom hit by chance alone: each second kill waits for the rarest
        wanted = min(range(KINDS), key=lambda kind: kinds[kind])
        while select.select([told], [], [], 0)[0] and (part := os.read(told, 4096)):
            done += len(part)
        while done % KINDS != wanted and (part := os.read(told, 1)):
            done += len(part)
        time.sleep(chance.uniform(0, 0.002))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the program ended by itself"
    while part := os.read(told, 4096):
        done += len(part)
    os.close(told)
    with closing(ProfileFolder.take(home)) as folder:
        key = folder.read_key_file()
        assert key in (key_after(done), key_after(done + 1))
        with closing(folder.open(key)) as database:
            database.require_whole()
            state = found(database, home)
        assert set(os.listdir(home)) - {"blobs"} == {"data", "key", "lock"}, os.listdir(home)
    assert state in (*possible(done), after(done + 1)), (done, state, after(done))
    if done % KINDS in (BACKING_UP, RESTORING) or kill % 8 == 0:  # copies take longest to look at
        check_copies(home, done)
    kinds[done % KINDS] += 1
    if state != after(done):
        done += state == after(done + 1)
print(f"{done} acknowledged, killed in {len(kinds)} kinds of operations")
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
