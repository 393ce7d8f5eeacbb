"""Moments that are waited for, by a node time that may not be plausible."""

from dataclasses import replace

from satchel.core.identity.clocks import Reading


def later(now: Reading, delay_s: float) -> Reading:
    return replace(now, time_s=now.time_s + int(delay_s))


def is_due(due: Reading, now: Reading) -> bool:
    """Whether it is over. One that was counted in hours of running is, once the clock is plausible; one that
    a plausible clock gave waits for such a clock."""
    if due.plausible is now.plausible:
        return now.time_s >= due.time_s
    return now.plausible
