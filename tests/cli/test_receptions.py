"""The hidden folders of what is being received go with the profile that knows of them, whoever sends it."""

import argparse
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.cli import profile as profile_module
from satchel.cli import wipe_cmd
from satchel.cli.profile import Profile
from satchel.cli.show import JsonShow
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.node import clock
from satchel.ports import HandoverId, Role
from satchel.store.chosen import ChosenFolder
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from store.contact_samples import AMINA, contact
from store.queue_samples import head_with
from store.record_samples import DAY_S, NOW_S, OTHER, head

KEY = b"k" * KEY_BYTES
HERS = HandoverId(b"from that contac")


@pytest.fixture(autouse=True)
def unhardened(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process does to itself for good is not for that of all tests."""
    monkeypatch.setattr(profile_module, "harden", lambda: None)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def begin(database: Database, into: Path) -> SqliteRecords:
    """One reception by code, one from a contact, each with an unfinished file."""
    records = SqliteRecords(database, now_s=NOW_S)
    SqliteContacts(database, salt=bytes(32)).add(contact())
    by_code, hers = head(OTHER), head_with(HERS, AMINA, Role.RECEIVER, bytes(16))
    for one in (by_code, hers):
        records.create(replace(one, into=os.fsencode(into)), [])
        with closing(ChosenFolder.open(into)) as chosen:
            landing = chosen.begin(one.id)
        landing.create(0)
        landing.close(remove=False)
    assert len(list(into.iterdir())) == 2
    return records


def on_disk(home: Path, into: Path) -> None:
    with closing(ProfileFolder.take(home)) as folder:
        folder.create(encode(Bare(key=KEY)), KEY)
        with closing(folder.open(KEY)) as database:
            begin(database, into)


def test_t2_a_profile_in_memory_leaves_no_unfinished_files(into: Path) -> None:
    database = Database.in_memory()
    Profile(None, Bare(key=KEY), KEY, database, begin(database, into)).close()
    assert list(into.iterdir()) == []


def test_t3_a_wipe_leaves_no_unfinished_files(tmp_path: Path, into: Path) -> None:
    on_disk(tmp_path / "profile", into)
    options = argparse.Namespace(
        lent=None, command="wipe", home=str(tmp_path / "profile"), ephemeral=False, yes=True
    )
    assert wipe_cmd.run(options, JsonShow()) == 0
    assert list(into.iterdir()) == []


@pytest.mark.parametrize(("days", "left"), [(6, 2), (8, 1), (27, 1), (29, 0)])
def test_t2_what_is_too_old_takes_its_unfinished_files_along(
    tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch, days: int, left: int
) -> None:
    on_disk(tmp_path / "profile", into)
    monkeypatch.setattr(clock, "wall_s", lambda: NOW_S + days * DAY_S)
    options = argparse.Namespace(lent=None, home=str(tmp_path / "profile"), ephemeral=False)
    with closing(profile_module.open_profile(options, JsonShow())) as opened:
        assert len(profile_module.receptions(opened.records)) == left
    names = [path.name for path in into.iterdir()]
    assert len(names) == left
    assert days != 8 or names == [f".satchel-{HERS.hex()}"]
