"""Seven days, with clocks that are wrong: on real records."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.core.identity.clocks import AHEAD_OF_BUILD_S, BUILT_S
from satchel.ports import Role
from satchel.store.ages import BACKWARDS_S, KEPT_S
from satchel.store.records import SqliteRecords
from store.record_samples import DAY_S, ID, NOW_S, OTHER, entry, head, open_records


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def records(home: Path) -> Iterator[SqliteRecords]:
    opened = open_records(home, now_s=NOW_S)
    yield opened
    opened.database.close()


def test_seven_days_and_not_a_second_less(records: SqliteRecords) -> None:
    records.create(head(), [entry(0)])
    assert records.expire(NOW_S + KEPT_S) == []
    assert records.expire(NOW_S + KEPT_S + 1) == [head()]
    assert records.unfinished(Role.RECEIVER) == []
    assert records.expire(NOW_S + KEPT_S + 1) == []


def test_a_session_begins_the_seven_days_anew(records: SqliteRecords) -> None:
    records.create(head(), [])
    records.expire(NOW_S + 6 * DAY_S)
    records.replace_secret(ID, b"\x22" * 32)
    assert records.expire(NOW_S + 12 * DAY_S) == []
    assert len(records.expire(NOW_S + 14 * DAY_S)) == 1


@pytest.mark.parametrize("wrong_s", [0, -5, BUILT_S - 1, BUILT_S + AHEAD_OF_BUILD_S + 1, 2**62])
def test_a_clock_that_cannot_be_right_erases_nothing(home: Path, wrong_s: int) -> None:
    """Clocks are wrong: one boot in 1970 or 2100 must not cost what is unfinished."""
    records = open_records(home, now_s=NOW_S)
    records.create(head(), [])
    assert records.expire(wrong_s) == []
    records.create(head(OTHER), [])  # under the wrong clock: its days begin at the first right reading
    assert records.expire(NOW_S + 6 * DAY_S) == []
    assert [found.id for found in records.expire(NOW_S + 8 * DAY_S)] == [ID]
    assert [found.id for found in records.expire(NOW_S + 14 * DAY_S)] == [OTHER]
    records.database.close()


def test_a_clock_that_was_years_ahead_does_not_keep_a_record_for_years(home: Path) -> None:
    records = open_records(home, now_s=NOW_S + 3650 * DAY_S)
    records.create(head(), [])
    assert records.expire(NOW_S) == []
    assert len(records.expire(NOW_S + KEPT_S + 1)) == 1
    records.database.close()


def test_a_clock_that_goes_back_a_little_changes_nothing(records: SqliteRecords) -> None:
    records.create(head(), [])
    assert records.expire(NOW_S - BACKWARDS_S if NOW_S - BACKWARDS_S >= BUILT_S else BUILT_S) == []
    assert len(records.expire(NOW_S + KEPT_S + 1)) == 1
