"""The history: nothing while it is off, and nothing of it once it was switched off (T1, T2; profile 10)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.keyfile import Bare, encode
from satchel.core.identity.settings import Setting
from satchel.errors import EnvironmentProblem
from satchel.ports.history import PAST_MAX, PAST_NAME_BYTES_MAX, PAST_NAMES_MAX, Past
from satchel.store import database as database_module
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.history import LEAVE, SqliteHistory
from satchel.store.profile import ProfileFolder
from satchel.store.settings import SqliteSettings
from store.contact_samples import AMINA, BILAL, contact
from store.history_samples import past
from store.record_samples import KEY
from store.test_erasing import pages

SALT = bytes(32)
SECRET = b"list of the witnesses.pdf"


class Kept:
    """A profile with two contacts, and the history on."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.contacts = SqliteContacts(database, salt=SALT)
        self.contacts.add(contact())
        self.contacts.add(contact(BILAL, "Bilal", seed=20))
        self.settings = SqliteSettings(database)
        self.settings.put(Setting.HISTORY, b"on")
        self.history = SqliteHistory(database)

    def has_secret(self) -> bool:
        return SECRET in pages(self.database)


@pytest.fixture
def kept() -> Iterator[Kept]:
    with closing(Database.in_memory()) as database:
        yield Kept(database)


def test_it_is_there_the_newest_first(tmp_path: Path) -> None:
    first, second, third = past(), past(contact=None, when_s=None), replace(past(contact=BILAL), names=())
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        history = Kept(database).history
        for one in (first, second, third):
            history.add(one)
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        assert SqliteHistory(database).all() == [third, second, first]


@given(
    st.lists(st.binary(min_size=1, max_size=300).map(lambda name: name.replace(b"/", b"-")), max_size=30),
    st.one_of(st.none(), st.integers(0, 1 << 40)),
    st.booleans(),
    st.integers(0, (1 << 63) - 1),
)
def test_what_goes_in_comes_out_but_for_what_is_too_much(
    names: list[bytes], when_s: int | None, giving: bool, size_bytes: int
) -> None:
    """M3: a contact chooses the names, and how many there are."""
    one = Past(when_s=when_s, giving=giving, contact=None, names=tuple(names), size_bytes=size_bytes)
    with closing(Database.in_memory()) as database:
        SqliteSettings(database).put(Setting.HISTORY, b"on")
        history = SqliteHistory(database)
        history.add(one)
        bounded = tuple(name[:PAST_NAME_BYTES_MAX] for name in names[:PAST_NAMES_MAX])
        assert history.all() == [replace(one, names=bounded)]


@pytest.mark.parametrize("value", [None, b"off", b"", b"ON", b"maybe"])
def test_t1_nothing_is_written_while_it_is_off(value: bytes | None) -> None:
    """Nor where a newer program has set what this one does not know."""
    with closing(Database.in_memory()) as database:
        if value is not None:
            SqliteSettings(database).put(Setting.HISTORY, value)
        history = SqliteHistory(database)
        history.add(past(SECRET, contact=None))
        assert history.all() == []
        assert SECRET not in pages(database)


@pytest.mark.parametrize("how", ["off", "reset", "unknown", "cleared"])
def test_t2_what_is_switched_off_is_in_no_page(kept: Kept, how: str) -> None:
    for number in range(300):
        kept.history.add(past(b"%03d " % number + SECRET, contact=(AMINA, BILAL, None)[number % 3]))
    assert kept.has_secret()
    if how == "cleared":
        assert kept.history.clear() == 300
    elif how == "reset":
        kept.settings.reset(Setting.HISTORY)
    else:
        kept.settings.put(Setting.HISTORY, how.encode())
    assert not kept.has_secret()
    assert kept.history.all() == []
    kept.history.add(past(SECRET))
    assert kept.has_secret() == (how == "cleared")


def test_another_setting_erases_nothing(kept: Kept) -> None:
    kept.history.add(past())
    kept.settings.put(Setting.QUIET, b"on")
    kept.settings.put(Setting.HISTORY, b"on")
    kept.settings.reset(Setting.QUIET)
    assert kept.history.all() == [past()]


def test_t2_what_a_forgotten_contact_gave_goes_with_it(kept: Kept) -> None:
    kept.history.add(past(SECRET))
    kept.history.add(past(b"other", contact=BILAL))
    kept.contacts.forget(AMINA)
    assert not kept.has_secret()
    assert kept.history.all() == [past(b"other", contact=BILAL)]
    kept.history.add(past(SECRET))  # its last word came while it was being forgotten
    assert not kept.has_secret()


def test_who_was_paired_again_keeps_it(kept: Kept) -> None:
    kept.history.add(past())
    again = ContactId(b"again" + bytes(11))
    kept.contacts.add(contact(again, "Amina (2)", seed=40))
    kept.contacts.succeed(again, AMINA, "Amina", inherits=False)
    assert kept.history.all() == [past(contact=again)]


def test_the_oldest_leave_and_are_in_no_page(kept: Kept) -> None:
    kept.history.add(past(SECRET))
    for number in range(PAST_MAX - 1):
        kept.history.add(past(b"%d" % number))
    assert len(kept.history.all()) == PAST_MAX
    assert kept.has_secret()
    kept.history.add(past(b"the last one"))
    assert not kept.has_secret()
    left = kept.history.all()
    assert len(left) == PAST_MAX - LEAVE + 1
    assert left[0].names == (b"the last one",)


def test_t2_all_that_erases_writes_each_page_anew(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that was moved stays behind where it was, unknown to the database (test_erasing)."""
    overwritten: list[object] = []
    monkeypatch.setattr(database_module, "overwrite_erased", overwritten.append)
    for number in range(PAST_MAX):
        kept.history.add(past(b"%d" % number))
    assert len(overwritten) == 0
    kept.history.add(past())
    assert len(overwritten) == 1
    kept.history.clear()
    assert len(overwritten) == 2
    kept.settings.put(Setting.HISTORY, b"off")
    assert len(overwritten) == 3
    kept.settings.reset(Setting.HISTORY)
    assert len(overwritten) == 4
    kept.contacts.forget(AMINA)
    assert len(overwritten) == 5


def test_t1_a_backup_has_none_of_it(tmp_path: Path) -> None:
    """Who finds the stick learns whom this person knows, and not what went between them."""
    file = tmp_path / "backup"
    with closing(ProfileFolder.take(tmp_path / "here")) as folder:
        folder.create(encode(Bare(key=KEY)), KEY)
        with closing(folder.open(KEY)) as database:
            Kept(database).history.add(past(SECRET))
            folder.back_up(database, b"", KEY, file)
            assert SqliteHistory(database).all() == [past(SECRET)]
    with (
        closing(ProfileFolder.take(tmp_path / "there")) as folder,
        file.open("rb") as image,
        closing(folder.put_back(image, encode(Bare(key=KEY)), KEY)) as database,
    ):
        assert SqliteHistory(database).all() == []
        assert SECRET not in pages(database)
        assert SqliteSettings(database).now.history  # it goes on, from nothing


def test_a_damaged_row_is_told(kept: Kept) -> None:
    kept.history.add(past())
    with kept.database.changing() as connection:
        connection.execute("UPDATE past SET files = 'three'")
    with pytest.raises(EnvironmentProblem, match="damaged"):
        kept.history.all()
