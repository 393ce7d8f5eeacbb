"""The chains of letters, in the database of the profile: what of docs/spec/chain.md is stored, and erased.

A chain begins when it is first asked for: then the root that pairing left is erased (W4).
"""

import apsw

from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import NUMBER_FIRST, Entry, Place, Speaking
from satchel.core.sealing.listening import Change, Listening, Skipped
from satchel.errors import MisuseError
from satchel.store.contact_key import key_of
from satchel.store.database import DamagedRow, Database, checked_row, checked_rows

_UP_TO_DATE = (
    "SELECT EXISTS (SELECT 1 FROM speaking_chain AS s JOIN contact AS c ON c.key = s.contact, profile AS p"
    " WHERE c.key = ? AND c.restores >= p.restores)"
)


class SqliteChains:
    """See ports.letters.Chains. May be used from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def speaking(self, contact: ContactId) -> Speaking:
        self._begin(contact)
        with self._database.reading() as connection:
            return speaking_of(connection, key_of(connection, contact))

    def listening(self, contact: ContactId) -> Listening:
        self._begin(contact)
        with self._database.reading() as connection:
            return _listening_of(connection, key_of(connection, contact))

    def tags(self, contact: ContactId) -> list[tuple[int, bytes]]:
        with self._database.reading() as connection:
            found = checked_rows(
                connection,
                "SELECT number, tag FROM skipped_entry WHERE contact = ? ORDER BY number",
                (key_of(connection, contact),),
                (int, bytes),
            )
        return [(number, tag) for number, tag in found]

    def entry(self, contact: ContactId, number: int) -> Entry | None:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT tag, secret FROM skipped_entry WHERE contact = ? AND number = ?",
                (key_of(connection, contact), number),
            ).fetchone()
            if row is None:
                return None
            tag, secret = checked_row(row, (bytes, bytes))
        return Entry(number=number, tag=tag, key=secret)

    def put_speaking(self, contact: ContactId, speaking: Speaking) -> None:
        with self._database.changing(erasing=True) as connection:
            key = begun(connection, contact)
            put_speaking(connection, key, further(speaking_of(connection, key), speaking))

    def change(self, contact: ContactId, change: Change) -> None:
        with self._database.changing(erasing=True) as connection:
            apply_change(connection, begun(connection, contact), change)

    def _begin(self, contact: ContactId) -> None:
        """As nearly always, nothing is to be written."""
        with self._database.reading() as connection:
            if connection.execute(_UP_TO_DATE, (key_of(connection, contact),)).get:
                return
        with self._database.changing(erasing=True) as connection:
            begun(connection, contact)


def begun(connection: apsw.Connection, contact: ContactId) -> int:
    """The key of a contact, in a transaction that erases. Its chains have begun then, and have left out the
    numbers that an original of this profile may have used: 1,000 for each backup it comes from [3.4]."""
    key = key_of(connection, contact)
    row = connection.execute(
        "SELECT letters_speaking, letters_listening, c.restores, p.restores FROM contact AS c, profile AS p"
        " WHERE c.key = ?",
        (key,),
    ).fetchone()
    root_speaking, root_listening, known, restores = checked_row(row or (), (bytes, bytes, int, int))
    if root_speaking:
        put_speaking(connection, key, Speaking.begin(root_speaking))
        _put_listening(connection, key, Listening.begin(root_listening))
        connection.execute(
            "UPDATE contact SET letters_speaking = x'', letters_listening = x'' WHERE key = ?", (key,)
        )
    if known < restores:
        speaking = speaking_of(connection, key)
        for _ in range(restores - known):
            speaking = speaking.restored()
        put_speaking(connection, key, speaking)
        connection.execute("UPDATE contact SET restores = ? WHERE key = ?", (restores, key))
    return key


def speaking_of(connection: apsw.Connection, key: int) -> Speaking:
    row = connection.execute(
        "SELECT number, secret, known, jumped FROM speaking_chain WHERE contact = ?", (key,)
    ).fetchone()
    number, secret, known, jumped = checked_row(row or (), (int, bytes, int, int))
    return Speaking(place=_place(number, secret), known=known, jumped=jumped)


def further(one: Speaking, other: Speaking) -> Speaking:
    """Of two states of one chain, what both know: a number that was used since one of them was read, by
    somebody else here, is not used again (C1)."""
    place = max(one.place, other.place, key=lambda place: place.number)
    return Speaking(place=place, known=max(one.known, other.known), jumped=max(one.jumped, other.jumped))


def put_speaking(connection: apsw.Connection, key: int, speaking: Speaking) -> None:
    """In a transaction that erases."""
    place = speaking.place
    connection.execute(
        "INSERT INTO speaking_chain VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (contact) DO UPDATE"
        " SET number = ?2, secret = ?3, known = ?4, jumped = ?5",
        (key, place.number, place.secret, speaking.known, speaking.jumped),
    )


def apply_change(connection: apsw.Connection, key: int, change: Change) -> None:
    """In a transaction that erases, with what was opened [4.4]."""
    _put_listening(connection, key, change.listening)
    connection.executemany(
        "INSERT INTO skipped_entry VALUES (?, ?, ?, ?)",
        [(key, one.number, one.tag, one.key) for one in change.added],
    )
    connection.executemany(
        "DELETE FROM skipped_entry WHERE contact = ? AND number >= ? AND number < ?",
        [(key, numbers.start, numbers.stop) for numbers in change.erased],
    )


def _listening_of(connection: apsw.Connection, key: int) -> Listening:
    row = connection.execute(
        "SELECT number, secret FROM listening_chain WHERE contact = ?", (key,)
    ).fetchone()
    number, secret = checked_row(row or (), (int, bytes))
    runs = checked_rows(
        connection,
        "SELECT first, stop, since_s, plausible FROM skipped_run WHERE contact = ? ORDER BY first",
        (key,),
        (int, int, int, int),
    )
    if any(not NUMBER_FIRST <= first < stop <= number for first, stop, _, _ in runs):
        raise DamagedRow
    skipped = tuple(
        Skipped(numbers=range(first, stop), since=Reading(time_s=since_s, plausible=bool(plausible)))
        for first, stop, since_s, plausible in runs
    )
    return Listening(place=_place(number, secret), skipped=skipped)


def _put_listening(connection: apsw.Connection, key: int, listening: Listening) -> None:
    place = listening.place
    connection.execute(
        "INSERT INTO listening_chain VALUES (?1, ?2, ?3) ON CONFLICT (contact) DO UPDATE"
        " SET number = ?2, secret = ?3",
        (key, place.number, place.secret),
    )
    connection.execute("DELETE FROM skipped_run WHERE contact = ?", (key,))
    connection.executemany(
        "INSERT INTO skipped_run VALUES (?, ?, ?, ?, ?)",
        [
            (key, one.numbers.start, one.numbers.stop, one.since.time_s, one.since.plausible)
            for one in listening.skipped
        ],
    )


def _place(number: int, secret: bytes) -> Place:
    try:
        return Place(number=number, secret=secret)
    except MisuseError as exc:
        raise DamagedRow from exc
