"""What was handed over, in the database of the profile. Spec: docs/spec/profile.md, 10.

Whether it is switched on is looked at in the transaction that writes: nothing is written after the moment in
which `store/settings.py` has switched it off, and erased it.
"""

from collections.abc import Sequence
from typing import Any

import apsw

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.settings import ON, Setting
from satchel.ports.history import PAST_MAX, PAST_NAME_BYTES_MAX, PAST_NAMES_MAX, Past
from satchel.store.database import Database, checked_row

LEAVE = 100  # of the oldest at once, when there are too many: overwriting them reads the whole database
_TYPES = (int | None, int, bytes | None, bytes, int, int, int)
_IS_ON = "EXISTS (SELECT 1 FROM setting WHERE name = ?1 AND value = ?2)"
_SWITCH = (Setting.HISTORY.value, ON.encode())
_COLUMNS = "when_s, giving, contact, names, files, size, has_text"


class SqliteHistory:
    """See ports.History. May be used from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, past: Past) -> None:
        names = b"/".join(name[:PAST_NAME_BYTES_MAX] for name in past.names[:PAST_NAMES_MAX])
        with self._database.reading() as connection:
            count = connection.execute("SELECT count(*) FROM past").get
        leaves = count >= PAST_MAX
        with self._database.changing(erasing=leaves) as connection:
            if leaves:
                connection.execute(
                    "DELETE FROM past WHERE key NOT IN (SELECT key FROM past ORDER BY key DESC LIMIT ?)",
                    (PAST_MAX - LEAVE,),
                )
            connection.execute(
                f"INSERT INTO past ({_COLUMNS}) SELECT ?3, ?4, c.key, ?6, ?7, ?8, ?9"  # noqa: S608
                " FROM (SELECT 1) LEFT JOIN contact AS c ON c.id = ?5"
                f" WHERE {_IS_ON} AND (?5 IS NULL OR c.key IS NOT NULL)",
                (
                    *(*_SWITCH, past.when_s, past.giving, past.contact, names),
                    *(past.files, past.size_bytes, past.has_text),
                ),
            )

    def all(self) -> list[Past]:
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT p.when_s, p.giving, c.id, p.names, p.files, p.size, p.has_text"
                " FROM past AS p LEFT JOIN contact AS c ON c.key = p.contact ORDER BY p.key DESC"
            ).fetchall()
            return [_past_of(row) for row in rows]

    def clear(self) -> int:
        with self._database.changing(erasing=True) as connection:
            connection.execute("DELETE FROM past")
            return connection.changes()


def erase_if_off(connection: apsw.Connection) -> None:
    """In a transaction that erases, and has changed a setting."""
    connection.execute(f"DELETE FROM past WHERE NOT {_IS_ON}", _SWITCH)  # noqa: S608


def _past_of(row: Sequence[Any]) -> Past:
    when_s, giving, contact, names, files, size, has_text = checked_row(row, _TYPES)
    return Past(
        when_s=when_s,
        giving=bool(giving),
        contact=ContactId(contact) if contact is not None else None,
        names=tuple(names.split(b"/")) if names else (),
        files=files,
        size_bytes=size,
        has_text=bool(has_text),
    )
