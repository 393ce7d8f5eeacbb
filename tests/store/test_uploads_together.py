"""Files that are chosen together: begun at once, and small ones brought at once (decision 0181; T1, T2)."""

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.ports.uploads import Chosen, NotAtThatPlace, UploadId
from satchel.store import blobs
from satchel.store import uploads as module
from satchel.store.database import Database
from satchel.store.upload_names import mark_sent, name_of
from satchel.store.uploads import RESERVE_BYTES, SqliteUploads
from store.record_samples import KEY
from store.upload_samples import GROUP, OTHER_GROUP, bring, content_of, one_begun, uploads_of

BLOCK = 256 * 1024


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "data", KEY)) as opened:
        yield opened


@pytest.fixture
def uploads(tmp_path: Path, database: Database) -> SqliteUploads:
    return uploads_of(tmp_path, database)


def chosen(*names: bytes, size: int | None = 7) -> list[Chosen]:
    return [Chosen(path=(b"Trip", name), size=size, mtime_ns=7) for name in names]


def test_a_folder_is_begun_at_once_and_what_is_there_of_it_goes_on(
    uploads: SqliteUploads, tmp_path: Path, database: Database
) -> None:
    """In the order that was asked; the same one twice is one; of a restarted node, none is read twice."""
    begun = uploads.begin(GROUP, [*chosen(b"b", b"a"), *chosen(b"empty", size=None)])
    assert [one.path[1] for one in begun] == [b"b", b"a", b"empty"]
    brought = bring(uploads, (b"Trip", b"a"), b"content")
    restarted = uploads_of(tmp_path, database, seed="of the next run")
    again = restarted.begin(OTHER_GROUP, chosen(b"a", b"new", b"b", b"a"))
    assert [one.have for one in again] == [7, 0, 0, 7]
    assert [again[0].id, again[2].id, again[3].id] == [brought.id, begun[0].id, brought.id]
    assert {one.group for one in again} == {OTHER_GROUP}
    assert {one.id for one in restarted.all() if one.group == OTHER_GROUP} == {one.id for one in again}


@pytest.mark.parametrize("is_erased", [False, True])
def test_what_is_sent_or_erased_while_it_is_chosen_again_stays_so(
    uploads: SqliteUploads, database: Database, monkeypatch: pytest.MonkeyPatch, is_erased: bool
) -> None:
    """In another window: whom it was given to would get the rest, as if it were all."""
    photo = bring(uploads, (b"Trip", b"a"), b"content")
    looks = SqliteUploads._require_room

    def look_slowly(self: SqliteUploads, *what: object) -> None:
        looks(self, *what)  # type: ignore[arg-type]
        if is_erased:
            uploads.remove(GROUP)
        else:
            with database.changing() as connection:
                mark_sent(connection, [name_of(GROUP)])

    monkeypatch.setattr(SqliteUploads, "_require_room", look_slowly)
    with pytest.raises(NothingToDo, match="not here any more"):
        uploads.begin(OTHER_GROUP, chosen(b"new", b"a"))
    left = [] if is_erased else [(photo.id, GROUP, True)]
    assert [(one.id, one.group, one.sent) for one in uploads.all()] == left
    uploads.require_undivided(GROUP)


def test_of_what_is_begun_at_once_all_has_room_or_none(
    uploads: SqliteUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = bring(uploads, (b"Trip", b"a"), bytes(6 * BLOCK))
    free = RESERVE_BYTES + 10 * BLOCK
    monkeypatch.setattr(SqliteUploads, "_free_bytes", lambda _self: free)
    with pytest.raises(EnvironmentProblem, match="no room"):
        uploads.begin(GROUP, chosen(b"a", b"b", b"c", size=6 * BLOCK))
    assert [one.id for one in uploads.all()] == [half.id]
    monkeypatch.setattr(module, "UPLOADS_MAX", 2)
    with pytest.raises(MisuseError, match="2 uploads already"):
        uploads.begin(GROUP, chosen(b"b", b"c"))
    with pytest.raises(MisuseError, match="cannot be uploaded"):
        uploads.begin(GROUP, chosen(b"b", b".."))
    assert [one.id for one in uploads.all()] == [half.id]
    assert [one.have for one in uploads.begin(GROUP, chosen(b"a", b"b", size=6 * BLOCK))] == [6 * BLOCK, 0]


def test_small_files_come_together(uploads: SqliteUploads) -> None:
    """However their bytes are cut; what is there already is passed over; no bytes, nothing to bring."""
    contents = {
        b"a": os.urandom(BLOCK),
        b"none": b"",
        b"b": b"b",
        b"there": b"already here",
        b"c": os.urandom(999),
    }
    ids = [one_begun(uploads, GROUP, (name,), size=len(it), mtime_ns=7).id for name, it in contents.items()]
    there = bring(uploads, (b"there",), contents[b"there"])
    coming = memoryview(b"".join(contents.values()))
    with closing(uploads.together(ids)) as incoming:
        incoming.write(coming[: BLOCK - 5])
        assert incoming.sync() == 1  # the empty one
        for at in range(BLOCK - 5, len(coming), 3):
            incoming.write(coming[at : at + 3])
        assert [one.have for one in uploads.all()] == [0, 0, 0, len(contents[b"there"]), 0]
        assert incoming.sync() == len(ids)
    assert {one.path[0]: content_of(uploads, one) for one in uploads.all()} == contents
    assert there in uploads.all()


def test_where_it_breaks_off_the_small_files_that_came_whole_stay(uploads: SqliteUploads) -> None:
    ids = [one.id for one in uploads.begin(GROUP, chosen(b"a", b"b", b"c"))]
    with closing(uploads.together(ids)) as incoming:
        incoming.write(memoryview(b"content of a and half a b"[:10]))
        assert incoming.sync() == 1
        with pytest.raises(NotAtThatPlace, match="already"):
            uploads.append(ids[2], 0)
        with pytest.raises(MisuseError, match="being uploaded"):
            uploads.remove(ids[2])
    assert [one.have for one in uploads.all()] == [7, 0, 0]
    with closing(uploads.together(ids)) as incoming:
        incoming.write(memoryview(b"1234567content"))
    assert [one.have for one in uploads.all()] == [7, 0, 0]  # not without a sync
    with closing(uploads.together(ids)) as incoming, pytest.raises(MisuseError, match="More bytes"):
        incoming.write(memoryview(bytes(22)))
    for id in ids[1:]:
        uploads.append(id, 0).close()


def test_only_small_files_come_together(uploads: SqliteUploads) -> None:
    small, large, folder = uploads.begin(
        GROUP, [*chosen(b"a"), *chosen(b"b", size=BLOCK + 1), *chosen(b"c", size=None)]
    )
    for ids in ([large.id], [small.id, folder.id], [small.id, small.id]):
        with pytest.raises(MisuseError):
            uploads.together(ids)
    with pytest.raises(NothingToDo):
        uploads.together([small.id, UploadId(bytes(16))])
    uploads.append(small.id, 0).close()


def test_one_sync_is_for_all_of_them(uploads: SqliteUploads, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(blobs, "sync_disk_of", synced.append)
    monkeypatch.setattr(os, "fdatasync", synced.append)
    ids = [one.id for one in uploads.begin(GROUP, chosen(*(b"%d" % number for number in range(300))))]
    with closing(uploads.together(ids)) as incoming:
        incoming.write(memoryview(bytes(7 * 300)))
        assert (incoming.sync(), len(synced)) == (300, 1)
    assert all(one.is_whole for one in uploads.all())


def test_what_the_disk_may_not_have_taken_is_not_there(
    uploads: SqliteUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T1: none of them; and it comes again, whatever lies on the disk."""

    def fail(_folder: int) -> None:
        raise OSError(errno.EIO, "no")

    ids = [one.id for one in uploads.begin(GROUP, chosen(b"a", b"b"))]
    with monkeypatch.context() as then, closing(uploads.together(ids)) as incoming:
        then.setattr(blobs, "sync_disk_of", fail)
        incoming.write(memoryview(b"before.before."))
        with pytest.raises(EnvironmentProblem, match="the disk reports an error"):
            incoming.sync()
    assert [one.have for one in uploads.begin(GROUP, chosen(b"a", b"b"))] == [0, 0]
    with closing(uploads.together(ids)) as incoming:
        incoming.write(memoryview(b"after..after.."))
        assert incoming.sync() == 2
    assert [content_of(uploads, one) for one in uploads.all()] == [b"after.."] * 2
