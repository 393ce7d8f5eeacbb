"""What stands for an upload where a path stands for other files: in the queue, in records, in offers.

`upload:` and the id of an upload, or of a group of them, in hexadecimal. No path from the root on begins so.
"""

from collections.abc import Iterable

import apsw

from satchel.errors import MisuseError
from satchel.store.blobs import erased
from satchel.store.database import checked_row

ID_BYTES = 16
_PREFIX = b"upload:"
_NAME_BYTES = len(_PREFIX) + 2 * ID_BYTES
_LOCATIONS = (
    "SELECT DISTINCT substr(e.location, 1, ?1) FROM record AS r JOIN entry AS e ON e.record = r.key"
    " WHERE r.role = 0 AND substr(e.location, 1, ?2) = ?3"
)


def name_of(id: bytes) -> bytes:
    return _PREFIX + id.hex().encode()


def id_in(name: bytes) -> bytes | None:
    """The id that a path, or the path of something inside of it, begins with; None: it is of another file."""
    if not name.startswith(_PREFIX):
        return None
    try:
        id = bytes.fromhex(name[len(_PREFIX) : _NAME_BYTES].decode())
    except ValueError:
        return None
    return id if name_of(id) == name[:_NAME_BYTES] and len(id) == ID_BYTES else None


def named_by(word: str) -> bytes:
    """What stands for the upload, or group, whose id somebody gave. Raises MisuseError."""
    name = _PREFIX + word.encode("utf-8", "surrogateescape")
    if id_in(name) is None or len(name) != _NAME_BYTES:
        raise MisuseError(
            "An upload is named by 32 hexadecimal digits.", safe="Nothing was sent.", do="satchel send PATH"
        )
    return name


def mark_sent(connection: apsw.Connection, names: Iterable[bytes]) -> None:
    """From now on they go when nothing names them any more. Paths of other files are passed over.

    In the transaction that stores what names them. Raises NothingToDo: one was erased.
    """
    for id in {id for name in names if (id := id_in(name)) is not None}:
        connection.execute("UPDATE upload SET sent = 1 WHERE id = ?1 OR bunch = ?1", (id,))
        if not connection.changes():
            raise erased()


def ids_named(connection: apsw.Connection) -> set[bytes]:
    """By what waits for contacts, and by what is unfinished: of uploads, and of groups."""
    queued = connection.execute("SELECT paths FROM queued").fetchall()
    named = [name for row in queued for name in checked_row(row, (bytes,))[0].split(b"\0")]
    begun = connection.execute(_LOCATIONS, (_NAME_BYTES, len(_PREFIX), _PREFIX)).fetchall()
    named += [checked_row(row, (bytes,))[0] for row in begun]
    return {id for name in named if (id := id_in(name)) is not None}
