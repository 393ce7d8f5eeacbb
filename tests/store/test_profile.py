"""The folder of a profile: one process, another key, backups, wiping, and what cuts leave (T1 to T3)."""

import io
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import Role
from satchel.store import key_file, schema
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder, stop_holder
from satchel.store.records import SqliteRecords
from store.record_samples import ID, KEY, NOW_S, OTHER, entry, head

OTHER_KEY = bytes(32)
NAME = b"a-name-that-nobody-must-see"
TESTS = str(Path(__file__).parents[1])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def folder(home: Path) -> Iterator[ProfileFolder]:
    with closing(ProfileFolder.take(home)) as taken:
        taken.create(KEY, KEY)  # the tests' key file is the key itself
        yield taken


def filled(folder: ProfileFolder) -> Database:
    database = folder.open(KEY)
    SqliteRecords(database, now_s=NOW_S).create(head(), [entry(n, NAME) for n in range(3)])
    return database


def ids(database: Database) -> list[bytes]:
    return [found.id for found in SqliteRecords(database).unfinished(Role.RECEIVER)]


def test_one_process_at_a_time(folder: ProfileFolder, home: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="already") as told:
        ProfileFolder.take(home)
    assert "satchel lock" in told.value.do
    folder.close()
    ProfileFolder.take(home).close()


def test_the_way_to_the_page_of_a_killed_node_is_gone(folder: ProfileFolder, home: Path) -> None:
    """It leads to a port that another person of this machine may have by now, with a page of their own."""
    folder.close()
    (home / "open.html").write_text("as it was")
    ProfileFolder.take(home).close()
    assert not (home / "open.html").exists()


def test_names_say_nothing(folder: ProfileFolder, home: Path) -> None:
    """T1: nor does anything beside the database lie here in clear."""
    with closing(filled(folder)):
        assert sorted(os.listdir(home)) == ["data", "data-wal", "key", "lock"]
        assert (home / "lock").read_bytes() == b"%d" % os.getpid()
    assert home.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}


def test_a_database_without_its_key_file_is_told_and_kept(folder: ProfileFolder, home: Path) -> None:
    """Nothing makes a new key beside it: the file may come back."""
    filled(folder).close()
    kept = (home / "key").rename(home / "elsewhere")
    before = (home / "data").read_bytes()
    for call in (folder.read_key_file, lambda: folder.create(OTHER_KEY, OTHER_KEY)):
        with pytest.raises(EnvironmentProblem, match="key file of this profile is missing"):
            call()
    with pytest.raises(EnvironmentProblem, match="missing"):
        folder.put_back(io.BytesIO(b""), OTHER_KEY, OTHER_KEY)
    assert (home / "data").read_bytes() == before
    kept.rename(home / "key")
    with closing(folder.open(KEY)) as database:
        assert ids(database) == [ID]


def test_a_key_file_without_its_database_is_told_and_kept(folder: ProfileFolder, home: Path) -> None:
    """An empty profile in its place would look as if nobody had ever been known."""
    filled(folder).close()
    kept = (home / "data").read_bytes()
    for left in (None, b""):
        (home / "data").unlink(missing_ok=True)
        if left is not None:
            (home / "data").write_bytes(left)
        with pytest.raises(EnvironmentProblem, match="database of this profile is missing"):
            folder.open(KEY)
    (home / "data").write_bytes(kept)
    with closing(folder.open(KEY)) as database:
        assert ids(database) == [ID]


# --- another key ---------------------------------------------------------------------------------


def test_all_is_under_another_key(folder: ProfileFolder, home: Path) -> None:
    """T1: who kept the key of before opens nothing of now."""
    database = folder.replace_key(filled(folder), OTHER_KEY, OTHER_KEY)
    assert ids(database) == [ID]
    SqliteRecords(database).create(head(OTHER), [])
    database.close()
    assert sorted(os.listdir(home)) == ["data", "key", "lock"]
    assert folder.read_key_file() == OTHER_KEY
    assert not Database.opens(home / "data", KEY)
    with closing(folder.open(OTHER_KEY)) as database:
        assert ids(database) == [ID, OTHER]


def test_no_room_for_another_key_changes_nothing(
    folder: ProfileFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> None:
        raise EnvironmentProblem("the disk is full")

    database = filled(folder)
    monkeypatch.setattr("satchel.store.database.sync_file", full)
    with pytest.raises(EnvironmentProblem, match="full"):
        folder.replace_key(database, OTHER_KEY, OTHER_KEY)
    assert ids(database) == [ID]
    database.close()
    assert folder.read_key_file() == KEY
    assert sorted(os.listdir(home)) == ["data", "key", "lock"]


@pytest.mark.parametrize("replaced", [False, True])
def test_an_error_at_the_moment_itself_loses_nothing(
    folder: ProfileFolder, home: Path, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    """A disk that reports an error does not tell on which side of the moment."""

    def fails(where: Path, data: bytes) -> None:
        if replaced:
            replace(where, data)
        raise EnvironmentProblem("the disk reports an error")

    replace = key_file.replace_key_file
    database = filled(folder)
    monkeypatch.setattr(key_file, "replace_key_file", fails)
    with pytest.raises(EnvironmentProblem, match="reports an error"):
        folder.replace_key(database, OTHER_KEY, OTHER_KEY)
    assert database.is_closed  # whoever runs on it must end: nobody knows which one counts
    key = folder.read_key_file()
    assert key == (OTHER_KEY if replaced else KEY)
    with closing(folder.open(key)) as database:
        assert ids(database) == [ID]
    assert sorted(os.listdir(home)) == ["data", "key", "lock"]


@pytest.mark.parametrize("left", [b"", b"x" * 8192])
def test_a_copy_that_was_only_begun_is_no_database(folder: ProfileFolder, home: Path, left: bytes) -> None:
    filled(folder).close()
    (home / "data.next").write_bytes(left)
    with closing(folder.open(KEY)) as database:
        assert ids(database) == [ID]
    assert sorted(os.listdir(home)) == ["data", "key", "lock"]


REPLACING = """
import itertools, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from satchel.ports import HandoverId
from store.record_samples import entry, head
folder = ProfileFolder.take(Path(sys.argv[1]))
key = folder.read_key_file()
database = folder.open(key)
for number in itertools.count():
    SqliteRecords(database).create(head(HandoverId(os.urandom(16))), [entry(n) for n in range(number % 30)])
    print(number, flush=True)
    new = os.urandom(32)
    database = folder.replace_key(database, new, new)
"""


def test_kill_9_at_any_instant_loses_nothing(folder: ProfileFolder, home: Path) -> None:
    """Records and new keys, without a pause; `test` has power cuts of the same."""
    folder.close()
    chance = random.Random(4)
    kept = 0
    for _ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", REPLACING, str(home), TESTS], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "0\n"
        time.sleep(chance.random() * 0.15)
        child.send_signal(signal.SIGKILL)
        told = 1 + len(child.stdout.read().split())
        child.wait()
        child.stdout.close()
        with closing(ProfileFolder.take(home)) as again:
            key = again.read_key_file()
            assert key is not None
            with closing(again.open(key)) as database:
                found = len(ids(database))
                database.require_whole()
        assert found - kept in (told, told + 1)  # one may be stored and not told yet
        kept = found
        assert sorted(os.listdir(home)) == ["data", "key", "lock"]


# --- backups -------------------------------------------------------------------------------------


def restores(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute("SELECT restores FROM profile").get)


def test_a_backup_becomes_a_profile(folder: ProfileFolder, home: Path, tmp_path: Path) -> None:
    """What is unfinished is left out, and the profile knows that its numbers went back."""
    file = tmp_path / "backup"
    with closing(filled(folder)) as database:
        folder.back_up(database, b"the head", OTHER_KEY, file)
        assert ids(database) == [ID]
        assert restores(database) == 0
    assert sorted(os.listdir(home)) == ["data", "key", "lock"]
    assert sorted(os.listdir(tmp_path)) == ["backup", "profile"]
    assert file.stat().st_mode & 0o777 == 0o600
    image = file.read_bytes()
    assert image.startswith(b"the head")
    assert NAME not in image
    with closing(ProfileFolder.take(tmp_path / "restored")) as other:
        with closing(other.put_back(io.BytesIO(image[8:]), OTHER_KEY, OTHER_KEY)) as database:
            assert ids(database) == []
            assert restores(database) == 1
        assert other.read_key_file() == OTHER_KEY
        assert sorted(os.listdir(tmp_path / "restored")) == ["data", "key", "lock"]
        with pytest.raises(EnvironmentProblem):
            other.put_back(io.BytesIO(image[8:]), KEY, KEY)
        with closing(other.open(OTHER_KEY)) as database:
            assert restores(database) == 1


def test_a_backup_never_takes_the_place_of_a_file(folder: ProfileFolder, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_bytes(b"precious")
    with closing(filled(folder)) as database, pytest.raises(MisuseError, match="already"):
        folder.back_up(database, b"", KEY, file)
    assert file.read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == ["backup", "profile"]


def broken(image: bytes) -> Iterator[bytes]:
    yield b""
    yield image[:4096]
    yield image[: len(image) // 2]
    yield image[:-1]
    yield image[:6000] + bytes([image[6000] ^ 1]) + image[6001:]


def test_a_damaged_backup_makes_no_profile(folder: ProfileFolder, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    with closing(filled(folder)) as database:
        folder.back_up(database, b"", KEY, file)
    for number, image in enumerate(broken(file.read_bytes())):
        with closing(ProfileFolder.take(tmp_path / f"{number}")) as other:
            with pytest.raises(EnvironmentProblem, match=r"[Bb]ackup"):  # not: the profile, which is none yet
                other.put_back(io.BytesIO(image), KEY, KEY)
            assert os.listdir(other.home) == ["lock"]


# --- wiping --------------------------------------------------------------------------------------


def test_t3_nothing_opens_after_a_wipe(folder: ProfileFolder, home: Path) -> None:
    filled(folder).close()
    (home / "data.next").write_bytes(b"left")
    copy = (home / "data").read_bytes()
    with (home / "key").open("rb") as key, (home / "data").open("rb"):
        folder.wipe()
        assert key.read() == bytes(len(KEY))  # overwritten, not only unlinked
    assert not home.exists()
    assert KEY not in copy


def test_a_wipe_leaves_what_is_not_ours(folder: ProfileFolder, home: Path) -> None:
    (home / "mine.txt").write_bytes(b"mine")
    folder.wipe()
    assert os.listdir(home) == ["mine.txt"]


# --- who holds it --------------------------------------------------------------------------------


HOLDING = """
import sys, time
from pathlib import Path
from satchel.store.profile import ProfileFolder
folder = ProfileFolder.take(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_who_holds_it_can_be_ended(home: Path) -> None:
    assert not stop_holder(home, signal.SIGTERM)
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(home)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert stop_holder(home, 0)
        assert stop_holder(home, signal.SIGTERM)
        assert child.wait(20) == -signal.SIGTERM
    assert not stop_holder(home, 0)
    (home / "lock").write_bytes(b"1")  # whatever stands there: nobody holds it
    assert not stop_holder(home, signal.SIGKILL)


# --- profiles of the first version ---------------------------------------------------------------


def older_profile(home: Path, change: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """As the first version left it: in clear, with a log."""
    home.mkdir(mode=0o700, exist_ok=True)
    script = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('PRAGMA journal_mode = WAL')\n"
        "database.executescript(sys.argv[2])\n"
        "database.execute('PRAGMA user_version = 1')\n"
        "database.execute('INSERT INTO record VALUES (1, ?, 1, ?, NULL, ?, 0, 3, ?)',\n"
        "    (b'0123456789abcdef', bytes([17]) * 32, b'/into', 1793500000))\n"
        "database.execute('INSERT INTO entry VALUES (1, 0, ?, 0, 5, -1, 1, 1, ?, ?, ?)',\n"
        "    (b'a-name-that-nobody-must-see', b'', b'', b'0'))\n"
        "database.execute('INSERT INTO flight VALUES (1, ?, 3)', (b'e' * 32,))\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(home / "resume.sqlite3"), schema.LADDER[0]], check=True)
    (home / "resume.lock").write_bytes(b"")
    if change is not None:
        with closing(sqlite3.connect(home / "resume.sqlite3", isolation_level=None)) as database:
            change(database)


def test_records_of_the_first_version_move_in(folder: ProfileFolder, home: Path) -> None:
    """T1: nothing of them stays in clear."""
    older_profile(home)
    with closing(folder.open(KEY)) as database:
        records = SqliteRecords(database, now_s=NOW_S)
        assert [found.id for found in records.unfinished(Role.RECEIVER)] == [ID]
        assert records.entries(ID)[0].path == (NAME,)
        assert not records.remember_flight(ID, b"e" * 32)
        assert sorted(os.listdir(home)) == ["data", "data-wal", "key", "lock"]
    assert NAME not in b"".join(path.read_bytes() for path in home.iterdir())


def test_they_move_in_once(folder: ProfileFolder, home: Path) -> None:
    """A power cut between copying and removing; and other records have come meanwhile."""
    older_profile(home)
    folder.open(KEY).close()
    with closing(folder.open(KEY)) as database:
        SqliteRecords(database).create(head(OTHER), [entry(0)])
    older_profile(home)
    with closing(folder.open(KEY)) as database:
        records = SqliteRecords(database)
        assert [found.id for found in records.unfinished(Role.RECEIVER)] == [ID, OTHER]
        assert len(records.entries(ID)) == len(records.entries(OTHER)) == 1


def ruin(database: sqlite3.Connection) -> None:
    database.execute("DROP TABLE entry")


def test_damaged_older_records_are_told_and_kept(folder: ProfileFolder, home: Path) -> None:
    older_profile(home, ruin)
    with pytest.raises(EnvironmentProblem, match="earlier Satchel"):
        folder.open(KEY)
    assert (home / "resume.sqlite3").exists()
    (home / "resume.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(EnvironmentProblem, match="earlier Satchel"):
        folder.open(KEY)
    with suppress(FileNotFoundError):
        (home / "resume.sqlite3-wal").unlink()
    (home / "resume.sqlite3").unlink()
    folder.open(KEY).close()


def test_t3_a_wipe_takes_them_too(folder: ProfileFolder, home: Path) -> None:
    older_profile(home)
    with (home / "resume.sqlite3").open("rb") as file:
        folder.wipe()
        assert file.read().strip(b"\0") == b""
    assert not home.exists()
