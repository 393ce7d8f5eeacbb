"""Other clocks: what is asked for, in seconds."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.clock import Clock, offset_s

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "expected_s"),
    [
        ("+3d", 3 * 86400),
        ("-2h", -7200),
        ("+1.5m", 90),
        (timedelta(days=-400), -400 * 86400),
        ("2026-01-01 00:00:10", 10),
        ("2026-01-01T00:00:10+01:00", 10 - 3600),
        (datetime(2100, 1, 1, tzinfo=UTC), 74 * 365 * 86400 + 18 * 86400),
        ("1970-01-02 00:00:00", 86400 - int(NOW.timestamp())),
    ],
)
def test_offset(clock: Clock, expected_s: int) -> None:
    assert offset_s(clock, NOW) == expected_s


@pytest.mark.parametrize("wrong", ["3d", "+3 parsec", "tomorrow", ""])
def test_anything_else_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the words are those of datetime
        offset_s(wrong, NOW)
