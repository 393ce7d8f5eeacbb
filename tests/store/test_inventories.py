"""Which inventories on sticks are ours is known for 40 days, and not longer (T2; stick 4.3, profile 12.6)."""

from contextlib import closing
from pathlib import Path

import pytest

from satchel.core.identity.clocks import DAY_S, Reading
from satchel.errors import EnvironmentProblem
from satchel.store.database import Database
from satchel.store.inventories import SqliteInventories
from store.record_samples import KEY, NOW_S
from store.test_erasing import pages

SALT, OTHER = b"salt of the one.", b"that of another."


def at(days: float, *, plausible: bool = True) -> Reading:
    return Reading(time_s=NOW_S + int(days * DAY_S), plausible=plausible)


def test_they_stay_for_forty_days(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        inventories = SqliteInventories(database)
        inventories.note(SALT, at(0))
        inventories.note(OTHER, at(5))
        inventories.settle(at(39.9))
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        inventories = SqliteInventories(database)
        assert set(inventories.salts()) == {SALT, OTHER}
        inventories.settle(at(40.1))
        assert inventories.salts() == [OTHER]


def test_t2_then_they_are_in_no_page(tmp_path: Path) -> None:
    with closing(Database.open(tmp_path / "data", KEY)) as database:
        inventories = SqliteInventories(database)
        inventories.note(SALT, at(0))
        assert SALT in pages(database)
        inventories.settle(at(41))
        assert SALT not in pages(database)
        assert (tmp_path / "data-wal").stat().st_size == 0


def test_without_a_plausible_clock_nothing_is_over_and_counting_begins_with_the_next_one() -> None:
    with closing(Database.in_memory()) as database:
        inventories = SqliteInventories(database)
        inventories.note(SALT, at(-9_000, plausible=False))
        inventories.note(OTHER, at(0))
        inventories.settle(at(900, plausible=False))
        assert set(inventories.salts()) == {SALT, OTHER}
        inventories.settle(at(10))
        inventories.settle(at(49))
        assert inventories.salts() == [SALT]
        inventories.settle(at(51))
        assert inventories.salts() == []


def test_what_is_no_salt_is_damage() -> None:
    with closing(Database.in_memory()) as database:
        with database.changing() as connection:
            connection.execute("INSERT INTO inventory VALUES ('text', 5, 1)")
        with pytest.raises(EnvironmentProblem, match="damaged"):
            SqliteInventories(database).salts()
