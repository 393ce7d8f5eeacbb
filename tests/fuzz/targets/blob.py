"""store/blobs, store/uploads: a sealed file as who has the disk may change it, and rows as a failing disk may
have left them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

import apsw

from fuzz.feed import Feed, as_piece
from fuzz.targets.record import blob, cell, insert, number
from satchel.core.blobs.sealed import BLOCK_BYTES, SEALED_BYTES, StretchKey, block_length, sealed_length
from satchel.errors import EnvironmentProblem, NothingToDo
from satchel.ports.uploads import UploadId
from satchel.store.blobs import Blob, BlobReader
from satchel.store.database import Database
from store.upload_samples import uploads_of

CONTENT = b"what was brought" * (2 * BLOCK_BYTES // 16) + b"and its end"
STRETCHES = ((0, bytes(32)), (1, bytes(range(32))))
BLOB = Blob(key=1, name=bytes(16), size=len(CONTENT), length=len(CONTENT), stretches=STRETCHES)
ROWS, FILE = range(2)
WRITE, CUT, MOVE = range(3)
BLOBS, UPLOADS = "name, size, length", "id, bunch, path, mtime_ns, blob, sent, used_s"
AGES_S = (100, 1_900_000_000)


@cache
def sealed() -> bytes:
    file, out = b"", bytearray(SEALED_BYTES)
    for index in range(3):
        key = StretchKey(STRETCHES[min(index, 1)][1], len(CONTENT))
        block = CONTENT[index * BLOCK_BYTES :][: block_length(len(CONTENT), index)]
        file += bytes(out[: key.seal_into(index, block, out)])
    assert len(file) == sealed_length(len(CONTENT))
    return file


def check(data: bytes) -> bool:
    feed = Feed(data)
    return check_rows(feed) if feed.number(2) == ROWS else check_file(feed)


def check_file(feed: Feed) -> bool:
    """T1: what comes out is what was put in, at its place, or nothing does."""
    changed = bytearray(sealed())
    while feed and (what := feed.number(4)) <= MOVE:
        at = int.from_bytes(feed.exactly(3), "big") % (len(changed) + 1)
        if what == WRITE:
            piece = feed.piece()
            changed[at : at + len(piece)] = piece
        elif what == CUT:
            del changed[at:]
        else:
            of, to = ((feed.number(3)) * SEALED_BYTES for _ in range(2))
            changed[to : to + SEALED_BYTES] = changed[of : of + SEALED_BYTES]
    file = os.memfd_create("blob")
    os.write(file, changed)
    with closing(BlobReader(BLOB, file)) as reader:
        at, length = (int.from_bytes(feed.exactly(3), "big") for _ in range(2))
        buffer = bytearray(min(length, len(CONTENT)))
        try:
            count = reader.read_into(at, memoryview(buffer))
        except EnvironmentProblem:
            return False
    assert bytes(buffer[:count]) == CONTENT[at : at + len(buffer)]
    return True


def check_rows(feed: Feed) -> bool:
    database = Database.in_memory()
    with tempfile.TemporaryDirectory() as home:
        try:
            with suppress(apsw.ConstraintError, apsw.MismatchError, OverflowError), database.reading() as raw:
                insert(raw, "blob", BLOBS, [cell(feed) for _ in range(3)])
                insert(raw, "blob_stretch", "blob, first, secret", [1, cell(feed), cell(feed)])
                insert(raw, "upload", UPLOADS, [cell(feed) for _ in range(4)] + [1, cell(feed), cell(feed)])
            for now_s in AGES_S:
                uploads = uploads_of(Path(home), database, now_s=now_s)
                for upload in uploads.all():
                    with suppress(NothingToDo):
                        uploads.open(UploadId(upload.id)).close()
                uploads.expire()
        except EnvironmentProblem:
            return False
        finally:
            database.close()
    return True


def seeds() -> Iterator[bytes]:
    file = bytes((FILE,))
    whole = bytes(3) + len(CONTENT).to_bytes(3, "big")
    over = bytes((3,))
    yield file + over + whole
    yield file + over + BLOCK_BYTES.to_bytes(3, "big") + bytes((0, 0, 9))
    yield file + bytes((WRITE, 0, 0, 7)) + as_piece(b"x") + over + whole
    yield file + bytes((CUT, 4, 0, 0)) + over + whole
    yield file + bytes((MOVE, 0, 0, 0, 0, 1)) + over + whole
    rows = bytes((ROWS,)) + blob(b"n" * 16) + number(9) + number(0) + number(0) + blob(bytes(32))
    yield (
        rows
        + blob(b"i" * 16)
        + blob(b"g" * 16)
        + blob(b"a/b")
        + number(-5)
        + number(0)
        + number(1_899_999_000)
    )
    yield rows + blob(b"i" * 16) + blob(b"g" * 16) + blob(b"a/b") + number(-5) + number(1) + bytes((4,))
    yield rows + number(1) + blob(b"g" * 16) + blob(b"a/b") + number(-5) + number(0) + bytes((4,))
