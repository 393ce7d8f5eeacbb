"""Another key for a database that others read and write meanwhile (T1)."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from satchel.ports import HandoverId
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from store.record_samples import ID, KEY, entry, head
from store.test_profile import filled, ids


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def folder(home: Path) -> Iterator[ProfileFolder]:
    with closing(ProfileFolder.take(home)) as taken:
        taken.create(KEY, KEY)
        yield taken


def test_who_uses_it_meanwhile_waits_and_goes_on_under_the_new_key(folder: ProfileFolder, home: Path) -> None:
    """A node runs on. Nothing that was acknowledged while the key changed is lost, and nothing of it is under
    the key of before (T1)."""
    database = filled(folder)
    stop, told = threading.Event(), []

    def use() -> None:
        records = SqliteRecords(database)
        while not stop.is_set():
            one = HandoverId(os.urandom(16))
            records.create(head(one), [entry(0)])
            told.append(one)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(5):
            assert folder.replace_key(database, bytes([number]) * 32, bytes([number]) * 32) is database
            count = len(told)
            until_s = time.monotonic() + 20
            while len(told) == count:
                assert time.monotonic() < until_s
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(ids(database)) == {ID, *told}
    database.close()
    assert not Database.opens(home / "data", KEY)
    with closing(folder.open(bytes([4]) * 32)) as database:
        assert set(ids(database)) == {ID, *told}
