"""The bound for many small files, with what we promise for each of them: the least that a Python program
needs which hashes and encrypts as in bound_tree.py, and besides

- offers names, sizes and times first, and remembers in a database what was accepted, at both ends;
- sees that a file is the one that was offered when it has been read;
- refuses names that lead elsewhere, never overwrites, and keeps times;
- gives names only to what is durable and remembered as being placed, and tells each when it stands.

One thread at each end, a few loops: no code, no discovery, no break, one receiver, and nobody is asked.
`promised_tree.py send HOST PORT FOLDER`, `promised_tree.py receive PORT FOLDER`.
"""

import json
import os
import socket
import sqlite3
import sys
from collections.abc import Iterable, Iterator

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.inside.bound_tree import FRAME_BYTES, HASH_BYTES, KEY, take
from bench.inside.ends import accept, dial, say
from satchel.core.wire.paths import refusal
from satchel.store.durability import sync_disk_of
from satchel.store.renaming import At, rename_exclusively

Offered = tuple[bytes, int, int]  # path, size, time
TABLE = "CREATE TABLE entry (number INTEGER PRIMARY KEY, path BLOB, size, time, state, inode)"
RECORD = ".record.sqlite3"


class Seals:
    """Frames over a connection, each way."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.cipher = connection, AESGCM(KEY)
        self.sent = self.received = 0

    def send(self, plain: bytes) -> None:
        sealed = self.cipher.encrypt(self.sent.to_bytes(12, "big"), plain, b"")
        self.connection.sendall(len(sealed).to_bytes(4, "big") + sealed)
        self.sent += 1

    def receive(self) -> memoryview:
        sealed = take(self.connection, int.from_bytes(take(self.connection, 4), "big"))
        plain = self.cipher.decrypt(self.received.to_bytes(12, "big"), sealed, b"")
        self.received += 1
        return memoryview(plain)


def remember(folder: str, entries: Iterable[Offered]) -> sqlite3.Connection:
    """What was accepted, durable."""
    record = sqlite3.connect(os.path.join(folder, RECORD), isolation_level=None)
    record.execute("PRAGMA journal_mode = WAL").fetchall()
    record.execute("PRAGMA synchronous = FULL")
    record.execute(TABLE)
    record.execute("BEGIN")
    rows = ((number, *entry, 0, 0) for number, entry in enumerate(entries))
    record.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", rows)
    record.execute("COMMIT")
    return record


def survey(folder: str) -> list[Offered]:
    """Every file below."""
    found: list[Offered] = []
    top = os.path.dirname(folder)
    for place, folders, names in os.walk(folder):
        folders.sort()
        below = os.path.relpath(place, top)
        for name in sorted(names):
            status = os.stat(f"{place}/{name}", follow_symlinks=False)
            found.append((os.fsencode(f"{below}/{name}"), status.st_size, status.st_mtime_ns))
    return found


def frames(top: bytes, offered: list[Offered]) -> Iterator[bytes]:
    """Contents with their hashes, in the order of the offer."""
    parts: list[bytes] = []
    waiting = 0
    for path, size, time in offered:
        file = os.open(top + b"/" + path, os.O_RDONLY | os.O_NOFOLLOW)
        content = os.read(file, FRAME_BYTES)
        here, there = os.fstat(file), os.stat(top + b"/" + path, follow_symlinks=False)
        os.close(file)
        if len(content) != size or not here.st_mtime_ns == there.st_mtime_ns == time:
            raise SystemExit("a file was changed")
        waiting += size + HASH_BYTES
        if waiting > FRAME_BYTES:
            yield b"".join(parts)
            parts, waiting = [], size + HASH_BYTES
        parts += (content, blake3(content).digest())
    yield b"".join(parts)


def send(host: str, port: int, folder: str) -> None:
    """Offer, wait for the answer, remember, send, wait for the receipt."""
    top = os.fsencode(os.path.dirname(folder))
    offered = survey(folder)
    with dial(host, port) as connection:
        connection.settimeout(None)
        seals = Seals(connection)
        seals.send(json.dumps([[os.fsdecode(path), size, time] for path, size, time in offered]).encode())
        seals.receive()
        record = remember(os.path.dirname(folder), offered)
        for plain in frames(top, offered):
            seals.send(plain)
        seals.receive()
        record.close()
    os.unlink(os.path.join(os.path.dirname(folder), RECORD))


def receive(port: int, into: str) -> None:
    """Accept, remember, write under numbers; then sync, record, names, sync, record, receipt."""
    into = os.path.dirname(into)
    hidden = os.path.join(into, ".unfinished")
    os.makedirs(hidden)
    staging, root = os.open(hidden, os.O_RDONLY), os.open(into, os.O_RDONLY)
    with accept(port) as connection:
        seals = Seals(connection)
        offer = json.loads(bytes(seals.receive()))
        offered = [(os.fsencode(path), size, time) for path, size, time in offer]
        if any(refusal(tuple(path.split(b"/"))) for path, _, _ in offered):
            raise SystemExit("a name that leads elsewhere")
        record = remember(into, offered)
        seals.send(b"accepted")
        inodes = write_all(seals, staging, offered)
        sync_disk_of(root)
        mark(record, 1, enumerate(inodes))
        place_all(staging, root, into, offered)
        sync_disk_of(root)
        mark(record, 2, enumerate(inodes))
        seals.send(b"receipt")
        record.close()
    os.rmdir(hidden)
    os.unlink(os.path.join(into, RECORD))
    say("last")


def write_all(seals: Seals, staging: int, offered: list[Offered]) -> list[int]:
    """Each under its number, verified; returns inodes."""
    inodes: list[int] = []
    while len(inodes) < len(offered):
        plain = seals.receive()
        if not inodes:
            say("first")
        at = 0
        while at < len(plain):
            _, size, time = offered[len(inodes)]
            content, digest = plain[at : at + size], bytes(plain[at + size : at + size + HASH_BYTES])
            at += size + HASH_BYTES
            if blake3(content).digest() != digest:
                raise SystemExit("what arrived is not what was sent")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            file = os.open(b"%d" % len(inodes), flags, 0o644, dir_fd=staging)
            os.write(file, content)
            inodes.append(os.fstat(file).st_ino)
            os.utime(file, ns=(time, time))
            os.close(file)
    return inodes


def mark(record: sqlite3.Connection, state: int, inodes: Iterable[tuple[int, int]]) -> None:
    record.execute("BEGIN")
    rows = ((state, inode, number) for number, inode in inodes)
    record.executemany("UPDATE entry SET state = ?, inode = ? WHERE number = ?", rows)
    record.execute("COMMIT")


def place_all(staging: int, root: int, into: str, offered: list[Offered]) -> None:
    """All names, each told; a name that is taken ends this prototype."""
    folders: dict[bytes, int] = {}
    told: list[str] = []
    for number, (path, _, _) in enumerate(offered):
        above, _, name = path.rpartition(b"/")
        if above not in folders:
            os.makedirs(os.path.join(os.fsencode(into), above), exist_ok=True)
            folders[above] = os.open(above, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=root)
        if refusal(tuple(path.split(b"/"))) is not None:
            raise SystemExit("a name that leads elsewhere")
        rename_exclusively(At(staging, b"%d" % number), At(folders[above], name))
        told.append(json.dumps({"event": "placed", "path": os.fsdecode(path)}))
    sys.stdout.write("\n".join(told) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        receive(int(sys.argv[2]), sys.argv[3])
