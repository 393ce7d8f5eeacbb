"""Resumption records on a real disk: what is kept, for how long, for whom."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import FileState, Records, Role
from satchel.store import records as records_module
from satchel.store.records import SqliteRecords
from store.record_samples import ID, NOW_S, OTHER, behind_our_back, entry, head, open_records


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "home"


@pytest.fixture
def records(home: Path) -> Iterator[SqliteRecords]:
    opened = open_records(home, now_s=NOW_S)
    yield opened
    opened.database.close()


def size_of(home: Path) -> int:
    return sum(path.stat().st_size for path in home.iterdir())


def read_with_key(records: SqliteRecords, home: Path) -> bytes:
    """All pages of the database file, deciphered, the free ones too. Nothing must be in the log."""
    assert [path.name for path in home.glob("data-*") if path.stat().st_size] == []
    with records.database.reading() as connection:
        plain = connection.serialize("main")
    assert plain.startswith(b"SQLite format 3")
    assert len(plain) == (home / "data").stat().st_size
    return plain


def works_with_records(opened: Records) -> None:
    """mypy: they are."""


# --- what goes in comes out ----------------------------------------------------------------------


def test_a_record_comes_back_as_it_was_also_after_a_restart(records: SqliteRecords, home: Path) -> None:
    works_with_records(records)
    entries = [entry(0, b"a"), entry(1, b"\xff\x01", b"b c"), entry(2)]
    records.create(head(), iter(entries))
    records.create(head(OTHER, Role.SENDER), [])
    for again in range(2):
        opened = records if not again else open_records(home, now_s=NOW_S)
        assert opened.unfinished(Role.RECEIVER) == [head()]
        assert opened.unfinished(Role.SENDER) == [head(OTHER, Role.SENDER)]
        assert opened.entries(ID) == entries
        assert opened.entries(OTHER) == []
        opened.database.close()


@pytest.mark.parametrize("count", [1, 39, 40, 41, 80, 81])
def test_no_file_is_lost_between_two_statements(count: int, records: SqliteRecords) -> None:
    entries = [entry(n) for n in range(count)]
    records.create(head(), entries)
    assert records.entries(ID) == entries


def test_exactly_the_files_that_were_named_are_marked(records: SqliteRecords) -> None:
    records.create(head(), [entry(n) for n in range(12)])
    records.create(head(OTHER), [entry(n) for n in range(12)])
    records.mark(ID, [9, 3, 4, 3, 5, 0], FileState.DONE)
    records.mark(ID, [], FileState.DONE)
    done = [found.number for found in records.entries(ID) if found.state is FileState.DONE]
    assert done == [0, 3, 4, 5, 9]
    assert {found.state for found in records.entries(OTHER)} == {FileState.WANTED}


@pytest.mark.parametrize("first", [1, 2**31, 2**62 - 2, 2**63 - 2, 2**64 - 9])
def test_the_inodes_of_files_made_one_after_another(first: int, records: SqliteRecords) -> None:
    records.create(head(), [entry(n) for n in range(10)])
    inodes = [(0, first), (1, first + 1), (2, first + 2), (3, first + 4), (5, first + 5), (4, first + 6)]
    inodes += [(7, first + 8), (8, first + 7), (9, first + 8)]
    records.mark_placing(ID, inodes)
    found = {entry.number: (entry.state, entry.inode) for entry in records.entries(ID)}
    assert found == {number: (FileState.PLACING, inode) for number, inode in inodes} | {
        6: (FileState.WANTED, 0)
    }
    assert behind_our_back(records, "SELECT DISTINCT typeof(inode) FROM entry") == [("blob",)]


def test_states_of_files(records: SqliteRecords) -> None:
    records.create(head(), [entry(n) for n in range(4)])
    records.mark_placing(ID, [(1, 77), (2, 2**64 - 1)])
    records.mark(ID, [2, 3], FileState.DONE)
    states = [(found.state, found.inode) for found in records.entries(ID)]
    assert states == [
        (FileState.WANTED, 0),
        (FileState.PLACING, 77),
        (FileState.DONE, 0),
        (FileState.DONE, 0),
    ]
    records.mark_placing(ID, [(1, 2**64 - 1)])
    assert records.entries(ID)[1].inode == 2**64 - 1
    records.mark_finished(ID)
    assert records.unfinished(Role.RECEIVER)[0].finished


def test_a_record_that_is_not_there_is_a_mistake_of_ours(records: SqliteRecords) -> None:
    for call in (records.entries, records.mark_finished, records.confirm_secret):
        with pytest.raises(MisuseError):
            call(ID)
    records.forget(ID)


def test_half_a_record_is_none(records: SqliteRecords) -> None:
    """Refused whole: two entries of one number."""
    with pytest.raises(EnvironmentProblem):
        records.create(head(), [entry(0), entry(0)])
    assert records.unfinished(Role.RECEIVER) == []
    records.create(head(), [entry(0)])


# --- secrets and replays -------------------------------------------------------------------------


def secrets(records: SqliteRecords) -> tuple[bytes, bytes | None]:
    (found,) = records.unfinished(Role.RECEIVER)
    return found.secret, found.older_secret


def test_the_older_secret_stays_until_the_newer_is_confirmed(records: SqliteRecords) -> None:
    first, second, third = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
    records.create(head(), [])
    records.replace_secret(ID, second, used=first)
    assert secrets(records) == (second, first)
    records.replace_secret(ID, third, used=first)  # the peer died before it stored the second
    assert secrets(records) == (third, first)
    records.confirm_secret(ID)
    assert secrets(records) == (third, None)


def test_the_secret_that_was_used_is_the_one_that_is_kept(records: SqliteRecords) -> None:
    first, second, third = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
    records.create(head(), [])
    records.replace_secret(ID, second, used=first)
    records.replace_secret(ID, third, used=second)  # so the peer had stored the second
    assert secrets(records) == (third, second)
    with pytest.raises(MisuseError):
        records.replace_secret(ID, b"\x44" * 32, used=first)


def test_without_a_word_the_secret_that_the_peer_is_known_to_have_is_kept(records: SqliteRecords) -> None:
    records.create(head(), [])
    records.replace_secret(ID, b"\x22" * 32)
    records.replace_secret(ID, b"\x33" * 32)
    assert secrets(records) == (b"\x33" * 32, b"\x11" * 32)


def test_a_replayed_flight_is_known_after_a_restart(records: SqliteRecords, home: Path) -> None:
    """P1, P3: a recorded first flight gets no second answer."""
    records.create(head(), [])
    assert records.remember_flight(ID, b"e" * 32)
    assert not records.remember_flight(ID, b"e" * 32)
    records.database.close()
    again = open_records(home)
    assert not again.remember_flight(ID, b"e" * 32)
    assert again.remember_flight(ID, b"f" * 32)
    again.database.close()


def test_a_flight_under_the_secret_in_use_stays_known(records: SqliteRecords) -> None:
    """Confirming forgets flights that no kept secret answers any more, and no other."""
    records.create(head(), [])
    records.remember_flight(ID, b"1" * 32)
    records.replace_secret(ID, b"\x22" * 32)
    records.remember_flight(ID, b"2" * 32)
    records.confirm_secret(ID)
    assert not records.remember_flight(ID, b"2" * 32)
    assert records.remember_flight(ID, b"1" * 32)


def test_too_many_flights_are_refused(records: SqliteRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "FLIGHTS_MAX", 3)
    records.create(head(), [])
    records.create(head(OTHER), [])
    assert [records.remember_flight(ID, bytes([n]) * 32) for n in range(5)] == [True] * 3 + [False] * 2
    assert records.remember_flight(OTHER, b"e" * 32)


# --- forgetting ----------------------------------------------------------------------------------


def test_what_is_forgotten_is_not_on_the_disk(records: SqliteRecords, home: Path) -> None:
    """T2: no name, no secret, also for who has the key: not in the database, not in its log."""
    names = [b"a-name-to-be-forgotten-%04d" % n for n in range(500)]
    records.create(head(), [entry(n, name) for n, name in enumerate(names)])
    records.database.empty_log()
    assert names[0] in read_with_key(records, home)
    records.forget(ID)
    left = read_with_key(records, home)
    assert b"a-name-to-be-forgotten" not in left
    assert b"\x11" * 32 not in left
    assert records.unfinished(Role.RECEIVER) == []


def test_the_file_does_not_tell_how_much_was_forgotten(records: SqliteRecords, home: Path) -> None:
    """T2."""
    empty = size_of(home)
    records.create(head(), [entry(n) for n in range(5000)])
    assert size_of(home) > 3 * empty
    records.forget(ID)
    assert size_of(home) <= empty


def test_an_older_secret_is_not_on_the_disk(records: SqliteRecords, home: Path) -> None:
    """W4: a secret that nobody needs any more cannot open recorded sessions."""
    records.create(head(), [entry(0)])
    records.replace_secret(ID, b"\x22" * 32)
    records.confirm_secret(ID)
    left = read_with_key(records, home)
    assert b"\x11" * 32 not in left
    assert b"\x22" * 32 in left


# --- other threads, other programs ---------------------------------------------------------------


def test_threads_may_share_it(records: SqliteRecords) -> None:
    records.create(head(), [entry(n) for n in range(400)])

    def work(first: int) -> None:
        for number in range(first, first + 100, 10):
            records.mark(ID, range(number, number + 10), FileState.DONE)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found.state is FileState.DONE for found in records.entries(ID))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE record SET role = 77",
        "UPDATE record SET secret = 'a text'",
        "UPDATE record SET used_s = 'a text'",
        "UPDATE entry SET state = 77",
        "UPDATE entry SET kind = 77",
        "UPDATE entry SET path = 'a text'",
        "UPDATE entry SET inode = x'ff'",
    ],
)
def test_a_damaged_row_is_said(records: SqliteRecords, damage: str) -> None:
    records.create(head(), [entry(0)])
    behind_our_back(records, damage)
    with pytest.raises(EnvironmentProblem, match="damaged"):
        records.entries(ID) if "entry" in damage else records.expire(NOW_S + 30 * 86_400)


def test_committed_is_still_there_after_kill_9(home: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from store.record_samples import ID, entry, head, open_records\n"
        "from satchel.ports import FileState\n"
        "records = open_records(Path(sys.argv[1]))\n"
        "records.create(head(), [entry(n) for n in range(50)])\n"
        "records.mark(ID, [1, 2], FileState.DONE)\n"
        "os.kill(os.getpid(), 9)"
    )
    tests = str(Path(__file__).parents[1])
    assert subprocess.run([sys.executable, "-c", script, str(home), tests], check=False).returncode == -9
    records = open_records(home)
    assert [found.number for found in records.entries(ID) if found.state is FileState.DONE] == [1, 2]
    records.database.close()
