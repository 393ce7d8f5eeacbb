"""The marks that are tried: the right keys, few of them, and none of who was forgotten."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.core.crypto.kdf import mac
from satchel.core.identity.clocks import DAY_S, HOUR_S, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCHS_AHEAD_MAX, Epochs, Use, begin
from satchel.core.identity.tags import NO_HOUR, Mark, Tags

DAY = 20_840
TIME_S = DAY * DAY_S + 9 * HOUR_S
NOW = Reading(time_s=TIME_S, plausible=True)
NO_CLOCK = Reading(time_s=TIME_S, plausible=False)
ONE, OTHER = ContactId(b"1" * 16), ContactId(b"2" * 16)


def epochs(agreed: int = DAY) -> Epochs:
    return begin(epoch=agreed, speaking=b"s" * 32, listening=b"l" * 32)


def tags(**contacts: Epochs) -> Tags:
    known = Tags()
    for name, kept in contacts.items():
        known.put(ContactId(name.encode()), kept)
    return known


def hour_of(mark: Mark) -> int:
    return int.from_bytes(mark.hour, "big")


def test_four_marks_for_each_contact_and_five_while_a_previous_epoch_is_tried() -> None:
    known = tags(a=epochs(), b=epochs(DAY - 30))
    assert [hour_of(mark) for mark in known.near(NOW)[:4]] == [DAY * 24 + step for step in (9, 8, 10)] + [
        NO_HOUR
    ]
    assert len(known.near(NOW)) == 8
    known.put(ContactId(b"b"), epochs(DAY - 30).agree(DAY, DAY, stored=DAY - 30))
    assert len(known.near(NOW)) == 9
    known.put(ContactId(b"b"), epochs(DAY - 30).agree(DAY, DAY, stored=DAY - 30).confirm(DAY))
    assert len(known.near(NOW)) == 8


def test_the_wide_search_is_the_rest_of_72_hours() -> None:
    known = tags(a=epochs(DAY - 9))
    near, wide = known.near(NOW), list(known.wide(NOW))
    hours = [hour_of(mark) for mark in [*near, *wide]]
    assert sorted(hours) == [*range((DAY - 1) * 24, (DAY + 2) * 24), NO_HOUR]
    assert len(wide) == 69


@settings(max_examples=30)
@given(
    behind=st.integers(0, 60),
    steps=st.lists(st.integers(-50, 50), max_size=3),
    offset_days=st.integers(-30, 30),
    half_done=st.booleans(),
)
def test_each_mark_has_the_key_of_its_epoch_however_the_clock_went(
    behind: int, steps: list[int], offset_days: int, half_done: bool
) -> None:
    kept = epochs(DAY - behind)
    if half_done:
        kept = kept.agree(DAY - behind, DAY, stored=DAY - behind)
    known = Tags()
    known.put(ONE, kept, offset_s=offset_days * DAY_S)
    for step in [0, *steps]:
        reading = replace(NOW, time_s=TIME_S + step * DAY_S)
        marks = [*known.near(reading), *known.wide(reading)]
        assert len({(mark.epoch, mark.hour) for mark in marks}) == len(marks)
        there = {epoch: kept.listening.at(epoch).key(Use.TAG) for epoch in {mark.epoch for mark in marks}}
        for mark in marks:
            assert mark.key.mac(b"x") == mac(there[mark.epoch], b"x")
            assert hour_of(mark) == NO_HOUR or mark.epoch >= hour_of(mark) // 24
        for hourless in (True, False):
            spoken = known.spoken(ONE, reading, hourless=hourless)
            assert spoken is not None
            assert spoken.key.mac(b"x") == mac(kept.speaking.at(spoken.epoch).key(Use.TAG), b"x")


def test_what_we_say_with_a_clock_and_without() -> None:
    known = tags(a=epochs(DAY - 5))
    name = ContactId(b"a")
    with_hour, hourless = (known.spoken(name, NOW, hourless=less) for less in (False, True))
    without_clock = known.spoken(name, NO_CLOCK, hourless=False)
    assert with_hour is not None
    assert (with_hour.epoch, hour_of(with_hour)) == (DAY, DAY * 24 + 9)
    assert hourless is not None
    assert (hourless.epoch, hour_of(hourless)) == (DAY - 5, NO_HOUR)
    assert without_clock == hourless


def test_a_day_out_of_reach_costs_nothing_and_loses_nobody() -> None:
    """A clock in the far future: the agreed epoch is still tried, and spoken."""
    known = tags(a=epochs(DAY - EPOCHS_AHEAD_MAX - 10))
    name = ContactId(b"a")
    assert [hour_of(mark) for mark in known.near(NOW)] == [NO_HOUR]
    assert list(known.wide(NOW)) == []
    assert known.spoken(name, NOW, hourless=False) is None
    assert known.spoken(name, NOW, hourless=True) is not None


def test_w4_who_is_forgotten_is_looked_for_no_more_not_even_by_a_search_that_goes_on() -> None:
    known = tags(a=epochs(), b=epochs())
    search = known.wide(NOW)
    next(search)
    known.forget(ContactId(b"b"))
    assert {mark.contact for mark in known.near(NOW)} == {b"a"}
    assert {mark.contact for mark in search} == {b"a"}
    assert known.contacts == (b"a",)
