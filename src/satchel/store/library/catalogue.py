"""The catalogue: ten thousand books, none of which is in memory before somebody asks for it.

What is found by is in tables of its own; a record is read for the books of one page alone. Removing a book
erases the keys of its files in a transaction that writes all pages anew, then the files (T2). Spec:
docs/spec/profile.md, 13.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import apsw

from satchel.core.library.codec import COVER_BYTES_MAX, decode_item, encode_item
from satchel.core.library.item import Content, Item, item_id
from satchel.core.library.sealed import Root
from satchel.errors import MisuseError, PeerError
from satchel.ports.library import (
    EVERYTHING,
    Added,
    Aside,
    Book,
    BookNumber,
    BookPage,
    Facet,
    Filter,
    NewBook,
    Order,
)
from satchel.store.ages import as_reading
from satchel.store.database import DamagedRow, Database, checked_row, checked_rows
from satchel.store.library.changes import Changes, shelves_of
from satchel.store.library.contents import SealedContents, SealedFile, no_book
from satchel.store.library.filters import facets_of, in_order, which
from satchel.store.library.texts import storable
from satchel.store.library.titles import sort_key

ASIDES_MAX = 1000
_Files = list[SealedFile]


@dataclass(slots=True)
class _Coming:
    book: NewBook
    record: bytes
    files: _Files
    cover: SealedFile | None = None
    is_known: bool = False

    @property
    def all_files(self) -> _Files:
        return self.files if self.cover is None else [self.cover, *self.files]


class SqliteCatalogue:
    """See ports.library.Catalogue. May be used from several threads."""

    def __init__(
        self, database: Database, contents: SealedContents, changes: Changes, *, now_s: Callable[[], int]
    ) -> None:
        """`now_s`: since 1970."""
        self._database = database
        self._contents = contents
        self._changes = changes
        self._now_s = now_s
        self._turn = threading.Lock()  # of who adds or removes: what is here stays until it is named again

    # --- what changes -----------------------------------------------------------------------------

    def add(self, books: Sequence[NewBook]) -> Sequence[Added]:
        """Also raises MisuseError: a record says other contents than those that came, or another cover."""
        with self._turn:
            return self._add_all(books)

    def _add_all(self, books: Sequence[NewBook]) -> Sequence[Added]:
        coming = [_Coming(book, encode_item(book.item), _files_of(book)) for book in books]
        try:
            for one in coming:
                one.is_known = self.number_of([part.root for part in one.book.item.parts]) is not None
                if one.book.cover is not None and not one.is_known:
                    one.cover = self._contents.write_cover(one.book.cover)
                    _require_same(one.book.item.cover, one.cover)
            self._contents.sync(file for one in coming if not one.is_known for file in one.all_files)
            with self._database.changing() as connection:
                used: _Files = []  # of all that came
                added = [self._add(connection, one, used) for one in coming]
                if any(one.is_new for one in added):
                    self._changes.note(connection)
        except BaseException:
            for one in coming:
                if one.cover is not None:
                    one.cover.close()
            raise
        for file in used:
            file.keep()
        for one in coming:
            for file in one.all_files:
                file.close()  # what was here already
        return added

    def _add(self, connection: apsw.Connection, one: "_Coming", used: _Files) -> Added:
        item = one.book.item
        if (known := _number_of_id(connection, item.id)) is not None:
            return Added(number=known, is_new=False)
        cover = self._blob_of(connection, one.cover, used) if one.cover is not None else None
        connection.execute(
            "INSERT INTO book (id, sort, cover) VALUES (?, ?, ?)", (item.id, sort_key(item.title), cover)
        )
        number = BookNumber(connection.last_insert_rowid())
        connection.execute("INSERT INTO record VALUES (?, ?)", (number, one.record))
        for place, file in enumerate(one.files):
            blob = self._blob_of(connection, file, used)
            connection.execute("INSERT INTO part VALUES (?, ?, ?)", (number, place, blob))
        _insert_facets(connection, number, item)
        return Added(number=number, is_new=True)

    def _blob_of(self, connection: apsw.Connection, file: SealedFile, used: _Files) -> int:
        row = connection.execute("SELECT blob FROM content WHERE root = ?", (file.root,)).fetchone()
        if row is not None:
            return int(checked_row(row, (int,))[0])
        used.append(file)
        return self._contents.insert(connection, file)

    def change(self, number: BookNumber, item: Item) -> None:
        record = encode_item(item)
        with self._database.changing(erasing=True) as connection:
            before = _read(connection, number).item
            if item.id != before.id or item.revision <= before.revision:
                raise MisuseError("another record of the same content is one of a later revision")
            if item.cover != before.cover:
                raise MisuseError("a book keeps its cover")
            connection.execute("UPDATE book SET sort = ? WHERE number = ?", (sort_key(item.title), number))
            connection.execute("UPDATE record SET body = ? WHERE book = ?", (record, number))
            connection.execute("DELETE FROM facet WHERE book = ?", (number,))
            _insert_facets(connection, number, item)
            self._changes.note(connection, shelves_of(connection, number))

    def remove(self, numbers: Sequence[BookNumber]) -> None:
        """Its words are in the index, and are removed there."""
        names = []
        with self._turn, self._database.changing(erasing=True) as connection:
            for number in dict.fromkeys(numbers):
                self._changes.note(connection, shelves_of(connection, number))
                connection.execute("DELETE FROM book WHERE number = ?", (number,))
                if not connection.changes():
                    raise no_book()
            unused = "key NOT IN (SELECT blob FROM part UNION SELECT cover FROM book WHERE cover IS NOT NULL)"
            for row in connection.execute(f"SELECT name FROM blob WHERE {unused}").fetchall():  # noqa: S608
                names.append(bytes(checked_row(row, (bytes,))[0]))
            connection.execute(f"DELETE FROM blob WHERE {unused}")  # noqa: S608
        self._contents.blobs.remove_files(names)

    # --- looking ----------------------------------------------------------------------------------

    def number_of(self, parts: Sequence[Root]) -> BookNumber | None:
        id = item_id(tuple(Content(root=root, size_bytes=1, media_type="") for root in parts))
        with self._database.reading() as connection:
            return _number_of_id(connection, id)

    def find(self, number: BookNumber, filter: Filter = EVERYTHING) -> Book:
        condition, values = which(filter)
        with self._database.reading() as connection:
            if not connection.execute(
                f"SELECT 1 FROM book WHERE number = ? AND {condition}",  # noqa: S608
                (number, *values),
            ).fetchone():
                raise no_book()
            return _read(connection, number)

    def list(self, filter: Filter, order: Order, *, first: int, count: int) -> BookPage:
        condition, values = which(filter)
        ordered, its_values = in_order(order, filter)
        with self._database.reading() as connection:
            total = connection.execute(f"SELECT count(*) FROM book WHERE {condition}", values).get  # noqa: S608
            rows = checked_rows(
                connection,
                f"SELECT number FROM book WHERE {condition} ORDER BY {ordered} LIMIT ? OFFSET ?",  # noqa: S608
                (*values, *its_values, max(0, count), max(0, first)),
                (int,),
            )
            books = [_read(connection, BookNumber(number)) for (number,) in rows]
        return BookPage(books=books, total=int(total))

    def numbers(self, filter: Filter) -> frozenset[BookNumber]:
        condition, values = which(filter)
        with self._database.reading() as connection:
            query = f"SELECT number FROM book WHERE {condition}"  # noqa: S608
            return frozenset(BookNumber(n) for (n,) in checked_rows(connection, query, values, (int,)))

    def tally(self, filter: Filter, facet: Facet, *, count: int) -> Sequence[tuple[str, int]]:
        condition, values = which(filter)
        only = "" if condition == "1" else f" AND book IN (SELECT number FROM book WHERE {condition})"  # noqa: S608
        with self._database.reading() as connection:
            rows = checked_rows(
                connection,
                f"SELECT value, count(*) AS books FROM facet WHERE facet = ?{only}"  # noqa: S608
                " GROUP BY value ORDER BY books DESC, value LIMIT ?",
                (facet.value, *values, max(0, count)),
                (str, int),
            )
        return [(value, books) for value, books in rows]

    def cover(self, number: BookNumber) -> bytes | None:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT c.blob, c.size FROM book AS b LEFT JOIN content AS c ON c.blob = b.cover"
                " WHERE b.number = ?",
                (number,),
            ).fetchone()
            if row is None:
                raise no_book()
            blob, size = checked_row(row, (int | None, int | None))
        if blob is None or size is None:
            return None
        cover = bytearray(min(size, COVER_BYTES_MAX))
        reader = self._contents.open(blob, size)
        try:
            return bytes(cover[: reader.read_into(0, memoryview(cover))])
        finally:
            reader.close()

    def changed_s(self, filter: Filter) -> int:
        with self._database.reading() as connection:
            return self._changes.last_s(connection, filter)

    # --- what could not become a book -------------------------------------------------------------

    def set_aside(self, name: str, size_bytes: int, *, what: str, do: str) -> None:
        at_s = as_reading(self._now_s())
        with self._database.changing() as connection:
            connection.execute(
                "INSERT INTO aside (name, size, what, do, at_s) VALUES (?, ?, ?, ?, ?)",
                (storable(name), size_bytes, storable(what), storable(do), at_s),
            )
            connection.execute(
                "DELETE FROM aside WHERE number <= ?", (connection.last_insert_rowid() - ASIDES_MAX,)
            )

    def asides(self) -> Sequence[Aside]:
        with self._database.reading() as connection:
            rows = checked_rows(
                connection,
                "SELECT number, name, size, what, do, at_s FROM aside ORDER BY number",
                (),
                (int, str, int, str, str, int | None),
            )
        return [
            Aside(number=number, name=name, size_bytes=size, what=what, do=do, at_s=at_s)
            for number, name, size, what, do, at_s in rows
        ]

    def forget_asides(self) -> None:
        with self._database.changing(erasing=True) as connection:
            connection.execute("DELETE FROM aside")


def _files_of(book: NewBook) -> _Files:
    """As this store has made them. Raises MisuseError."""
    files = [file for file in book.contents if isinstance(file, SealedFile)]
    if len(files) != len(book.contents) or len(files) != len(book.item.parts):
        raise MisuseError("a book has the contents that its record names, written here")
    for part, file in zip(book.item.parts, files, strict=True):
        _require_same(part, file)
    if (book.cover is None) != (book.item.cover is None) or not len(book.cover or b"") <= COVER_BYTES_MAX:
        raise MisuseError("a book has the cover that its record names")
    return files


def _require_same(content: Content | None, file: SealedFile) -> None:
    if content is None or (content.root, content.size_bytes) != (file.root, file.size_bytes):
        raise MisuseError("a record names what is in its book")


def _number_of_id(connection: apsw.Connection, id: bytes) -> BookNumber | None:
    row = connection.execute("SELECT number FROM book WHERE id = ?", (id,)).fetchone()
    return BookNumber(int(checked_row(row, (int,))[0])) if row is not None else None


def _insert_facets(connection: apsw.Connection, number: BookNumber, item: Item) -> None:
    connection.executemany(
        "INSERT INTO facet VALUES (?, ?, ?)", [(*facet, number) for facet in facets_of(item)]
    )


def _read(connection: apsw.Connection, number: BookNumber) -> Book:
    row = connection.execute("SELECT body FROM record WHERE book = ?", (number,)).fetchone()
    if row is None:
        raise no_book()
    try:
        return Book(number=number, item=decode_item(checked_row(row, (bytes,))[0]))
    except PeerError as exc:  # what was written was right
        raise DamagedRow from exc
