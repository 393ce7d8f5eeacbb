"""Uploads of a profile on a disk, to test with."""

import hashlib
from contextlib import closing
from itertools import count
from pathlib import Path

from satchel.core.identity.clocks import BUILT_S
from satchel.ports.uploads import Chosen, Upload
from satchel.store.blobs import BlobFolder
from satchel.store.database import Database
from satchel.store.uploads import RESERVE_BYTES, SqliteUploads

GROUP, OTHER_GROUP = b"a group of files", b"another of those"
NOW_S = BUILT_S + 1000


class Drawn:
    """Chance that is the same in each run."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._turns = count()

    def __call__(self, length: int) -> bytes:
        return hashlib.shake_256(f"{self._seed} {next(self._turns)}".encode()).digest(length)


def uploads_of(
    home: Path, database: Database, *, seed: str = "", now_s: int = NOW_S, reserve_bytes: int = RESERVE_BYTES
) -> SqliteUploads:
    draw = Drawn(seed)
    blobs = BlobFolder(home, database, draw=draw)
    return SqliteUploads(database, blobs, draw=draw, now_s=lambda: now_s, reserve_bytes=reserve_bytes)


def one_begun(
    uploads: SqliteUploads, group: bytes, path: tuple[bytes, ...], *, size: int | None, mtime_ns: int
) -> Upload:
    """One of them."""
    [upload] = uploads.begin(group, [Chosen(path=path, size=size, mtime_ns=mtime_ns)])
    return upload


def bring(
    uploads: SqliteUploads,
    path: tuple[bytes, ...],
    content: bytes,
    *,
    group: bytes = GROUP,
    mtime_ns: int = 7,
) -> Upload:
    """A whole one."""
    upload = one_begun(uploads, group, path, size=len(content), mtime_ns=mtime_ns)
    incoming = uploads.append(upload.id, upload.have)
    incoming.write(memoryview(content)[upload.have :])
    assert incoming.sync() == len(content)
    incoming.close()
    return next(one for one in uploads.all() if one.id == upload.id)


def content_of(uploads: SqliteUploads, upload: Upload) -> bytes:
    buffer = bytearray((upload.size or 0) + 9)
    with closing(uploads.open(upload.id)) as opened:
        return bytes(buffer[: opened.read_into(0, memoryview(buffer))])
