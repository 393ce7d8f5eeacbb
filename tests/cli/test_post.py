"""How much room letters may take on the disk (letter 2.8)."""

import shutil
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from satchel.cli.post import LEFT_FREE_BYTES, SHARE, Post
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database


@pytest.mark.parametrize(
    ("free_bytes", "held_bytes", "has_room"),
    [
        (LEFT_FREE_BYTES - 1, 0, False),
        (LEFT_FREE_BYTES, 0, True),
        (LEFT_FREE_BYTES + 100, 100 * SHARE, True),
        (LEFT_FREE_BYTES + 100, 101 * SHARE, False),
        (LEFT_FREE_BYTES + 100, 0, True),
    ],
)
def test_m3_nobodys_letters_take_more_than_four_times_what_is_left_for_others(
    free_bytes: int, held_bytes: int, has_room: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Database.in_memory()) as database:
        post = Post(tmp_path, database, SqliteContacts(database, salt=bytes(32)))
        monkeypatch.setattr(shutil, "disk_usage", lambda _home: SimpleNamespace(free=free_bytes))
        assert post.has_room(held_bytes) is has_room
        in_memory = Post(None, database, SqliteContacts(database, salt=bytes(32)))
        assert in_memory.has_room(held_bytes)
