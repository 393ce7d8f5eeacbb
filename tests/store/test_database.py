"""The encrypted database: ciphertext on the disk, one key, and what is said when it does not open (T1)."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from satchel.errors import EnvironmentProblem
from satchel.store import database as database_module
from satchel.store import schema
from satchel.store.database import Database
from store.record_samples import KEY, NOW_S, entry, head, open_records

OTHER_KEY = bytes(32)
NAME = b"a-name-that-nobody-must-see"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def files_of(home: Path) -> dict[str, bytes]:
    """But for an empty log, which says as much as none."""
    files = {path.name: path.read_bytes() for path in home.iterdir()}
    return {name: content for name, content in files.items() if content or name != "data-wal"}


def test_t1_nothing_can_be_read_without_the_key(home: Path) -> None:
    """Neither in the database nor in its log, while it is open and after."""
    records = open_records(home, now_s=NOW_S)
    records.create(head(), [entry(n, NAME + b"%d" % n) for n in range(300)])
    while_open = files_of(home)
    records.database.close()
    for files in (while_open, files_of(home)):
        everything = b"".join(files.values())
        for secret in (NAME, b"\x11" * 32, b"CREATE TABLE", b"SQLite format"):
            assert secret not in everything
    assert set(while_open) == {"data", "data-wal"}
    assert set(files_of(home)) == {"data"}


def test_for_the_owner_only_from_the_first_moment(home: Path) -> None:
    """T1, against other users of the machine."""
    umask = os.umask(0)
    try:
        records = open_records(home, now_s=NOW_S)
        records.create(head(), [entry(0)])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    finally:
        os.umask(umask)
    assert modes == {"data": 0o600, "data-wal": 0o600}
    records.database.close()
    (home / "data").chmod(0o644)
    open_records(home).database.close()
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o600


def make(home: Path) -> None:
    records = open_records(home, now_s=NOW_S)
    records.create(head(), [entry(0)])
    records.database.close()


def with_key(home: Path, key: bytes) -> apsw.Connection:
    connection = apsw.Connection(str(home / "data"))
    connection.pragma("cipher", "chacha20")
    connection.pragma("key", database_module._raw(key))
    return connection


def is_refused(home: Path, match: str, *, key: bytes = KEY) -> None:
    before = files_of(home)
    with pytest.raises(EnvironmentProblem, match=match) as told:
        Database.open(home / "data", key)
    assert told.value.safe
    assert told.value.do
    assert files_of(home) == before


def test_another_key_opens_nothing_and_changes_nothing(home: Path) -> None:
    make(home)
    is_refused(home, "damaged", key=OTHER_KEY)
    assert not Database.opens(home / "data", OTHER_KEY)
    assert Database.opens(home / "data", KEY)
    with closing(open_records(home).database):
        pass


def test_a_newer_database_is_refused_and_not_changed(home: Path) -> None:
    make(home)
    with closing(with_key(home, KEY)) as connection:
        connection.pragma("user_version", schema.VERSION + 1)
    is_refused(home, "newer Satchel")


def test_a_newer_log_is_not_worked_into_a_newer_database(home: Path) -> None:
    """Left by a newer program that was killed: closing after a look would change the file."""
    make(home)
    script = (
        "import os, sys, apsw; from pathlib import Path; from satchel.store import database\n"
        "connection = apsw.Connection(sys.argv[1])\n"
        "connection.pragma('cipher', 'chacha20')\n"
        "connection.pragma('key', database._raw(bytes(range(32))))\n"
        "connection.pragma('user_version', 99)\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(home / "data")], check=True)
    assert (home / "data-wal").stat().st_size
    (home / "data-shm").unlink()  # of no use without the process that had it
    before = (home / "data").read_bytes(), (home / "data-wal").read_bytes()
    with pytest.raises(EnvironmentProblem, match="newer Satchel"):
        Database.open(home / "data", KEY)
    assert ((home / "data").read_bytes(), (home / "data-wal").read_bytes()) == before


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"\0" * 8192, b"x" * 600])
def test_a_damaged_database_is_said_and_not_changed(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "data").write_bytes(content)
    is_refused(home, "damaged")


def flip(data: bytearray) -> None:
    data[4096 + 1000] ^= 1


def cut(data: bytearray) -> None:
    del data[len(data) // 2 :]


def swap(data: bytearray) -> None:
    data[4096:8192], data[8192:12288] = data[8192:12288], data[4096:8192]


@pytest.mark.parametrize("damage", [flip, cut, swap])
def test_a_changed_page_is_found(home: Path, damage: Callable[[bytearray], None]) -> None:
    """Each page is authenticated: what a failing disk, or a hand, made of one is never taken for data."""
    make(home)
    data = bytearray((home / "data").read_bytes())
    damage(data)
    (home / "data").write_bytes(data)
    with pytest.raises(EnvironmentProblem, match="damaged"), closing(Database.open(home / "data", KEY)) as it:
        it.require_whole()


def test_t1_a_database_in_clear_is_refused(home: Path) -> None:
    home.mkdir()
    with closing(sqlite3.connect(home / "data")) as plain:
        plain.execute("CREATE TABLE t (x)")
    is_refused(home, "not encrypted")


def test_t1_a_library_that_cannot_encrypt_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain `apsw` has the same module name. (With the real one: test_plain_apsw.py.)"""
    make(home)
    monkeypatch.delattr(apsw, "mc_version")
    is_refused(home, "cannot encrypt")


def test_t1_what_was_not_encrypted_is_noticed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second wall: the file is looked at, whatever the library says."""
    home.mkdir()
    monkeypatch.setattr(database_module, "_unlock", lambda connection, key: None)
    with pytest.raises(EnvironmentProblem, match="did not encrypt"):
        Database.open(home / "data", KEY)


def test_a_busy_database_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(home)
    monkeypatch.setattr(database_module, "BUSY_MS", 10)
    with closing(open_records(home).database), pytest.raises(EnvironmentProblem, match="another program"):
        Database.open(home / "data", KEY)


def test_a_profile_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentProblem):
        Database.open(tmp_path / "file" / "data", KEY)


def test_a_copy_has_all_of_it_under_its_own_key(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "a ? name % of # its own"
    records = open_records(home, now_s=NOW_S)
    records.create(head(), [entry(n, NAME) for n in range(3)])
    records.database.copy_to(copy, OTHER_KEY)
    records.database.close()
    assert NAME not in copy.read_bytes()
    assert not Database.opens(copy, KEY)
    with closing(Database.open(copy, OTHER_KEY)) as copied, copied.reading() as connection:
        assert connection.execute("SELECT count(*) FROM entry").get == 3
        assert connection.pragma("auto_vacuum") == 2


def test_one_in_memory_is_on_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(Database.in_memory()) as database:
        with database.changing(erasing=True) as connection:
            connection.execute("UPDATE profile SET restores = 7")
        with database.reading() as connection:
            assert connection.execute("SELECT restores FROM profile").get == 7
    assert list(tmp_path.iterdir()) == []
