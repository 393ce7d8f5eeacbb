"""A disk whose power is cut: it records every write and flush, and makes the disks that a cut could leave.

A file that FUSE serves is the disk, a loop device stands on it, and ext4 or exFAT on that. What a program
calls safe is marked; after a cut at any moment it must be there. Of the writes since the last flush before
the cut each is kept with a chance: 1 keeps their order, 0 loses the whole cache of the disk. Not seen: writes
that are cut in themselves, disks that lie about flushes, other file systems.

Needs root, /dev/fuse and loop devices; run it in a mount namespace of its own.
"""

import contextlib
import errno
import random
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVENT = struct.Struct("<BQI")  # kind, offset, length; a write's bytes follow
WRITE, FLUSH = 1, 2
START_S = 10.0
FORMAT = {"ext4": ("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0"), "exfat": ("mkfs.exfat",)}
MOUNT = {"ext4": ("mount",), "exfat": ("mount.exfat-fuse",)}
AT_THE_END = 0.2  # how many of the cuts come right after the program's end


@dataclass(frozen=True, slots=True)
class Event:
    at: int  # where it stands in the log
    kind: int
    offset: int
    data: bytes


@dataclass(slots=True)
class RecordedDisk:
    """Mounted at `path` inside the `with`; cut after it."""

    folder: Path
    size_bytes: int = 16 << 20
    kind: str = "ext4"  # or "exfat"
    commit_s: int = 1  # after so long ext4 writes by itself
    marks: list[tuple[int, str]] = field(default_factory=list)
    _start: int = 0
    _end: int = 0
    _ends: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def path(self) -> Path:
        return self.folder / "before"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def __enter__(self) -> "RecordedDisk":
        served = self.folder / "served"
        for path in (self.path, served):
            path.mkdir(parents=True)
        self._log.write_bytes(b"")
        with contextlib.ExitStack() as ends:
            command = [sys.executable, __file__, str(served), str(self.size_bytes), str(self._log)]
            server = subprocess.Popen(command)
            ends.callback(_stop, server, served)
            until_s = time.monotonic() + START_S
            while not (served / "disk").exists():
                assert server.poll() is None, "FUSE does not start"
                assert time.monotonic() < until_s, "FUSE does not start"
                time.sleep(0.02)
            device = ends.enter_context(_loop(served / "disk"))
            _run(*FORMAT[self.kind], device)
            options = ("-o", f"commit={self.commit_s}") if self.kind == "ext4" else ()
            _run(*MOUNT[self.kind], *options, device, str(self.path))
            ends.callback(self._leave)
            _run("sync", "-f", str(self.path))
            self._start = self._log.stat().st_size
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def mark(self, what: str) -> None:
        """`what` was called safe just now."""
        self.marks.append((self._log.stat().st_size, what))

    def cuts(self, count: int, *, keep: float, seed: int) -> Iterator[tuple[Path, list[str]]]:
        """Images of the disk after a cut, and what had been marked before it."""
        chance, events = random.Random(seed), list(self._events())
        inside = [n for n, event in enumerate(events) if self._start < event.at < self._end]
        last = next((n for n, event in enumerate(events) if event.at >= self._end), len(events))
        for turn in range(count):
            image = self.folder / f"cut-{turn}"  # a new one each time: a loop device may let go late
            cut = last if chance.random() < AT_THE_END else chance.choice(inside)
            flush = max((n for n in range(cut) if events[n].kind == FLUSH), default=0)
            disk = bytearray(self.size_bytes)
            for number, event in enumerate(events[:cut]):
                if event.kind == WRITE and (number < flush or chance.random() < keep):
                    disk[event.offset : event.offset + len(event.data)] = event.data
            image.write_bytes(disk)
            moment = events[cut].at if cut < len(events) else self._end
            yield image, [what for at, what in self.marks if at <= moment]
            image.unlink()

    def _events(self) -> Iterator[Event]:
        log, at = self._log.read_bytes(), 0
        while at + EVENT.size <= len(log):
            kind, offset, length = EVENT.unpack_from(log, at)
            yield Event(at, kind, offset, log[at + EVENT.size : at + EVENT.size + length])
            at += EVENT.size + length

    def _leave(self) -> None:
        self._end = self._log.stat().st_size
        _run("umount", str(self.path))


@contextlib.contextmanager
def mounted(image: Path, folder: Path, *, kind: str = "ext4") -> Iterator[Path]:
    """What a start after the cut finds: ext4 plays its journal back; exFAT has none."""
    path = folder / "after"
    path.mkdir(exist_ok=True)
    with _loop(image) as device:
        _run(*MOUNT[kind], device, str(path))
        try:
            yield path
        finally:
            _run("umount", str(path))


@contextlib.contextmanager
def _loop(file: Path) -> Iterator[str]:
    device = _run("losetup", "--find", "--show", str(file))
    try:
        yield device
    finally:
        _run("losetup", "--detach", device)


def _stop(server: "subprocess.Popen[bytes]", served: Path) -> None:
    subprocess.run(["umount", str(served)], check=False, capture_output=True)
    server.terminate()
    server.wait(20)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.strip()}"
    return done.stdout.strip()


def serve(folder: str, size_bytes: int, log_name: str) -> None:
    """Be the disk, until it is unmounted."""
    import mfusepy  # noqa: PLC0415 - loads libfuse, which only this program needs

    disk = bytearray(size_bytes)

    class Server(mfusepy.Operations):  # type: ignore[misc]
        use_ns = True

        def getattr(self, path: str, fh: object = None) -> dict[str, int]:
            if path == "/":
                return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
            if path == "/disk":
                return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": size_bytes}
            raise mfusepy.FuseOSError(errno.ENOENT)

        def readdir(self, path: str, fh: object) -> list[str]:
            return [".", "..", "disk"]

        def open(self, path: str, info: Any) -> int:
            info.direct_io = True  # nothing stays behind in the cache of this machine
            return 0

        def read(self, path: str, length: int, offset: int, info: object) -> bytes:
            return bytes(disk[offset : offset + length])

        def write(self, path: str, data: bytes, offset: int, info: object) -> int:
            disk[offset : offset + len(data)] = data
            log.write(EVENT.pack(WRITE, offset, len(data)) + data)
            return len(data)

        def fsync(self, path: str, datasync: int, info: object) -> int:
            log.write(EVENT.pack(FLUSH, 0, 0))
            return 0

        def truncate(self, path: str, length: int, fh: object = None) -> None:
            return None

        def flush(self, path: str, info: object) -> int:
            return 0

        def release(self, path: str, info: object) -> int:
            return 0

    with open(log_name, "ab", buffering=0) as log:
        mfusepy.FUSE(Server(), folder, foreground=True, nothreads=True, raw_fi=True)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
