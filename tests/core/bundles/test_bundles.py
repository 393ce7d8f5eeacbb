"""Headers that cannot be marked, expiries that do not tell, receipts that betray nobody, tries that cost."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.bundles.failures import FAILURES_MAX, WITHIN_S, Failures
from satchel.core.bundles.header import (
    COMMITMENT_BYTES,
    COPIES_MAX,
    HEADER_BYTES,
    HOUR_MAX,
    SIZES_BYTES,
    TAG_BYTES,
    Header,
    bound,
    class_of,
    decode_bundle,
    decode_header,
    encode_header,
)
from satchel.core.bundles.lifetime import (
    AHEAD_H_MAX,
    LIFETIME_H_MAX,
    SPREAD_H,
    Life,
    best_clock_s,
    expiry_hour,
    fraction,
    hour_of,
    life,
)
from satchel.core.bundles.receipt import PREIMAGE_BYTES, Receipt, commitment, decode_receipt, encode_receipt
from satchel.core.bundles.release import HELD_BACK_S_MAX, RECEIPT_DELAY_S_MEAN, held_back_s, leaves_with
from satchel.core.bundles.release import receipt_delay_s as delay_s
from satchel.core.identity.clocks import DAY_S, Clocks, Reading
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError, PeerError

NOW_S = 1_800_000_000
CHANCES = st.binary(min_size=8, max_size=8)
BOB, EVE, WRITER = (ContactId(letter * 16) for letter in (b"b", b"e", b"w"))
HEADERS = st.builds(
    Header,
    size_class=st.integers(0, 5),
    expiry_hour=st.integers(0, HOUR_MAX),
    copies=st.integers(-3, 300),
    tag=st.binary(min_size=TAG_BYTES, max_size=TAG_BYTES),
    commitment=st.binary(min_size=COMMITMENT_BYTES, max_size=COMMITMENT_BYTES),
)


@given(st.binary(max_size=HEADER_BYTES + 3))
def test_any_bytes_are_a_header_or_a_peer_error(data: bytes) -> None:
    try:
        header = decode_header(data)
    except PeerError:
        return
    assert decode_header(encode_header(header)) == header
    assert bound(encode_header(header)) == bound(data)


@given(HEADERS)
def test_c1_no_value_of_copies_marks_a_bundle(header: Header) -> None:
    read = decode_header(encode_header(header))
    assert read.copies == (0 if header.floods else min(max(1, header.copies), COPIES_MAX))
    assert len(encode_header(header)) == HEADER_BYTES


@pytest.mark.parametrize("size_class", range(6))
def test_p3_how_much_is_to_come_is_known_before_it_comes(size_class: int) -> None:
    header = Header(size_class=size_class, expiry_hour=0, copies=1, tag=bytes(16), commitment=bytes(20))
    encoded = encode_header(header)
    assert decode_header(encoded).size_bytes == SIZES_BYTES[size_class]
    with pytest.raises(PeerError, match=r"^bundle 2\.7"):
        decode_bundle(encoded)
    assert decode_bundle(encoded.ljust(SIZES_BYTES[size_class], b"\0")) == decode_header(encoded)


def test_c1_the_class_follows_from_size_alone() -> None:
    assert [class_of(size) for size in (1, 2048, 2049, 65_536, 65_537, 1 << 20)] == [0, 0, 1, 3, 4, 5]
    assert class_of((1 << 20) + 1) is None


@pytest.mark.parametrize(
    "wrong",
    [{"size_class": 6}, {"expiry_hour": HOUR_MAX + 1}, {"tag": b"short"}, {"commitment": b"short"}],
)
def test_a_header_that_cannot_be_is_a_mistake_of_ours(wrong: dict[str, int | bytes]) -> None:
    right = {"size_class": 0, "expiry_hour": 0, "copies": 0, "tag": bytes(16), "commitment": bytes(20)}
    with pytest.raises(MisuseError):
        encode_header(Header(**(right | wrong)))  # type: ignore[arg-type]


# --- until when ---------------------------------------------------------------------------------------


@given(st.lists(st.integers(-40 * DAY_S, 40 * DAY_S), max_size=40))
def test_a_single_contact_moves_the_best_clock_by_nothing_and_most_of_them_by_what_they_agree_on(
    ahead_s: list[int],
) -> None:
    contacts = {ContactId(bytes((number,)) * 16): s for number, s in enumerate(ahead_s)}
    best_s = best_clock_s(
        Clocks(build_s=NOW_S - 100 * DAY_S, offsets_s=contacts), Reading(time_s=NOW_S, plausible=True)
    )
    assert best_s is not None
    assert NOW_S + min([0, *ahead_s]) <= best_s <= NOW_S + max([0, *ahead_s])
    if len(ahead_s) <= 1:
        assert best_s == NOW_S


@given(st.integers(1, LIFETIME_H_MAX), CHANCES, st.integers(-2 * DAY_S, 2 * DAY_S))
def test_no_honest_expiry_is_refused_by_a_clock_two_days_off(
    lifetime_h: int, chance: bytes, off_s: int
) -> None:
    expiry = expiry_hour(clock_s=NOW_S, lifetime_h=lifetime_h, chance=chance)
    assert lifetime_h <= expiry - hour_of(NOW_S) <= lifetime_h + SPREAD_H
    assert life(expiry, NOW_S + off_s) is not Life.REFUSED
    assert life(expiry, NOW_S) is Life.TRAVELS


def test_c1_m3_nothing_lives_longer_than_32_days() -> None:
    hour = hour_of(NOW_S)
    assert life(hour + AHEAD_H_MAX + 1, NOW_S) is Life.REFUSED
    assert life(HOUR_MAX, None) is Life.TRAVELS  # an implausible clock refuses nothing
    assert life(0, None) is Life.TRAVELS  # and lets nothing expire


@pytest.mark.parametrize("lifetime_h", [0, LIFETIME_H_MAX + 1])
def test_a_lifetime_that_cannot_be(lifetime_h: int) -> None:
    with pytest.raises(MisuseError) as raised:
        expiry_hour(clock_s=NOW_S, lifetime_h=lifetime_h, chance=bytes(8))
    assert raised.value.safe
    assert raised.value.do


@given(CHANCES)
def test_a_fraction_is_never_one(chance: bytes) -> None:
    assert 0 <= fraction(chance) < 1


def test_chance_has_8_bytes() -> None:
    with pytest.raises(MisuseError):
        fraction(b"short")


# --- receipts -----------------------------------------------------------------------------------------


@given(st.binary(min_size=PREIMAGE_BYTES, max_size=PREIMAGE_BYTES), st.integers(0, HOUR_MAX))
def test_a_receipt_comes_back_as_it_was(preimage: bytes, expiry: int) -> None:
    receipt = Receipt(preimage=preimage, expiry_hour=expiry)
    assert decode_receipt(encode_receipt(receipt)) == receipt


def test_a_receipt_that_cannot_be_is_a_mistake_of_ours() -> None:
    with pytest.raises(MisuseError):
        encode_receipt(Receipt(preimage=b"short", expiry_hour=0))
    with pytest.raises(MisuseError):
        commitment(b"short")


def spread(count: int) -> list[bytes]:
    """Evenly over all chances."""
    return [((2 * number + 1) * (1 << 63) // count).to_bytes(8, "big") for number in range(count)]


def test_c1_receipts_leave_after_two_hours_on_average_and_never_all_at_one_time() -> None:
    delays = [delay_s(chance) for chance in spread(10_000)]
    assert sum(delays) / len(delays) == pytest.approx(RECEIPT_DELAY_S_MEAN, rel=0.01)
    at_once = sum(delay < 60 for delay in delays) / len(delays)
    assert at_once == pytest.approx(1 - math.exp(-60 / RECEIPT_DELAY_S_MEAN), abs=0.001)
    assert delay_s(b"\xff" * 8) < 4 * DAY_S


def test_c1_an_own_bundle_is_offered_within_an_hour_at_any_time() -> None:
    times = [held_back_s(chance) for chance in spread(1000)]
    assert (min(times) < 10, max(times) < HELD_BACK_S_MAX) == (True, True)
    assert sum(times) / len(times) == pytest.approx(HELD_BACK_S_MAX / 2, rel=0.01)


def test_c1_a_receipt_never_leaves_with_who_delivered_first_and_with_others_in_every_second_meeting() -> None:
    def leaving(contact: ContactId, *, due: bool = True, deliverer: ContactId | None = EVE) -> int:
        return sum(
            leaves_with(contact, due=due, deliverer=deliverer, writer=WRITER, chance=chance)
            for chance in spread(100)
        )

    assert leaving(EVE) == 0
    assert leaving(BOB) == 50
    assert leaving(BOB, due=False) == 0
    assert leaving(BOB, deliverer=None) == 50


def test_who_wrote_the_letter_is_told_at_once_also_where_it_brought_it_itself() -> None:
    for chance in spread(10):
        assert leaves_with(WRITER, due=False, deliverer=WRITER, writer=WRITER, chance=chance)


# --- bodies that do not open --------------------------------------------------------------------------


def test_c2_p3_forged_bodies_are_paid_by_who_brought_them_and_nobody_else_waits() -> None:
    failures = Failures()
    for number in range(FAILURES_MAX):
        assert failures.may_try(EVE, number)
        failures.failed(EVE, number)
    assert not failures.may_try(EVE, FAILURES_MAX)
    assert failures.may_try(BOB, FAILURES_MAX)
    assert failures.may_try(None, FAILURES_MAX)  # a stick
    assert not failures.may_try(EVE, WITHIN_S - 1)
    assert failures.may_try(EVE, WITHIN_S)
    failures.failed(EVE, WITHIN_S)
    assert not failures.may_try(EVE, WITHIN_S)
    assert failures.may_try(EVE, 3 * WITHIN_S)
