"""Satchel's own programs on hosts of the laboratory, as a script would use them, and trees to send."""

import json
import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from lab import Dialogue, Host
from lab.clock import Clock

SATCHEL = [sys.executable, "-m", "satchel.cli.main"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a host, a profile and a folder for what arrives."""

    host: Host
    clock: Clock | None = None

    @property
    def profile(self) -> Path:
        return self.host.home / "profile"

    @property
    def into(self) -> Path:
        return self.host.home / "received"

    def satchel(self, command: str, *arguments: str | os.PathLike[str]) -> Dialogue:
        line = [
            *SATCHEL,
            command,
            "--json",
            "--home",
            str(self.profile),
            *(os.fspath(argument) for argument in arguments),
        ]
        return self.host.talk(line, clock=self.clock)

    def send(self, *paths: Path) -> Dialogue:
        return self.satchel("send", *paths)

    def receive(self, code: str, *arguments: str, yes: bool = True) -> Dialogue:
        dialogue = self.satchel("receive", "--into", self.into, *(["--yes"] if yes else []), *arguments)
        dialogue.type(code)
        return dialogue

    def resume_receiving(self, *arguments: str) -> Dialogue:
        return self.satchel("receive", "--resume", *arguments)

    def temporary(self) -> list[Path]:
        """Everything temporary of ours, in the chosen folder."""
        return sorted(self.into.rglob(".satchel-*")) if self.into.exists() else []


def hand_over(giver: Person, taker: Person, *paths: Path, timeout_s: float = 60.0) -> None:
    """One whole hand-over; both programs end well."""
    sending = giver.send(*paths)
    receiving = taker.receive(sending.expect_event("code")["code"])
    assert receiving.wait(timeout_s) == 0, receiving.text[-2000:] + receiving.complaints
    assert sending.wait(timeout_s) == 0, sending.text[-2000:] + sending.complaints


def under_way(giver: Person, taker: Person, *paths: Path, moved: int = 1) -> tuple[Dialogue, Dialogue]:
    """A hand-over of which at least `moved` bytes are over: (the sender's program, the receiver's)."""
    sending = giver.send(*paths)
    receiving = taker.receive(sending.expect_event("code")["code"])
    while receiving.expect_event("progress", 20)["moved"] < moved:
        pass
    return sending, receiving


def events(dialogue: Dialogue) -> list[dict[str, Any]]:
    return [json.loads(line) for line in dialogue.text.splitlines()]


def describe(folder: Path) -> dict[bytes, tuple[object, ...]]:
    """Everything that a hand-over keeps: names, bytes, times, the executable bit, empty folders."""
    found: dict[bytes, tuple[object, ...]] = {}
    root = os.fsencode(folder)
    for place, folders, files in os.walk(root):
        below = os.path.relpath(place, root)
        found[below] = ("folder", os.stat(place).st_mtime_ns, len(folders) + len(files))
        for name in files:
            path = os.path.join(place, name)
            kept = os.stat(path)
            with open(path, "rb") as opened:
                content = opened.read() if kept.st_size < 1 << 20 else digest_of(path)
            found[os.path.join(below, name)] = (content, kept.st_mtime_ns, bool(kept.st_mode & 0o111))
    return found


def digest_of(path: bytes) -> bytes:
    return blake3(max_threads=blake3.AUTO).update_mmap(os.fsdecode(path)).digest()


def fill(folder: Path, *, files: int, total_bytes: int, seed: int = 1) -> Path:
    """A tree of mixed files: many small ones, some large ones, nested, all kinds of legal names."""
    chance = random.Random(seed)
    folder.mkdir(parents=True)
    odd = [
        b"\xff\xfe not utf-8",
        "رسالة\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe".encode(),
        b"new\nline",
        b"-rf",
        b" leading",
        "信 é".encode(),
    ]
    (folder / "empty").mkdir()
    large = max(1, files // 50)
    small_bytes = min(40_000, total_bytes // (2 * files))
    root = os.fsencode(folder)
    for number in range(files):
        place = os.path.join(root, b"d%d" % (number % 7), b"e%d" % (number % 3))
        os.makedirs(place, exist_ok=True)
        name = odd[number] if number < len(odd) else b"file %d.bin" % number
        path = os.path.join(place, name)
        size = 0 if number == 11 else chance.randrange(2 * small_bytes + 1)
        if number >= files - large:
            size = (total_bytes - (files - large) * small_bytes) // large
        write_random(path, size, chance)
        os.chmod(path, 0o755 if number % 10 == 0 else 0o644)
        at_ns = chance.randrange(0, 1_700_000_000_000_000_000)
        os.utime(path, ns=(at_ns, at_ns))
    for place, _, _ in sorted(os.walk(root), reverse=True):
        at_ns = chance.randrange(0, 1_700_000_000_000_000_000)
        os.utime(place, ns=(at_ns, at_ns))
    return folder


def write_random(path: bytes | Path, size: int, chance: random.Random) -> None:
    with open(path, "wb") as out:
        while size > 0:
            part = chance.randbytes(min(size, 1 << 20))
            out.write(part)
            size -= len(part)
