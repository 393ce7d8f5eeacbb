"""Which day's keys: clocks that are wrong, days that turn, and what was erased."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.session.contact_kit import (
    EPOCH,
    HERE,
    HOUR,
    dial,
    meet,
    pair_of,
    recognise,
)
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCHS_AHEAD_MAX, EPOCHS_KEPT_BEHIND, Epochs, Use
from satchel.core.session.contact import (
    EPOCHS_HEARD_MAX,
    ContactKeys,
    dialled_epochs,
    dialling_key,
    heard_epochs,
)
from satchel.core.session.flight import check_flight
from satchel.errors import MisuseError

AMINA, BILAL = pair_of("amina", "bilal"), pair_of("bilal", "amina")
HOURS = st.integers(EPOCH * 24, EPOCH * 24 + 9_000)


def with_previous(epochs: Epochs, agreed: int) -> Epochs:
    return epochs.agree(agreed, agreed, stored=EPOCH)


def test_who_dials_tries_the_day_then_what_was_agreed_on() -> None:
    one = AMINA.epochs
    assert dialled_epochs(one, day=None) == (EPOCH,)
    assert dialled_epochs(one, day=EPOCH + 9) == (EPOCH + 9, EPOCH)
    assert dialled_epochs(one, day=0) == (EPOCH,)  # 1970
    two = with_previous(one, EPOCH + 20)
    assert dialled_epochs(two, day=EPOCH + 30) == (EPOCH + 30, EPOCH + 20, EPOCH)
    assert dialled_epochs(two, day=EPOCH + 10) == (EPOCH + 20, EPOCH, EPOCH + 10)
    assert dialled_epochs(two, day=None) == (EPOCH + 20, EPOCH)
    assert dialled_epochs(two, day=EPOCH + 40_000) == (EPOCH + 20, EPOCH)  # 2136: no chain goes there


def test_who_listens_tries_what_may_be_said() -> None:
    one = BILAL.epochs
    assert heard_epochs(one, hour=None) == (EPOCH,)
    assert heard_epochs(one, hour=0) == (EPOCH,)
    noon = (EPOCH + 9) * 24 + 12
    assert heard_epochs(one, hour=noon) == (EPOCH + 9, EPOCH, EPOCH + 8, EPOCH + 10)
    assert set(heard_epochs(one, hour=noon, ahead_hours=24 * 30)) == {
        EPOCH, EPOCH + 9, EPOCH + 38, EPOCH + 39, EPOCH + 40,
    }  # fmt: skip


@given(HOURS | st.none(), st.integers(-9_000, 9_000), st.integers(0, 400) | st.none())
def test_p3_a_listener_never_tries_more_than_seven(
    hour: int | None, ahead_hours: int, agreed: int | None
) -> None:
    epochs = BILAL.epochs if agreed is None else with_previous(BILAL.epochs, EPOCH + agreed)
    tried = heard_epochs(epochs, hour=hour, ahead_hours=ahead_hours)
    assert len(set(tried)) == len(tried) <= EPOCHS_HEARD_MAX
    if hour is not None and ahead_hours == 0:
        assert len(tried) <= 5
    assert all(epochs.listening.reaches(epoch) for epoch in tried)


@pytest.mark.parametrize("hour", range(EPOCH * 24 + 192, EPOCH * 24 + 216))
def test_clocks_23_hours_apart_meet_by_the_first_dial(hour: int) -> None:
    for apart in range(-23, 24):
        epochs = heard_epochs(BILAL.epochs, hour=hour)
        assert dialled_epochs(AMINA.epochs, day=(hour + apart) // 24)[0] in epochs


@given(HOURS, st.integers(-4_000, 4_000), st.integers(-23, 23))
def test_a_clock_that_is_weeks_wrong_is_met_by_what_was_learned(hour: int, ahead: int, drift: int) -> None:
    day = (hour + ahead + drift) // 24
    assert dialled_epochs(AMINA.epochs, day=day)[0] in heard_epochs(
        BILAL.epochs, hour=hour, ahead_hours=ahead
    )


@given(HOURS, st.integers(-4_000, 4_000))
def test_who_heard_our_beacon_dials_with_its_epoch(hour: int, ahead: int) -> None:
    """A beacon names the listener's own day, and may have been drawn before midnight."""
    for said in (hour, hour - 1):
        used = BILAL.epochs.used(said // 24)
        assert used in heard_epochs(BILAL.epochs, hour=hour, ahead_hours=ahead)


@pytest.mark.parametrize("year", [0, EPOCH * 24 + 24 * 365 * 74], ids=["1970", "2100"])
@pytest.mark.parametrize("wrong", [0, 1])
def test_a_clock_of_1970_or_2100_is_none_and_still_meets(year: int, wrong: int) -> None:
    """Whoever believes such a clock: by their agreed epoch they meet all the same."""
    hours: list[int | None] = [HOUR + 24 * 40, HOUR + 24 * 40]
    hours[wrong] = year
    assert meet(AMINA, BILAL, hours=(hours[0], hours[1])) is not None
    hours[wrong] = None
    assert meet(AMINA, BILAL, hours=(hours[0], hours[1])) is not None


def test_after_a_cut_the_side_that_agreed_meets_the_one_that_did_not() -> None:
    """The new epoch was stored on one side only, in either."""
    new = EPOCH + 30
    ahead = replace(AMINA, epochs=with_previous(AMINA.epochs, new))
    for hour in (None, (EPOCH + 2) * 24, new * 24, (new + 5) * 24):
        assert meet(ahead, BILAL, hours=(hour, hour)) is not None
        assert meet(BILAL, ahead, hours=(hour, hour)) is not None


def test_epochs_at_their_edges() -> None:
    """The oldest that is kept, the newest that the chain reaches, and one beyond each."""
    first, last = EPOCH - EPOCHS_KEPT_BEHIND, EPOCH + EPOCHS_AHEAD_MAX
    for epoch in (first, last):
        flight = dial(AMINA, epoch).flight
        recognised = recognise(BILAL, flight, hour=epoch * 24)
        assert recognised is not None
        assert recognised.key.epoch == epoch
    for epoch in (first - 1, last + 1):
        with pytest.raises(MisuseError):
            dialling_key(AMINA, epoch)
        assert epoch not in heard_epochs(BILAL.epochs, hour=epoch * 24)


# --- the keys of all contacts -----------------------------------------------------------------------


def many() -> ContactKeys:
    keys = ContactKeys()
    for number in range(5):
        keys.put(ContactId(bytes((number,))), pair_of("bilal", f"contact {number}"))
    return keys


def test_the_keys_of_all_contacts_recognise_each() -> None:
    keys = many()
    hour = HOUR + 24 * 7
    for number in range(5):
        flight = dial(pair_of(f"contact {number}", "bilal"), EPOCH + 7).flight
        recognised = check_flight(flight, keys=keys.at(hour), address=HERE[0], port=HERE[1])
        assert recognised is not None
        assert recognised.key.contact == bytes((number,))
        assert recognised.key == next(keys.at(hour, first=[ContactId(bytes((number,)))]))


def test_p3_whose_beacon_was_heard_is_tried_first_and_each_key_once() -> None:
    keys = many()
    plain = list(keys.at(HOUR))
    ordered = list(keys.at(HOUR, first=[ContactId(b"\x03"), ContactId(b"unknown")]))
    assert {key.contact for key in ordered[:3]} == {b"\x03"}
    assert len(ordered) == len(plain) == len({key.open for key in ordered})
    assert [key.epoch for key in plain[:5]] == [EPOCH] * 5  # the likeliest of each before any other


def test_w4_no_key_stays_of_an_epoch_that_was_erased() -> None:
    keys = many()
    contact = ContactId(b"\x00")
    before = {key.open for key in keys.at(HOUR) if key.contact == contact}
    pair = pair_of("bilal", "contact 0")
    later = replace(pair, epochs=pair.epochs.agree(EPOCH + 9, EPOCH + 9, stored=EPOCH + 9))
    keys.put(contact, later)
    assert before.isdisjoint(key.open for key in keys.at(HOUR))
    assert before.isdisjoint(key.open for key in keys.at(HOUR + 1))
    keys.forget(contact)
    assert contact not in {key.contact for key in keys.at(HOUR)}


def test_a_day_that_turns_brings_other_keys() -> None:
    keys = many()
    days = [{key.epoch for key in keys.at(hour)} for hour in (HOUR, HOUR + 24 * 9, None)]
    assert days[0] == {EPOCH - 1, EPOCH, EPOCH + 1}
    assert days[1] == {EPOCH, EPOCH + 8, EPOCH + 9, EPOCH + 10}
    assert days[2] == {EPOCH}
    one = next(key for key in keys.at(HOUR) if key.epoch == EPOCH)
    chain = pair_of("bilal", "contact 0").epochs.listening.at(EPOCH)
    assert (one.open, one.psk) == (chain.key(Use.OPEN), chain.key(Use.PSK))
