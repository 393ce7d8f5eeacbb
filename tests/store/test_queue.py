"""What waits for contacts, on a real disk: it comes back as it was, and goes for good when taken back."""

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import HandoverId, Role
from satchel.ports.queue import Queue, QueueState
from satchel.store import queue as queue_module
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from store.contact_samples import AMINA, BILAL, contact
from store.queue_samples import FIRST, SECOND, THIRD, head_with, queued
from store.record_samples import KEY, NOW_S, entry

SALT = bytes(32)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "data", KEY)) as opened:
        contacts = SqliteContacts(opened, salt=SALT)
        contacts.add(contact())
        contacts.add(contact(BILAL, "Bilal", seed=20))
        yield opened


@pytest.fixture
def queue(database: Database) -> SqliteQueue:
    return SqliteQueue(database)


@pytest.fixture
def records(database: Database) -> SqliteRecords:
    return SqliteRecords(database, now_s=NOW_S)


def pages(database: Database, tmp_path: Path) -> bytes:
    """All of the file, deciphered; nothing must be in the log."""
    assert [path.name for path in tmp_path.glob("data-*") if path.stat().st_size] == []
    with database.reading() as connection:
        return connection.serialize("main")


def works_as_a_port(opened: Queue) -> None:
    """mypy: it does."""


def test_what_waits_comes_back_as_it_was(queue: SqliteQueue, database: Database, tmp_path: Path) -> None:
    works_as_a_port(queue)
    text = replace(queued(SECOND, BILAL), paths=(), made_s=None)
    one = replace(queued(THIRD), paths=(b"/alone",), note=None, state=QueueState.DECLINED)
    for each in (queued(), text, one):
        queue.add(each)
    assert queue.all() == [queued(), text, one]
    database.close()
    with closing(Database.open(tmp_path / "data", KEY)) as again:
        assert SqliteQueue(again).all() == [queued(), text, one]
    assert b"list of names" not in (tmp_path / "data").read_bytes()


def test_the_oldest_is_first_whatever_the_clock_says(queue: SqliteQueue) -> None:
    for number, made_s in ((1, NOW_S), (2, None), (3, NOW_S - 9)):
        queue.add(replace(queued(HandoverId(bytes([number]) * 16)), made_s=made_s))
    assert [found.id[0] for found in queue.all()] == [1, 2, 3]
    queue.remove(HandoverId(bytes([3]) * 16))
    queue.add(queued(HandoverId(bytes([4]) * 16)))
    assert [found.id[0] for found in queue.all()] == [1, 2, 4]


def test_nothing_waits_for_nobody(queue: SqliteQueue) -> None:
    with pytest.raises(MisuseError, match="no such contact"):
        queue.add(queued(contact=ContactId(b"nobody of a name")))
    assert queue.all() == []


def test_what_waits_for_one_contact_is_bounded(queue: SqliteQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "QUEUED_MAX", 2)
    queue.add(queued(FIRST))
    queue.add(queued(SECOND))
    with pytest.raises(MisuseError, match="2 things wait"):
        queue.add(queued(THIRD))
    queue.add(queued(THIRD, BILAL))
    assert [found.id for found in queue.all()] == [FIRST, SECOND, THIRD]


def test_what_is_accepted_has_a_record(queue: SqliteQueue, records: SqliteRecords) -> None:
    queue.add(queued())
    queue.add(queued(SECOND))
    records.create(head_with(SECOND), [entry(0)])
    assert [found.accepted for found in queue.all()] == [False, True]
    queue.set_state(SECOND, QueueState.WAITING)
    assert [found.accepted for found in queue.all()] == [False, True]


def test_a_reception_of_the_same_id_is_not_taken_for_it(queue: SqliteQueue, records: SqliteRecords) -> None:
    queue.add(queued())
    records.create(head_with(role=Role.RECEIVER, theirs=b"t" * 16), [])
    assert [found.accepted for found in queue.all()] == [False]


@pytest.mark.parametrize("state", [QueueState.DECLINED, QueueState.FAILED])
def test_what_is_over_is_told_and_keeps_no_record(
    queue: SqliteQueue, records: SqliteRecords, database: Database, tmp_path: Path, state: QueueState
) -> None:
    """T2: the names in folders are not needed any more."""
    queue.add(queued())
    queue.add(queued(SECOND))
    records.create(head_with(), [entry(0, b"a name inside of the folder")])
    queue.set_state(FIRST, state)
    assert queue.all() == [replace(queued(), state=state), queued(SECOND)]
    assert records.of_contacts(Role.SENDER) == []
    assert b"a name inside of the folder" not in pages(database, tmp_path)


def test_what_was_taken_back_meanwhile_is_no_error(queue: SqliteQueue) -> None:
    queue.set_state(FIRST, QueueState.DECLINED)
    queue.remove(FIRST)
    assert queue.all() == []


def test_t2_what_is_taken_back_is_not_on_the_disk(
    queue: SqliteQueue, records: SqliteRecords, database: Database, tmp_path: Path
) -> None:
    """Paths, text, and the names in the record: also for who has the key of the profile."""
    queue.add(queued())
    queue.add(replace(queued(SECOND), note="stays here"))
    records.create(head_with(), [entry(n, b"inside of it, no. %03d" % n) for n in range(200)])
    database.empty_log()
    assert b"inside of it, no. 007" in pages(database, tmp_path)
    queue.remove(FIRST)
    left = pages(database, tmp_path)
    for secret in (b"inside of it", b"see page 7", FIRST):
        assert secret not in left
    assert b"stays here" in left
    assert records.of_contacts(Role.SENDER) == []


def test_t2_what_waits_for_who_is_forgotten_goes_too(
    queue: SqliteQueue, records: SqliteRecords, database: Database, tmp_path: Path
) -> None:
    queue.add(queued())
    queue.add(replace(queued(SECOND, BILAL), paths=(), note=None))
    records.create(head_with(), [entry(0, b"inside of it")])
    records.create(head_with(THIRD, role=Role.RECEIVER, theirs=b"t" * 16), [entry(0, b"from that contact")])
    SqliteContacts(database, salt=SALT).forget(AMINA)
    assert [found.id for found in queue.all()] == [SECOND]
    left = pages(database, tmp_path)
    for secret in (b"inside of it", b"from that contact", b"the list of names", b"see page 7", FIRST, THIRD):
        assert secret not in left


def test_a_backup_carries_what_waits_and_no_hand_over(tmp_path: Path) -> None:
    """It is offered again, as if nobody had accepted it."""
    with closing(ProfileFolder.take(tmp_path / "profile")) as folder:
        folder.create(KEY, KEY)
        with closing(folder.open(KEY)) as database:
            SqliteContacts(database, salt=SALT).add(contact())
            queue, records = SqliteQueue(database), SqliteRecords(database, now_s=NOW_S)
            for id in (FIRST, SECOND):
                queue.add(queued(id))
            queue.set_state(SECOND, QueueState.DECLINED)
            records.create(head_with(), [entry(0)])
            records.create(head_with(THIRD, role=Role.RECEIVER, theirs=b"t" * 16), [])
            assert [found.accepted for found in queue.all()] == [True, False]
            folder.back_up(database, b"", KEY, tmp_path / "backup")
            assert [found.accepted for found in queue.all()] == [True, False]
    image = io.BytesIO((tmp_path / "backup").read_bytes())
    with (
        closing(ProfileFolder.take(tmp_path / "restored")) as other,
        closing(other.put_back(image, KEY, KEY)) as database,
    ):
        queue, records = SqliteQueue(database), SqliteRecords(database, now_s=NOW_S)
        assert queue.all() == [queued(), replace(queued(SECOND), state=QueueState.DECLINED)]
        assert [*records.of_contacts(Role.SENDER), *records.of_contacts(Role.RECEIVER)] == []
        records.create(head_with(), [])
        assert [found.accepted for found in queue.all()] == [True, False]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE queued SET state = 7",
        "UPDATE queued SET state = 'a text'",
        "UPDATE queued SET paths = 'a text'",
        "UPDATE queued SET note = x'00'",
        "UPDATE queued SET made_s = 'a text'",
        "UPDATE queued SET id = 'a text'",
    ],
)
def test_a_damaged_row_is_said(queue: SqliteQueue, database: Database, damage: str) -> None:
    queue.add(queued())
    with database.reading() as connection:
        connection.execute(damage)
    with pytest.raises(EnvironmentProblem, match="damaged"):
        queue.all()
