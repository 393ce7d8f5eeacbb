"""What the person has set, in the database of the profile. Spec: docs/spec/profile.md, 9."""

import threading

from satchel.core.identity.settings import Setting, Settings, settings_of
from satchel.store.database import Database, checked_row
from satchel.store.history import erase_if_off


class SqliteSettings:
    """One for an open profile. May be used from several threads."""

    def __init__(self, database: Database) -> None:
        """Raises EnvironmentProblem."""
        self._database = database
        self._turn = threading.Lock()
        self._now = self._read()

    @property
    def now(self) -> Settings:
        """At once: nothing is read for it."""
        return self._now

    def put(self, setting: Setting, value: bytes) -> None:
        """Durable when this returns, and what was there before is overwritten: a folder has a name (T2).
        So is all of the history, where that is not on any more.

        Raises EnvironmentProblem: nothing was changed.
        """
        with self._turn:
            with self._database.changing(erasing=True) as connection:
                connection.execute(
                    "INSERT INTO setting (name, value) VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (setting.value, value),
                )
                erase_if_off(connection)
            self._now = self._read()

    def reset(self, setting: Setting) -> None:
        """What counts without counts again; else as `put`. Raises EnvironmentProblem: nothing was changed."""
        with self._turn:
            with self._database.changing(erasing=True) as connection:
                connection.execute("DELETE FROM setting WHERE name = ?", (setting.value,))
                erase_if_off(connection)
            self._now = self._read()

    def _read(self) -> Settings:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT name, value FROM setting").fetchall()
            checked = [checked_row(row, (str, bytes)) for row in rows]
            return settings_of({row[0]: row[1] for row in checked})
