"""Bytes that belong to a contact: files of letters, long texts, parts, own bundles under way (T1, T2).

Each is a blob (profile 8). A small one lies in its row, so that it has no file. All others are written and
made durable before the transaction that names them; what no row names goes at the next start.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import apsw

from satchel.core.blobs.sealed import BLOCK_BYTES, SEALED_BYTES, StretchKey
from satchel.core.crypto.aead import KEY_BYTES
from satchel.problems import disk_problems
from satchel.store.blob_files import require_folder
from satchel.store.blobs import NAME_BYTES, BlobFolder, Draw, erased
from satchel.store.database import Database, checked_row
from satchel.store.durability import sync_folder

INLINE_BYTES_MAX = 4096  # each erasing writes these anew; a file is two to five times as large as they are
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Written:
    """Durable, or to be in its row."""

    size: int
    name: bytes
    inline: bytes | None
    secret: bytes  # of its file


class Contents:
    """Of one profile. May be used from several threads."""

    def __init__(
        self, database: Database, blobs: BlobFolder, *, draw: Draw, inline_bytes_max: int = INLINE_BYTES_MAX
    ) -> None:
        """`inline_bytes_max`: up to this size all lies in the database; in memory, everything."""
        self._database = database
        self._blobs = blobs
        self._draw = draw
        self._inline_bytes_max = inline_bytes_max

    @contextmanager
    def written(self, contents: Sequence[bytes]) -> Iterator[list[Written]]:
        """For a block that names all of them. If it raises, they are gone. Raises EnvironmentProblem."""
        names = [self._draw(NAME_BYTES) for _ in contents]
        try:
            yield self._write(contents, names)
        except BaseException:
            self._blobs.remove_files(names)
            raise

    def _write(self, contents: Sequence[bytes], names: Sequence[bytes]) -> list[Written]:
        written: list[Written] = []
        files: list[int] = []
        with disk_problems("keep a letter"):
            try:
                for content, name in zip(contents, names, strict=True):
                    if len(content) <= self._inline_bytes_max:
                        written.append(Written(len(content), name, content, b""))
                        continue
                    if not files:
                        self._blobs.folder.mkdir(mode=0o700, exist_ok=True)
                        require_folder(self._blobs.folder)
                    secret = self._draw(KEY_BYTES)
                    files.append(os.open(self._blobs.path(name), _NEW, 0o600))
                    _seal_into(files[-1], content, secret)
                    written.append(Written(len(content), name, None, secret))
                for file in files:  # together: the disk may put them in one go
                    os.fdatasync(file)
            finally:
                for file in files:
                    os.close(file)
            if files:
                sync_folder(self._blobs.folder)
        return written

    def insert(self, connection: apsw.Connection, contact: int, written: Written) -> int:
        """Its row, in the transaction of who names it; returns its key."""
        connection.execute(
            "INSERT INTO blob (name, size, length, content, contact) VALUES (?, ?, ?, ?, ?)",
            (written.name, written.size, written.size, written.inline, contact),
        )
        key = connection.last_insert_rowid()
        if written.inline is None:
            connection.execute("INSERT INTO blob_stretch VALUES (?, 0, ?)", (key, written.secret))
        return key

    def read(self, key: int, bytes_max: int | None = None) -> bytes:
        """All of it, or the beginning. Raises NothingToDo: it was erased; EnvironmentProblem: it is not as
        it was."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT size, content FROM blob WHERE key = ?", (key,)).fetchone()
            if row is None:
                raise erased()
            size, content = checked_row(row, (int, bytes | None))
        if content is not None:
            return bytes(content)[:bytes_max]
        buffer = bytearray(size if bytes_max is None else min(size, bytes_max))
        with closing(self._blobs.read(key)) as reader:
            reader.read_into(0, memoryview(buffer))
        return bytes(buffer)

    def erase(self, connection: apsw.Connection, keys: Iterable[int]) -> list[bytes]:
        """Their rows, in a transaction that erases. Returns the names of files to remove after it."""
        names = []
        for key in keys:
            row = connection.execute("SELECT name FROM blob WHERE key = ?", (key,)).fetchone()
            names += [bytes(checked_row(row, (bytes,))[0])] if row is not None else []
            connection.execute("DELETE FROM blob WHERE key = ?", (key,))
        return names

    def remove_files(self, names: Iterable[bytes]) -> None:
        self._blobs.remove_files(names)


def _seal_into(file: int, content: bytes, secret: bytes) -> None:
    key, sealed = StretchKey(secret, len(content)), bytearray(SEALED_BYTES)
    view = memoryview(content)
    for index, at in enumerate(range(0, len(content), BLOCK_BYTES)):
        length = key.seal_into(index, view[at : at + BLOCK_BYTES], sealed)
        left = memoryview(sealed)[:length]
        while left.nbytes:
            left = left[os.write(file, left) :]
