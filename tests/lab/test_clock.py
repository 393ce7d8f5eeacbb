"""Other clocks: what is asked for, in seconds."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from lab.clock import Clock, offset_s, variables

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


SLEEPING = "import time; began_s = time.monotonic(); time.sleep(0.05); print(time.monotonic() - began_s)"


@pytest.mark.lab
@pytest.mark.parametrize("clock", ["1970-01-02 00:00:00", "2099-01-01 00:00:00"])
def test_who_sleeps_wakes_up(clock: str) -> None:
    """Else what waits for another program that is slow to end hangs, now and then."""
    changed = os.environ | variables(clock, datetime.now(UTC))
    slept = subprocess.run(
        [sys.executable, "-c", SLEEPING], env=changed, capture_output=True, text=True, check=True, timeout=20
    )
    assert float(slept.stdout) >= 0.05
