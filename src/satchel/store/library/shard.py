"""One database of the index: some books, up to a size that is written anew within a second or two.

`titles` and `inside` are inverted indices without their text (FTS5); `passage` has the texts, packed, of
which excerpts are made. Used in turns. Spec: docs/spec/profile.md, 13; decision 0238.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from satchel.ports.library import PASSAGE_BYTES_MAX, BookNumber, Passage
from satchel.store.database import SUFFIXES, DamagedRow, Database, checked_row, checked_rows
from satchel.store.library.schema import INDEX_LADDER
from satchel.store.library.turns import Turns

PLACE_BITS = 24  # of a row's number: which passage of its book it is
CACHE_KIB = 512
PACKING = 1  # of zlib: fast; a higher one saves a tenth of it
STEPS_A_LOOK = 2000  # of the database's machine, between two looks at the clock
ROWS_A_BOOK = 8  # looked at in a book that has many: then the next one
_LENGTH = 50  # words: shorter passages are no better for being short


class Shard:
    """Raises EnvironmentProblem in each call; whoever calls has its turn."""

    def __init__(self, number: int, path: Path, key: bytes) -> None:
        self.number = number
        self.turns = Turns()
        self.path = path
        self.is_gone = False
        self._database = _open(path, key)

    # --- putting in -------------------------------------------------------------------------------

    def begin(self, book: BookNumber, serial: int) -> None:
        """In place of what there is of this book."""
        with self._database.changing() as connection:
            _forget(connection, book)
            connection.execute("INSERT INTO indexed VALUES (?, ?, 0)", (book, serial))

    def put(
        self, book: BookNumber, serial: int, passages: Sequence[tuple[int, Passage]], *, is_last: bool
    ) -> bool:
        """One batch, with the numbers of its passages in the book; 0 is that which is for the whole of it.
        False: the book was removed, or is put in by another one, meanwhile."""
        packed = [zlib.compress(one.text.encode(), PACKING) for _, one in passages]
        with self._database.changing() as connection:
            connection.execute(
                "UPDATE indexed SET is_whole = ? WHERE book = ? AND serial = ?", (is_last, book, serial)
            )
            if not connection.changes():
                return False
            for (number, passage), text in zip(passages, packed, strict=True):
                key = book << PLACE_BITS | number
                connection.execute(
                    "INSERT INTO passage VALUES (?, ?, ?, ?)", (key, passage.place, passage.heading, text)
                )
                table, row = ("titles", book) if number == 0 else ("inside", key)
                connection.execute(
                    f"INSERT INTO {table} (rowid, words) VALUES (?, ?)",  # noqa: S608
                    (row, passage.words),
                )
        return True

    # --- removing ---------------------------------------------------------------------------------

    def forget(self, books: Sequence[BookNumber]) -> None:
        """Their words stay in the file, unseen, until it is written anew."""
        with self._database.changing() as connection:
            for book in books:
                _forget(connection, book)

    def write_anew(self, path: Path, key: bytes) -> None:
        """All that is in it, and nothing that was removed, into another file under another key; durable."""
        with self._database.changing() as connection:
            for table in ("titles", "inside"):  # what was removed is in there until its parts are joined
                connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608
        self._database.copy_to(path, key)

    def go_on_as(self, path: Path, key: bytes) -> None:
        """What `write_anew` has written."""
        self._database.close()
        self.path = path
        self._database = _open(path, key)

    # --- looking ----------------------------------------------------------------------------------

    def size_bytes(self) -> int:
        with self._database.reading() as connection:
            return int(connection.pragma("page_count")) * int(connection.pragma("page_size"))

    def books(self, *, is_whole: bool = False) -> set[BookNumber]:
        with self._database.reading() as connection:
            query = "SELECT book FROM indexed WHERE is_whole >= ?"
            return {BookNumber(book) for (book,) in checked_rows(connection, query, (is_whole,), (int,))}

    def has(self, book: BookNumber) -> bool:
        with self._database.reading() as connection:
            row = connection.execute("SELECT 1 FROM indexed WHERE book = ?", (book,)).fetchone()
        return row is not None

    def titles(
        self, match: str, rows: int, is_over: Callable[[], bool]
    ) -> Iterator[tuple[int, BookNumber, float]]:
        """Rows of books whose title, authors or subjects have it, at most so many, and how good each is."""
        query = "SELECT rowid, density(titles) FROM titles WHERE titles MATCH ? LIMIT ?"
        with self._looking(is_over) as connection:
            for book, density in checked_rows(connection, query, (match, rows), (int, float)):
                yield book << PLACE_BITS, BookNumber(book), density

    def inside(
        self, match: str, rows: int, is_over: Callable[[], bool], *, at_once: int
    ) -> Iterator[tuple[int, BookNumber, float]]:
        """As titles, of passages, ascending. Of a book that has many, some: it is left behind `at_once`."""
        query = "SELECT rowid, density(inside) FROM inside WHERE inside MATCH ? AND rowid >= ? LIMIT ?"
        least, book, of_book = 0, -1, 0
        with self._looking(is_over) as connection:
            while rows > 0:
                wanted = min(rows, at_once)
                found = checked_rows(connection, query, (match, least, wanted), (int, float))
                for row, density in found:
                    of_book = of_book + 1 if row >> PLACE_BITS == book else 1
                    book = row >> PLACE_BITS
                    yield row, BookNumber(book), density
                if len(found) < wanted:
                    return
                rows -= wanted
                is_done = of_book >= ROWS_A_BOOK
                least = (book + 1) << PLACE_BITS if is_done else found[-1][0] + 1

    def in_book(
        self, match: str, book: BookNumber, first: int, count: int, is_over: Callable[[], bool]
    ) -> list[int]:
        """Rows of one book, ascending."""
        query = (
            "SELECT rowid FROM inside WHERE inside MATCH ? AND rowid >= ? AND rowid < ?"
            " ORDER BY rowid LIMIT ? OFFSET ?"
        )
        with self._looking(is_over) as connection:
            limits = (book << PLACE_BITS, (book + 1) << PLACE_BITS, count, first)
            return [int(row) for (row,) in checked_rows(connection, query, (match, *limits), (int,))]
        return []  # interrupted

    def passage(self, row: int) -> tuple[str, str, str] | None:
        """Place, heading and text."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT place, heading, text FROM passage WHERE key = ?", (row,)
            ).fetchone()
            if found is None:
                return None
            place, heading, packed = checked_row(found, (str, str, bytes))
            try:
                text = zlib.decompressobj().decompress(packed, PASSAGE_BYTES_MAX)
            except zlib.error as exc:
                raise DamagedRow from exc
        return place, heading, text.decode(errors="replace")

    @contextmanager
    def _looking(self, is_over: Callable[[], bool]) -> Iterator[apsw.Connection]:
        """Interrupted where its time is over: what was found before counts, and `is_over` says so."""
        with self._database.reading() as connection, suppress(apsw.InterruptError):
            connection.set_progress_handler(is_over, STEPS_A_LOOK)
            try:
                yield connection
            finally:
                connection.set_progress_handler(None)

    # --- its file ---------------------------------------------------------------------------------

    def close(self) -> None:
        self._database.close()

    def destroy(self) -> None:
        """Nobody has its key any more."""
        self.is_gone = True
        with suppress(Exception):
            self._database.close()
        remove_files(self.path)


def remove_files(path: Path) -> None:
    """What cannot be removed now goes at the next start."""
    for suffix in SUFFIXES:
        with suppress(OSError):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def _open(path: Path, key: bytes) -> Database:
    database = Database.open(path, key, INDEX_LADDER, is_large=True)
    with database.reading() as connection:
        # What a power cut takes is put in again; it is never half there.
        connection.execute("PRAGMA synchronous = NORMAL").fetchall()
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}").fetchall()
        connection.register_fts5_function("density", _density)
    return database


def _density(api: Any, *_: Any) -> float:
    """How often it stands there, for the length of the passage."""
    return float(api.inst_count / (api.column_size(0) + _LENGTH))


def _forget(connection: apsw.Connection, book: BookNumber) -> None:
    least, end = book << PLACE_BITS, (book + 1) << PLACE_BITS
    connection.execute("DELETE FROM titles WHERE rowid = ?", (book,))
    connection.execute("DELETE FROM inside WHERE rowid >= ? AND rowid < ?", (least, end))
    connection.execute("DELETE FROM passage WHERE key >= ? AND key < ?", (least, end))
    connection.execute("DELETE FROM indexed WHERE book = ?", (book,))
