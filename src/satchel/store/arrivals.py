"""What bundles of contacts brought: letters, parts of them, and what cannot be read yet.

Stored in the transaction that erases the entry which opened it: so it opens once, and is never lost (W4, C2).
Spec: docs/spec/profile.md, 11.
"""

from collections.abc import Iterable, Sequence

import apsw

from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import LetterId
from satchel.core.sealing.parts import Gathering, Unfinished
from satchel.errors import NothingToDo
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import OnePart, Opening, Unreadable, WholeLetter
from satchel.store.chains import apply_change, begun
from satchel.store.contact_key import key_of
from satchel.store.contents import Contents, Written
from satchel.store.database import Database, checked_row, checked_rows
from satchel.store.letters import bodies_of, insert_letter
from satchel.store.sending import answer, put_due

_HELD = """
WITH came AS (SELECT key, text, blob FROM letter WHERE contact = ?1 AND state = ?2)
SELECT coalesce(sum(octet_length(text)), 0) FROM came
UNION ALL SELECT coalesce(sum(size), 0) FROM blob WHERE key IN (
    SELECT blob FROM came
    UNION SELECT a.blob FROM attachment AS a JOIN came ON came.key = a.letter
    UNION SELECT blob FROM piece WHERE contact = ?1
    UNION SELECT blob FROM unreadable WHERE contact = ?1)
"""
Came = WholeLetter | OnePart | Unreadable | None


class SqliteArrivals:
    """See ports.letters.Arrivals. May be used from several threads."""

    def __init__(self, database: Database, contents: Contents) -> None:
        self._database = database
        self._contents = contents

    def open(self, openings: Sequence[Opening]) -> list[LetterId]:
        bodies = [_bodies(one.came) for one in openings]
        flat = [body for some in bodies for body in some]
        names: list[bytes] = []
        answered: list[LetterId] = []
        with (
            self._contents.written(flat) as written,
            self._database.changing(erasing=True) as connection,
        ):
            left = list(written)
            for one, some in zip(openings, bodies, strict=True):
                key = begun(connection, one.contact)
                apply_change(connection, key, one.change)
                mine, left = left[: len(some)], left[len(some) :]
                names += self._store(connection, key, one.came, mine)
                answered += _answered(connection, key, one.came)
                if one.due is not None:
                    due = one.due
                    put_due(
                        connection,
                        key,
                        due.receipt,
                        due.due,
                        is_own=False,
                        deliverer=due.deliverer,
                        bundle=due.bundle,
                    )
        self._contents.remove_files(names)
        return answered

    def _store(
        self, connection: apsw.Connection, contact: int, came: Came, written: Sequence[Written]
    ) -> list[bytes]:
        """Returns names of files to remove after the transaction."""
        match came:
            case WholeLetter():
                names = self._let_go(connection, contact, [came.id])
                insert_letter(
                    connection,
                    self._contents,
                    contact=contact,
                    id=came.id,
                    letter=came.letter,
                    written=written,
                    state=LetterState.RECEIVED,
                )
                return names
            case OnePart():
                part = came.part
                connection.execute(
                    "INSERT INTO unfinished VALUES (?1, ?2, ?3, ?4) ON CONFLICT (contact, id) DO UPDATE"
                    " SET expiry_hour = max(expiry_hour, ?4)",
                    (contact, part.letter_id, part.size_bytes, came.expiry_hour),
                )
                blob = self._contents.insert(connection, contact, written[0])
                connection.execute(
                    "INSERT INTO piece VALUES (?, ?, ?, ?)", (contact, part.letter_id, part.index, blob)
                )
            case Unreadable():
                blob = self._contents.insert(connection, contact, written[0])
                connection.execute(
                    "INSERT INTO unreadable (contact, id, blob) VALUES (?, ?, ?)",
                    (contact, came.letter_id, blob),
                )
                return self._let_go(connection, contact, [came.letter_id] if came.letter_id else [])
        return []

    def held_bytes(self, contact: ContactId) -> int:
        with self._database.reading() as connection:
            key = key_of(connection, contact)
            found = checked_rows(connection, _HELD, (key, LetterState.RECEIVED.value), (int,))
        return sum(size for (size,) in found)

    def rehearse(self) -> None:
        with self._database.changing(erasing=True) as connection:
            connection.execute("UPDATE profile SET custody_key = custody_key")

    def gathering(self, contact: ContactId) -> Gathering:
        with self._database.reading() as connection:
            key = key_of(connection, contact)
            letters = checked_rows(
                connection,
                "SELECT id, size, expiry_hour FROM unfinished WHERE contact = ?",
                (key,),
                (bytes, int, int),
            )
            pieces = checked_rows(
                connection, "SELECT id, number FROM piece WHERE contact = ?", (key,), (bytes, int)
            )
        indices: dict[bytes, set[int]] = {}
        for id, number in pieces:
            indices.setdefault(id, set()).add(number)
        return Gathering(
            letters={
                LetterId(id): Unfinished(
                    size_bytes=size, indices=frozenset(indices.get(id, ())), expiry_hour=expiry_hour
                )
                for id, size, expiry_hour in letters
            }
        )

    def pieces(self, contact: ContactId, id: LetterId) -> dict[int, bytes]:
        with self._database.reading() as connection:
            found = checked_rows(
                connection,
                "SELECT number, blob FROM piece WHERE contact = ? AND id = ?",
                (key_of(connection, contact), id),
                (int, int),
            )
        return {number: self._contents.read(blob) for number, blob in found}

    def let_go(self, contact: ContactId, ids: Iterable[LetterId]) -> None:
        with self._database.changing(erasing=True) as connection:
            names = self._let_go(connection, key_of(connection, contact), ids)
        self._contents.remove_files(names)

    def _let_go(self, connection: apsw.Connection, contact: int, ids: Iterable[LetterId]) -> list[bytes]:
        names: list[bytes] = []
        for id in ids:
            found = checked_rows(
                connection, "SELECT blob FROM piece WHERE contact = ? AND id = ?", (contact, id), (int,)
            )
            names += self._contents.erase(connection, [blob for (blob,) in found])
            connection.execute("DELETE FROM unfinished WHERE contact = ? AND id = ?", (contact, id))
        return names

    def unreadable(self) -> list[tuple[int, ContactId]]:
        with self._database.reading() as connection:
            found = checked_rows(
                connection,
                "SELECT u.key, c.id FROM unreadable AS u JOIN contact AS c ON c.key = u.contact"
                " ORDER BY u.key",
                (),
                (int, bytes),
            )
        return [(number, ContactId(contact)) for number, contact in found]

    def read_unreadable(self, number: int) -> Unreadable:
        with self._database.reading() as connection:
            id, blob, _ = _unreadable(connection, number)
        return Unreadable(content=self._contents.read(blob), letter_id=id)

    def read_now(self, number: int, came: WholeLetter | OnePart | None) -> list[LetterId]:
        with (
            self._contents.written(_bodies(came)) as written,
            self._database.changing(erasing=True) as connection,
        ):
            _, blob, contact = _unreadable(connection, number)
            names = self._store(connection, contact, came, written)
            names += self._contents.erase(connection, [blob])
            answered = _answered(connection, contact, came)
        self._contents.remove_files(names)
        return answered


def _answered(connection: apsw.Connection, contact: int, came: Came) -> list[LetterId]:
    id = came.letter.reply_to if isinstance(came, WholeLetter) else None
    return [id] if id is not None and answer(connection, contact, id) else []


def _bodies(came: Came) -> list[bytes]:
    match came:
        case WholeLetter():
            return bodies_of(came.letter)
        case OnePart():
            return [came.part.piece]
        case Unreadable():
            return [came.content]
    return []


def _unreadable(connection: apsw.Connection, number: int) -> tuple[LetterId | None, int, int]:
    row = connection.execute("SELECT id, blob, contact FROM unreadable WHERE key = ?", (number,)).fetchone()
    if row is None:
        raise NothingToDo("This is not here (any more).", safe="Nothing was changed.")
    id, blob, contact = checked_row(row, (bytes | None, int, int))
    return None if id is None else LetterId(id), blob, contact
