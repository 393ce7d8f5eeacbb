"""Real sticks: exFAT, FAT32, full, read-only, somebody else's; mounted where nobody sees them."""

import shutil
from pathlib import Path

import pytest

from lab.mounts import run_mounting
from lab.namespace import environment

pytestmark = pytest.mark.lab

BEGIN = r"""
import os, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from carriers.stick.samples import *
from satchel.carriers.stick import carry_in, carry_out, exchange
from satchel.carriers.stick.folder import Folder
from satchel.errors import EnvironmentProblem
disk = Path(sys.argv[1])
LETTERS = [bundle_of(number, size_class) for number, size_class in enumerate((0, 0, 1, 2, 3, 4, 5, 0))]
def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
def mount(*arguments):
    run("mount", *arguments)
def problem_of(call):
    try:
        call()
    except EnvironmentProblem as problem:
        assert problem.what and problem.safe and problem.do, problem
        return problem
    raise AssertionError("no problem")
def out(stick, custody, **named):
    return carry_out(stick, custody, Chance(), clock_s=CLOCK_S, **named)
def all_there(stick, wanted):
    reader = MemoryCustody()
    taken = carry_in(stick, reader, clock_s=CLOCK_S)
    assert set(map(bundle_id, wanted)) <= set(reader.bundles), taken
    assert taken.unreadable == 0, taken
def journey(stick):
    # There and back: out, in, out; what is delivered goes; what did not fit is told.
    amina, bao = MemoryCustody(*LETTERS), MemoryCustody(bundle_of("bao"))
    assert out(stick, amina).bundles == len(LETTERS)
    taken, went = exchange(stick, bao, Chance(), clock_s=CLOCK_S)
    assert (taken.bundles, went.bundles) == (len(LETTERS), 1), (taken, went)
    all_there(stick, [*LETTERS, bundle_of("bao")])
    bao.known_receipts += [receipt_of(number) for number in range(len(LETTERS))]
    for id in map(bundle_id, LETTERS):
        del bao.bundles[id]
    out(stick, bao)
    assert set(on_stick(stick)) == {bundle_id(bundle_of("bao"))}, list(on_stick(stick))
    many = MemoryCustody(*(bundle_of(("many", n), 5) for n in range(120)), *LETTERS[:3])
    went = out(stick, many)
    assert went.is_full and 0 < went.bundles < 120, went
    assert set(on_stick(stick)) == {*many.handed, bundle_id(bundle_of("bao"))}
"""

EXFAT = r"""
mount("-t", "tmpfs", "tmpfs", str(disk))
image, stick = disk / "image", disk / "stick"
stick.mkdir()
with open(image, "wb") as made:
    made.truncate(48 << 20)
run("mkfs.exfat", str(image))
loop = run("losetup", "--show", "-f", str(image))
try:
    run("mount.exfat-fuse", loop, str(stick))
    try:
        journey(stick)
    finally:
        run("umount", str(stick))
    # Pulled out and put in elsewhere, where it may not be written on.
    run("mount.exfat-fuse", "-o", "ro", loop, str(stick))
    try:
        all_there(stick, [bundle_of("bao")])
        assert "read-only" in problem_of(lambda: out(stick, MemoryCustody(*LETTERS))).what
    finally:
        run("umount", str(stick))
    # Full although the disk had said that there is room.
    run("mkfs.exfat", loop)
    run("mount.exfat-fuse", loop, str(stick))
    try:
        Folder.free_bytes = lambda self: 1 << 40
        many = MemoryCustody(*(bundle_of(("many", n), 5) for n in range(60)), *LETTERS)
        went = out(stick, many)
        assert went.is_full and went.bundles > 20, went
        assert set(on_stick(stick)) == set(many.handed)
    finally:
        run("umount", str(stick))
finally:
    run("losetup", "-d", loop)
"""

FAT32 = r"""
mount("-t", "tmpfs", "tmpfs", str(disk))
image, stick, copied = disk / "image", disk / "stick", disk / "copied"
stick.mkdir()
copied.mkdir()
with open(image, "wb") as made:
    made.truncate(64 << 20)
run("mkfs.vfat", "-F", "32", str(image))
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
serving = subprocess.Popen(["fusefat", "-o", "rw+", "-f", str(image), str(stick)], **quiet)
try:
    until_s = time.monotonic() + 10
    while not os.path.ismount(stick):
        assert serving.poll() is None and time.monotonic() < until_s
        time.sleep(0.02)
    amina, bao = MemoryCustody(*LETTERS), MemoryCustody(bundle_of("bao"))
    assert out(stick, amina).bundles == len(LETTERS)
    exchange(stick, bao, Chance(), clock_s=CLOCK_S)
    all_there(stick, [*LETTERS, bundle_of("bao")])
finally:
    run("umount", str(stick))
    serving.wait(20)
# And by another reader of FAT, as another system has it.
os.environ["MTOOLS_SKIP_CHECK"] = "1"
run("fsck.vfat", "-n", str(image))
run("mcopy", "-s", "-i", str(image), "::/CARRY", str(copied))
all_there(copied, [*LETTERS, bundle_of("bao")])
"""

FULL = r"""
for size_kib in range(4, 900, 28):
    mount("-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(disk))
    if size_kib % 56 == 4:
        Folder.free_bytes = lambda self: 1 << 40  # the disk does not know how full it is
    amina = MemoryCustody(*LETTERS, receipts=[receipt_of("x")])
    went = out(disk, amina)
    assert went.is_full == (went.bundles < len(LETTERS)), (size_kib, went)
    assert amina.handed == [one.id for one in amina.offered()][: went.bundles]
    assert set(on_stick(disk)) == set(amina.handed)
    assert went.receipts == (size_kib >= 69), (size_kib, went)
    run("umount", str(disk))
mount("-t", "tmpfs", "-o", "size=1m,nr_inodes=3", "tmpfs", str(disk))  # no room for another name
went = out(disk, MemoryCustody(*LETTERS, receipts=[receipt_of("x")]))
assert went.is_full and went.receipts == 1 and went.bundles == 0, went
"""

READ_ONLY = r"""
mount("-t", "tmpfs", "tmpfs", str(disk))
out(disk, MemoryCustody(*LETTERS))
mount("-o", "remount,ro", str(disk))
all_there(disk, LETTERS)
bao = MemoryCustody(bundle_of("bao"))
problem = problem_of(lambda: exchange(disk, bao, Chance(), clock_s=CLOCK_S))
assert "read-only" in problem.what and "was taken in" in problem.safe, problem.safe
assert len(bao.bundles) == 1 + len(LETTERS)
mount("-o", "remount,rw", str(disk))
for path in files_of(disk):
    path.unlink()
(disk / "CARRY").rmdir()
mount("-o", "remount,ro", str(disk))
assert "read-only" in problem_of(lambda: out(disk, bao)).what
assert carry_in(disk, bao, clock_s=CLOCK_S).bundles == 0
"""

SOMEBODY_ELSES = r"""
mount("-t", "tmpfs", "tmpfs", str(disk))
out(disk, MemoryCustody(*LETTERS))
os.chmod(files_of(disk)[0], 0)
os.setgid(65534)
os.setuid(65534)
bao = MemoryCustody()
taken = carry_in(disk, bao, clock_s=CLOCK_S)
assert taken.unreadable == 1, taken
assert "not allowed" in problem_of(lambda: out(disk, MemoryCustody(bundle_of("bao")))).what
"""

SCENES = {
    "exFAT": (EXFAT, ("mkfs.exfat", "mount.exfat-fuse")),
    "FAT32": (FAT32, ("mkfs.vfat", "fusefat", "mcopy")),
    "full": (FULL, ()),
    "read-only": (READ_ONLY, ()),
    "somebody else's": (SOMEBODY_ELSES, ()),
}


@pytest.mark.parametrize(("scene", "tools"), SCENES.values(), ids=SCENES.keys())
def test_a_stick_that_is(scene: str, tools: tuple[str, ...]) -> None:
    missing = [tool for tool in tools if not shutil.which(tool, path=environment()["PATH"])]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    run_mounting(BEGIN + scene, Path("/mnt"))
