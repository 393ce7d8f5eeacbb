"""Which row a contact has. By itself: a hand-over by code loads nothing else about people."""

import apsw

from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError


def key_of(connection: apsw.Connection, id: ContactId) -> int:
    """Raises MisuseError: there is no contact of this id (any more)."""
    row = connection.execute("SELECT key FROM contact WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise MisuseError("There is no such contact (any more).")
    return int(row[0])
