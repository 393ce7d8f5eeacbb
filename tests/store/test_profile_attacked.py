"""What another program, a failing disk or a careless person puts into a profile's way (T1 to T3)."""

import errno
import fcntl
import io
import os
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from satchel.errors import EnvironmentProblem, MisuseError, SatchelError
from satchel.ports import Role
from satchel.store import key_file
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from store.record_samples import ID, KEY, NOW_S, entry, head

OTHER_KEY = bytes(32)
NAMES = ("key", "key.next", "data", "data-wal", "data-journal", "data.next", "data.next-wal", "copy")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def folder(home: Path) -> Iterator[ProfileFolder]:
    with closing(ProfileFolder.take(home)) as taken:
        taken.create(KEY, KEY)
        database = taken.open(KEY)
        SqliteRecords(database, now_s=NOW_S).create(head(), [entry(0)])
        database.close()
        yield taken


def opens(folder: ProfileFolder, key: bytes) -> bool:
    with closing(folder.open(key)) as database:
        return [found.id for found in SqliteRecords(database).unfinished(Role.RECEIVER)] == [ID]


# --- what is no file ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_told_and_leads_nowhere(
    folder: ProfileFolder, home: Path, tmp_path: Path, name: str, kind: str
) -> None:
    """[profile 5.1] Nobody waits at a pipe, and what a link leads to keeps its content and its mode."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    victim.chmod(0o644)
    path = home / name
    path.unlink(missing_ok=True)
    if kind == "link":
        path.symlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    for call in (folder.read_key_file, lambda: folder.open(KEY)):
        with pytest.raises(EnvironmentProblem) as told:
            call()
        assert told.value.safe
        assert told.value.do
    with suppress(SatchelError):
        folder.wipe()
    assert victim.read_bytes() == b"precious"
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644
    assert not (home / "key").is_file()
    assert not (home / "data").is_file()


# --- wiping ---------------------------------------------------------------------------------------


def test_t3_a_disk_that_takes_no_zeros_does_not_stop_a_wipe(
    folder: ProfileFolder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk that copies on write, a failing one: what cannot be overwritten is removed, and told."""

    def fails(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(key_file, "overwrite", fails)
    with pytest.raises(EnvironmentProblem, match="reports an error") as told:
        folder.wipe()
    assert "gone" in told.value.safe
    assert os.listdir(home) == []


def test_t3_something_in_the_way_saves_nothing_else(folder: ProfileFolder, home: Path) -> None:
    (home / "data-wal").mkdir()
    with pytest.raises(EnvironmentProblem):
        folder.wipe()
    assert os.listdir(home) == ["data-wal"]


# --- copies that are left -------------------------------------------------------------------------


def test_t2_what_a_killed_backup_copied_does_not_outlive_the_next_start(
    folder: ProfileFolder, home: Path
) -> None:
    """It is under the key of the profile, and has all that is erased after it."""
    with closing(folder.open(KEY)) as database:
        database.copy_to(home / "copy", KEY)
    assert opens(folder, KEY)
    assert not (home / "copy").exists()


def test_a_backup_of_hard_links_keeps_its_database(folder: ProfileFolder, home: Path, tmp_path: Path) -> None:
    """[profile 5.2] As it keeps its key file: one is of no use without the other."""
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("key", "data"):
        os.link(home / name, kept / name)
    folder.replace_key(folder.open(KEY), OTHER_KEY, OTHER_KEY).close()
    with closing(ProfileFolder.take(kept)) as other:
        assert other.read_key_file() == KEY
        assert opens(other, KEY)
    assert opens(folder, OTHER_KEY)


def test_t2_else_the_database_of_before_is_overwritten(folder: ProfileFolder, home: Path) -> None:
    with (home / "data").open("rb") as before:
        folder.replace_key(folder.open(KEY), OTHER_KEY, OTHER_KEY).close()
        assert set(before.read()) == {0}


# --- backups --------------------------------------------------------------------------------------


def test_a_backup_deletes_no_file_that_was_there(folder: ProfileFolder, tmp_path: Path) -> None:
    """Not one of the name that it has while it is written either."""
    (tmp_path / "backup.part").write_bytes(b"precious")
    with closing(folder.open(KEY)) as database:
        with pytest.raises(MisuseError, match=r"backup\.part"):
            folder.back_up(database, b"head", KEY, tmp_path / "backup")
        assert (tmp_path / "backup.part").read_bytes() == b"precious"
        (tmp_path / "backup.part").unlink()
        folder.back_up(database, b"head", KEY, tmp_path / "backup")
    assert sorted(os.listdir(tmp_path)) == ["backup", "profile"]


def test_no_backup_lies_in_its_own_profile(folder: ProfileFolder, home: Path, tmp_path: Path) -> None:
    """The next start or a wipe would take it, under some names."""
    (tmp_path / "link").symlink_to(home)
    with closing(folder.open(KEY)) as database:
        for place in (home, tmp_path / "link"):
            with pytest.raises(MisuseError, match="lost together"):
                folder.back_up(database, b"head", KEY, place / "data.next")
    assert sorted(os.listdir(home)) == ["data", "key", "lock"]


# --- disks ----------------------------------------------------------------------------------------


def test_a_disk_without_modes_holds_a_profile(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT: each file seems to be for all, and to change that is refused."""

    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with closing(ProfileFolder.take(home)) as folder:
        monkeypatch.setattr(os, "fchmod", refuses)
        folder.create(KEY, KEY)
        folder.open(KEY).close()
        for path in home.iterdir():
            path.chmod(0o755)
        monkeypatch.setattr(Path, "chmod", refuses)
        folder.open(KEY).close()


def test_a_name_of_any_bytes_is_a_profile(tmp_path: Path) -> None:
    home = tmp_path / os.fsdecode(b"a \xff ? % # \x1b[31m ?key=x")
    with closing(ProfileFolder.take(home)) as folder:
        folder.create(KEY, KEY)
        folder.replace_key(folder.open(KEY), OTHER_KEY, OTHER_KEY).close()
        folder.open(OTHER_KEY).close()
    assert sorted(os.listdir(home)) == ["data", "key", "lock"]
    assert Database.opens(home / "data", OTHER_KEY)


@pytest.mark.parametrize("replaced", [False, True])
def test_after_an_error_it_is_said_that_either_passphrase_may_open_it(
    folder: ProfileFolder, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(key_file, "overwrite" if replaced else "_write_next", fails)
    with pytest.raises(EnvironmentProblem, match="reports an error") as told:
        folder.replace_key(folder.open(KEY), OTHER_KEY, OTHER_KEY)
    monkeypatch.undo()
    assert "Either" in told.value.safe
    assert opens(folder, OTHER_KEY if replaced else KEY)


# --- who holds it ---------------------------------------------------------------------------------


def test_a_lock_that_was_wiped_meanwhile_holds_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened before a wipe removed it: two processes would hold one profile, each by a file of its own."""
    flock, turns = fcntl.flock, [0]

    def late(lock: int, how: int) -> None:
        turns[0] += 1
        if turns[0] == 1:
            (home / "lock").unlink()
        flock(lock, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with closing(ProfileFolder.take(home)):
        assert turns == [2]
        with pytest.raises(EnvironmentProblem, match="already"):
            ProfileFolder.take(home)


def test_nothing_is_put_back_over_a_profile(folder: ProfileFolder, home: Path, tmp_path: Path) -> None:
    with closing(folder.open(KEY)) as database:
        folder.back_up(database, b"", KEY, tmp_path / "backup")
    with pytest.raises(MisuseError, match="already"):
        folder.put_back(io.BytesIO((tmp_path / "backup").read_bytes()), OTHER_KEY, KEY)
    assert opens(folder, KEY)


def test_p3_a_backup_with_a_trigger_in_it_makes_no_profile(folder: ProfileFolder, tmp_path: Path) -> None:
    """Made for somebody else, together with its passphrase: it would act on all that is stored later."""
    file = tmp_path / "backup"
    with closing(folder.open(KEY)) as database:
        with database.changing() as connection:
            connection.execute("CREATE TRIGGER t AFTER UPDATE ON profile BEGIN DELETE FROM contact; END")
        folder.back_up(database, b"", KEY, file)
    with closing(ProfileFolder.take(tmp_path / "restored")) as other:
        with pytest.raises(EnvironmentProblem, match="damaged"):
            other.put_back(io.BytesIO(file.read_bytes()), KEY, KEY)
        assert os.listdir(other.home) == ["lock"]
