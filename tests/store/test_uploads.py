"""What the owner's page has brought: begun, gone on with, sent, and erased when nothing needs it (T1, T2)."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.handover.messages import EntryKind
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.ports import FileState, HandoverId, RecordEntry, RecordHead, Role
from satchel.ports.queue import QueueState
from satchel.ports.uploads import NotAtThatPlace, UploadId
from satchel.store import uploads as module
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from satchel.store.upload_names import id_in, name_of, named_by
from satchel.store.uploaded import survey_uploads
from satchel.store.uploads import RESERVE_BYTES, SqliteUploads
from store.contact_samples import AMINA, contact
from store.queue_samples import FIRST, SECOND, head_with, queued
from store.record_samples import DAY_S, KEY
from store.upload_samples import GROUP, NOW_S, OTHER_GROUP, bring, content_of, one_begun, uploads_of

BLOCK = 256 * 1024
PHOTO = (b"photo.jpg",)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "data", KEY)) as opened:
        SqliteContacts(opened, salt=bytes(32)).add(contact())
        yield opened


@pytest.fixture
def uploads(tmp_path: Path, database: Database) -> SqliteUploads:
    return uploads_of(tmp_path, database)


def files(tmp_path: Path) -> int:
    return len(os.listdir(tmp_path / "blobs"))


def record_of(id: HandoverId, *named: bytes) -> tuple[RecordHead, list[RecordEntry]]:
    """By code."""
    head = RecordHead(id=id, role=Role.SENDER, secret=bytes(32), older_secret=None, into=b"", finished=False)
    return head, [
        RecordEntry(
            number=number,
            path=(b"photo.jpg",),
            kind=EntryKind.FILE,
            size=7,
            mtime_ns=7,
            executable=False,
            state=FileState.WANTED,
            location=location,
        )
        for number, location in enumerate(named)
    ]


def test_the_same_file_goes_on_after_a_reload(
    uploads: SqliteUploads, tmp_path: Path, database: Database
) -> None:
    """Known by its path, size and time; the rest is another one."""
    content = os.urandom(2 * BLOCK + 9)
    begun = one_begun(uploads, GROUP, PHOTO, size=len(content), mtime_ns=7)
    incoming = uploads.append(begun.id, 0)
    incoming.write(memoryview(content)[: BLOCK + 100])
    assert incoming.sync() == BLOCK
    incoming.close()
    restarted = uploads_of(tmp_path, database, seed="of the next run")
    for path, size, mtime_ns in (((b"other",), len(content), 7), (PHOTO, 7, 7), (PHOTO, len(content), 8)):
        assert one_begun(restarted, GROUP, path, size=size, mtime_ns=mtime_ns).have == 0
    again = one_begun(restarted, OTHER_GROUP, PHOTO, size=len(content), mtime_ns=7)
    assert (again.id, again.have, again.group) == (begun.id, BLOCK, OTHER_GROUP)
    with pytest.raises(NotAtThatPlace) as caught:
        restarted.append(begun.id, 0)
    assert caught.value.have == BLOCK
    whole = bring(restarted, PHOTO, content)
    assert (whole.id, whole.is_whole) == (begun.id, True)
    assert content_of(restarted, whole) == content
    assert one_begun(restarted, GROUP, PHOTO, size=len(content), mtime_ns=7).have == len(content)


def test_what_was_chosen_elsewhere_meanwhile_is_not_left_out_in_silence(uploads: SqliteUploads) -> None:
    """In two windows, for two people: whoever is first would be given the rest, as if it were all."""
    photo = bring(uploads, PHOTO, b"seven!!")
    film = bring(uploads, (b"film.mp4",), b"long")
    assert one_begun(uploads, OTHER_GROUP, PHOTO, size=7, mtime_ns=7).id == photo.id
    with pytest.raises(MisuseError, match="chosen once more"):
        survey_uploads(uploads, [GROUP], set())
    assert [entry.path for entry in survey_uploads(uploads, [OTHER_GROUP], set())] == [PHOTO]
    assert [entry.path for entry in survey_uploads(uploads, [film.id], set())] == [(b"film.mp4",)]
    one_begun(uploads, GROUP, (b"film.mp4",), size=4, mtime_ns=7)
    with pytest.raises(MisuseError, match="chosen once more"):
        survey_uploads(uploads, [GROUP], set())


def test_one_brings_it_at_a_time(uploads: SqliteUploads) -> None:
    begun = one_begun(uploads, GROUP, PHOTO, size=9, mtime_ns=7)
    incoming = uploads.append(begun.id, 0)
    with pytest.raises(NotAtThatPlace, match="already"):
        uploads.append(begun.id, 0)
    incoming.close()
    uploads.append(begun.id, 0).close()
    with pytest.raises(NothingToDo):
        uploads.append(UploadId(bytes(16)), 0)


def test_what_the_disk_has_lost_comes_again_from_its_start(uploads: SqliteUploads, tmp_path: Path) -> None:
    content = os.urandom(BLOCK + 9)
    whole = bring(uploads, PHOTO, content)
    [file] = (tmp_path / "blobs").iterdir()
    os.truncate(file, BLOCK)
    assert one_begun(uploads, GROUP, PHOTO, size=len(content), mtime_ns=7).have == 0
    assert content_of(uploads, bring(uploads, PHOTO, content)) == content
    file.unlink()
    assert one_begun(uploads, GROUP, PHOTO, size=len(content), mtime_ns=7) == replace(whole, have=0)


@pytest.mark.parametrize(
    "path",
    [(), (b"",), (b"..", b"x"), (b"a/b",), (b"a\0b",), (b".satchel-" + b"0" * 32,), (b"x" * 256,)],
)
def test_names_that_no_offer_may_have_are_refused(uploads: SqliteUploads, path: tuple[bytes, ...]) -> None:
    """M4: as the receiver's side would, and before anything is brought."""
    with pytest.raises(MisuseError, match="cannot be uploaded"):
        one_begun(uploads, GROUP, path, size=1, mtime_ns=1)
    assert uploads.all() == []


@pytest.mark.parametrize(("size", "mtime_ns"), [(-1, 0), ((1 << 50) + 1, 0), (1, 1 << 63)])
def test_sizes_and_times_have_bounds(uploads: SqliteUploads, size: int, mtime_ns: int) -> None:
    with pytest.raises(MisuseError, match="cannot be uploaded"):
        one_begun(uploads, GROUP, PHOTO, size=size, mtime_ns=mtime_ns)


def test_a_disk_that_would_be_full_is_said_at_the_beginning(
    uploads: SqliteUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by what was begun together with it; what is there already needs no room."""
    free = RESERVE_BYTES + 10 * BLOCK
    monkeypatch.setattr(SqliteUploads, "_free_bytes", lambda _self: free)
    with pytest.raises(EnvironmentProblem, match="no room") as caught:
        one_begun(uploads, GROUP, PHOTO, size=10 * BLOCK + 1, mtime_ns=7)
    assert caught.value.disk_full
    first = one_begun(uploads, GROUP, PHOTO, size=6 * BLOCK, mtime_ns=7)
    with pytest.raises(EnvironmentProblem, match="no room"):
        one_begun(uploads, GROUP, (b"more",), size=5 * BLOCK, mtime_ns=7)
    one_begun(uploads, OTHER_GROUP, (b"more",), size=5 * BLOCK, mtime_ns=7)  # the first may never come
    incoming = uploads.append(first.id, 0)
    incoming.write(memoryview(bytes(6 * BLOCK)))
    incoming.sync()
    incoming.close()
    one_begun(uploads, GROUP, (b"more",), size=5 * BLOCK, mtime_ns=7)
    free = 0
    assert one_begun(uploads, GROUP, PHOTO, size=6 * BLOCK, mtime_ns=7).is_whole
    assert one_begun(uploads, GROUP, (b"empty",), size=0, mtime_ns=7).is_whole


def test_how_many_there_may_be(uploads: SqliteUploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UPLOADS_MAX", 2)
    for name in (b"1", b"2"):
        one_begun(uploads, GROUP, (name,), size=1, mtime_ns=7)
    with pytest.raises(MisuseError, match="2 uploads already"):
        one_begun(uploads, GROUP, (b"3",), size=1, mtime_ns=7)
    assert one_begun(uploads, GROUP, (b"2",), size=1, mtime_ns=7).have == 0


def test_it_stays_as_long_as_it_waits_for_somebody(
    uploads: SqliteUploads, database: Database, tmp_path: Path
) -> None:
    """Two things in the queue name it, one by its group: it goes with the last one, key and file (T2)."""
    photo = bring(uploads, PHOTO, b"content")
    queue = SqliteQueue(database, removed=uploads.sweep)
    queue.add(replace(queued(FIRST), paths=(name_of(photo.id), b"/home/a file")))
    queue.add(replace(queued(SECOND), paths=(name_of(GROUP),)))
    assert [one.sent for one in uploads.all()] == [True]
    again = one_begun(uploads, OTHER_GROUP, PHOTO, size=7, mtime_ns=7)
    assert again.id != photo.id  # picked again for somebody else
    with pytest.raises(MisuseError, match="sent already"):
        one_begun(uploads, GROUP, (b"one more",), size=7, mtime_ns=7)
    with pytest.raises(MisuseError, match="waits for somebody"):
        uploads.remove(photo.id)
    queue.remove(FIRST)
    assert content_of(uploads, photo) == b"content"
    queue.set_state(SECOND, QueueState.DECLINED)
    assert uploads.sweep() == 0  # it is told until the person has removed it
    queue.remove(SECOND)
    with pytest.raises(NothingToDo):
        uploads.open(photo.id)
    assert files(tmp_path) == 0
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM blob_stretch").get == 0


def test_it_stays_as_long_as_a_contact_has_accepted_it(uploads: SqliteUploads, database: Database) -> None:
    photo = bring(uploads, PHOTO, b"content")
    queue, records = SqliteQueue(database, removed=uploads.sweep), SqliteRecords(database, now_s=NOW_S)
    queue.add(replace(queued(FIRST), paths=(name_of(photo.id),)))
    records.create(head_with(FIRST), record_of(FIRST, name_of(photo.id))[1])
    uploads.sweep()
    assert content_of(uploads, photo) == b"content"
    SqliteContacts(database, salt=bytes(32)).forget(AMINA)
    assert uploads.sweep() == 1


def test_it_stays_as_long_as_a_hand_over_by_code_is_unfinished(
    uploads: SqliteUploads, database: Database
) -> None:
    """Two have accepted it: it goes when the second one has it all, and the command is over."""
    photo, other = bring(uploads, PHOTO, b"content"), bring(uploads, (b"folder", b"other"), b"more of it")
    records = SqliteRecords(database, now_s=NOW_S)
    first, second = (HandoverId(bytes([n]) * 16) for n in (1, 2))
    with uploads.holding([GROUP]):
        assert one_begun(uploads, OTHER_GROUP, PHOTO, size=7, mtime_ns=7).id != photo.id
        for id in (first, second):
            records.create(*record_of(id, name_of(photo.id), name_of(other.id) + b"/other"))
        records.forget(first)
        records.forget(second)
        assert uploads.sweep() == 0
        with pytest.raises(MisuseError):
            uploads.remove(other.id)
        records.create(*record_of(first, name_of(photo.id)))
    assert uploads.sweep() == 1  # of the other one nothing is left to do
    assert content_of(uploads, photo) == b"content"
    records.forget(first)
    assert uploads.sweep() == 1


def test_what_nobody_took_can_be_offered_again(uploads: SqliteUploads) -> None:
    """A code that nobody typed is no end of it."""
    photo = bring(uploads, PHOTO, b"content")
    with uploads.holding([photo.id]):
        pass
    assert uploads.sweep() == 0
    assert content_of(uploads, photo) == b"content"


def test_nothing_is_queued_of_what_is_not_here(uploads: SqliteUploads, database: Database) -> None:
    queue = SqliteQueue(database)
    with pytest.raises(NothingToDo):
        queue.add(replace(queued(FIRST), paths=(name_of(GROUP),)))
    with pytest.raises(NothingToDo):
        SqliteRecords(database).create(*record_of(FIRST, name_of(GROUP)))
    assert queue.all() == []
    assert SqliteRecords(database).unfinished(Role.SENDER) == []


def test_what_nobody_sends_goes_after_seven_days(
    uploads: SqliteUploads, database: Database, tmp_path: Path
) -> None:
    """And how many did is told. A clock that cannot be right erases nothing."""
    old, queued_one = bring(uploads, PHOTO, b"content"), bring(uploads, (b"other",), b"content")
    SqliteQueue(database).add(replace(queued(FIRST), paths=(name_of(queued_one.id),)))
    held = bring(uploads, (b"held",), b"content", group=OTHER_GROUP)

    def on(day: float, seed: str = "later") -> SqliteUploads:
        return uploads_of(tmp_path, database, seed=seed, now_s=NOW_S + int(day * DAY_S))

    assert on(6.9).expire() == 0
    assert uploads_of(tmp_path, database, now_s=5_000_000_000).expire() == 0
    newer = bring(on(6.9), (b"newer",), b"content", group=OTHER_GROUP)
    later = on(7.1)
    with later.holding([held.id]):
        assert (later.expire(), later.expired) == (1, 1)
    assert {one.id for one in later.all()} == {queued_one.id, held.id, newer.id}
    assert old.id not in {one.id for one in later.all()}
    assert files(tmp_path) == 3
    assert one_begun(
        uploads_of(tmp_path, database, seed="1970", now_s=100), OTHER_GROUP, PHOTO, size=1, mtime_ns=1
    )
    assert on(100).expire() == 2
    assert on(100).expire() == 0  # that of 1970 counts its days from now
    assert on(108).expire() == 1


def test_what_is_removed_is_gone_and_what_is_being_brought_stays(
    uploads: SqliteUploads, tmp_path: Path
) -> None:
    photo, other = (
        bring(uploads, PHOTO, b"content"),
        one_begun(uploads, GROUP, (b"other",), size=9, mtime_ns=7),
    )
    incoming = uploads.append(other.id, 0)
    for id in (other.id, GROUP):
        with pytest.raises(MisuseError):
            uploads.remove(id)
    incoming.close()
    assert len(uploads.all()) == 2
    uploads.remove(photo.id)
    assert files(tmp_path) == 1
    uploads.remove(GROUP)
    assert files(tmp_path) == 0
    with pytest.raises(NothingToDo):
        uploads.remove(GROUP)


def test_a_name_is_no_path() -> None:
    assert id_in(name_of(GROUP)) == id_in(name_of(GROUP) + b"/inside") == GROUP
    assert named_by(GROUP.hex()) == name_of(GROUP)
    for path in (b"/home/upload:" + b"0" * 32, b"upload:" + b"0 " * 16, b"upload:" + b"0" * 30, b"upload:x"):
        assert id_in(path) is None
    for word in ("", "0" * 31, "0" * 33, "G" * 32, "AB" * 16, "../" + "0" * 29, "\udc80" * 32):
        with pytest.raises(MisuseError):
            named_by(word)


def test_what_was_not_sent_is_told_by_whole_groups_that_nobody_is_busy_with(
    uploads: SqliteUploads, database: Database
) -> None:
    """T2: its owner can see it, and remove all of what is told."""
    half = one_begun(uploads, GROUP, (b"Trip", b"a"), size=7, mtime_ns=7)
    whole = bring(uploads, (b"Trip", b"b"), b"1234567")
    offered = bring(uploads, (b"map",), b"map", group=OTHER_GROUP)
    assert [upload.id for upload in uploads.unsent()] == [half.id, whole.id, offered.id]
    with uploads.holding([offered.id]):
        assert [upload.id for upload in uploads.unsent()] == [half.id, whole.id]
    with closing(uploads.append(half.id, 0)):
        assert [upload.id for upload in uploads.unsent()] == [offered.id]
    SqliteQueue(database).add(replace(queued(FIRST), paths=(name_of(OTHER_GROUP),)))
    assert [upload.id for upload in uploads.unsent()] == [half.id, whole.id]
    uploads.remove(GROUP)
    assert not uploads.unsent()
