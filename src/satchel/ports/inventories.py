"""Inventories that this person has written on sticks, so that they are not taken for those of others."""

from collections.abc import Collection
from typing import Protocol

from satchel.core.identity.clocks import DAY_S, Reading

INVENTORY_LASTS_S = 40 * DAY_S  # longer than any bundle in it travels (stick 4.3)


class Inventories(Protocol):
    """Durable when a call returns; what is erased is overwritten: salts show which sticks were written here
    (T2). Every call raises EnvironmentProblem."""

    def note(self, salt: bytes, now: Reading) -> None: ...
    def salts(self) -> Collection[bytes]: ...
    def settle(self, now: Reading) -> None:
        """By a plausible clock, which those that were noted without one begin to count by now: erase what is
        older than INVENTORY_LASTS_S."""
        ...
