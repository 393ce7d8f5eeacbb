"""Shelves: names, secrets and the order of books on them, in the database of the catalogue."""

import unicodedata
from collections.abc import Sequence
from typing import Any

import apsw

from satchel.core.library.sealed import SECRET_BYTES
from satchel.errors import MisuseError, NothingToDo
from satchel.ports.library import SHELF_NAME_BYTES_MAX, BookNumber, Shelf, ShelfNumber
from satchel.store.blobs import Draw
from satchel.store.database import Database, checked_row, checked_rows
from satchel.store.library.changes import Changes
from satchel.store.library.contents import no_book
from satchel.store.library.texts import storable

_SHELF = (
    "SELECT number, name, is_open, (SELECT count(*) FROM shelved WHERE shelf = number), changed_s FROM shelf"
)
_SHELVES_OF = f"{_SHELF} WHERE number IN (SELECT shelf FROM shelved WHERE book = ?) ORDER BY number"  # noqa: S608
_TYPES = (int, str, int, int, int)


class SqliteShelves:
    """See ports.library.Shelves. May be used from several threads."""

    def __init__(self, database: Database, changes: Changes, *, draw: Draw) -> None:
        self._database = database
        self._changes = changes
        self._draw = draw

    def make(self, name: str) -> Shelf:
        alike = _alike(name)
        with self._database.changing() as connection:
            _require_free(connection, alike)
            connection.execute(
                "INSERT INTO shelf (name, alike, secret, changed_s) VALUES (?, ?, ?, ?)",
                (name, alike, self._draw(SECRET_BYTES), self._changes.first_s()),
            )
            number = ShelfNumber(connection.last_insert_rowid())
            self._changes.note(connection)
            return _find(connection, number)

    def all(self) -> Sequence[Shelf]:
        with self._database.reading() as connection:
            return [
                _shelf_of(row) for row in checked_rows(connection, f"{_SHELF} ORDER BY number", (), _TYPES)
            ]

    def named(self, name: str) -> Shelf:
        with self._database.reading() as connection:
            row = connection.execute(f"{_SHELF} WHERE alike = ?", (storable(_folded(name)),)).fetchone()
            if row is None:
                raise _no_shelf()
            return _shelf_of(row)

    def rename(self, shelf: ShelfNumber, name: str) -> None:
        alike = _alike(name)
        with self._database.changing(erasing=True) as connection:
            _find(connection, shelf)
            _require_free(connection, alike, but=shelf)
            connection.execute("UPDATE shelf SET name = ?, alike = ? WHERE number = ?", (name, alike, shelf))
            self._changes.note(connection, [shelf])

    def remove(self, shelf: ShelfNumber) -> None:
        with self._database.changing(erasing=True) as connection:
            was_open = _find(connection, shelf).is_open
            connection.execute("DELETE FROM shelf WHERE number = ?", (shelf,))
            self._changes.note(connection, is_open=was_open)

    def put(self, shelf: ShelfNumber, books: Sequence[BookNumber], *, at: int | None = None) -> None:
        """Raises NothingToDo: there is no such shelf, or book; then nothing is changed."""
        moved = list(dict.fromkeys(books))
        with self._database.changing() as connection:
            _find(connection, shelf)
            for book in moved:
                if not connection.execute("SELECT 1 FROM book WHERE number = ?", (book,)).fetchone():
                    raise no_book()
            before = dict(_places(connection, shelf))
            others = [book for book in before if book not in set(moved)]
            place = len(others) if at is None else min(max(0, at), len(others))
            after = [*others[:place], *moved, *others[place:]]
            if after == list(before):
                return
            connection.executemany(
                "INSERT INTO shelved VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET place = ?3",
                [
                    (shelf, book, number)
                    for number, book in enumerate(after, 1)
                    if before.get(BookNumber(book)) != number
                ],
            )
            self._changes.note(connection, [shelf])

    def take(self, shelf: ShelfNumber, books: Sequence[BookNumber]) -> None:
        with self._database.changing(erasing=True) as connection:
            _find(connection, shelf)
            taken = 0
            for book in books:
                connection.execute("DELETE FROM shelved WHERE shelf = ? AND book = ?", (shelf, book))
                taken += connection.changes()
            if taken:
                self._changes.note(connection, [shelf])

    def set_open(self, shelf: ShelfNumber, is_open: bool) -> None:
        with self._database.changing() as connection:
            if _find(connection, shelf).is_open == is_open:
                return
            connection.execute("UPDATE shelf SET is_open = ? WHERE number = ?", (is_open, shelf))
            self._changes.note(connection, [shelf], is_open=True)

    def of(self, book: BookNumber) -> Sequence[Shelf]:
        with self._database.reading() as connection:
            rows = checked_rows(connection, _SHELVES_OF, (book,), _TYPES)
        return [_shelf_of(row) for row in rows]


def _places(connection: apsw.Connection, shelf: ShelfNumber) -> list[tuple[BookNumber, int]]:
    rows = checked_rows(
        connection, "SELECT book, place FROM shelved WHERE shelf = ? ORDER BY place", (shelf,), (int, int)
    )
    return [(BookNumber(book), place) for book, place in rows]


def _find(connection: apsw.Connection, shelf: ShelfNumber) -> Shelf:
    row = connection.execute(f"{_SHELF} WHERE number = ?", (shelf,)).fetchone()
    if row is None:
        raise _no_shelf()
    return _shelf_of(row)


def _shelf_of(row: Sequence[Any]) -> Shelf:
    number, name, is_open, count, changed_s = checked_row(row, _TYPES)
    return Shelf(
        number=ShelfNumber(number), name=name, is_open=bool(is_open), count=count, changed_s=changed_s
    )


def _folded(name: str) -> str:
    """Two names that look the same to a person are one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _alike(name: str) -> str:
    alike = _folded(name)
    is_fit = alike and len(name.encode(errors="replace")) <= SHELF_NAME_BYTES_MAX
    if not is_fit or any(unicodedata.category(one) in ("Cc", "Cs") for one in name):
        raise MisuseError(
            f"A shelf has a name of 1 to {SHELF_NAME_BYTES_MAX} bytes, without control characters.",
            safe="Nothing was changed.",
            do="Choose another name.",
        )
    return alike


def _require_free(connection: apsw.Connection, alike: str, *, but: ShelfNumber | None = None) -> None:
    row = connection.execute("SELECT number FROM shelf WHERE alike = ?", (alike,)).fetchone()
    if row is not None and checked_row(row, (int,))[0] != but:
        raise MisuseError(
            "There is a shelf of this name already.",
            safe="Nothing was changed.",
            do="Choose another name.",
        )


def _no_shelf() -> NothingToDo:
    return NothingToDo(
        "There is no such shelf here, or not any more.",
        safe="Nothing was changed.",
        do="See which there are: satchel shelf list",
    )
