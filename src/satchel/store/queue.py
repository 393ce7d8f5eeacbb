"""What waits for contacts, in the database of the profile.

What is removed is overwritten together with its record, in one transaction (T2).
"""

from collections.abc import Callable, Sequence
from typing import Any

from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError
from satchel.ports.queue import QUEUED_MAX, Queued, QueueState
from satchel.ports.records import HandoverId, Role
from satchel.store.contact_key import key_of
from satchel.store.database import DamagedRow, Database, checked_row
from satchel.store.upload_names import mark_sent

_TYPES = (bytes, bytes, bytes, str | None, int | None, int, int)
_ALL = (
    "SELECT q.id, c.id, q.paths, q.note, q.made_s, q.state,"
    " EXISTS (SELECT 1 FROM record AS r WHERE r.id = q.id AND r.role = ?)"
    " FROM queued AS q JOIN contact AS c ON c.key = q.contact ORDER BY q.key"
)
_FORGET = "DELETE FROM record WHERE id = ? AND role = ?"


class SqliteQueue:
    """See ports.Queue. May be used from several threads."""

    def __init__(self, database: Database, *, removed: Callable[[], object] = lambda: None) -> None:
        """`removed` is called when something is not in it any more."""
        self._database = database
        self._removed = removed

    def add(self, queued: Queued) -> None:
        with self._database.changing() as connection:
            key = key_of(connection, queued.contact)
            count = connection.execute("SELECT count(*) FROM queued WHERE contact = ?", (key,)).get
            if count >= QUEUED_MAX:
                raise MisuseError(
                    f"{QUEUED_MAX} things wait for this contact already.",
                    safe="They still wait; nothing was added.",
                    do="Meet, or take some of them back: satchel queue remove",
                )
            mark_sent(connection, queued.paths)
            connection.execute(
                "INSERT INTO queued (id, contact, paths, note, made_s, state) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(queued.id, key, b"\0".join(queued.paths), queued.note),
                    *(queued.made_s, queued.state.value),
                ),
            )

    def all(self) -> list[Queued]:
        with self._database.reading() as connection:
            rows = connection.execute(_ALL, (Role.SENDER.value,)).fetchall()
            return [_queued_of(row) for row in rows]

    def set_state(self, id: HandoverId, state: QueueState) -> None:
        is_over = state is not QueueState.WAITING
        with self._database.changing(erasing=is_over) as connection:
            connection.execute("UPDATE queued SET state = ? WHERE id = ?", (state.value, id))
            if is_over:
                connection.execute(_FORGET, (id, Role.SENDER.value))

    def remove(self, id: HandoverId) -> None:
        with self._database.changing(erasing=True) as connection:
            connection.execute("DELETE FROM queued WHERE id = ?", (id,))
            connection.execute(_FORGET, (id, Role.SENDER.value))
        self._removed()


def _queued_of(row: Sequence[Any]) -> Queued:
    id, contact, paths, note, made_s, state, accepted = checked_row(row, _TYPES)
    try:
        return Queued(
            id=HandoverId(id),
            contact=ContactId(contact),
            paths=tuple(paths.split(b"\0")) if paths else (),
            note=note,
            made_s=made_s,
            state=QueueState(state),
            accepted=bool(accepted),
        )
    except ValueError as exc:  # no such state
        raise DamagedRow from exc
