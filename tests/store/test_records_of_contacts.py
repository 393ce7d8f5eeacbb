"""Records of hand-overs with contacts: whose they are, how long they stay, and that none is there twice."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.handover.codec import SIZE_MAX
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError
from satchel.ports import FileState, HandoverId, RecordHead, Role
from satchel.ports.queue import QueueState
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from store.contact_samples import AMINA, BILAL, contact
from store.queue_samples import FIRST, SECOND, THIRD, head_with, queued
from store.record_samples import DAY_S, KEY, NOW_S, entry, head

THEIRS, OTHERS = b"t" * 16, b"o" * 16
FROM_AMINA = head_with(SECOND, AMINA, Role.RECEIVER, THEIRS)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "data", KEY)) as opened:
        contacts = SqliteContacts(opened, salt=bytes(32))
        contacts.add(contact())
        contacts.add(contact(BILAL, "Bilal", seed=20))
        SqliteQueue(opened).add(queued())
        yield opened


@pytest.fixture
def records(database: Database) -> SqliteRecords:
    return SqliteRecords(database, now_s=NOW_S)


def test_they_come_back_by_contact_and_never_among_those_by_code(records: SqliteRecords) -> None:
    from_bilal = head_with(THIRD, BILAL, Role.RECEIVER, THEIRS)
    records.create(head(), [])
    for each in (head_with(), FROM_AMINA, from_bilal):
        records.create(each, [entry(0)])
    assert records.unfinished(Role.RECEIVER) == [head()]
    assert records.unfinished(Role.SENDER) == []
    assert records.of_contact(AMINA, Role.SENDER) == [head_with()]
    assert records.of_contact(AMINA, Role.RECEIVER) == [FROM_AMINA]
    assert records.of_contact(BILAL, Role.SENDER) == []
    assert records.of_contacts(Role.RECEIVER) == [FROM_AMINA, from_bilal]
    assert records.of_contacts(Role.SENDER) == [head_with()]
    assert records.entries(SECOND) == [entry(0)]
    records.mark_finished(SECOND)
    assert records.of_contact(AMINA, Role.RECEIVER) == [replace(FROM_AMINA, finished=True)]


def test_nobody_accepts_what_does_not_wait(records: SqliteRecords, database: Database) -> None:
    """The contact says Take while its person takes the thing back, or forgets the contact."""
    queue = SqliteQueue(database)
    for wrong in (head_with(THIRD), head_with(FIRST, BILAL)):
        with pytest.raises(MisuseError, match="does not wait"):
            records.create(wrong, [])
    with pytest.raises(MisuseError, match="no such contact"):
        records.create(replace(FROM_AMINA, contact=ContactId(b"nobody of a name")), [])
    queue.set_state(FIRST, QueueState.FAILED)
    with pytest.raises(MisuseError, match="does not wait"):
        records.create(head_with(), [])
    queue.set_state(FIRST, QueueState.WAITING)
    records.create(head_with(), [])
    assert records.of_contacts(Role.RECEIVER) == []


def test_one_thing_of_a_contact_is_received_once(records: SqliteRecords) -> None:
    """Also where an older session and its successor ask at the same time. Another's is another thing."""
    records.create(FROM_AMINA, [])
    with pytest.raises(MisuseError, match="calls so"):
        records.create(replace(FROM_AMINA, id=THIRD), [])
    records.create(replace(FROM_AMINA, id=THIRD, theirs=OTHERS), [])
    records.create(replace(FROM_AMINA, id=HandoverId(b"a fourth of them"), contact=BILAL), [])
    assert [found.theirs for found in records.of_contacts(Role.RECEIVER)] == [THEIRS, OTHERS, THEIRS]
    records.forget(SECOND)
    records.create(FROM_AMINA, [])


def test_a_reception_is_kept_for_28_days_from_its_last_session(records: SqliteRecords) -> None:
    records.create(head(), [])
    records.create(FROM_AMINA, [])
    assert records.expire(NOW_S + 8 * DAY_S) == [head()]
    assert records.expire(NOW_S + 28 * DAY_S) == []
    records.go_on(SECOND)
    assert records.expire(NOW_S + 56 * DAY_S) == []
    assert records.expire(NOW_S + 56 * DAY_S + 1) == [FROM_AMINA]
    assert records.of_contacts(Role.RECEIVER) == []
    with pytest.raises(MisuseError):
        records.go_on(SECOND)


def test_what_was_accepted_is_kept_as_long_as_it_waits(records: SqliteRecords, database: Database) -> None:
    records.create(head_with(), [entry(0)])
    assert records.expire(NOW_S + 300 * DAY_S) == []
    assert records.of_contacts(Role.SENDER) == [head_with()]
    SqliteQueue(database).remove(FIRST)
    assert records.of_contacts(Role.SENDER) == []


def test_a_clock_that_cannot_be_right_costs_nothing_that_is_of_a_contact(records: SqliteRecords) -> None:
    records.create(FROM_AMINA, [])
    assert records.expire(4_102_444_800) == []  # 2100
    records.go_on(SECOND)  # in 2100, too: it has no age then
    assert records.expire(NOW_S + 300 * DAY_S) == []  # and counts from here
    assert records.expire(NOW_S + 328 * DAY_S) == []
    assert records.expire(NOW_S + 329 * DAY_S) == [FROM_AMINA]


def test_m3_what_was_promised_is_counted_whatever_sizes_are_claimed(records: SqliteRecords) -> None:
    """Of contacts, and only what is still to come; sizes of peers may add up to more than 63 bits."""
    assert records.awaited_bytes(a_file_bytes=1) == 0
    done, refused = FileState.DONE, FileState.REFUSED
    sizes = [(5, FileState.WANTED), (SIZE_MAX, done), (SIZE_MAX, refused)]
    entries = [replace(entry(n), size=size, state=state) for n, (size, state) in enumerate(sizes)]
    records.create(head(), entries)  # by a code
    records.create(head_with(), entries)  # given
    records.create(FROM_AMINA, entries)
    assert records.awaited_bytes(a_file_bytes=1) == 6
    largest = [replace(entry(n), size=SIZE_MAX, state=FileState.WANTED) for n in range(3000)]
    records.create(head_with(THIRD, BILAL, Role.RECEIVER, THEIRS), largest)
    assert records.awaited_bytes(a_file_bytes=1) > 1 << 63


def test_of_what_was_stopped_stays_only_that_it_was(records: SqliteRecords) -> None:
    """T2: names and sizes go. For 28 days its giver is told; what was all in place before is not stopped."""
    records.create(FROM_AMINA, [entry(0)])
    records.refuse(SECOND)
    records.refuse(SECOND)
    records.refuse(THIRD)
    [stopped] = records.of_contacts(Role.RECEIVER)
    assert stopped == replace(FROM_AMINA, finished=True, is_refused=True)
    assert stopped.is_refused
    assert records.entries(SECOND) == []
    assert records.awaited_bytes(a_file_bytes=1) == 0
    assert records.expire(NOW_S + 28 * DAY_S) == []
    assert records.expire(NOW_S + 28 * DAY_S + 1) == [stopped]
    records.create(FROM_AMINA, [entry(0)])
    records.mark_finished(SECOND)
    records.refuse(SECOND)
    [whole] = records.of_contacts(Role.RECEIVER)
    assert not whole.is_refused
    assert records.entries(SECOND) == [entry(0)]


def test_t2_its_files_go_before_it_is_forgotten_where_they_are(records: SqliteRecords) -> None:
    """Who is killed in between does both once more."""
    records.create(FROM_AMINA, [entry(0)])
    swept: list[RecordHead] = []

    def sweep(head: RecordHead) -> None:
        assert records.of_contacts(Role.RECEIVER) == [head]
        swept.append(head)

    assert records.expire(NOW_S + 28 * DAY_S + 1, sweep=sweep) == swept == [FROM_AMINA]
    assert records.of_contacts(Role.RECEIVER) == []


def test_nothing_else_looks_as_if_it_was_stopped(records: SqliteRecords) -> None:
    records.create(head(), [])
    records.create(head_with(), [])
    records.create(FROM_AMINA, [])
    every = [*records.of_contacts(Role.SENDER), *records.of_contacts(Role.RECEIVER)]
    assert not [one for one in (*every, *records.unfinished(Role.RECEIVER)) if one.is_refused]
