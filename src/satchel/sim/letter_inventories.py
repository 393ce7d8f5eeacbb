"""Which inventories on sticks are of this person, in memory: ports.inventories without a disk."""

from collections.abc import Collection

from satchel.core.identity.clocks import Reading
from satchel.ports.inventories import INVENTORY_LASTS_S


class MemoryInventories:
    """See ports.inventories.Inventories."""

    def __init__(self) -> None:
        self._since: dict[bytes, Reading] = {}

    def note(self, salt: bytes, now: Reading) -> None:
        self._since[salt] = now

    def salts(self) -> Collection[bytes]:
        return list(self._since)

    def settle(self, now: Reading) -> None:
        self._since = {
            salt: since
            for salt, since in self._since.items()
            if now.time_s - since.time_s <= INVENTORY_LASTS_S
        }
