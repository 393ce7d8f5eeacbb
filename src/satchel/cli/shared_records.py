"""Records while several commands run in one node: what one of them is at, no other goes on with.

Two that write the same unfinished files, or listen for the same other side, would get into each other's way.
Between processes the lock of the profile sees to that.
"""

import threading
from collections.abc import Iterable

from satchel.ports import HandoverId, RecordEntry, RecordHead, Role
from satchel.store.database import Database
from satchel.store.records import SqliteRecords


class Claims:
    """Which hand-overs are under way in this node. Used from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._of: dict[HandoverId, object] = {}

    def claim(self, id: HandoverId, who: object) -> bool:
        """False: somebody else is at it."""
        with self._guard:
            return self._of.setdefault(id, who) is who

    def release(self, who: object) -> None:
        """All of it is over."""
        with self._guard:
            self._of = {id: one for id, one in self._of.items() if one is not who}


class SharedRecords(SqliteRecords):
    """Of one command."""

    def __init__(self, database: Database, claims: Claims, *, now_s: int) -> None:
        super().__init__(database, now_s=now_s)
        self._claims = claims

    def create(self, head: RecordHead, entries: Iterable[RecordEntry]) -> None:
        self._claims.claim(head.id, self)
        super().create(head, entries)

    def unfinished(self, role: Role) -> list[RecordHead]:
        """Those that no other command is at; they are this one's from now on."""
        return [head for head in super().unfinished(role) if self._claims.claim(head.id, self)]

    def claim(self, id: HandoverId) -> bool:
        """It is this command's from now on. False: another one is at it."""
        return self._claims.claim(id, self)

    def release(self) -> None:
        """The command is over."""
        self._claims.release(self)
