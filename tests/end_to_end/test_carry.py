"""Letters from hand to hand by the real program, on a stick that is put in here and there (C1, C2, M4)."""

import shutil
from pathlib import Path

import pytest

from lab.mounts import run_mounting
from lab.namespace import environment

pytestmark = pytest.mark.lab

BEGIN = r"""
import json, os, subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from carriers.stick.samples import bundle_of, files_of, lay, on_stick
from cli.carry_kit import two_people
place = Path(sys.argv[1])
def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
run("mount", "-t", "tmpfs", "tmpfs", str(place))
media, image = place / "media", place / "image"
amina, carla = two_people(place)
def satchel(home, *words, text=""):
    line = [sys.executable, "-m", "satchel.cli.main", *words, "--json", "--home", str(home)]
    done = subprocess.run(line, input=text, capture_output=True, text=True, timeout=60)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events, done.stderr
    return done.returncode, events
def carry(home, *words):
    code, events = satchel(home, "carry", *map(str, words))
    return code, events[-1]
def write(text, *files):
    attached = [word for file in files for word in ("--attach", str(file))]
    assert satchel(amina, "write", "carla", *attached, text=text)[0] == 0
def letters(home):
    return [event["text"] for event in satchel(home, "inbox")[1] if event["event"] == "letter"]
class Stick:
    def __init__(self, name, kind, size_mib=48):
        self.folder, self.kind = media / name, kind
        self.folder.mkdir(parents=True)
        self.image = place / f"{name} image"
        with open(self.image, "wb") as made:
            made.truncate(size_mib << 20)
        if kind == "exfat":
            run("mkfs.exfat", str(self.image))
        else:
            run("mkfs.ext4", "-q", str(self.image))
        self.loop = run("losetup", "--show", "-f", str(self.image))
    def put_in(self, *options):
        if self.kind == "exfat":
            run("mount.exfat-fuse", *options, self.loop, str(self.folder))
        else:
            run("mount", *options, self.loop, str(self.folder))
        return self.folder
    def take_out(self):
        run("umount", str(self.folder))
    def __enter__(self):
        return self
    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.folder)], capture_output=True)
        run("losetup", "-d", self.loop)
"""

JOURNEY = r"""
book = place / "book.epub"
book.write_bytes(bytes(range(256)) * 8000)
with Stick("KINGSTON", sys.argv[3]) as stick, Stick("SAMSUNG", sys.argv[3]) as other:
    folder = stick.put_in()
    (folder / "photo.jpg").write_bytes(b"photo")
    write("Read this", book)
    write("Come on Monday")
    code, out = carry(amina, "out", folder)
    assert code == 0 and out["bundles_out"] >= 3 and not out["full"], out
    assert [one["carriers"] for one in satchel(amina, "outbox")[1] if "carriers" in one] == [1, 1]
    stick.take_out()
    # Carla reads it where it may not be written on, and of two she names one.
    other.put_in()
    folder = stick.put_in("-o", "ro")
    code, out = carry(carla, "out", media)
    assert code == 2 and "in which sticks are" in out["what"] and "KINGSTON" in out["do"], out
    assert not (media / "CARRY").exists()
    code, out = carry(carla, "exchange", folder)
    assert code == 1 and "read-only" in out["what"] and "was taken in" in out["safe"], out
    assert letters(carla) == ["Read this", "Come on Monday"]
    saved = place / "saved"
    assert satchel(carla, "inbox", "save", "1", "--into", str(saved))[0] == 0
    assert (saved / "book.epub").read_bytes() == book.read_bytes()
    stick.take_out()
    # What she writes back goes the same way; nothing else on the stick is touched.
    folder = stick.put_in()
    assert satchel(carla, "write", "amina", text="I will")[0] == 0
    code, out = carry(carla, "exchange", folder)
    assert code == 0 and (out["bundles_in"], out["bundles_out"]) == (0, 1), out
    assert (folder / "photo.jpg").read_bytes() == b"photo"
    assert {*os.listdir(folder)} - {"lost+found"} == {"CARRY", "photo.jpg"}
    stick.take_out()
    folder = stick.put_in()
    code, out = carry(amina, "in", folder)
    assert code == 0 and out["bundles_in"] == 1, out
    assert letters(amina) == ["I will"]
    # A limit is for all that is there, of whomever.
    there = sum(path.stat().st_size for path in files_of(folder))
    write("One more", book)
    code, out = carry(amina, "out", folder, "--size", str(there + 300_000))
    assert code == 0 and out["full"], out
    assert sum(path.stat().st_size for path in files_of(folder)) <= there + 300_000
"""

STOPPED = r"""
book = place / "book.bin"
book.write_bytes(os.urandom(4_000_000))
with Stick("KINGSTON", "ext4", size_mib=100) as stick:
    folder = stick.put_in()
    for number in range(10):
        write(f"Letter {number}", book)
    line = ["-m", "satchel.cli.main", "carry", "out", str(folder), "--json", "--home", str(amina)]
    carrying = subprocess.Popen([sys.executable, *line], stdout=subprocess.PIPE, text=True)
    said = [json.loads(carrying.stdout.readline())]
    while said[-1]["event"] != "carried":
        said.append(json.loads(carrying.stdout.readline()))
    carrying.terminate()
    rest, _ = carrying.communicate(timeout=60)
    last = json.loads(rest.splitlines()[-1])
    assert carrying.returncode == 1 and last["what"] == "Stopped.", (carrying.returncode, last)
    assert "what is whole on the stick is whole" in last["safe"], last
    before = len(on_stick(folder))
    code, out = carry(amina, "out", folder)
    assert code == 0 and out["bundles_out"] + before == len(on_stick(folder)), (before, out)
    code, taken = carry(carla, "in", folder)
    assert code == 0 and taken["failed"] == taken["damaged"] == 0, taken
    assert len(letters(carla)) == 10
"""

SCENES = {
    "exFAT": (JOURNEY, ("exfat",), ("mkfs.exfat", "mount.exfat-fuse")),
    "ext4": (JOURNEY, ("ext4",), ("mkfs.ext4",)),
    "stopped": (STOPPED, (), ("mkfs.ext4",)),
}


@pytest.mark.parametrize(("scene", "words", "tools"), SCENES.values(), ids=SCENES.keys())
def test_letters_on_a_stick(scene: str, words: tuple[str, ...], tools: tuple[str, ...]) -> None:
    missing = [tool for tool in tools if not shutil.which(tool, path=environment()["PATH"])]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    run_mounting(BEGIN + scene, Path("/mnt"), *words)
