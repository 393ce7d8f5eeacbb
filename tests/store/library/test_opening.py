"""A library of a profile: its keys, backups, another passphrase, and what is lost (T1 to T3)."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from satchel.errors import EnvironmentProblem
from satchel.ports.library import EVERYTHING
from satchel.store.database import Database
from satchel.store.library import opening as module
from satchel.store.library.names import CATALOGUE, FILES, INDEX, NEXT
from satchel.store.library.opening import KeptLibrary
from satchel.store.library.schema import CATALOGUE_LADDER
from satchel.store.profile import ProfileFolder
from store.library_samples import add, content_of, found, opened, passage, read
from store.record_samples import KEY

OTHER_KEY = bytes(32)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with closing(ProfileFolder.take(tmp_path / "profile")) as folder:
        folder.create(KEY, KEY)
    return tmp_path / "profile"


@contextmanager
def in_profile(home: Path, key: bytes) -> Iterator[tuple[ProfileFolder, Database, KeptLibrary]]:
    with (
        closing(ProfileFolder.take(home)) as folder,
        closing(folder.open(key)) as database,
        closing(opened(home, database)) as library,
    ):
        yield folder, database, library


def fill(library: KeptLibrary, count: int = 3) -> None:
    for number in range(count):
        book = add(library, content_of(number), title=f"Book {number}", cover=content_of(number + 90, 700))
        library.index.put(book, [passage(f"needle{book}")])
    library.shelves.make("A shelf")


def check(library: KeptLibrary, count: int = 3) -> None:
    numbers = sorted(library.catalogue.numbers(EVERYTHING))
    assert len(numbers) == count
    for number in numbers:
        assert read(library, number) == content_of(number - 1)
        assert library.catalogue.cover(number) == content_of(number + 89, 700)
        assert found(library, f"needle{number}") == [number]
    assert [shelf.name for shelf in library.shelves.all()] == ["A shelf"]


def test_a_profile_without_books_has_no_file_of_them(home: Path) -> None:
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)):
        assert {path.name for path in home.iterdir()} == {"data", "data-wal", "key", "lock"}


def test_a_new_passphrase_renews_the_keys_of_an_open_library(home: Path, tmp_path: Path) -> None:
    """T3: who has an older copy of the profile, and its key, reads nothing of later."""
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        with closing(opened(home, database)) as library:
            fill(library)
            before = keys_of(database)
            mark(database)
            folder.replace_key(database, OTHER_KEY, OTHER_KEY)
            library.renew()
            add(library, content_of(50), title="of later")
            library.index.put(max(library.catalogue.numbers(EVERYTHING)), [passage("later")])
            assert found(library, "later") == [4]
            library.catalogue.remove([max(library.catalogue.numbers(EVERYTHING))])
            check(library)
        after = keys_of(database)
    assert len(before["shards"] & after["shards"]) == 1
    assert len(after["shards"]) == 2  # what came later has a key that nobody had before
    assert before["library"] != after["library"]
    assert not Database.opens(home / CATALOGUE, before["library"].pop())
    with in_profile(home, OTHER_KEY) as (_, database, library):
        check(library)
        assert keys_of(database)["library"] == after["library"]  # once is enough


def test_a_new_passphrase_renews_the_keys_of_one_that_is_closed(home: Path) -> None:
    """At its next opening."""
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        with closing(opened(home, database)) as library:
            fill(library)
        before = keys_of(database)
        mark(database)
        with closing(opened(home, database)) as library:
            check(library)
        assert keys_of(database)["library"] != before["library"]


def mark(database: Database) -> None:
    """As whoever sets a passphrase does."""
    with database.changing() as connection:
        connection.execute("UPDATE profile SET library_renewed = 0")


def keys_of(database: Database) -> dict[str, set[bytes]]:
    """Of the catalogue, and in it."""
    with database.reading() as connection:
        [(key,)] = connection.execute("SELECT library_key FROM profile").fetchall()
        path = Path(connection.filename).parent / CATALOGUE
    assert isinstance(key, bytes)
    with closing(copy_of(path, key)) as copy, copy.reading() as connection:
        shards = {secret for (secret,) in connection.execute("SELECT secret FROM shard")}
    return {"library": {key}, "shards": shards}


def copy_of(path: Path, key: bytes) -> Database:
    """Of one that may be in use: locks are left alone."""
    copy = path.parent.parent / f"copy{random.randrange(10**9)}"
    for suffix in ("", "-wal"):
        if (source := Path(f"{path}{suffix}")).exists():
            Path(f"{copy}{suffix}").write_bytes(source.read_bytes())
    return Database.open(copy, key, CATALOGUE_LADDER)


@pytest.mark.parametrize("at", ["copied", "keyed", "renamed"])
def test_what_is_cut_off_while_keys_are_renewed(home: Path, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that stands in the first database finds its catalogue, the one of before or the new one."""
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        library = opened(home, database)
        fill(library)
        mark(database)

        def cut(*_: object) -> None:
            raise EnvironmentProblem("cut")

        with monkeypatch.context() as then:
            match at:
                case "copied":
                    then.setattr(module, "_take_place", cut)
                case "keyed":
                    then.setattr(module, "_finish_renewing", cut)
                case "renamed":
                    then.setattr(module, "overwrite", cut)
            with pytest.raises(EnvironmentProblem, match="cut"):
                library.renew()
        assert (home / NEXT).exists() == (at != "renamed")
        library.close()
        with closing(opened(home, database)) as library:
            check(library)
        assert not (home / NEXT).exists()


def test_a_backup_has_no_books_and_its_profile_begins_without_any(home: Path, tmp_path: Path) -> None:
    with in_profile(home, KEY) as (folder, database, library):
        fill(library)
        folder.back_up(database, b"", KEY, tmp_path / "backup")
        check(library)
    other = tmp_path / "other"
    with closing(ProfileFolder.take(other)) as folder, (tmp_path / "backup").open("rb") as image:
        folder.put_back(image, KEY, KEY).close()
    with (
        closing(ProfileFolder.take(other)) as folder,
        closing(folder.open(KEY)) as database,
        database.reading() as connection,
    ):
        assert connection.execute("SELECT library_key FROM profile").fetchall() == [(None,)]
    with in_profile(other, KEY) as (_, _, library):
        check_empty(library)
        fill(library)
        check(library)


def check_empty(library: KeptLibrary) -> None:
    assert library.catalogue.numbers(EVERYTHING) == set()
    assert library.shelves.all() == []


def test_what_lies_there_of_another_library_goes(home: Path) -> None:
    """As when somebody puts a restored profile into the folder of the one before: nobody can read it."""
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        with closing(opened(home, database)) as library:
            fill(library)
        with database.changing() as connection:
            connection.execute("UPDATE profile SET library_key = NULL")
        with closing(opened(home, database)) as library:
            check_empty(library)
            assert not (home / FILES).exists()
            assert not (home / INDEX).exists()


def test_a_wipe_removes_all_of_it(home: Path) -> None:
    with closing(ProfileFolder.take(home)) as folder:
        with closing(folder.open(KEY)) as database, closing(opened(home, database)) as library:
            fill(library)
        (home / NEXT).write_bytes(b"of a kill")
        folder.wipe()
    assert not home.exists()


def _unlink(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [_unlink, _empty, _damage])
def test_a_catalogue_that_is_lost_costs_no_file(home: Path, harm: Callable[[Path], None]) -> None:
    """Put back it is as before; and who has no copy of it can begin anew."""
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        with closing(opened(home, database)) as library:
            fill(library)
        good = (home / CATALOGUE).read_bytes()
        files = sorted((home / FILES).iterdir())
        harm(home / CATALOGUE)
        with pytest.raises(EnvironmentProblem, match="catalogue of the library is") as told:
            opened(home, database)
        assert sorted((home / FILES).iterdir()) == files
        (home / CATALOGUE).write_bytes(good)
        with closing(opened(home, database)) as library:
            check(library)
        harm(home / CATALOGUE)
        assert f"remove from that folder: {CATALOGUE}, {FILES}, {INDEX}" in told.value.do
        for name in (CATALOGUE, FILES, INDEX):
            path = home / name
            for each in path.iterdir() if path.is_dir() else [path]:
                each.unlink(missing_ok=True)
        with closing(opened(home, database)) as library:
            check_empty(library)


def test_a_kill_while_the_first_one_is_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:

        def cut(*_: object) -> None:
            raise OSError(5, "cut")

        with monkeypatch.context() as then:
            then.setattr(module, "sync_folder", cut)
            with pytest.raises(EnvironmentProblem):
                opened(home, database)
        assert (home / CATALOGUE).exists()
        with closing(opened(home, database)) as library:
            fill(library)
        with closing(opened(home, database)) as library:
            check(library)


def test_a_link_in_the_place_of_a_folder_leads_nobody_astray(home: Path, tmp_path: Path) -> None:
    """M4."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a file").write_bytes(b"of somebody")
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        with closing(opened(home, database)):
            pass
        (home / FILES).symlink_to(elsewhere)
        with pytest.raises(EnvironmentProblem):
            opened(home, database)
        (home / FILES).unlink()
        (home / INDEX).symlink_to(elsewhere)
        with closing(opened(home, database)) as library, pytest.raises(EnvironmentProblem):
            found(library, "x")
        folder.wipe()
    assert [path.name for path in elsewhere.iterdir()] == ["a file"]
