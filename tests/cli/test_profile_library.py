"""The library of an open profile: one for all commands of a node, under the keys of now."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from satchel.cli.profile import LentProfile, Profile
from satchel.core.identity.keyfile import Bare, encode, seal
from satchel.errors import MisuseError
from satchel.ports.library import EVERYTHING
from satchel.store.database import Database
from satchel.store.library.names import CATALOGUE
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from store.library_samples import add, content_of, read
from store.test_thief import CHEAP, KEY, PHRASE, SECOND_KEY

nothing: Any = None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with closing(ProfileFolder.take(tmp_path / "profile")) as folder:
        folder.create(encode(Bare(key=KEY)), KEY)
    return tmp_path / "profile"


def opened(home: Path, key: bytes = KEY) -> Profile:
    folder = ProfileFolder.take(home)
    database = folder.open(key)
    return Profile(folder, Bare(key=key), key, database, SqliteRecords(database))


@pytest.fixture
def profile(home: Path) -> Iterator[Profile]:
    with closing(opened(home)) as made:
        yield made


def test_it_is_made_when_it_is_asked_for(profile: Profile, home: Path) -> None:
    assert not (home / CATALOGUE).exists()
    assert profile.library is profile.library
    assert (home / CATALOGUE).exists()


def test_a_command_of_a_node_has_that_of_the_node(profile: Profile) -> None:
    """Whichever of them asks first."""
    lent = LentProfile(
        *(profile.folder, profile.file, profile.key, profile.database, nothing, nothing), lender=profile
    )
    assert lent.library is profile.library


def test_it_is_closed_with_the_profile(home: Path) -> None:
    with closing(opened(home)) as profile:
        book = add(profile.library, content_of(1))
        profile.library.contents.write(5000)
        assert len(list((home / "files").iterdir())) == 2
    assert len(list((home / "files").iterdir())) == 1
    with closing(opened(home)) as profile:
        assert read(profile.library, book) == content_of(1)


@pytest.mark.parametrize("is_open", [True, False])
def test_t3_another_passphrase_renews_its_keys(home: Path, *, is_open: bool) -> None:
    """All stays readable, and what the key of before has opened opens no more."""
    with closing(opened(home)) as profile:
        book = add(profile.library, content_of(1))
        before = library_key(profile.database)
    file = seal(SECOND_KEY, PHRASE, salt=bytes(16), cost=CHEAP)
    with closing(opened(home)) as profile:
        if is_open:
            assert read(profile.library, book) == content_of(1)
        profile.replace_key(file, SECOND_KEY)
        assert (library_key(profile.database) != before) is is_open
        if is_open:
            assert read(profile.library, book) == content_of(1)
    with closing(opened(home, SECOND_KEY)) as profile:
        assert read(profile.library, book) == content_of(1)
        assert profile.library.catalogue.numbers(EVERYTHING) == {book}
        assert library_key(profile.database) != before
    assert not Database.opens(home / CATALOGUE, before)


def library_key(database: Database) -> bytes:
    with database.reading() as connection:
        key = connection.execute("SELECT library_key FROM profile").get
    assert isinstance(key, bytes)
    return key


def test_a_profile_in_memory_has_none() -> None:
    database = Database.in_memory()
    profile = Profile(None, Bare(key=KEY), KEY, database, SqliteRecords(database))
    with closing(profile), pytest.raises(MisuseError, match="memory"):
        _ = profile.library
