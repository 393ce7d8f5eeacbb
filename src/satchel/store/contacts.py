"""People met in person: their keys, their names here, and what was used once and must not work again.

What a key lets go of is overwritten in the transaction that replaces it (W4, T2).
"""

from collections.abc import Sequence
from typing import Any

import apsw

from satchel.core.identity.clocks import Clocks
from satchel.core.identity.comparison import Comparison, Language
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import CHAIN_BYTES, Chain, Epochs
from satchel.core.identity.networks import SALT_BYTES, StoredAddress
from satchel.core.identity.pair import Pair, Proof
from satchel.core.opening.effects import Kept
from satchel.errors import MisuseError
from satchel.ports import Role
from satchel.ports.contacts import Contact, Taking
from satchel.store.contact_key import key_of
from satchel.store.database import DamagedRow, Database, checked_row, checked_rows
from satchel.store.succession import hand_on_letters

ADDRESSES_KEPT_MAX = 3  # of one contact in one network
_COLUMNS = (
    "id, name, proof, static, their_static, agreed, previous, speaking_epoch, speaking, listening_epoch,"
    " listening, letters_speaking, letters_listening, counter, heard, ahead_s, taking, comparison, language"
)
_TYPES = (
    *(bytes, str, str, bytes, bytes, int, int | None, int, bytes, int),
    *(bytes, bytes, bytes, int, int, int | None, int, bytes | None, str | None),
)
_OLD = "epoch < (SELECT listening_epoch FROM contact WHERE key = ?1)"


class SqliteContacts:
    """See ports.Contacts. May be used from several threads."""

    def __init__(self, database: Database, *, salt: bytes) -> None:
        """`salt`: 32 fresh random bytes, which become this profile's if it has none yet."""
        if len(salt) != SALT_BYTES:
            raise MisuseError(f"a salt has {SALT_BYTES} bytes")
        self._database = database
        self._fresh_salt = salt

    def all(self) -> list[Contact]:
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM contact ORDER BY key").fetchall()  # noqa: S608
            return [_contact_of(row) for row in rows]

    def add(self, contact: Contact, *, replacing: ContactId | None = None) -> None:
        row = _row_of(contact)
        with self._database.changing(erasing=replacing is not None) as connection:
            if replacing is not None:
                connection.execute("DELETE FROM contact WHERE id = ?", (replacing,))
            _refuse_taken(connection, contact.name, but=None)
            connection.execute(
                f"INSERT INTO contact ({_COLUMNS}, restores) VALUES ({', '.join('?' * len(row))},"  # noqa: S608
                " (SELECT restores FROM profile))",
                row,
            )

    def rename(self, id: ContactId, name: str) -> None:
        with self._database.changing(erasing=True) as connection:
            key = key_of(connection, id)
            _refuse_taken(connection, name, but=key)
            connection.execute("UPDATE contact SET name = ? WHERE key = ?", (name, key))

    def succeed(self, id: ContactId, old: ContactId, name: str, *, inherits: bool) -> None:
        with self._database.changing(erasing=True) as connection:
            key, before = key_of(connection, id), key_of(connection, old)
            connection.execute(
                "UPDATE record SET contact = ? WHERE contact = ? AND role = ?",
                (key, before, Role.RECEIVER.value),
            )
            connection.execute("UPDATE past SET contact = ? WHERE contact = ?", (key, before))
            if inherits:
                connection.execute("UPDATE queued SET contact = ? WHERE contact = ?", (key, before))
            hand_on_letters(connection, key, before, inherits=inherits)
            # Its sender's records go with it: nobody has accepted anything in the new pair.
            connection.execute("DELETE FROM contact WHERE key = ?", (before,))
            _refuse_taken(connection, name, but=key)
            connection.execute("UPDATE contact SET name = ? WHERE key = ?", (name, key))

    def verify(self, id: ContactId, proof: Proof) -> None:
        with self._database.changing(erasing=True) as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM contact WHERE key = ?",  # noqa: S608
                (key_of(connection, id),),
            ).fetchone()
            assert row is not None
            verified = _contact_of(row).pair.verified(proof)
            connection.execute(
                "UPDATE contact SET proof = ?, comparison = NULL, language = NULL WHERE id = ?",
                (verified.proof.name, id),
            )

    def set_taking(self, id: ContactId, taking: Taking) -> None:
        with self._database.changing() as connection:
            key = key_of(connection, id)
            connection.execute("UPDATE contact SET taking = ? WHERE key = ?", (taking.value, key))

    def keep(self, id: ContactId, kept: Kept) -> None:
        epochs = kept.epochs
        stands = epochs.speaking.epoch, epochs.listening.epoch
        with self._database.reading() as connection:
            stood = connection.execute(
                "SELECT speaking_epoch, listening_epoch FROM contact WHERE id = ?", (id,)
            ).fetchone()
        has_moved_on = stands != stood  # once a day, not at each session
        with self._database.changing(erasing=has_moved_on) as connection:
            key = key_of(connection, id)
            connection.execute(
                "UPDATE contact SET agreed = ?, previous = ?, speaking_epoch = ?, speaking = ?,"
                " listening_epoch = ?, listening = ?, counter = ?, heard = ? WHERE key = ?",
                (
                    *(epochs.agreed, epochs.previous, epochs.speaking.epoch, epochs.speaking.secret),
                    *(epochs.listening.epoch, epochs.listening.secret, kept.counter, kept.heard, key),
                ),
            )
            for table in ("contact_flight", "contact_nonce", "contact_address"):
                connection.execute(f"DELETE FROM {table} WHERE contact = ?1 AND {_OLD}", (key,))  # noqa: S608

    def forget(self, id: ContactId) -> None:
        with self._database.changing(erasing=True) as connection:
            connection.execute("DELETE FROM contact WHERE id = ?", (id,))

    def remember_flight(self, id: ContactId, epoch: int, ephemeral: bytes, *, places: int) -> bool:
        with self._database.changing() as connection:
            key = key_of(connection, id)
            count = connection.execute(
                "SELECT count(*) FROM contact_flight WHERE contact = ? AND epoch = ?", (key, epoch)
            ).get
            if count >= places:
                return False
            connection.execute(
                "INSERT OR IGNORE INTO contact_flight VALUES (?, ?, ?)", (key, epoch, ephemeral)
            )
            return connection.changes() == 1

    def spend_nonce(self, id: ContactId, epoch: int, nonce: bytes) -> None:
        with self._database.changing() as connection:
            key = key_of(connection, id)
            connection.execute("INSERT OR IGNORE INTO contact_nonce VALUES (?, ?, ?)", (key, epoch, nonce))

    def spent_nonces(self) -> list[tuple[ContactId, int, bytes]]:
        query = "SELECT id, epoch, nonce FROM contact_nonce JOIN contact ON key = contact"
        with self._database.reading() as connection:
            found = checked_rows(connection, query, (), (bytes, int, bytes))
        return [(ContactId(id), epoch, nonce) for id, epoch, nonce in found]

    def learn_address(self, address: StoredAddress) -> None:
        place = address.contact, address.network, address.address
        with self._database.reading() as connection:
            others = connection.execute(
                "SELECT count(*) FROM contact_address AS a JOIN contact AS c ON c.key = a.contact"
                " WHERE id = ? AND network = ? AND address != ?",
                place,
            ).get
        with self._database.changing(erasing=others >= ADDRESSES_KEPT_MAX) as connection:
            key = key_of(connection, address.contact)
            # A new key even where it is there: it is the latest now.
            connection.execute(
                "INSERT OR REPLACE INTO contact_address (contact, network, address, epoch)"
                " SELECT key, ?, ?, agreed FROM contact WHERE key = ?",
                (address.network, address.address, key),
            )
            connection.execute(
                "DELETE FROM contact_address WHERE contact = ?1 AND network = ?2 AND key NOT IN (SELECT key"
                " FROM contact_address WHERE contact = ?1 AND network = ?2 ORDER BY key DESC LIMIT ?3)",
                (key, address.network, ADDRESSES_KEPT_MAX),
            )

    def addresses(self) -> list[StoredAddress]:
        query = (
            "SELECT id, address, network FROM contact_address AS a JOIN contact AS c ON c.key = a.contact"
            " ORDER BY a.key DESC"
        )
        with self._database.reading() as connection:
            found = checked_rows(connection, query, (), (bytes, bytes, bytes))
        return [
            StoredAddress(contact=ContactId(id), address=address, network=network)
            for id, address, network in found
        ]

    def network_salt(self) -> bytes:
        with self._database.changing() as connection:
            connection.execute(
                "UPDATE profile SET network_salt = ? WHERE network_salt IS NULL", (self._fresh_salt,)
            )
            (salt,) = checked_row(
                connection.execute("SELECT network_salt FROM profile").fetchone() or (), (bytes,)
            )
            return bytes(salt)

    def clocks(self, *, build_s: int) -> Clocks:
        with self._database.reading() as connection:
            row = connection.execute("SELECT trusted_s, saved_s FROM profile").fetchone() or ()
            trusted_s, saved_s = checked_row(row, (int | None, int | None))
            query = "SELECT id, ahead_s FROM contact WHERE ahead_s IS NOT NULL"
            offsets = checked_rows(connection, query, (), (bytes, int))
        return Clocks(
            build_s=build_s,
            trusted_s=trusted_s,
            saved_s=saved_s,
            offsets_s={ContactId(id): ahead_s for id, ahead_s in offsets},
        )

    def save_clocks(self, clocks: Clocks) -> None:
        with self._database.changing() as connection:
            connection.execute(
                "UPDATE profile SET trusted_s = ?, saved_s = ?", (clocks.trusted_s, clocks.saved_s)
            )
            connection.execute("UPDATE contact SET ahead_s = NULL WHERE ahead_s IS NOT NULL")
            connection.executemany(
                "UPDATE contact SET ahead_s = ? WHERE id = ?",
                [(ahead_s, id) for id, ahead_s in clocks.offsets_s.items()],
            )


def _refuse_taken(connection: apsw.Connection, name: str, *, but: int | None) -> None:
    row = connection.execute("SELECT key FROM contact WHERE name = ?", (name,)).fetchone()
    if row is not None and row[0] != but:
        raise MisuseError(
            "Another contact has this name already.",
            safe="Nothing was changed.",
            do="Give another name, or rename that contact first: satchel contacts rename",
        )


def _row_of(contact: Contact) -> tuple[Any, ...]:
    pair, epochs, compared = contact.pair, contact.pair.epochs, contact.comparison
    language = compared.language.value if compared is not None and compared.language is not None else None
    return (
        *(contact.id, contact.name, pair.proof.name, pair.static, pair.their_static),
        *(epochs.agreed, epochs.previous, epochs.speaking.epoch, epochs.speaking.secret),
        *(epochs.listening.epoch, epochs.listening.secret, pair.letters_speaking, pair.letters_listening),
        *(contact.counter, contact.heard, contact.ahead_s, contact.taking.value),
        *((None, None) if compared is None else (compared.secret, language)),
    )


def _contact_of(row: Sequence[Any]) -> Contact:
    id, name, proof, static, theirs, agreed, previous, *rest = checked_row(row, _TYPES)
    s_epoch, speaking, l_epoch, listening, letters_out, letters_in, counter, heard, *rest = rest
    ahead_s, taking, compared, language = rest
    if len(speaking) != CHAIN_BYTES or len(listening) != CHAIN_BYTES:
        raise DamagedRow
    try:
        epochs = Epochs(
            agreed=agreed,
            previous=previous,
            speaking=Chain(epoch=s_epoch, secret=speaking),
            listening=Chain(epoch=l_epoch, secret=listening),
        )
        pair = Pair(
            static=static,
            their_static=theirs,
            epochs=epochs,
            letters_speaking=letters_out,
            letters_listening=letters_in,
            proof=Proof[proof],
        )
        spoken = None if language is None else Language(language)
        return Contact(
            id=ContactId(id),
            name=name,
            pair=pair,
            counter=counter,
            heard=heard,
            ahead_s=ahead_s,
            taking=Taking(taking),
            comparison=None if compared is None else Comparison(secret=compared, language=spoken),
        )
    except (KeyError, ValueError, MisuseError) as exc:  # no such proof, no such word, keys of another length
        raise DamagedRow from exc
