"""Real disks that are full, read-only, or change on the way: small ones, mounted where nobody sees them.

Each test runs a child in a mount namespace of its own, so that nothing is ever mounted on this machine.
"""

import shutil
from pathlib import Path

import pytest

from lab.mounts import run_mounting

pytestmark = pytest.mark.lab

BEGIN = """
import argparse, os, subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.cli import wipe_cmd
from satchel.cli.show import JsonShow
from satchel.core.opening.effects import Kept
from satchel.errors import EnvironmentProblem, NameRefused
from satchel.ports import FileState, HandoverId
from satchel.store.chosen import ChosenFolder
from satchel.store.contacts import SqliteContacts
from satchel.store.landing import FolderLanding
from satchel.store.profile import ProfileFolder
from store.arrivals import receive
from store.contact_samples import AMINA, DAY, contact
from store.record_samples import entry, head, open_records
ID = HandoverId(bytes(16))
disk = Path(sys.argv[1])
def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)
def problem_of(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except EnvironmentProblem as problem:
        assert problem.what and problem.safe and problem.do, problem
        return problem
    raise AssertionError("no problem")
"""

FULL = """
mount("-t", "tmpfs", "-o", "size=1m,nr_inodes=100", "tmpfs", str(disk))
landing = FolderLanding.open(disk, ID)
receive(landing, 0, (b"small",), b"x" * 100)
landing.create(1)
problem = problem_of(landing.write, 1, 0, memoryview(b"y" * (2 << 20)))
assert problem.disk_full and not isinstance(problem, NameRefused)
assert 0 < landing.partials()[1] <= 1 << 20  # what fitted is there to go on with
chosen = ChosenFolder.open(disk)
assert chosen.free_bytes() == 0
assert problem_of(landing.put, 2, memoryview(b"y" * 8192), mtime_ns=0, executable=False).disk_full
landing.discard(2)
landing.discard(1)
assert chosen.free_bytes() > 0
receive(landing, 1, (b"fits now",), b"y" * 1000)
# No inode left: of the whole disk too, not of this name.
landing.create(2)
landing.finish(2, size=0, mtime_ns=0, executable=False)
for number in range(1000):
    try:
        (disk / ("fill-%d" % number)).touch()
    except OSError:
        break
problem = problem_of(landing.place, 2, (b"folder", b"x"))
assert problem.disk_full and not isinstance(problem, NameRefused), problem
assert problem_of(landing.create, 3).disk_full
assert problem_of(landing.put, 3, memoryview(b""), mtime_ns=0, executable=False).disk_full
assert landing.partials() == {2: 0}
for number in range(1000):
    (disk / ("fill-%d" % number)).unlink(missing_ok=True)
assert landing.place(2, (b"folder", b"x")).path == (b"folder", b"x")
landing.close(remove=True)
assert sorted(os.listdir(disk)) == ["fits now", "folder", "small"]
"""

READ_ONLY = """
mount("-t", "tmpfs", "tmpfs", str(disk))
(disk / "home").mkdir()
records = open_records(disk / "home")
records.create(head(), [entry(0)])
landing = FolderLanding.open(disk, ID)
landing.create(0)
landing.finish(0, size=0, mtime_ns=0, executable=False)
landing.close(remove=False)
records.database.close()
(disk / "home" / "key").touch()
mount("-o", "remount,ro", str(disk))
problem = problem_of(ProfileFolder.take, disk / "home")
assert "read-only" in problem.what and "copy that folder" in problem.do, problem
wiping = argparse.Namespace(home=str(disk / "home"), ephemeral=False, yes=True)
assert "Nothing was destroyed" in problem_of(wipe_cmd.run, wiping, JsonShow()).safe
for call in (
    lambda: FolderLanding.open(disk, HandoverId(b"1" * 16)),
    lambda: FolderLanding.open(disk / "new", ID),
    lambda: ChosenFolder.open(disk),
    lambda: ChosenFolder.open(disk / "new"),
    lambda: FolderLanding.open(disk, ID).create(1),
    lambda: FolderLanding.open(disk, ID).write(0, 0, memoryview(b"x")),
    lambda: FolderLanding.open(disk, ID).put(1, memoryview(b"x"), mtime_ns=0, executable=False),
    lambda: FolderLanding.open(disk, ID).place(0, (b"x",)),
    lambda: FolderLanding.open(disk, ID).make_folder((b"x",)),
):
    problem = problem_of(call)
    assert "read-only" in problem.what and not isinstance(problem, NameRefused), problem
    assert not problem.disk_full
FolderLanding.sweep(disk, ID)
assert "read-only" in problem_of(lambda: open_records(disk / "home")).what
mount("-o", "remount,rw", str(disk))
records = open_records(disk / "home")
assert len(records.entries(head().id)) == 1
FolderLanding.open(disk, ID).place(0, (b"x",))
"""

FULL_RECORDS = """
mount("-t", "tmpfs", "-o", "size=900k", "tmpfs", str(disk))
records = open_records(disk / "home")
records.create(head(), [entry(n) for n in range(400)])
other = head(HandoverId(b"o" * 16))
problem = problem_of(records.create, other, (entry(n) for n in range(20000)))
assert problem.disk_full, problem
assert os.statvfs(disk).f_bavail > 0  # what failed does not keep the disk full
assert [found.id for found in records.unfinished(head().role)] == [head().id]  # all or nothing
records.database.close()
records = open_records(disk / "home")
assert len(records.entries(head().id)) == 400
records.forget(head().id)
"""

FULL_AT_FIRST = """
for size_kib in range(8, 460, 12):  # whichever page does not fit any more
    mount("-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(disk))
    (disk / "home").mkdir()
    try:
        open_records(disk / "home").database.close()
    except EnvironmentProblem as problem:
        assert problem.disk_full and "its disk is full" in problem.what, (size_kib, problem)
    subprocess.run(["umount", str(disk)], check=True)
"""

FULL_PEOPLE = """
mount("-t", "tmpfs", "-o", "size=900k", "tmpfs", str(disk))
contacts = SqliteContacts(open_records(disk / "home").database, salt=bytes(32))
contacts.add(contact())
before = contact().pair.epochs
try:
    (disk / "fill").write_bytes(bytes(900000))
except OSError:
    pass
os.truncate(disk / "fill", (disk / "fill").stat().st_size - 70000)  # room for a session, not for a copy
now = before.agree(DAY + 9, DAY + 9, stored=DAY + 9)
contacts.keep(AMINA, Kept(epochs=now, counter=1, heard=1))
assert contacts.all()[0].pair.epochs == now
assert (disk / "home" / "data-wal").stat().st_size == 0
assert os.statvfs(disk).f_bavail > 10  # and what failed does not keep the disk full
"""

ANOTHER_DISK_INSIDE = """
mount("-t", "tmpfs", "tmpfs", str(disk))
(disk / "inner").mkdir()
mount("-t", "tmpfs", "tmpfs", str(disk / "inner"))
landing = FolderLanding.open(disk, ID)
assert receive(landing, 0, (b"inner", b"x"), b"1").path == (b"inner (2)", b"x")
assert os.listdir(disk / "inner") == []
# The same disk a second time: only the rename finds out. This name is refused, the rest goes on.
(disk / "same").mkdir()
(disk / "elsewhere").mkdir()
mount("--bind", str(disk / "elsewhere"), str(disk / "same"))
landing.create(1)
landing.finish(1, size=0, mtime_ns=0, executable=False)
problem = problem_of(landing.place, 1, (b"same", b"x"))
assert isinstance(problem, NameRefused) and "another disk" in problem.what, problem
landing.discard(1)
receive(landing, 2, (b"rest",), b"2")
landing.close(remove=True)
"""

NO_RIGHTS_INSIDE = """
mount("-t", "tmpfs", "tmpfs", str(disk))
(disk / "closed").mkdir()
(disk / "shown").mkdir()
os.chown(disk, 65534, 65534)
os.chmod(disk / "closed", 0)
os.chmod(disk / "shown", 0o555)
os.setgid(65534)
os.setuid(65534)
landing = FolderLanding.open(disk, ID)
for number, folder in enumerate([b"closed", b"shown"]):
    landing.create(number)
    landing.finish(number, size=0, mtime_ns=0, executable=False)
    problem = problem_of(landing.place, number, (folder, b"x"))
    assert isinstance(problem, NameRefused), problem
    assert isinstance(problem_of(landing.make_folder, (folder, b"d")), NameRefused)
receive(landing, 2, (b"rest",), b"2")
landing.close(remove=True)
assert "not allowed" in problem_of(lambda: FolderLanding.open(disk / "shown", ID)).what
"""

STICK = r"""
mount("-t", "tmpfs", "tmpfs", str(disk))
image, stick = disk / "image", disk / "stick"
stick.mkdir()
with open(image, "wb") as made:
    made.truncate(16 << 20)
def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
run("mkfs.exfat", str(image))
loop = run("losetup", "--show", "-f", str(image))
try:
    run("mount.exfat-fuse", loop, str(stick))
    try:
        landing = FolderLanding.open(stick / "Received", ID)
        works = receive(landing, 0, (b"Fotos", b"B\xc3\xa4r.jpg"), b"1", executable=True)
        assert works.path == (b"Fotos", b"B\xc3\xa4r.jpg"), works
        # Another case is the same name to this disk: the kernel's word counts, not ours.
        assert receive(landing, 1, (b"fotos", b"b\xc3\xa4R.jpg"), b"2").path[1] == b"b\xc3\xa4R (2).jpg"
        assert receive(landing, 2, (b"Fotos", b"B\xc3\xa4r.jpg"), b"1").already_there
        for number, name in enumerate([b"what?", b"a:b", b"\xff\xfe", b"x" * 255]):
            landing.create(10 + number)
            landing.finish(10 + number, size=0, mtime_ns=0, executable=False)
            try:
                landing.place(10 + number, (name,))
            except NameRefused:
                landing.discard(10 + number)
        landing.create(20)
        assert problem_of(landing.write, 20, 0, memoryview(bytes(20 << 20))).disk_full
        landing.close(remove=True)
        assert not [name for name in os.listdir(stick / "Received") if name.startswith(".satchel-")]
        assert sorted(os.listdir(stick / "Received" / "Fotos")) == ["B\u00e4r.jpg", "b\u00e4R (2).jpg"]
        landing = FolderLanding.open(stick / "Received", ID)
        landing.make_folder((b"FOTOS", b"Inner"))
        landing.set_folder_times([((b"FOTOS", b"Inner"), 10**18)])
        landing.close(remove=True)
        assert len([name for name in os.listdir(stick / "Received") if name.lower() == "fotos"]) == 1
    finally:
        run("umount", str(stick))
finally:
    run("losetup", "-d", loop)
"""

SCENES = {
    "an exFAT stick": STICK,
    "full": FULL,
    "read-only": READ_ONLY,
    "full before the first record": FULL_AT_FIRST,
    "full under the records": FULL_RECORDS,
    "full under the people": FULL_PEOPLE,
    "another disk inside": ANOTHER_DISK_INSIDE,
    "no rights inside": NO_RIGHTS_INSIDE,
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_a_disk_that_is(scene: str) -> None:
    if scene is STICK and not (shutil.which("mkfs.exfat") and shutil.which("mount.exfat-fuse")):
        pytest.skip("exfatprogs and exfat-fuse are not installed")
    run_mounting(BEGIN + scene, Path("/mnt"))
