"""Folders to measure in, and what is handed over: made, compared, and taken away again."""

import contextlib
import mmap
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from bench.results import ScenarioFailed
from workshop.running import DEV

IN_MEMORY = Path("/dev/shm")
ON_DISK = DEV / "bench"
BLOCK_BYTES = 1 << 20


@contextlib.contextmanager
def workspace(where: Path, needed_bytes: int) -> Iterator[Path]:
    """A folder that is gone afterwards; fails before anything is written where there is no room."""
    where.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(where).free
    if free < needed_bytes * 1.1:
        raise ScenarioFailed(f"{where} has {free >> 20} MiB free, and this needs {needed_bytes >> 20} MiB")
    folder = Path(tempfile.mkdtemp(prefix="satchel-bench-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def random_file(path: Path, size_bytes: int, seed: int = 1) -> Path:
    """A file without holes that nothing can compress."""
    chance = random.Random(seed)
    with path.open("wb") as out:
        while (left := size_bytes - out.tell()) > 0:
            out.write(chance.randbytes(min(left, BLOCK_BYTES)))
    return path


def random_tree(path: Path, *, files: int, size_bytes: int, per_folder: int = 100) -> Path:
    """Many small files."""
    chance = random.Random(2)
    for number in range(files):
        folder = path / f"folder {number // per_folder:04}"
        if number % per_folder == 0:
            folder.mkdir(parents=True)
        (folder / f"file {number:06}.bin").write_bytes(chance.randbytes(size_bytes))
    return path


def take_and_give_back(memory_bytes: int) -> None:
    """Every page of it is there now, for whoever asks next."""
    mmap.mmap(-1, memory_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def digest(path: Path) -> bytes:
    """Of a file, or of all names and contents of a folder."""
    if path.is_file():
        return blake3(max_threads=blake3.AUTO).update_mmap(path).digest()
    whole = blake3()
    for place, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(place, name)
            whole.update(os.fsencode(file.relative_to(path)) + b"\0" + blake3(file.read_bytes()).digest())
    return whole.digest()


def empty(folder: Path) -> Path:
    """The folder, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
