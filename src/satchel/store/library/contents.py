"""What books are made of: sealed files of padded sizes, with random names and one time for all (T1).

A file is written before anything names it, and its key is in memory alone: so what never becomes a book can
be read by nobody, and goes at the next start. Many become durable together, with one sync of their disk
(decision 0181). Spec: docs/spec/profile.md, 13.
"""

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import apsw

from satchel.core.blobs.chunks import ContentHasher
from satchel.core.blobs.sealed import BLOCK_BYTES
from satchel.core.library.sealed import CONTENT_BYTES_MAX, Root
from satchel.core.wire.padme import padme
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo, turning
from satchel.ports.library import BookNumber
from satchel.problems import disk_problems, problem_with
from satchel.store.blob_files import open_folder
from satchel.store.blobs import BlobFolder, BlobReader, BlobWriter, Draw, Growth
from satchel.store.database import Database, checked_row
from satchel.store.durability import sync_disk_of
from satchel.store.library.names import FILES

PADDED_BYTES_MIN = 4096
COVER_BYTES_MIN = (
    16_384  # covers have powers of two from here on: few sizes, so that none is known by its own
)
RESERVE_BYTES = 256 << 20  # of the disk stay free
TIME_NS = 946_684_800 * 10**9  # 2000: every disk knows it
_ZEROS = memoryview(bytes(BLOCK_BYTES))
_DOING = "keep a book"
_READING = "read a book"


class of_a_book(turning):
    """Around a block: what is said of blobs as of uploads is said as of books."""

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, NothingToDo):
            raise no_book() from exc
        if not isinstance(exc, EnvironmentProblem):
            return
        cause = exc.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise problem_with(cause, self._doing) from cause
        if self._doing == _READING:
            raise EnvironmentProblem(
                "This book cannot be read any more: its file is missing, or damaged on the disk.",
                safe="Your other books are as they were.",
                do="Put it in again (satchel library add). If it happens again, look at the disk.",
            ) from exc


class SealedFile:
    """See ports.library.Written."""

    def __init__(self, contents: "SealedContents", size_bytes: int, padded_bytes: int) -> None:
        self._contents = contents
        with of_a_book(_DOING):
            self._writer: BlobWriter | None = contents.blobs.write_unnamed(padded_bytes)
        self._hasher = ContentHasher()
        self._come = 0
        self._is_kept = False
        self.growth: Growth | None = None
        self.root = Root(b"")
        self.size_bytes = size_bytes
        self.padded_bytes = padded_bytes
        self.failures = contents.failures

    @property
    def left_bytes(self) -> int:
        """Still to come onto the disk."""
        return 0 if self._writer is None else self.padded_bytes - self._come

    def write(self, data: memoryview) -> None:
        if self._writer is None or self._come + data.nbytes > self.size_bytes:
            raise MisuseError("More bytes came than this book was to have.")
        self._hasher.update(data)
        with of_a_book(_DOING):
            self._writer.write(data)
        self._come += data.nbytes

    def finish(self) -> Root:
        if self.growth is not None:
            return self.root
        if self._writer is None or self._come < self.size_bytes:
            raise MisuseError("Less came than this book was to have.")
        left = self.padded_bytes - self.size_bytes
        with of_a_book(_DOING):
            while left:
                filling = _ZEROS[: min(left, BLOCK_BYTES - self._come % BLOCK_BYTES)]
                self._writer.write(filling)
                self._come += filling.nbytes
                left -= filling.nbytes
            growth = self._writer.leave()
        path = self._contents.blobs.path(growth.blob.name)
        with disk_problems(_DOING):
            os.utime(path, ns=(TIME_NS, TIME_NS), follow_symlinks=False)
        self.growth, self.root = growth, Root(self._hasher.root())
        self._writer.close()
        self._writer = None
        return self.root

    def read(self) -> "BookReader":
        if self.growth is None:
            raise MisuseError("This is not finished.")
        with of_a_book(_READING):
            return BookReader(self._contents.blobs.read_unnamed(self.growth), self.size_bytes)

    def keep(self) -> None:
        """A row names it now."""
        self._is_kept = True
        self._contents.forget(self)

    def close(self) -> None:
        if self._is_kept:
            return
        self._contents.forget(self)
        names = [self.growth.blob.name] if self.growth is not None else []
        if self._writer is not None:
            names.append(self._writer.name)
            self._writer.close()
            self._writer = None
        self.growth = None
        self._contents.blobs.remove_files(names)


class BookReader:
    """See ports.library.Readable: a blob without its filling."""

    def __init__(self, blob: BlobReader, size_bytes: int) -> None:
        """Takes over `blob`."""
        self._blob = blob
        self._size_bytes = size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read_into(self, offset: int, buffer: memoryview) -> int:
        with of_a_book(_READING):
            return self._blob.read_into(offset, buffer[: max(0, self._size_bytes - offset)])

    def close(self) -> None:
        self._blob.close()


class SealedContents:
    """See ports.library.Contents."""

    def __init__(
        self, home: Path, database: Database, *, draw: Draw, reserve_bytes: int = RESERVE_BYTES
    ) -> None:
        """`database`: that of the catalogue."""
        self.blobs = BlobFolder(home, database, draw=draw, name=FILES)
        self._database = database
        self._reserve_bytes = reserve_bytes
        self._guard = threading.Lock()  # guards the next two
        self._open: set[SealedFile] = set()
        self._folder = -1
        self.failures = 0  # of the disk: what was written before the last one may not be on it

    def write(self, size_bytes: int) -> SealedFile:
        if not 1 <= size_bytes <= CONTENT_BYTES_MAX:
            raise MisuseError(f"A file of a book has 1 to {CONTENT_BYTES_MAX} bytes.")
        return self._begin(size_bytes, padme(max(PADDED_BYTES_MIN, size_bytes)))

    def write_cover(self, cover: bytes) -> SealedFile:
        """Finished. Raises EnvironmentProblem."""
        file = self._begin(len(cover), max(COVER_BYTES_MIN, 1 << (len(cover) - 1).bit_length()))
        try:
            file.write(memoryview(cover))
            file.finish()
        except BaseException:
            file.close()
            raise
        return file

    def _begin(self, size_bytes: int, padded_bytes: int) -> SealedFile:
        with self._guard:
            with disk_problems(_DOING):
                self.blobs.make_folder()
                if self._folder < 0:  # before the first byte: a sync tells what went wrong since then
                    self._folder = open_folder(self.blobs.folder)
            self._require_room(padded_bytes)
            file = SealedFile(self, size_bytes, padded_bytes)
            self._open.add(file)
            return file

    def _require_room(self, padded_bytes: int) -> None:
        with disk_problems("look at the disk of the profile"):
            status = os.fstatvfs(self._folder)
        coming = padded_bytes + sum(file.left_bytes for file in self._open)
        free = status.f_bavail * status.f_frsize
        if free - coming < self._reserve_bytes:
            problem = EnvironmentProblem(
                f"There is no room for this book: {free >> 20:,} MiB are free on the disk of the profile,"
                f" {coming >> 20:,} MiB are to come, and {self._reserve_bytes >> 20} MiB must stay free.",
                safe="Nothing of it was taken, and your other books are as they were.",
                do="Make room on that disk, then try again.",
            )
            problem.disk_full = True
            raise problem

    def read(self, book: BookNumber, part: int = 0) -> BookReader:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT c.blob, c.size FROM part AS p JOIN content AS c ON c.blob = p.blob"
                " WHERE p.book = ? AND p.number = ?",
                (book, part),
            ).fetchone()
            if row is None:
                raise no_book()
            blob, size = checked_row(row, (int, int))
        return self.open(blob, size)

    def open(self, blob: int, size_bytes: int) -> BookReader:
        """Raises EnvironmentProblem; NothingToDo: it was erased meanwhile."""
        with of_a_book(_READING):
            return BookReader(self.blobs.read(blob), size_bytes)

    def sync(self, files: Iterable[SealedFile]) -> None:
        """Finished ones are durable then. Raises EnvironmentProblem: also where they were not the ones that
        a disk could not keep; MisuseError: one is not finished."""
        files = list(files)
        if any(file.growth is None for file in files):
            raise MisuseError("Only what is finished becomes a book.")
        if not files:
            return
        with disk_problems("make books safe on the disk"):
            try:
                sync_disk_of(self._folder)
            except OSError:
                self.failures += 1
                raise
        if any(file.failures < self.failures for file in files):
            raise EnvironmentProblem(
                "The disk of the profile has reported an error since this book was written to it.",
                safe="Your other books are as they were.",
                do="Put it in again. If it happens again, look at the disk.",
            )

    def insert(self, connection: apsw.Connection, file: SealedFile) -> int:
        """The rows of one that is durable: returns the key of its blob."""
        assert file.growth is not None
        key = self.blobs.insert(connection, file.growth)
        connection.execute("INSERT INTO content VALUES (?, ?, ?)", (key, file.root, file.size_bytes))
        return key

    def forget(self, file: SealedFile) -> None:
        """Nobody writes it any more."""
        with self._guard:
            self._open.discard(file)

    def close(self) -> None:
        """What no book has is dropped. May be repeated."""
        with self._guard:
            left = list(self._open)
        for file in left:
            with suppress(OSError):
                file.close()
        with self._guard:
            if self._folder >= 0:
                os.close(self._folder)
                self._folder = -1


def no_book() -> NothingToDo:
    return NothingToDo(
        "There is no such book here, or not any more.",
        safe="Nothing was changed.",
        do="See which there are: satchel library list",
    )
