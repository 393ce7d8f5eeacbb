"""Clocks that are wrong: what they may decide, and what they may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.identity.clocks import (
    AGREE_WITHIN_S,
    AHEAD_OF_BUILD_S,
    AHEAD_OF_TRUSTED_S,
    DAY_S,
    TIME_MAX_S,
    Clocks,
    Reading,
)
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError

BUILD_S = 1_780_000_000
NOW_S = BUILD_S + 100 * DAY_S
Y2100_S = 4_102_444_800
FRESH = Clocks(build_s=BUILD_S)
RIGHT = Reading(time_s=NOW_S, plausible=True)
TIMES = st.one_of(
    st.integers(0, TIME_MAX_S), st.integers(BUILD_S - DAY_S, BUILD_S + 3 * 365 * DAY_S), st.just(Y2100_S)
)


def contact(number: int) -> ContactId:
    return ContactId(number.to_bytes(16, "big"))


@pytest.mark.parametrize("clock_s", [0, 1, BUILD_S - 1, Y2100_S])
def test_a_clock_that_cannot_be_right_gives_no_day_and_time_goes_on_from_where_it_was(clock_s: int) -> None:
    """Nothing may be erased by such a time: there is no day to erase by."""
    clocks = FRESH.save(RIGHT)
    first, later = (clocks.read(clock_s=clock_s, since_saved_s=s) for s in (0.0, 7200.5))
    assert (first.day, later.day) == (None, None)
    assert first.time_s == NOW_S
    assert later.hour == first.hour + 2


def test_a_right_clock_is_taken_as_it_is() -> None:
    reading = FRESH.save(Reading(time_s=BUILD_S, plausible=False)).read(clock_s=NOW_S, since_saved_s=5.0)
    assert reading == RIGHT
    assert reading.day == NOW_S // DAY_S


def test_a_clock_of_2100_is_found_out_and_what_it_saved_with_it() -> None:
    """One boot in 2040 before any session: it is plausible then, and no more once two agree on now."""
    in_2040_s = BUILD_S + 14 * 365 * DAY_S
    clocks = FRESH.save(FRESH.read(clock_s=in_2040_s, since_saved_s=0.0))
    reading = clocks.read(clock_s=in_2040_s, since_saved_s=0.0)
    assert reading.plausible
    for number in (1, 2):
        clocks = clocks.learn(contact(number), NOW_S, reading)
    assert clocks.trusted_s == NOW_S
    after = clocks.read(clock_s=in_2040_s, since_saved_s=60.0)
    assert after == Reading(time_s=NOW_S + 60, plausible=False)


def test_one_contact_alone_moves_nothing_where_our_clock_does_not_agree() -> None:
    """M: a contact that says 2100, or next year, as often as it likes."""
    clocks = FRESH
    for told_s in (Y2100_S, NOW_S + 370 * DAY_S, NOW_S + AGREE_WITHIN_S + 1):
        for _ in range(3):
            clocks = clocks.learn(contact(1), told_s, RIGHT)
    assert clocks.trusted_s is None


def test_two_liars_move_it_no_further_than_any_clock_can_be_right() -> None:
    clocks = FRESH
    for number in (1, 2):
        clocks = clocks.learn(contact(number), BUILD_S + AHEAD_OF_BUILD_S + 1, RIGHT)
    assert clocks.trusted_s is None


@given(st.lists(st.tuples(st.integers(1, 4), st.none() | TIMES, TIMES, st.floats(0, 1e8)), max_size=12))
def test_the_trusted_time_only_grows_and_stays_in_bounds(
    sessions: list[tuple[int, int | None, int, float]],
) -> None:
    clocks = FRESH
    for number, told_s, clock_s, since_s in sessions:
        reading = clocks.read(clock_s=clock_s, since_saved_s=since_s)
        assert reading.plausible is clocks.is_plausible(clock_s)
        assert 0 <= reading.time_s <= TIME_MAX_S
        learned = clocks.learn(contact(number), told_s, reading)
        if clocks.trusted_s is not None:
            assert learned.trusted_s is not None
            assert learned.trusted_s >= clocks.trusted_s
        if learned.trusted_s is not None:
            assert BUILD_S <= learned.trusted_s <= BUILD_S + AHEAD_OF_BUILD_S
            assert not learned.is_plausible(learned.trusted_s + AHEAD_OF_TRUSTED_S + 1)
        clocks = learned.save(reading)


def test_an_offset_is_that_of_the_latest_session_and_goes_with_the_contact() -> None:
    clocks = FRESH.learn(contact(1), NOW_S - 20 * DAY_S, RIGHT).learn(contact(1), NOW_S - 9, RIGHT)
    assert clocks.offset_s(contact(1)) == -9
    assert clocks.offset_s(contact(2)) == 0
    assert clocks.forget(contact(1)).offset_s(contact(1)) == 0


def test_a_build_date_that_cannot_be_is_refused() -> None:
    with pytest.raises(MisuseError):
        Clocks(build_s=-1)
