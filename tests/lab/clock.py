"""Other clocks for single processes, by libfaketime. Pure but for the search of the library.

Only the wall clock moves. The monotonic clock stays: libfaketime would else make waits with a time
limit hang, and no device's monotonic clock jumps.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.namespace import LabError

Clock = timedelta | datetime | str
"""An offset (`timedelta`, "+3d", "-2h") or a start ("1970-01-02 00:00:00", UTC unless it says else)."""

_OFFSET = re.compile(r"([+-]\d+(?:\.\d+)?)([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def offset_s(clock: Clock, now: datetime) -> int:
    """How many seconds `clock` is ahead of `now`."""
    if isinstance(clock, timedelta):
        return round(clock.total_seconds())
    if isinstance(clock, str):
        if match := _OFFSET.fullmatch(clock):
            return round(float(match[1]) * _UNIT_S[match[2]])
        clock = datetime.fromisoformat(clock)
    start = clock if clock.tzinfo else clock.replace(tzinfo=UTC)
    return math.ceil((start - now).total_seconds())  # never before the start that was asked for


def variables(clock: Clock, now: datetime) -> dict[str, str]:
    """The environment of a process with this clock; raises LabError without libfaketime."""
    return {
        "LD_PRELOAD": _library(),
        "FAKETIME": f"{offset_s(clock, now):+d}",
        "FAKETIME_DONT_RESET": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(Path(__file__).with_name("right_sleep")),
    }


def _library() -> str:
    for pattern in ("usr/lib/*/faketime", "usr/lib/faketime", "usr/local/lib/faketime"):
        for folder in sorted(Path("/").glob(pattern)):
            if (library := folder / "libfaketime.so.1").exists():
                return str(library)
    raise LabError("libfaketime is missing")
