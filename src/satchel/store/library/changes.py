"""When the list of books last changed: of each shelf, of what guests see, and of all."""

from collections.abc import Callable, Iterable

import apsw

from satchel.ports.library import Filter
from satchel.store.ages import as_reading
from satchel.store.database import checked_row


class Changes:
    """In the transaction of each change. Greater after each, also where the clock went back or is not right.

    Of a shelf, and of those that guests see, it is moved by what is on them alone: who asks for an open shelf
    again and again learns nothing of the others (G1).
    """

    def __init__(self, now_s: Callable[[], int]) -> None:
        """`now_s`: since 1970."""
        self._now_s = now_s

    def note(
        self, connection: apsw.Connection, shelves: Iterable[int] = (), *, is_open: bool = False
    ) -> None:
        """Something of the library has changed, and these shelves. `is_open`: guests see a change even if
        none of these is open now."""
        now_s = as_reading(self._now_s()) or 0
        for shelf in shelves:
            connection.execute(
                "UPDATE shelf SET changed_s = max(?, changed_s + 1) WHERE number = ?", (now_s, shelf)
            )
            is_open = is_open or bool(
                connection.execute("SELECT is_open FROM shelf WHERE number = ?", (shelf,)).get
            )
        for what in ("all", "open") if is_open else ("all",):
            connection.execute("UPDATE changed SET at_s = max(?, at_s + 1) WHERE what = ?", (now_s, what))

    def first_s(self) -> int:
        """Of a shelf that is made now."""
        return as_reading(self._now_s()) or 1

    def last_s(self, connection: apsw.Connection, filter: Filter) -> int:
        """See ports.library.Catalogue.changed_s."""
        if filter.shelf is not None:
            row = connection.execute(
                "SELECT changed_s FROM shelf WHERE number = ? AND is_open >= ?",
                (filter.shelf, filter.is_open),
            ).fetchone()
            if row is not None:
                return int(checked_row(row, (int,))[0])
        what = "open" if filter.is_open else "all"
        row = connection.execute("SELECT at_s FROM changed WHERE what = ?", (what,)).fetchone()
        return int(checked_row(row or (), (int,))[0])


def shelves_of(connection: apsw.Connection, book: int) -> list[int]:
    rows = connection.execute("SELECT shelf FROM shelved WHERE book = ? ORDER BY shelf", (book,)).fetchall()
    return [int(checked_row(row, (int,))[0]) for row in rows]
