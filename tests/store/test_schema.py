"""Profiles of each earlier version become ones of this version, and lose nothing."""

from contextlib import closing
from pathlib import Path

import pytest

from satchel.core.identity.clocks import Reading
from satchel.core.identity.settings import Setting, Settings
from satchel.core.sealing.chain import Speaking
from satchel.core.sealing.listening import Listening
from satchel.ports import RecordEntry, RecordHead, Role
from satchel.ports.contacts import Contact
from satchel.store import schema
from satchel.store.chains import SqliteChains
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.inventories import SqliteInventories
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from satchel.store.settings import SqliteSettings
from store.contact_samples import AMINA, DAY, contact
from store.queue_samples import head_with, queued
from store.record_samples import DAY_S, ID, KEY, NOW_S, entry, head
from store.upload_samples import bring, content_of, uploads_of

NETWORK, ADDRESS, NONCE = b"a network there!", b"an address there", b"a nonce of hers."
SALT = b"s" * 32


def rows_of_version_1(database: Database, one: RecordHead, file: RecordEntry) -> None:
    with database.changing() as connection:
        connection.execute(
            "INSERT INTO record (key, id, role, secret, older_secret, into_folder, finished, generation,"
            " used_s) VALUES (5, ?, ?, ?, NULL, ?, 0, 3, ?)",
            (one.id, one.role.value, one.secret, one.into, NOW_S),
        )
        connection.execute(
            "INSERT INTO entry (record, number, path, kind, size, mtime_ns, executable, state, location,"
            " stamp, inode) VALUES (5, ?, ?, ?, ?, ?, ?, ?, ?, ?, x'30')",
            (
                *(file.number, b"/".join(file.path), file.kind.value, file.size, file.mtime_ns),
                *(file.executable, file.state.value, file.location, file.stamp),
            ),
        )
        connection.execute("INSERT INTO flight VALUES (5, ?, 3)", (b"e" * 32,))


def rows_of_version_3(database: Database, one: Contact) -> None:
    pair, epochs = one.pair, one.pair.epochs
    with database.changing() as connection:
        connection.execute(
            "INSERT INTO contact (key, id, name, proof, static, their_static, agreed, speaking_epoch,"
            " speaking, listening_epoch, listening, letters_speaking, letters_listening,"
            " counter, heard, taking)"
            " VALUES (7, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 3, 4, 2)",
            (
                *(one.id, one.name, pair.proof.name, pair.static, pair.their_static, epochs.agreed),
                *(epochs.speaking.epoch, epochs.speaking.secret, epochs.listening.epoch),
                *(epochs.listening.secret, pair.letters_speaking, pair.letters_listening),
            ),
        )
        connection.execute("INSERT INTO contact_flight VALUES (7, ?, ?)", (DAY, b"f" * 32))
        connection.execute("INSERT INTO contact_nonce VALUES (7, ?, ?)", (DAY, NONCE))
        connection.execute(
            "INSERT INTO contact_address (key, contact, network, address) VALUES (1, 7, ?, ?)",
            (NETWORK, ADDRESS),
        )
        connection.execute("UPDATE profile SET network_salt = ?, trusted_s = 8, saved_s = 9", (SALT,))


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_an_earlier_profile_becomes_one_of_this_version(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(schema, "LADDER", schema.LADDER[:version])
        then.setattr(schema, "VERSION", version)
        with closing(Database.open(tmp_path / "data", KEY)) as database:
            rows_of_version_1(database, head(), entry(0))
            if version >= 3:
                rows_of_version_3(database, contact())
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        database.require_whole()
        records, queue = SqliteRecords(database, now_s=NOW_S), SqliteQueue(database)
        contacts = SqliteContacts(database, salt=SALT)
        assert records.unfinished(Role.RECEIVER) == [head()]
        assert records.entries(ID) == [entry(0)]
        assert not records.remember_flight(ID, b"e" * 32)
        assert [*records.of_contacts(Role.RECEIVER), *records.of_contacts(Role.SENDER), *queue.all()] == []
        if version >= 3:
            (found,) = contacts.all()
            assert (found.id, found.name, found.pair) == (AMINA, "Amina", contact().pair)
            assert (found.counter, found.heard, found.taking.value) == (3, 4, 2)
            assert contacts.spent_nonces() == [(AMINA, DAY, NONCE)]
            assert not contacts.remember_flight(AMINA, DAY, b"f" * 32, places=9)
            assert [(one.network, one.address) for one in contacts.addresses()] == [(NETWORK, ADDRESS)]
            assert contacts.clocks(build_s=1).trusted_s == 8
        else:
            contacts.add(contact())
        # What is new in it works there, too.
        chains = SqliteChains(database)
        assert chains.speaking(AMINA) == Speaking.begin(contact().pair.letters_speaking)
        assert chains.listening(AMINA) == Listening.begin(contact().pair.letters_listening)
        queue.add(queued())
        records.create(head_with(), [entry(0)])
        assert queue.all()[0].accepted
        uploads = uploads_of(tmp_path, database)
        assert content_of(uploads, bring(uploads, (b"photo.jpg",), b"content")) == b"content"
        SqliteSettings(database).put(Setting.QUIET, b"on")
        assert SqliteSettings(database).now == Settings(quiet=True)
        inventories = SqliteInventories(database)
        inventories.note(SALT, Reading(time_s=NOW_S, plausible=True))
        assert inventories.salts() == [SALT]
        assert records.expire(NOW_S + 8 * DAY_S) == [head()]
        contacts.forget(AMINA)
        assert [*records.of_contacts(Role.SENDER), *queue.all()] == []


def test_own_bundles_under_way_are_there_in_this_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, each was of a contact by its letter alone."""
    with monkeypatch.context() as then:
        before = schema.LADDER.index(schema._OWN_BUNDLES)
        then.setattr(schema, "LADDER", schema.LADDER[:before])
        with closing(Database.open(tmp_path / "data", KEY)) as database:
            rows_of_version_3(database, contact())
            with database.changing() as connection:
                connection.execute(
                    "INSERT INTO letter (key, contact, id, state, place) VALUES (4, 7, x'0a', 1, 1)"
                )
                connection.execute(
                    "INSERT INTO own_bundle"
                    " VALUES (9, 4, 3, ?, 200, 0, 1, x'01', x'02', x'03', 77, 1, 2, NULL)",
                    (b"i" * 32,),
                )
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        database.require_whole()
        with database.reading() as connection:
            [row] = connection.execute("SELECT * FROM own_bundle").fetchall()
        values = (9, 7, 4, 3, b"i" * 32, 200, 0, 1, b"\x01", b"\x02", b"\x03", 77, 1, 2, None, 0)
        assert row == values
