"""`kill -9` at 120 instants of writing, reading and carrying: nothing acknowledged is lost (C2, W4)."""

import subprocess
import sys
from pathlib import Path

import pytest

from store.letters_in_use import KINDS, states

TESTS = str(Path(__file__).parents[1])
KILLS = 120
SECONDS_MAX = 240

# Each child goes on where the one before was killed; beside it the same is done in memory.
KILLING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.store.blob_files import remove_unnamed
from store.killing import Killing
from store.letter_samples import desk, desk_in_memory
from store.letters_in_use import KINDS, check_files, do, found

home, beside = Path(sys.argv[1]) / "profile", Path(sys.argv[1]) / "beside"
beside.mkdir()

def use(start, told):
    with desk(home, people=False) as mine:
        for n in range(start, start + 100_000):
            do(mine, n)
            os.write(told, b".")

with desk(home):
    pass
killing, known = Killing(use, kinds=KINDS, kills=int(sys.argv[3]), pause_s_max=0.2), 0
with desk_in_memory(beside) as reference:
    for _ in killing:
        for n in range(known, killing.done):
            do(reference, n)
        with desk(home, people=False) as mine:
            mine.database.require_whole()
            mine.custody.require_whole()
            remove_unnamed(home, mine.database)
            check_files(mine)
            state = found(mine)
        if state != found(reference):  # it was done, and not told any more
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
    """Else nothing could be lost by it. In the first turns there is nothing to be erased yet."""
    seen = states(tmp_path, 5 * KINDS)
    changed = {n % KINDS for n in range(3 * KINDS, 5 * KINDS) if seen[n] != seen[n + 1]}
    assert changed == set(range(KINDS))
