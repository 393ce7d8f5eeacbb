"""`kill -9` at random instants of putting in, removing and shelving: nothing is lost, nothing half there."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from store.library_in_use import KINDS, do, found, in_use

TESTS = str(Path(__file__).parents[2])
KILLS = 80
SECONDS_MAX = 240

# Each child goes on where the one before was killed; beside it the same is done without any kill.
KILLING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store.killing import Killing
from store.library_in_use import KINDS, check_files, do, found, in_use

home, beside = Path(sys.argv[1]) / "profile", Path(sys.argv[1]) / "beside"

def use(start, told):
    with in_use(home) as mine:
        for n in range(start, start + 100_000):
            do(mine, n)
            os.write(told, b".")

with in_use(home):
    pass
killing, known = Killing(use, kinds=KINDS, kills=int(sys.argv[3]), pause_s_max=0.2), 0
with in_use(beside) as reference:
    for _ in killing:
        for n in range(known, killing.done):
            do(reference, n)
        with in_use(home) as mine:
            check_files(home, mine)
            state = found(mine)
        if state != found(reference):  # it was done, or half of it was, and not told any more
            do(reference, killing.done)
            killing.done += 1
            assert state == found(reference), killing.done
        known = killing.done
print(f"{known} acknowledged, killed in {killing.kinds_hit} kinds of operations")
"""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLING, str(tmp_path), TESTS, str(KILLS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"killed in {KINDS} kinds of operations" in done.stdout


def test_each_step_changes_something(tmp_path: Path) -> None:
    """Else nothing could be lost by it."""
    with in_use(tmp_path) as library:
        seen = [found(library)]
        for step in range(3 * KINDS):
            do(library, step)
            seen.append(found(library))
    assert all(before != after for before, after in pairwise(seen))
