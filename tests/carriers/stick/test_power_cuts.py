"""The stick is pulled out in the middle of a write: what was whole, and what was handed over, is there.

On a recorded disk, with ext4 and with exFAT, which has no journal.
"""

import os
from pathlib import Path

import pytest

from lab.mounts import run_mounting

pytestmark = pytest.mark.lab
CUTS = 30

# Each writes, tidies up after another, and says what is safe now: ids, one line each time.
USING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from carriers.stick.samples import *
from satchel.carriers.stick import carry_out
stick = Path(sys.argv[1])
class Telling(MemoryCustody):
    def handed_over(self, ids):
        print(*(id.hex() for id in ids), flush=True)
for turn in range(5):
    letters = [bundle_of((turn, number), number % 4) for number in range(8)]
    kept = [bundle_of((turn - 1, number), number % 4) for number in range(6, 8)]
    gone = [receipt_of((turn - 1, number)) for number in range(6)] if turn else []
    carry_out(stick, Telling(*letters, *kept, receipts=gone), Chance(turn), clock_s=CLOCK_S)
    print("turn", flush=True)
"""

CUTTING = """
import subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from carriers.stick.samples import *
from lab.recorded_disk import RecordedDisk, mounted
place, kind, how = Path(sys.argv[1]), sys.argv[4], sys.argv[5]
# Else ext4 itself writes everything each second, which on a busy machine is soon enough for the careless.
disk = RecordedDisk(place, kind=kind, commit_s=1 if how == "careful" else 300)
with disk:
    line = [sys.executable, "-c", sys.argv[3], str(disk.path), sys.argv[2]]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            disk.mark(line.strip())
    assert program.returncode == 0
dead = [{bundle_id(bundle_of((turn, n), n % 4)) for n in range(6)} for turn in range(5)]
lost, safe = [], 0
for keep in (0.0, 0.5, 1.0):
    for image, marks in disk.cuts(int(sys.argv[6]), keep=keep, seed=1):
        turn = marks.count("turn")
        wanted = {bytes.fromhex(id) for mark in marks if mark != "turn" for id in mark.split()}
        # Those with receipts of a turn may be gone as soon as that turn has begun.
        wanted -= set().union(*dead[:turn])
        safe += len(wanted)
        with mounted(image, place, kind=kind) as path:
            missing = wanted - set(on_stick(path))
            if missing:
                lost.append((keep, turn, len(missing)))
print(f"{safe} handed over, {len(lost)} lost")
assert bool(lost) is (how == "careless"), lost
"""

# What is written is called handed over before the disk has it.
CARELESS = """
import os, sys
sys.path.insert(0, sys.argv[2])
from satchel.carriers.stick import folder, writer
class Sleepy:
    def __getattr__(self, name):
        return (lambda file: None) if name == "fsync" else getattr(os, name)
writer.os = folder.os = Sleepy()
"""


def cut(tmp_path: Path, kind: str, how: str) -> str:
    using = USING if how == "careful" else CARELESS + USING + "os.sync()"
    return run_mounting(CUTTING, tmp_path / "disk", using, kind, how, str(CUTS))


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
@pytest.mark.parametrize("kind", ["ext4", "exfat"])
def test_nothing_that_was_handed_over_is_lost(tmp_path: Path, kind: str) -> None:
    assert " 0 lost" in cut(tmp_path, kind, "careful")


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
@pytest.mark.parametrize("kind", ["ext4", "exfat"])
def test_the_test_finds_who_does_not_wait_for_the_disk(tmp_path: Path, kind: str) -> None:
    assert " 0 lost" not in cut(tmp_path, kind, "careless")
