"""The power is cut under a file that is being uploaded: what was acknowledged is there, and right (T1)."""

import os
from pathlib import Path

import pytest

from lab.mounts import run_mounting
from satchel.ports.uploads import Chosen
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from satchel.store.uploads import SqliteUploads
from store.upload_samples import GROUP, one_begun, uploads_of

pytestmark = pytest.mark.lab
CUTS = 60
KEY = b"k" * 32
FILES = 4
SIZE = 3 * 262_144 + 5
SMALL_LOTS = 3  # of small files that come together
SMALL_FILES = 5  # in each
SMALL_SIZE = 1000

# Some files grow block by block, in turns, and small ones come together between them. Each line: which one,
# and how much of it is safe now.
USING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.store.profile import ProfileFolder
from store.test_power_cuts_of_blobs import FILES, KEY, SIZE, SMALL_FILES, SMALL_SIZE, begun, content_of
folder = ProfileFolder.take(Path(sys.argv[1]))
folder.create(KEY, KEY)
database = folder.open(KEY)
uploads = begun(folder, database)
for turn in range(6):
    for number, upload in enumerate(uploads.all()):
        if upload.size != SIZE or upload.is_whole:
            continue
        incoming = uploads.append(upload.id, upload.have)
        end = min(SIZE, upload.have + (1 + number % 2) * 262_144 + 777)
        incoming.write(memoryview(content_of(number))[upload.have : end])
        print(number, incoming.sync(), flush=True)
        incoming.close()
    first = FILES + (turn - 3) * SMALL_FILES  # of the next lot: at the end nothing else waits for the disk
    if turn < 3:
        continue
    lot = uploads.all()[first : first + SMALL_FILES]
    incoming = uploads.together([upload.id for upload in lot])
    for number, upload in enumerate(lot, first):
        incoming.write(memoryview(content_of(number))[:SMALL_SIZE])
    assert incoming.sync() == len(lot)
    for number, upload in enumerate(lot, first):
        print(number, SMALL_SIZE, flush=True)
    incoming.close()
os._exit(0)
"""

# A sync that does nothing: of the file, of its name, of the disk.
SLEEPY = """
from satchel.store import blobs
class Sleepy:
    fdatasync = staticmethod(lambda file: None)
    def __getattr__(self, name):
        return getattr(os, name)
blobs.os = Sleepy()
blobs.sync_folder = blobs.sync_disk_of = lambda path: None
"""

CUTTING = """
import subprocess, sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from lab.recorded_disk import RecordedDisk, mounted
from satchel.errors import EnvironmentProblem
from satchel.store.profile import ProfileFolder
from store.test_power_cuts_of_blobs import KEY, content_of
from store.upload_samples import content_of as read, uploads_of
place, careless = Path(sys.argv[1]), sys.argv[4] == "careless"
disk = RecordedDisk(place)
with disk:
    line = [sys.executable, "-c", sys.argv[3], str(disk.path / "profile"), sys.argv[2]]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            disk.mark(line)
    assert program.returncode == 0
lost, safe_bytes = [], 0
for keep in (0.0, 0.5, 1.0):
    for image, marks in disk.cuts(int(sys.argv[5]), keep=keep, seed=1):
        if not marks:
            continue
        safe = dict(map(int, mark.split()) for mark in marks)
        safe_bytes += sum(safe.values())
        with mounted(image, place) as path, closing(ProfileFolder.take(path / "profile")) as folder:
            with closing(folder.open(KEY)) as database:
                uploads = uploads_of(folder.home, database)
                for number, upload in enumerate(uploads.all()):
                    wanted = safe.get(number, 0)
                    try:
                        right = read(uploads, upload) == content_of(number)[: upload.have]
                    except EnvironmentProblem:
                        right = False
                    if not right or upload.have < wanted:
                        lost.append((keep, number, wanted, upload.have))
print(f"{safe_bytes} acknowledged, {len(lost)} lost")
assert bool(lost) is careless, lost
"""


def begun(folder: ProfileFolder, database: Database) -> SqliteUploads:
    uploads = uploads_of(folder.home, database, seed="cut", reserve_bytes=0)
    for number in range(FILES):
        one_begun(uploads, GROUP, (b"%d" % number,), size=SIZE, mtime_ns=7)
    small = (
        Chosen(path=(b"small", b"%d" % n), size=SMALL_SIZE, mtime_ns=7)
        for n in range(SMALL_LOTS * SMALL_FILES)
    )
    uploads.begin(GROUP, list(small))
    return uploads


def content_of(number: int) -> bytes:
    return f"{number:08}".encode() * (SIZE // 8) + b"12345"[: SIZE % 8]


def cut(tmp_path: Path, how: str) -> str:
    using = USING if how == "careful" else USING.replace("folder = ", SLEEPY + "folder = ", 1)
    return run_mounting(CUTTING, tmp_path / "disk", using, how, str(CUTS))


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    assert " 0 lost" in cut(tmp_path, "careful")


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_the_test_finds_who_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    assert " 0 lost" not in cut(tmp_path, "careless")
