"""Until when a bundle travels, in hours since 2020, by the best clock that there is.

Spec: docs/spec/bundle.md, section 5.
"""

from enum import Enum

from satchel.core.identity.clocks import HOUR_S, Clocks, Reading
from satchel.errors import MisuseError

SINCE_S = 1_577_836_800  # 2020-01-01
LIFETIME_H_MAX = 28 * 24
SPREAD_H = 48
AHEAD_H_MAX = 32 * 24  # no honest expiry is further away, with clocks two days apart
CHANCE_BYTES = 8


class Life(Enum):
    """What becomes of a bundle, as far as its expiry goes."""

    TRAVELS = "it may travel on"
    EXPIRED = "its time is over"
    REFUSED = "it says that it lives longer than any bundle does"


def fraction(chance: bytes) -> float:
    """A number in [0, 1) from CHANCE_BYTES random bytes."""
    if len(chance) != CHANCE_BYTES:
        raise MisuseError(f"chance is {CHANCE_BYTES} bytes")
    return (int.from_bytes(chance, "big") >> 11) / (1 << 53)  # as many bits as a float holds


def best_clock_s(clocks: Clocks, reading: Reading) -> int | None:
    """Seconds since 1970: the median of the own clock, counted twice, and what contacts told of theirs [5.1].

    None: there is no plausible clock, so letters go in sessions only.
    """
    if not reading.plausible:
        return None
    told_s = (reading.time_s + ahead_s for ahead_s in clocks.offsets_s.values())
    witnesses_s = sorted([reading.time_s, reading.time_s, *filter(clocks.is_plausible, told_s)])
    middle = len(witnesses_s) // 2
    return witnesses_s[middle] if len(witnesses_s) % 2 else sum(witnesses_s[middle - 1 : middle + 1]) // 2


def hour_of(time_s: int) -> int:
    """Hours since 2020; what was before counts as its first."""
    return max(0, (time_s - SINCE_S) // HOUR_S)


def expiry_hour(*, clock_s: int, lifetime_h: int, chance: bytes) -> int:
    """What a header says [5.2]. Drawn anew for each bundle, so that two of one letter do not look alike.

    Args:
        clock_s: of best_clock_s.
        lifetime_h: 1 hour to 28 days.
        chance: CHANCE_BYTES random bytes: up to 48 hours more.
    """
    if not 1 <= lifetime_h <= LIFETIME_H_MAX:
        raise MisuseError(
            f"A letter travels 1 to {LIFETIME_H_MAX} hours.",
            safe="Nothing was written.",
            do="Choose 28 days at most.",
        )
    return hour_of(clock_s) + lifetime_h + int(fraction(chance) * (SPREAD_H + 1))


def life(expiry_hour: int, clock_s: int | None) -> Life:
    """By a best clock; where there is none nothing expires, and nothing can be refused [5.4]."""
    if clock_s is None:
        return Life.TRAVELS
    ahead_h = expiry_hour - hour_of(clock_s)
    if ahead_h > AHEAD_H_MAX:
        return Life.REFUSED
    return Life.TRAVELS if ahead_h >= 0 else Life.EXPIRED
