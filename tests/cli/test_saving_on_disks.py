"""Files of a letter on a stick that does not take each name: the others arrive, and it is said (M3, M4)."""

import shutil
from pathlib import Path

import pytest

from lab.mounts import run_mounting

pytestmark = pytest.mark.lab

STICK = r"""
import os, subprocess, sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from cli.letters_kit import FOUR, letters_of_two, seen, told
from satchel.core.sealing.letter import Attachment, Letter
from satchel.store.custody import custody_in_memory
from store.contact_samples import AMINA
from store.letter_samples import Desk
disk = Path(sys.argv[1])
def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
run("mount", "-t", "tmpfs", "tmpfs", str(disk))
image, stick = disk / "image", disk / "stick"
stick.mkdir()
with open(image, "wb") as made:
    made.truncate(16 << 20)
run("mkfs.exfat", str(image))
loop = run("losetup", "--show", "-f", str(image))
try:
    run("mount.exfat-fuse", loop, str(stick))
    try:
        with letters_of_two(disk / "profile") as served, closing(custody_in_memory()) as custody:
            names = (b"what?", b"B\xc3\xa4r.jpg", b"b\xc3\xa4R.jpg")
            files = tuple(Attachment(name=name, content=name) for name in names)
            desk = Desk(served.home, served.profile.database, custody)
            desk.receive(AMINA, 2, FOUR, Letter(order=9, text="", attachments=files))
            failed, *placed, done = told(served, "inbox", "save", FOUR.hex(), "--into", str(stick))
            assert (failed["event"], failed["path"]) == ("failed", "what?"), failed
            assert [line["path"] for line in placed] == ["B\u00e4r.jpg", "b\u00e4R (2).jpg"], placed
            assert done == {"event": "done", "files": 2, "failed": 1}, done
            said = " ".join(seen(served, "inbox", "save", FOUR.hex(), "--into", str(stick)).split())
            assert "Not transferred: what?: the receiving disk does not take this name." in said, said
            assert "Done: 2 files in " in said and "1 file could not be saved: see above." in said, said
        assert sorted(os.listdir(stick)) == ["B\u00e4r.jpg", "b\u00e4R (2).jpg"], os.listdir(stick)
    finally:
        run("umount", str(stick))
finally:
    run("losetup", "-d", loop)
"""


def test_names_that_a_stick_does_not_take_keep_no_other_file_away() -> None:
    if not (shutil.which("mkfs.exfat") and shutil.which("mount.exfat-fuse")):
        pytest.skip("exfatprogs and exfat-fuse are not installed")
    run_mounting(STICK, Path("/mnt"))
