"""`kill -9` at 80 instants of writing, reading and carrying: nothing acknowledged is lost (C2, W4)."""

import subprocess
import sys
from pathlib import Path

import pytest

from store.letters_in_use import KINDS, states

TESTS = str(Path(__file__).parents[1])
KILLS = 80
SECONDS_MAX = 240

# Each child goes on where the one before was killed; beside it the same is done in memory.
KILLING = """
import os, random, select, signal, sys, time
from collections import Counter
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.store.blobs import remove_unnamed
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
chance, done, kinds, kill, kills = random.Random(7), 0, Counter(), 0, int(sys.argv[3])
with desk_in_memory(beside) as reference:
    # On a busy machine a kill comes late and misses the short ones: then there are more, up to double.
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
        before = done
        time.sleep(chance.uniform(0, 0.2))
        if kill % 2:  # in the middle of a step of the kind that was hit most seldom
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
        for n in range(before, done):
            do(reference, n)
        kinds[done % KINDS] += 1
        with desk(home, people=False) as mine:
            mine.database.require_whole()
            mine.custody.require_whole()
            remove_unnamed(home, mine.database)
            check_files(mine)
            state = found(mine)
        if state != found(reference):  # it was done, and not told any more
            do(reference, done)
            done += 1
            assert state == found(reference), done
print(f"{done} acknowledged, killed in {len(kinds)} kinds of operations")
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
