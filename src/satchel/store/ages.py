"""How old a record is, on machines whose clock is wrong by hours or decades. Pure.

An age counts between two readings that can both be right. All others erase nothing: one boot in 2100
must not cost a person what is unfinished.
"""

from satchel.core.identity.clocks import AHEAD_OF_BUILD_S, BUILT_S

KEPT_S = 7 * 86_400
KEPT_WITH_CONTACT_S = 28 * 86_400  # they meet again, when they do
BACKWARDS_S = 2 * 86_400  # a reading so far ahead of a later one was wrong


def as_reading(now_s: int) -> int | None:
    """None for a clock that cannot be right."""
    return now_s if BUILT_S <= now_s <= BUILT_S + AHEAD_OF_BUILD_S else None


def is_over(used_s: int | None, now_s: int, *, kept_s: int = KEPT_S) -> bool | None:
    """Whether the time of a record is over, `kept_s` after its last session.

    None when it has no age yet and begins to count now.
    """
    if used_s is None or used_s > now_s + BACKWARDS_S:
        return None
    return now_s - used_s > kept_s
