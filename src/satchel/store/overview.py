"""What an unfinished hand-over is, in a few words: nothing of its 200,000 entries is held in memory.

To look through them takes a fifth of a second, and a page asks several times in one. What was accepted never
changes, so each is looked through once.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import apsw

from satchel.core.handover.messages import EntryKind
from satchel.ports import FileState, HandoverId
from satchel.store.database import Database, checked_row

NAMES_MAX = 20  # of what stands at the top
_TOP = "CASE instr(path, x'2f') WHEN 0 THEN path ELSE substr(path, 1, instr(path, x'2f') - 1) END"
_WANTED = "FROM entry WHERE record = (SELECT key FROM record WHERE id = ?) AND state <> ?"
_NAMES = f"SELECT {_TOP} AS top {_WANTED} GROUP BY top ORDER BY min(number)"
# total(), not sum(): that fails where peers' sizes add up to more than 63 bits.
_COUNTS = f"SELECT count(*), total(size) {_WANTED} AND kind = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Of what is wanted of it."""

    names: tuple[bytes, ...]  # at the top, in the order of the offer, NAMES_MAX at most
    more: int  # other names there
    files: int
    size_bytes: int


class Overviews:
    """Used from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._known: dict[HandoverId, Overview] = {}

    def of(self, ids: Iterable[HandoverId]) -> list[Overview]:
        """Of each of these; the others are over, and forgotten. Raises EnvironmentProblem."""
        with self._guard:
            self._known = {id: self._known.get(id) or self._look(id) for id in ids}
            return list(self._known.values())

    def _look(self, id: HandoverId) -> Overview:
        with self._database.reading() as connection:
            return _read(connection, id)


def _read(connection: apsw.Connection, id: HandoverId) -> Overview:
    refused = FileState.REFUSED.value
    names = [row[0] for row in connection.execute(_NAMES, (id, refused))]
    checked_row(names, (bytes,) * len(names))
    counts = connection.execute(_COUNTS, (id, refused, EntryKind.FILE.value)).fetchone() or ()
    files, size = checked_row(counts, (int, float))
    return Overview(
        names=tuple(names[:NAMES_MAX]),
        more=max(0, len(names) - NAMES_MAX),
        files=files,
        size_bytes=int(size),
    )
