"""Salts of the inventories that were written on sticks, in the database of the profile. Spec:
docs/spec/profile.md, 12.6; docs/spec/stick.md, 4.3."""

from satchel.core.identity.clocks import Reading
from satchel.ports.inventories import INVENTORY_LASTS_S
from satchel.store.database import Database, checked_rows


class SqliteInventories:
    """See ports.inventories.Inventories. May be used from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, salt: bytes, now: Reading) -> None:
        with self._database.changing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO inventory VALUES (?, ?, ?)", (salt, now.time_s, now.plausible)
            )

    def salts(self) -> list[bytes]:
        with self._database.reading() as connection:
            return [salt for (salt,) in checked_rows(connection, "SELECT salt FROM inventory", (), (bytes,))]

    def settle(self, now: Reading) -> None:
        if not now.plausible:
            return
        oldest_s = now.time_s - INVENTORY_LASTS_S
        with self._database.reading() as connection:  # as nearly always: then nothing is written
            query = "SELECT plausible FROM inventory WHERE NOT plausible OR since_s < ?"
            found = checked_rows(connection, query, (oldest_s,), (int,))
        if not found:
            return
        with self._database.changing(erasing=(1,) in found) as connection:
            connection.execute("DELETE FROM inventory WHERE plausible AND since_s < ?", (oldest_s,))
            connection.execute(
                "UPDATE inventory SET since_s = ?, plausible = 1 WHERE NOT plausible", (now.time_s,)
            )
