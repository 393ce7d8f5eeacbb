"""The one place that asks what time it is."""

import time


def monotonic_s() -> float:
    """Seconds since some start; never goes back, knows no date. For waiting and for rates."""
    return time.monotonic()


def busy_s() -> float:
    """Seconds that this thread has used a processor: for measuring what something costs."""
    return time.thread_time()


def awake_and_asleep_s() -> float:
    """Seconds since the machine started, time asleep included: so that a sleep is noticed."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wall_s() -> int:
    """Seconds since 1970 by the operating system's clock, which may be wrong by decades."""
    return int(time.time())
