"""Chains in a profile: what of them is kept, and what is gone for good (W4, T2, C2)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import JUMP, Place, Speaking
from satchel.core.sealing.listening import Listening
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports.letters import Chains
from satchel.store.chains import SqliteChains
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from store.contact_samples import AMINA, BILAL, contact
from store.letter_samples import NOW
from store.record_samples import KEY
from store.test_erasing import pages

OUT, BACK = contact().pair.letters_speaking, contact().pair.letters_listening


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "data", KEY)) as opened:
        SqliteContacts(opened, salt=bytes(32)).add(contact())
        yield opened


def works_as_a_port(chains: Chains) -> None:
    """mypy: it does."""


def restored(database: Database, times: int = 1) -> None:
    """What ProfileFolder.put_back does."""
    with database.changing() as connection:
        connection.execute("UPDATE profile SET restores = restores + ?", (times,))


def test_w4_the_roots_are_the_first_places_and_are_erased_as_roots(database: Database) -> None:
    chains = SqliteChains(database)
    works_as_a_port(chains)
    assert chains.speaking(AMINA) == Speaking.begin(OUT)
    assert chains.listening(AMINA) == Listening.begin(BACK)
    assert {OUT, BACK} <= {chains.speaking(AMINA).place.secret, chains.listening(AMINA).place.secret}
    entry, after = chains.speaking(AMINA).take()
    chains.put_speaking(AMINA, after)
    chains.change(AMINA, chains.listening(AMINA).opened(1, NOW))
    image = pages(database)
    for gone in (OUT, BACK, entry.key, entry.tag):
        assert gone not in image
    assert chains.speaking(AMINA) == after
    (found,) = SqliteContacts(database, salt=bytes(32)).all()
    assert found.pair == replace(contact().pair, letters_speaking=b"", letters_listening=b"")


@settings(max_examples=25, deadline=None)
@given(numbers=st.lists(st.integers(1, 40), unique=True, min_size=1, max_size=12))
def test_what_was_passed_over_comes_back_as_it_was(numbers: list[int]) -> None:
    """In any order, after any loss, each once; what was opened has no entry any more."""
    place = Place(number=1, secret=BACK)
    with closing(Database.in_memory()) as database:
        SqliteContacts(database, salt=bytes(32)).add(contact())
        chains = SqliteChains(database)
        for number in numbers:
            before = chains.listening(AMINA)
            assert before.awaits(number)
            expected = place.at(number).step()[0]
            if number > before.highest:
                assert before.entry(number) == expected
                assert chains.entry(AMINA, number) is None
            else:
                assert chains.entry(AMINA, number) == expected
            change = before.opened(number, NOW)
            chains.change(AMINA, change)
            assert chains.listening(AMINA) == change.listening
            assert chains.entry(AMINA, number) is None
            assert not chains.listening(AMINA).awaits(number)
        missing = set(range(1, max(numbers))) - set(numbers)
        assert chains.tags(AMINA) == [(n, place.at(n).step()[0].tag) for n in sorted(missing)]
        image = pages(database)
        assert not [n for n in numbers if place.at(n).step()[0].key in image]


def test_t2_what_was_passed_36_days_ago_is_on_no_page(database: Database) -> None:
    chains = SqliteChains(database)
    chains.change(AMINA, chains.listening(AMINA).opened(300, NOW))
    entries = [chains.entry(AMINA, number) for number in range(1, 300)]
    later = Reading(time_s=NOW.time_s + 37 * 86_400, plausible=True)
    change = chains.listening(AMINA).settle(later)
    assert change is not None
    chains.change(AMINA, change)
    image = pages(database)
    assert not [one for one in entries if one is None or one.key in image or one.tag in image]
    assert chains.tags(AMINA) == []


def test_c1_a_restored_profile_leaves_out_numbers_once(database: Database) -> None:
    """For each contact, before anything of it is told; also where nothing was written before the backup."""
    chains, contacts = SqliteChains(database), SqliteContacts(database, salt=bytes(32))
    contacts.add(contact(BILAL, "Bilal", seed=20))
    _, after = chains.speaking(AMINA).take()
    chains.put_speaking(AMINA, after)
    restored(database)
    for _ in range(2):
        assert chains.speaking(AMINA) == after.restored()
        assert chains.speaking(BILAL).place.number == 1 + JUMP
    assert SqliteChains(database).speaking(AMINA).jumped == 1 + JUMP
    contacts.add(contact(ContactId(b"paired after it."), "Chloé", seed=40))
    assert chains.speaking(ContactId(b"paired after it.")).place.number == 1


def test_c1_who_was_restored_twice_leaves_out_twice_as_many(database: Database) -> None:
    """The first one may have jumped, and written there, after the second backup was made."""
    chains = SqliteChains(database)
    restored(database, 2)
    assert chains.speaking(AMINA).place.number == 1 + 2 * JUMP


def test_c1_whoever_stores_first_after_a_backup_jumps_first(database: Database) -> None:
    """Also an opening does, which looks at the other chain."""
    chains = SqliteChains(database)
    change = chains.listening(AMINA).opened(1, NOW)
    restored(database)
    chains.change(AMINA, change)
    assert chains.speaking(AMINA).place.number == 1 + JUMP


def test_a_backup_has_the_chains(tmp_path: Path) -> None:
    with closing(ProfileFolder.take(tmp_path / "profile")) as folder:
        folder.create(KEY, KEY)
        with closing(folder.open(KEY)) as database:
            SqliteContacts(database, salt=bytes(32)).add(contact())
            chains = SqliteChains(database)
            chains.change(AMINA, chains.listening(AMINA).opened(3, NOW))
            was = chains.speaking(AMINA), chains.listening(AMINA), chains.entry(AMINA, 2)
            folder.back_up(database, b"", KEY, tmp_path / "backup")
    with (
        closing(ProfileFolder.take(tmp_path / "restored")) as other,
        (tmp_path / "backup").open("rb") as image,
        closing(other.put_back(image, KEY, KEY)) as database,
    ):
        chains = SqliteChains(database)
        found = chains.speaking(AMINA), chains.listening(AMINA), chains.entry(AMINA, 2)
        assert found == (was[0].restored(), was[1], was[2])


def test_t2_who_is_forgotten_leaves_no_chain(database: Database) -> None:
    chains = SqliteChains(database)
    chains.change(AMINA, chains.listening(AMINA).opened(9, NOW))
    secrets = [chains.speaking(AMINA).place.secret, chains.listening(AMINA).place.secret]
    entry = chains.entry(AMINA, 4)
    assert entry is not None
    secrets += [entry.key, entry.tag]
    assert not [one for one in secrets if one not in pages(database)]
    SqliteContacts(database, salt=bytes(32)).forget(AMINA)
    assert not [one for one in secrets if one in pages(database)]
    for call in (chains.speaking, chains.listening, chains.tags):
        with pytest.raises(MisuseError, match="no such contact"):
            call(AMINA)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM speaking_chain",
        "UPDATE speaking_chain SET number = 0",
        "UPDATE speaking_chain SET secret = x'00'",
        "UPDATE listening_chain SET secret = 'a text'",
        "UPDATE skipped_run SET stop = 99",
        "UPDATE skipped_run SET since_s = 'a text'",
        "UPDATE skipped_entry SET tag = 7",
    ],
)
def test_a_damaged_row_is_said(database: Database, damage: str) -> None:
    chains = SqliteChains(database)
    chains.change(AMINA, chains.listening(AMINA).opened(9, NOW))
    with database.reading() as connection:
        connection.execute(damage)

    def look() -> None:
        chains.speaking(AMINA)
        chains.listening(AMINA)
        chains.tags(AMINA)

    with pytest.raises(EnvironmentProblem, match="damaged"):
        look()
