"""Contacts on a real disk: what is kept, what is erased with its keys, and names that nobody else has."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.identity.clocks import Clocks
from satchel.core.identity.comparison import Comparison, Language
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.pair import Proof
from satchel.core.opening.effects import Kept
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import Role
from satchel.ports.contacts import Contacts, Taking
from satchel.store.contacts import ADDRESSES_KEPT_MAX, SqliteContacts
from satchel.store.database import Database
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from store.contact_samples import AMINA, BILAL, DAY, contact
from store.queue_samples import FIRST, SECOND, THIRD, head_with, queued
from store.record_samples import KEY

BUILD_S = DAY * 86_400
SALT, OTHER_SALT = bytes(32), b"s" * 32
CHLOE = ContactId(b"c" * 16)
WORDS = Comparison(secret=b"seven words here", language=Language.PERSIAN)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "data", KEY)) as opened:
        yield opened


@pytest.fixture
def contacts(database: Database) -> SqliteContacts:
    return SqliteContacts(database, salt=SALT)


def pages(database: Database, tmp_path: Path) -> bytes:
    """All of the file, deciphered; nothing must be in the log."""
    assert [path.name for path in tmp_path.glob("data-*") if path.stat().st_size] == []
    with database.reading() as connection:
        return connection.serialize("main")


def works_as_a_port(opened: Contacts) -> None:
    """mypy: it does."""


def test_a_contact_comes_back_as_it_was(contacts: SqliteContacts, database: Database, tmp_path: Path) -> None:
    works_as_a_port(contacts)
    amina = replace(contact(), counter=3, heard=1 << 53, taking=Taking.REFUSE)
    bilal = contact(BILAL, "Bilal \U0001f600", proof=Proof.UNVERIFIED, seed=20)
    bilal = replace(bilal, comparison=WORDS)
    numbers = replace(WORDS, language=None)
    chloe = replace(contact(CHLOE, "Chloé", proof=Proof.UNVERIFIED, seed=30), comparison=numbers)
    for one in (amina, bilal, chloe):
        contacts.add(one)
    assert contacts.all() == [amina, bilal, chloe]
    database.close()
    with closing(Database.open(tmp_path / "data", KEY)) as again:
        assert SqliteContacts(again, salt=SALT).all() == [amina, bilal, chloe]
    assert b"Amina" not in (tmp_path / "data").read_bytes()


def test_a_name_is_given_once(contacts: SqliteContacts) -> None:
    """Or a letter would go to the wrong one."""
    contacts.add(contact())
    with pytest.raises(MisuseError, match="name"):
        contacts.add(contact(BILAL))
    contacts.add(contact(BILAL, "Bilal"))
    with pytest.raises(MisuseError, match="name"):
        contacts.rename(BILAL, "Amina")
    contacts.rename(AMINA, "Amina")
    contacts.rename(AMINA, "Amina N.")
    contacts.rename(BILAL, "Amina")
    assert [found.name for found in contacts.all()] == ["Amina N.", "Amina"]


def test_what_was_compared_is_erased_when_it_was(
    contacts: SqliteContacts, database: Database, tmp_path: Path
) -> None:
    """T2: of a contact that is verified nothing is left of its words."""
    contacts.add(replace(contact(proof=Proof.UNVERIFIED), comparison=WORDS))
    with database.reading() as connection:
        assert WORDS.secret in connection.serialize("main")
    contacts.verify(AMINA, Proof.WORDS_COMPARED)
    assert contacts.all()[0].comparison is None
    assert WORDS.secret not in pages(database, tmp_path)


def test_verified_once_stays_verified(contacts: SqliteContacts) -> None:
    contacts.add(contact(proof=Proof.UNVERIFIED))
    contacts.verify(AMINA, Proof.WORDS_COMPARED)
    assert contacts.all()[0].pair.proof is Proof.WORDS_COMPARED
    with pytest.raises(MisuseError):
        contacts.verify(AMINA, Proof.UNVERIFIED)
    assert contacts.all()[0].pair.proof is Proof.WORDS_COMPARED


def test_whom_nobody_knows_is_a_mistake_of_ours(contacts: SqliteContacts) -> None:
    kept = contact().kept
    for call in (
        lambda: contacts.rename(AMINA, "x"),
        lambda: contacts.verify(AMINA, Proof.CODE),
        lambda: contacts.set_taking(AMINA, Taking.ASK),
        lambda: contacts.keep(AMINA, kept),
        lambda: contacts.remember_flight(AMINA, DAY, bytes(32), places=1),
        lambda: contacts.spend_nonce(AMINA, DAY, bytes(16)),
        lambda: contacts.learn_address(StoredAddress(contact=AMINA, address=bytes(16), network=bytes(16))),
    ):
        with pytest.raises(MisuseError):
            call()
    contacts.forget(AMINA)


# --- erasing -------------------------------------------------------------------------------------


def test_w4_what_a_session_lets_go_of_is_not_on_the_disk(
    contacts: SqliteContacts, database: Database, tmp_path: Path
) -> None:
    """Neither the chains of before nor what was used under them, also for who has the key of the profile."""
    contacts.add(contact())
    contacts.add(contact(BILAL, "Bilal", seed=20))
    for id in (AMINA, BILAL):
        assert contacts.remember_flight(id, DAY - 1, b"old flight" * 3, places=9)
        assert contacts.remember_flight(id, DAY + 10, b"new flight" * 3, places=9)
        contacts.spend_nonce(id, DAY - 1, b"old nonce" + bytes(7))
    epochs = contact().pair.epochs
    moved = epochs.agree(DAY + 10, DAY + 10, stored=DAY).confirm(DAY + 10)
    contacts.keep(AMINA, Kept(epochs=moved, counter=7, heard=5))
    amina, bilal = contacts.all()
    assert amina.kept == Kept(epochs=moved, counter=7, heard=5)
    assert bilal == contact(BILAL, "Bilal", seed=20)
    left = pages(database, tmp_path)
    assert epochs.speaking.secret not in left
    assert epochs.listening.secret not in left
    assert bilal.pair.epochs.speaking.secret in left
    assert contacts.spent_nonces() == [(BILAL, DAY - 1, b"old nonce" + bytes(7))]
    assert contacts.remember_flight(AMINA, DAY - 1, b"old flight" * 3, places=1)
    assert not contacts.remember_flight(AMINA, DAY + 10, b"new flight" * 3, places=9)


def test_t2_what_is_forgotten_is_not_on_the_disk(
    contacts: SqliteContacts, database: Database, tmp_path: Path
) -> None:
    contacts.add(contact())
    contacts.spend_nonce(AMINA, DAY, b"a nonce of hers.")
    contacts.learn_address(
        StoredAddress(contact=AMINA, address=b"an address there", network=b"a network there!")
    )
    database.empty_log()
    assert b"Amina" in pages(database, tmp_path)
    contacts.forget(AMINA)
    left = pages(database, tmp_path)
    for secret in (b"Amina", AMINA, b"a nonce of hers.", b"an address there", contact().pair.static):
        assert secret not in left
    assert contacts.all() == []


def test_a_new_pair_takes_the_place_of_one_in_one_step(
    contacts: SqliteContacts, database: Database, tmp_path: Path
) -> None:
    contacts.add(contact())
    contacts.add(contact(BILAL, "Amina", seed=20), replacing=AMINA)
    assert [found.id for found in contacts.all()] == [BILAL]
    assert contact().pair.static not in pages(database, tmp_path)
    with pytest.raises(OverflowError):  # a mistake of ours, in the middle of it
        contacts.add(replace(contact(BILAL, "Bilal"), counter=-(1 << 70)), replacing=BILAL)
    assert [found.id for found in contacts.all()] == [BILAL]


def test_who_is_paired_again_takes_the_place_of_the_old_one_in_one_step(
    contacts: SqliteContacts, database: Database, tmp_path: Path
) -> None:
    """What waits is offered anew; what comes from them goes on; nothing of the old keys is left (T2)."""
    queue, records = SqliteQueue(database), SqliteRecords(database)
    contacts.add(contact())
    contacts.add(contact(BILAL, "Amina 2", seed=20))
    contacts.add(contact(CHLOE, "Chloé", seed=40))
    for id in (FIRST, SECOND):
        queue.add(queued(id))
    hers = head_with(THIRD, AMINA, Role.RECEIVER, bytes(16))
    for one in (head_with(), hers):
        records.create(one, [])
    with pytest.raises(MisuseError, match="name"):
        contacts.succeed(BILAL, AMINA, "Chloé", inherits=True)
    assert [found.accepted for found in queue.all()] == [True, False]
    contacts.succeed(BILAL, AMINA, "Amina", inherits=True)
    assert [(found.id, found.name) for found in contacts.all()] == [(BILAL, "Amina"), (CHLOE, "Chloé")]
    assert queue.all() == [queued(FIRST, BILAL), queued(SECOND, BILAL)]
    assert records.of_contact(BILAL, Role.RECEIVER) == [replace(hers, contact=BILAL)]
    assert records.of_contacts(Role.SENDER) == []
    left = pages(database, tmp_path)
    assert contact().pair.static not in left
    contacts.succeed(CHLOE, BILAL, "Amina", inherits=False)
    assert queue.all() == []
    assert records.of_contacts(Role.RECEIVER) == [replace(hers, contact=CHLOE)]
    for wrong in ((BILAL, CHLOE), (CHLOE, BILAL)):
        with pytest.raises(MisuseError, match="no such contact"):
            contacts.succeed(*wrong, "Amina", inherits=True)


# --- what was used -------------------------------------------------------------------------------


def test_p1_a_flight_is_answered_once(contacts: SqliteContacts) -> None:
    contacts.add(contact())
    assert contacts.remember_flight(AMINA, DAY, b"1" * 32, places=2)
    assert not contacts.remember_flight(AMINA, DAY, b"1" * 32, places=2)
    assert contacts.remember_flight(AMINA, DAY, b"2" * 32, places=2)
    assert not contacts.remember_flight(AMINA, DAY, b"3" * 32, places=2)  # P3: no more than that in a day
    assert contacts.remember_flight(AMINA, DAY + 1, b"3" * 32, places=2)


def test_nonces_come_back_after_a_restart(contacts: SqliteContacts) -> None:
    contacts.add(contact())
    contacts.spend_nonce(AMINA, DAY, bytes(16))
    contacts.spend_nonce(AMINA, DAY, bytes(16))
    contacts.spend_nonce(AMINA, DAY + 1, bytes(16))
    assert sorted(contacts.spent_nonces()) == [(AMINA, DAY, bytes(16)), (AMINA, DAY + 1, bytes(16))]


def test_the_latest_addresses_of_each_network(contacts: SqliteContacts) -> None:
    contacts.add(contact())
    contacts.add(contact(BILAL, "Bilal", seed=20))

    def at(id: object, number: int, network: int) -> StoredAddress:
        return StoredAddress(
            contact=AMINA if id is AMINA else BILAL,
            address=bytes([number]) * 16,
            network=bytes([network]) * 16,
        )

    for number in range(ADDRESSES_KEPT_MAX + 2):
        contacts.learn_address(at(AMINA, number, 1))
    contacts.learn_address(at(AMINA, 2, 1))  # met there again
    contacts.learn_address(at(AMINA, 9, 2))
    contacts.learn_address(at(BILAL, 0, 1))
    found = contacts.addresses()
    assert found[:3] == [at(BILAL, 0, 1), at(AMINA, 9, 2), at(AMINA, 2, 1)]
    assert {one.address[0] for one in found if one.contact == AMINA and one.network[0] == 1} == {2, 3, 4}


# --- the profile ---------------------------------------------------------------------------------


def test_the_salt_is_drawn_once(contacts: SqliteContacts, database: Database) -> None:
    assert contacts.network_salt() == SALT
    assert SqliteContacts(database, salt=OTHER_SALT).network_salt() == SALT
    with pytest.raises(MisuseError):
        SqliteContacts(database, salt=b"")


def test_clocks_come_back(contacts: SqliteContacts) -> None:
    assert contacts.clocks(build_s=BUILD_S) == Clocks(build_s=BUILD_S)
    contacts.add(contact())
    contacts.add(contact(BILAL, "Bilal", seed=20))
    clocks = Clocks(
        build_s=BUILD_S, trusted_s=BUILD_S + 5, saved_s=BUILD_S + 9, offsets_s={AMINA: -7, BILAL: 3}
    )
    contacts.save_clocks(clocks)
    assert contacts.clocks(build_s=BUILD_S) == clocks
    assert [found.ahead_s for found in contacts.all()] == [-7, 3]
    contacts.save_clocks(clocks.forget(BILAL))
    assert [found.ahead_s for found in contacts.all()] == [-7, None]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE contact SET proof = 'CERTAIN'",
        "UPDATE contact SET static = x'00'",
        "UPDATE contact SET speaking = x'00'",
        "UPDATE contact SET agreed = 'a text'",
        "UPDATE contact SET taking = 9",
        "UPDATE contact SET name = x'00'",
    ],
)
def test_a_damaged_row_is_said(contacts: SqliteContacts, database: Database, damage: str) -> None:
    contacts.add(contact())
    with database.reading() as connection:
        connection.execute(damage)
    with pytest.raises(EnvironmentProblem, match="damaged"):
        contacts.all()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE contact SET ahead_s = 'a text'",
        "UPDATE profile SET trusted_s = 'a text'",
        "UPDATE contact_nonce SET nonce = 5",
        "UPDATE contact_address SET address = 5",
    ],
)
def test_so_is_one_of_what_was_learned(contacts: SqliteContacts, database: Database, damage: str) -> None:
    contacts.add(contact())
    contacts.spend_nonce(AMINA, DAY, bytes(8))
    contacts.learn_address(StoredAddress(contact=AMINA, address=b"10.0.0.1", network=bytes(16)))
    with database.reading() as connection:
        connection.execute(damage)
    with pytest.raises(EnvironmentProblem, match="damaged"):
        _ = contacts.clocks(build_s=BUILD_S), contacts.spent_nonces(), contacts.addresses()
