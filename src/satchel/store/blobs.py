"""Sealed files in the folder of the profile: too large for its database, and as secret (T1, T2).

Each has a random name that says nothing, and its keys are rows of the database: who erases the rows has
erased the file. It grows at its end. What was acknowledged is there after `kill -9` and a power cut; what was
written after that is cut off when it goes on, and each stretch that goes on has a key of its own, so that no
block is ever sealed twice under one. Spec: docs/spec/profile.md, 8.
"""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from satchel.core.blobs.sealed import (
    BLOCK_BYTES,
    SEALED_BYTES,
    StretchKey,
    block_length,
    damaged,
    sealed_length,
)
from satchel.core.crypto.aead import KEY_BYTES
from satchel.errors import MisuseError, NothingToDo
from satchel.problems import disk_problems
from satchel.store.blob_files import FOLDER, open_folder
from satchel.store.database import Database, checked_row
from satchel.store.durability import sync_disk_of, sync_folder

NAME_BYTES = 16
BLOCKS_A_WRITE = 4  # sealed together, so that the kernel is asked less often
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_UNSEEN = getattr(os, "O_NOATIME", 0)  # the disk does not note when it was read
_WRITE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DOING = "keep what is uploaded"

Draw = Callable[[int], bytes]
Stretch = tuple[int, bytes]  # its first block, and its key


@dataclass(frozen=True, slots=True)
class Blob:
    """As the database has it."""

    key: int
    name: bytes  # of its file
    size: int  # bytes, when it is whole
    length: int  # bytes that are durable: whole blocks, or all
    stretches: tuple[Stretch, ...]  # ascending


@dataclass(frozen=True, slots=True)
class Growth:
    """What was written at the end of a blob: for the database, as soon as it is durable."""

    blob: Blob
    length: int  # bytes that are there then
    stretch: Stretch | None  # a new one


class BlobFolder:
    """The blobs of one profile. May be used from several threads."""

    def __init__(self, home: Path, database: Database, *, draw: Draw, name: str = FOLDER) -> None:
        """`home`: the folder of the profile. `database`: has a table of these blobs, and one of their
        stretches."""
        self.folder = home / name
        self._database = database
        self._draw = draw

    def add(self, connection: apsw.Connection, size: int) -> int:
        """Its row, in the transaction of whoever needs it; returns its key. There is no file before there are
        bytes."""
        connection.execute(
            "INSERT INTO blob (name, size, length) VALUES (?, ?, 0)", (self._draw(NAME_BYTES), size)
        )
        return connection.last_insert_rowid()

    def find(self, key: int) -> Blob:
        """Raises NothingToDo: it was erased."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT name, size, length FROM blob WHERE key = ?", (key,)).fetchone()
            if row is None:
                raise erased()
            name, size, length = checked_row(row, (bytes, int, int))
            stretches = connection.execute(
                "SELECT first, secret FROM blob_stretch WHERE blob = ? ORDER BY first", (key,)
            ).fetchall()
            kept = [tuple(checked_row(stretch, (int, bytes))) for stretch in stretches]
        return Blob(key, name, size, length, tuple((first, secret) for first, secret in kept))

    def has_all_of(self, blob: Blob) -> bool:
        """Whether its file is as long as it was when it was acknowledged."""
        with suppress(OSError):
            return self.path(blob.name).stat().st_size >= sealed_length(blob.length)
        return blob.length == 0

    def begin_anew(self, blob: Blob) -> None:
        """Nothing of it is there any more."""
        with self._database.changing(erasing=True) as connection:
            connection.execute("DELETE FROM blob_stretch WHERE blob = ?", (blob.key,))
            connection.execute("UPDATE blob SET length = 0 WHERE key = ?", (blob.key,))

    def write(self, key: int) -> "BlobWriter":
        """Go on at its end. One at a time. Raises EnvironmentProblem, NothingToDo."""
        blob = self.find(key)
        with disk_problems(_DOING):
            self.make_folder()
            file = os.open(self.path(blob.name), _WRITE, 0o600)
        return BlobWriter(self, blob, file, self._draw(KEY_BYTES))

    def read(self, key: int) -> "BlobReader":
        """Raises EnvironmentProblem: it is not there, or not as it was; NothingToDo: it was erased."""
        blob = self.find(key)
        if blob.length == 0:
            return BlobReader(blob, -1)
        with disk_problems("read what was uploaded"):
            return BlobReader(blob, self._open(blob.name))

    def write_unnamed(self, size: int) -> "BlobWriter":
        """A new one, of which no row says anything until `insert`. Raises EnvironmentProblem."""
        blob = Blob(0, self._draw(NAME_BYTES), size, 0, ())
        with disk_problems(_DOING):
            self.make_folder()
            file = os.open(self.path(blob.name), _WRITE | os.O_EXCL, 0o600)
        return BlobWriter(self, blob, file, self._draw(KEY_BYTES))

    def read_unnamed(self, growth: Growth) -> "BlobReader":
        """What `leave` returned of one that was written so. Raises EnvironmentProblem."""
        assert growth.stretch is not None
        blob = replace(growth.blob, length=growth.length, stretches=(growth.stretch,))
        with disk_problems("read what was uploaded"):
            return BlobReader(blob, self._open(blob.name))

    def insert(self, connection: apsw.Connection, growth: Growth) -> int:
        """The row of one that was written so, and is durable. Returns its key."""
        assert growth.stretch is not None
        connection.execute(
            "INSERT INTO blob (name, size, length) VALUES (?, ?, ?)",
            (growth.blob.name, growth.blob.size, growth.length),
        )
        key = connection.last_insert_rowid()
        connection.execute("INSERT INTO blob_stretch VALUES (?, ?, ?)", (key, *growth.stretch))
        return key

    def _open(self, name: bytes) -> int:
        try:
            return os.open(self.path(name), _READ | _UNSEEN)
        except PermissionError:  # of another owner, as on a disk without owners
            return os.open(self.path(name), _READ)

    def acknowledge(self, growths: Iterable[Growth]) -> None:
        """They are durable. Raises NothingToDo: one was erased meanwhile; then none of them counts."""
        with self._database.changing() as connection:
            for one in growths:
                key = one.blob.key
                connection.execute("UPDATE blob SET length = ? WHERE key = ?", (one.length, key))
                if not connection.changes():
                    raise erased()
                if one.stretch is not None:
                    connection.execute(
                        "INSERT INTO blob_stretch (blob, first, secret) VALUES (?, ?, ?)", (key, *one.stretch)
                    )

    def write_together(self) -> "BlobsTogether":
        """Raises EnvironmentProblem."""
        with disk_problems(_DOING):
            self.make_folder()
            return BlobsTogether(self, open_folder(self.folder))

    def make_folder(self) -> None:
        """Raises OSError."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        os.close(open_folder(self.folder))

    def remove_files(self, names: Iterable[bytes]) -> None:
        """After their rows. What cannot be removed now has no key any more, and goes at the next start."""
        for name in names:
            with suppress(OSError):
                self.path(name).unlink(missing_ok=True)

    def path(self, name: bytes) -> Path:
        return self.folder / name.hex()


class BlobWriter:
    """The end of a blob that grows. Used by one thread; of no use after an error."""

    def __init__(self, blobs: BlobFolder, blob: Blob, file: int, secret: bytes) -> None:
        """Takes over the descriptor `file`."""
        self._blobs = blobs
        self._blob = blob
        self._file = file
        self._key = StretchKey(secret, blob.size)
        self._index = -(-blob.length // BLOCK_BYTES)  # the next block
        self._stretch: Stretch | None = (self._index, secret)  # until it is in the database
        self._part = bytearray(min(BLOCK_BYTES, blob.size))  # of the next block, what has come of it
        self._part_length = 0
        self._sealed = bytearray(min(SEALED_BYTES * BLOCKS_A_WRITE, sealed_length(blob.size)))
        self._sealed_length = 0
        self._written = sealed_length(blob.length)
        self.length = blob.length  # durable
        try:
            with disk_problems(_DOING):
                length = os.fstat(file).st_size
                if length < self._written:
                    raise damaged()
                if length > self._written:
                    os.ftruncate(file, self._written)  # what was written, and never became safe
        except BaseException:
            os.close(file)
            raise

    @property
    def name(self) -> bytes:
        """Of its file."""
        return self._blob.name

    @property
    def _come(self) -> int:
        """Bytes that were given to it, from the start of the blob on."""
        return min(self._index * BLOCK_BYTES, self._blob.size) + self._part_length

    def write(self, data: memoryview) -> None:
        """What follows. Raises MisuseError: that is more than its size; EnvironmentProblem."""
        if self._come + data.nbytes > self._blob.size:
            raise MisuseError(
                "More bytes came than this file has.",
                safe="What is there of it stays.",
                do="Pick the file again: it has grown since.",
            )
        while data.nbytes:
            wanted = block_length(self._blob.size, self._index)
            if not self._part_length and data.nbytes >= wanted:
                self._seal(data[:wanted])
                data = data[wanted:]
                continue
            count = min(wanted - self._part_length, data.nbytes)
            self._part[self._part_length : self._part_length + count] = data[:count]
            self._part_length += count
            data = data[count:]
            if self._part_length == wanted:
                self._part_length = 0
                self._seal(memoryview(self._part)[:wanted])

    def _seal(self, block: memoryview) -> None:
        room = memoryview(self._sealed)[self._sealed_length :]
        self._sealed_length += self._key.seal_into(self._index, block, room)
        self._index += 1
        if self._sealed_length + SEALED_BYTES > len(self._sealed):
            self._flush()

    def _flush(self) -> None:
        left = memoryview(self._sealed)[: self._sealed_length]
        with disk_problems(_DOING):
            while left.nbytes:
                count = os.pwrite(self._file, left, self._written)
                self._written += count
                left = left[count:]
        self._sealed_length = 0

    def sync(self) -> int:
        """Make durable what came in whole blocks, or to the end. Returns how much that is.

        Raises EnvironmentProblem; NothingToDo: it was erased meanwhile.
        """
        growth = self._grown()
        if growth.length > self.length:
            with disk_problems(_DOING):
                os.fdatasync(self._file)
                if not self.length:  # it has just been made
                    sync_folder(self._blobs.folder)
            self._blobs.acknowledge([growth])
            self.length, self._stretch = growth.length, None
        return growth.length

    def leave(self) -> Growth:
        """Let go of it without waiting for the disk: whoever does that for several acknowledges it.

        Raises EnvironmentProblem.
        """
        growth = self._grown()
        os.close(self._file)
        self._file = -1
        return growth

    def _grown(self) -> Growth:
        """What came in whole blocks, or to the end, is in the file then, though not durable."""
        self._flush()
        return Growth(self._blob, min(self._index * BLOCK_BYTES, self._blob.size), self._stretch)

    def close(self) -> None:
        """What is not durable is dropped. May be repeated."""
        if self._file >= 0:
            with suppress(OSError):  # else it is done when it goes on
                os.ftruncate(self._file, sealed_length(self.length))
            os.close(self._file)
            self._file = -1


class BlobsTogether:
    """Small blobs, each written as a whole: one sync of their disk and one transaction make all durable.

    A sync of each costs milliseconds, and there may be many thousands (decision 0181). Used by one thread.
    """

    def __init__(self, blobs: BlobFolder, folder: int) -> None:
        """Takes over the descriptor `folder`: syncfs tells of it what went wrong since it was opened."""
        self._blobs = blobs
        self._folder = folder
        self._growths: list[Growth] = []

    def write(self, key: int, content: memoryview) -> None:
        """Raises EnvironmentProblem, NothingToDo; MisuseError: it is longer than it was to be."""
        with closing(self._blobs.write(key)) as writer:
            writer.write(content)
            self._growths.append(writer.leave())

    def sync(self) -> None:
        """Raises EnvironmentProblem; NothingToDo: one was erased. Then none since the last one counts."""
        growths, self._growths = self._growths, []
        if growths:
            with disk_problems(_DOING):
                sync_disk_of(self._folder)
            self._blobs.acknowledge(growths)

    def close(self) -> None:
        """What is not durable does not count, and is written anew when it comes again. May be repeated."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


class BlobReader:
    """What is durable of a blob, from any place. Used by one thread."""

    def __init__(self, blob: Blob, file: int) -> None:
        """Takes over the descriptor `file`; -1: there are no bytes, and so no file."""
        self._blob = blob
        self._file = file
        self._firsts = [first for first, _ in blob.stretches]
        self._keys = [StretchKey(secret, blob.size) for _, secret in blob.stretches]
        self._sealed = bytearray(SEALED_BYTES)
        self._opened = bytearray(BLOCK_BYTES)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset`; fewer bytes only at the end. Raises EnvironmentProblem."""
        end = min(offset + buffer.nbytes, self._blob.length)
        at = offset
        while at < end:
            index, skipped = divmod(at, BLOCK_BYTES)
            room = buffer[at - offset : end - offset]
            length = block_length(self._blob.size, index)
            if not skipped and room.nbytes >= length:
                self._open(index, length, room)
                at += length
                continue
            self._open(index, length, memoryview(self._opened))
            count = min(length - skipped, room.nbytes)
            room[:count] = memoryview(self._opened)[skipped : skipped + count]
            at += count
        return max(0, end - offset)

    def _open(self, index: int, length: int, out: memoryview) -> None:
        place = bisect_right(self._firsts, index) - 1
        if place < 0:
            raise damaged()
        sealed, done = memoryview(self._sealed)[: sealed_length(length)], 0
        with disk_problems("read what was uploaded"):
            while done < sealed.nbytes:
                count = os.preadv(self._file, [sealed[done:]], index * SEALED_BYTES + done)
                if count == 0:
                    raise damaged()
                done += count
        self._keys[place].open_into(index, sealed, out)

    def close(self) -> None:
        """May be repeated."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def erased() -> NothingToDo:
    return NothingToDo(
        "What was uploaded is not here any more.",
        safe="Nothing was changed.",
        do="Upload that file again.",
    )
