"""How much room letters may take on the disk (letter 2.8)."""

import shutil
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from satchel.cli.post import LEFT_FREE_BYTES, SHARE, Post
from satchel.core.bundles.header import BundleId
from satchel.core.identity.settings import CARRY_BYTES
from satchel.errors import EnvironmentProblem
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.settings import SqliteSettings


def post_of(home: Path | None, database: Database) -> Post:
    return Post(home, database, SqliteContacts(database, salt=bytes(32)), SqliteSettings(database))


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
        post = post_of(tmp_path, database)
        monkeypatch.setattr(shutil, "disk_usage", lambda _home: SimpleNamespace(free=free_bytes))
        assert post.has_room(held_bytes) is has_room
        assert post_of(None, database).has_room(held_bytes)


@pytest.mark.parametrize(
    ("free_bytes", "now_bytes", "room_bytes"),
    [
        (LEFT_FREE_BYTES + CARRY_BYTES, 0, CARRY_BYTES),
        (LEFT_FREE_BYTES + 700, 0, 1_000),  # what the file has already counts, too
        (LEFT_FREE_BYTES + 700, 5_000, 5_000),  # nothing goes since the disk is full
        (0, 0, 0),
        (0, CARRY_BYTES + 1, CARRY_BYTES),
    ],
)
def test_m3_letters_of_others_leave_room_on_the_disk(
    free_bytes: int, now_bytes: int, room_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more").write_bytes(bytes(300))
    with closing(Database.in_memory()) as database:
        post = post_of(tmp_path, database)
        monkeypatch.setattr(shutil, "disk_usage", lambda _home: SimpleNamespace(free=free_bytes))
        assert post.others_bytes(now_bytes) == room_bytes
        assert post_of(None, database).others_bytes(now_bytes) == CARRY_BYTES


@pytest.mark.parametrize("fails", [False, True])
def test_c2_what_went_unread_is_looked_at_before_a_profile_closes(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that fails it is closed all the same."""
    closed: list[bool] = []

    def close() -> None:
        assert post.bundles.past(BundleId(bytes(32))) is None  # what it stands on is open still
        closed.append(True)
        if fails:
            raise EnvironmentProblem("The disk is full.", safe="Nothing was changed.", do="Make room.")

    with closing(Database.in_memory()) as database:
        post = post_of(None, database)
        monkeypatch.setattr(post.office, "close", close)
        post.close()
    assert closed == [True]
