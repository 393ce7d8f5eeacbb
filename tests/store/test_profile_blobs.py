"""Blobs and the folder of a profile: its start, another key, a backup, a wipe (T1 to T3)."""

import io
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from satchel.errors import EnvironmentProblem, NothingToDo
from satchel.ports import FileState, HandoverId, Role
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from satchel.store.upload_names import name_of
from store.contact_samples import contact
from store.queue_samples import FIRST, queued
from store.record_samples import entry, head
from store.upload_samples import GROUP, bring, content_of, uploads_of

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
CONTENT = b"the testimony, word by word. " * 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ProfileFolder]:
    with closing(ProfileFolder.take(tmp_path / "profile")) as taken:
        taken.create(KEY, KEY)
        yield taken


def fill(folder: ProfileFolder, database: Database) -> None:
    """Something waits that names an upload."""
    SqliteContacts(database, salt=bytes(32)).add(contact())
    photo = bring(uploads_of(folder.home, database), (b"photo.jpg",), CONTENT)
    SqliteQueue(database).add(replace(queued(), paths=(name_of(photo.id),)))


def test_what_nothing_names_is_removed_at_the_start(folder: ProfileFolder) -> None:
    with closing(folder.open(KEY)) as database:
        fill(folder, database)
    [kept] = os.listdir(folder.home / "blobs")
    (folder.home / "blobs" / ("0" * 32)).write_bytes(b"its row is erased")
    (folder.home / "blobs" / "something else").write_bytes(b"of nobody")
    with closing(folder.open(KEY)) as database:
        assert os.listdir(folder.home / "blobs") == [kept]
        uploads = uploads_of(folder.home, database)
        assert content_of(uploads, uploads.all()[0]) == CONTENT


def test_another_passphrase_keeps_them(folder: ProfileFolder) -> None:
    database = folder.open(KEY)
    fill(folder, database)
    with closing(folder.replace_key(database, OTHER_KEY, OTHER_KEY)) as after:
        uploads = uploads_of(folder.home, after)
        assert content_of(uploads, uploads.all()[0]) == CONTENT


def test_a_backup_has_none_and_what_names_them_says_so(folder: ProfileFolder, tmp_path: Path) -> None:
    """Neither their keys nor their names; what waits stays, and cannot be read."""
    with closing(folder.open(KEY)) as database:
        fill(folder, database)
        folder.back_up(database, b"", OTHER_KEY, tmp_path / "backup")
    with closing(ProfileFolder.take(tmp_path / "restored")) as other:
        image = io.BytesIO((tmp_path / "backup").read_bytes())
        with closing(other.put_back(image, OTHER_KEY, OTHER_KEY)) as database:
            uploads = uploads_of(other.home, database)
            assert uploads.all() == []
            with database.reading() as connection:
                plain = connection.serialize("main")
            assert b"photo.jpg" not in plain
            [waiting] = SqliteQueue(database).all()
            assert waiting.id == FIRST
            with pytest.raises(NothingToDo):
                uploads.named(GROUP)
    assert not (tmp_path / "restored" / "blobs").exists()


def test_t3_a_wipe_takes_them_too(folder: ProfileFolder) -> None:
    with closing(folder.open(KEY)) as database:
        fill(folder, database)
    folder.wipe()
    assert not folder.home.exists()


def test_t3_a_wipe_follows_no_link(folder: ProfileFolder, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_bytes(b"mine")
    (folder.home / "blobs").symlink_to(tmp_path / "mine")
    with pytest.raises(EnvironmentProblem):
        folder.open(KEY)
    folder.wipe()
    assert not folder.home.exists()
    assert os.listdir(tmp_path / "mine") == ["file"]


def test_t2_after_an_erasing_no_page_has_the_key_of_it(folder: ProfileFolder) -> None:
    """Among many others, so that rows are moved; the log is empty, too (decision 0155)."""
    with closing(folder.open(KEY)) as database:
        uploads = uploads_of(folder.home, database, seed="erasing")
        photos = [bring(uploads, (b"%d" % number,), b"content") for number in range(120)]
        with database.reading() as connection:
            rows: list[Any] = connection.execute(
                "SELECT key, secret, name FROM blob JOIN blob_stretch ON blob = key"
            ).fetchall()
        assert len({secret for _, secret, _ in rows}) == 120
        for photo in photos[::3]:
            uploads.remove(photo.id)
        with database.reading() as connection:
            plain = connection.serialize("main")
            left = {key for (key,) in connection.execute("SELECT key FROM blob").fetchall()}
        assert len(left) == 80
        for key, secret, name in rows:
            assert (secret in plain) == (name in plain) == (key in left)
        assert (folder.home / "data-wal").stat().st_size == 0


def test_records_of_before_are_as_they_were(folder: ProfileFolder) -> None:
    """Files of the disk are named by paths, and keep nothing."""
    with closing(folder.open(KEY)) as database:
        uploads = uploads_of(folder.home, database)
        bring(uploads, (b"photo.jpg",), CONTENT)
        records = SqliteRecords(database)
        records.create(
            replace(head(), role=Role.SENDER, into=b""),
            [replace(entry(0), location=b"/home/upload:" + b"0" * 32)],
        )
        records.mark(HandoverId(head().id), [0], FileState.DONE)
        assert uploads.sweep() == 0
        assert not uploads.all()[0].sent
