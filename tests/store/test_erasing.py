"""T2, W4: what is erased is on no page of the file, wherever the database had moved it before."""

import random
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.pair import Pair
from satchel.core.opening.effects import Kept
from satchel.errors import EnvironmentProblem
from satchel.ports.contacts import Contact
from satchel.store import database as database_module
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database, checked_row
from satchel.store.records import SqliteRecords
from store.contact_samples import AMINA, DAY, contact
from store.record_samples import ID, KEY, NOW_S, entry, head

PEOPLE = 120
DAYS = 8
SEED = 1000  # with which SQLite moves what is soon to be erased
SALT = bytes(32)
OLD_PLACE = StoredAddress(contact=AMINA, address=b"an address there", network=b"a network there!")
NEW_PLACE = StoredAddress(contact=AMINA, address=b"an address here.", network=b"a network here..")


def pages(database: Database) -> bytes:
    """All of the file, also what is free in it, deciphered."""
    with database.reading() as connection:
        return connection.serialize("main")


def person(number: int) -> Contact:
    """Each has secrets of its own, which can be looked for."""
    chance = random.Random(f"person {number}")
    sample = contact(ContactId(chance.randbytes(16)), f"person {number}")
    epochs = sample.pair.epochs
    epochs = replace(
        epochs,
        speaking=replace(epochs.speaking, secret=chance.randbytes(32)),
        listening=replace(epochs.listening, secret=chance.randbytes(32)),
    )
    pair = Pair(
        static=chance.randbytes(32),
        their_static=chance.randbytes(32),
        epochs=epochs,
        letters_speaking=chance.randbytes(32),
        letters_listening=chance.randbytes(32),
        proof=sample.pair.proof,
    )
    return replace(sample, pair=pair)


def move_on(contacts: SqliteContacts, one: Contact, day: int) -> None:
    """A session with it on that day, which both stored."""
    epochs = one.pair.epochs.agree(day, day, stored=day)
    contacts.keep(one.id, Kept(epochs=epochs, counter=one.counter + 1, heard=1))


def secrets_of(contacts: SqliteContacts) -> set[bytes]:
    return {
        chain.secret
        for one in contacts.all()
        for chain in (one.pair.epochs.speaking, one.pair.epochs.listening)
    }


def used_in(database: Database) -> set[bytes]:
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT ephemeral FROM contact_flight UNION ALL SELECT nonce FROM contact_nonce"
        ).fetchall()
    return {checked_row(row, (bytes,))[0] for row in rows}


def left_behind(seed: int) -> set[bytes]:
    """Days of meetings, each with a session that lets go of what was before; at each midnight the file is
    searched for all that should be gone."""
    chance = random.Random(seed)
    found: set[bytes] = set()
    there: set[bytes] = set()
    with closing(Database.in_memory()) as database:
        contacts = SqliteContacts(database, salt=SALT)
        for number in range(PEOPLE):
            contacts.add(person(number))
        for day in range(DAY + 1, DAY + 1 + DAYS):
            there |= secrets_of(contacts)
            for one in chance.sample(contacts.all(), PEOPLE // 2):
                for _ in range(6):
                    nonce, ephemeral = chance.randbytes(16), chance.randbytes(32)
                    contacts.spend_nonce(one.id, day, nonce)
                    assert contacts.remember_flight(one.id, day, ephemeral, places=99)
                    there |= {nonce, ephemeral}
                move_on(contacts, one, day)
            kept = secrets_of(contacts) | used_in(database)
            image = pages(database)
            gone = there - kept
            assert len(gone) > PEOPLE // 2
            found |= {value for value in gone if value in image}
            there = kept
        assert all(value in image for value in kept)
    return found


def test_w4_t2_nothing_stays_behind_where_a_row_was_moved_from() -> None:
    """No key of before, and nothing that was used under it: a recorded packet would be known by its nonce."""
    assert left_behind(SEED) == set()


def test_secure_delete_alone_leaves_something_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above is for, and that it finds it."""
    monkeypatch.setattr(database_module, "overwrite_erased", database_module.empty_log)
    assert left_behind(SEED)


def test_t2_who_was_killed_between_erasing_and_overwriting_overwrites_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction is in the log, and no more was done. Else a start writes nothing."""
    files = [tmp_path / name for name in ("data", "data-wal")]
    overwritten: list[apsw.Connection] = []
    monkeypatch.setattr(database_module, "overwrite_erased", overwritten.append)
    with closing(Database.open(files[0], KEY)) as database:
        contacts = SqliteContacts(database, salt=SALT)
        contacts.add(person(0))
        contacts.forget(person(0).id)
        assert len(overwritten) == 1
        as_it_was = [file.read_bytes() for file in files]
    Database.open(files[0], KEY).close()
    assert len(overwritten) == 1
    for file, content in zip(files, as_it_was, strict=True):
        file.write_bytes(content)
    Database.open(files[0], KEY).close()
    assert len(overwritten) == 2


def test_w4_where_a_contact_was_met_is_forgotten_with_the_keys_of_then(tmp_path: Path) -> None:
    """By a stored address a thief would say who sent what a watcher had recorded there."""
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        contacts = SqliteContacts(database, salt=SALT)
        contacts.add(contact())
        contacts.learn_address(OLD_PLACE)
        one = contacts.all()[0]
        move_on(contacts, one, DAY + 2)
        contacts.learn_address(NEW_PLACE)
        assert contacts.addresses() == [NEW_PLACE, OLD_PLACE]
        move_on(contacts, contacts.all()[0], DAY + 3)
        assert contacts.addresses() == [NEW_PLACE]
        assert OLD_PLACE.address not in pages(database)


def test_with_a_damaged_page_what_can_be_read_goes_on(tmp_path: Path) -> None:
    """One bad page of a hand-over's names must not keep two people from meeting."""
    path = tmp_path / "data"
    with closing(Database.open(path, KEY)) as database:
        contacts = SqliteContacts(database, salt=SALT)
        contacts.add(person(0))
        records = SqliteRecords(database, now_s=NOW_S)
        records.create(head(), [entry(number) for number in range(300)])
        with database.reading() as connection:
            bad = connection.execute("SELECT max(pageno) FROM dbstat WHERE name = 'entry'").get
    content = bytearray(path.read_bytes())
    content[4096 * (bad - 1) + 100] ^= 1
    path.write_bytes(content)
    with closing(Database.open(path, KEY)) as database:
        contacts = SqliteContacts(database, salt=SALT)
        move_on(contacts, contacts.all()[0], DAY + 9)
        assert contacts.all()[0].pair.epochs.agreed == DAY + 9
        with pytest.raises(EnvironmentProblem, match="damaged") as told:
            SqliteRecords(database, now_s=NOW_S).entries(ID)
        assert told.value.safe == "It was left as it is."
