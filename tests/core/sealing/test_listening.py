"""What is kept of numbers that were passed, for how long, and what a change writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sealing.letters_kit import NOW, WRITER, Disk, acquainted, later
from satchel.core.identity.clocks import DAY_S
from satchel.core.sealing.chain import CATCH_UP_MAX, NUMBER_MAX, Entry, Place, Speaking
from satchel.core.sealing.listening import SKIPPED_MAX, WINDOW, Listening
from satchel.core.sealing.seal import seal
from satchel.core.sealing.table import TagTable
from satchel.errors import MisuseError, PeerError

ROOT = b"r" * 32
TAG = bytes(range(16))


def test_opening_the_next_number_writes_one_secret_and_no_entry() -> None:
    change = Listening.begin(ROOT).opened(1, NOW)
    assert (change.added, change.erased, change.listening.skipped) == ((), (), ())
    assert change.listening.place == Listening.begin(ROOT).place.at(2)


@given(st.lists(st.integers(1, 60), max_size=80))
def test_t2_a_disk_holds_exactly_what_was_passed_and_not_opened(numbers: list[int]) -> None:
    disk, opened = Disk(Listening.begin(ROOT)), set[int]()
    for number in numbers:
        assert disk.listening.awaits(number) == (number not in opened)
        if number in opened:
            with pytest.raises(MisuseError):
                disk.listening.opened(number, NOW)
            continue
        disk.carry_out(disk.listening.opened(number, NOW))
        opened.add(number)
        assert disk.listening.highest == max(opened)
        awaited = set(range(1, max(opened))) - opened
        assert set(disk.entries) == awaited
        assert {n for one in disk.listening.skipped for n in one.numbers} == awaited
    for number, entry in disk.entries.items():
        assert entry == Listening.begin(ROOT).entry(number)


@pytest.mark.parametrize("number", [0, WINDOW + 1, NUMBER_MAX])
def test_outside_of_the_window_nothing_opens(number: int) -> None:
    listening = Listening.begin(ROOT)
    assert not listening.awaits(number)
    with pytest.raises(MisuseError):
        listening.opened(number, NOW)
    with pytest.raises(MisuseError):
        listening.entry(number)


def test_m3_a_contact_that_leaves_everything_out_fills_no_disk() -> None:
    disk = Disk(Listening.begin(ROOT))
    for _ in range(10):
        disk.carry_out(disk.listening.opened(disk.listening.place.number + WINDOW - 1, NOW))
        assert len(disk.entries) <= SKIPPED_MAX
        assert sum(len(one.numbers) for one in disk.listening.skipped) == len(disk.entries)
    assert max(disk.entries) == disk.listening.highest - 1  # the oldest were let go of


def test_t2_w4_what_was_passed_more_than_36_days_ago_is_erased() -> None:
    writer, reader = acquainted(1)
    bundles = [writer.write(b"%d" % number) for number in range(4)]
    assert reader.take(bundles[1], NOW)
    assert reader.take(bundles[3], later(DAY_S))
    assert reader.disk.listening.settle(later(36 * DAY_S)) is None
    reader.do(reader.disk.listening.settle(later(36 * DAY_S + 1)))
    assert list(reader.disk.entries) == [3]
    assert reader.take(bundles[0]) is None
    assert reader.take(bundles[2])


@pytest.mark.parametrize("plausible", [True, False])
def test_one_start_in_2100_or_1970_erases_nothing_that_was_passed_by_another_clock(plausible: bool) -> None:
    """What was passed in hours of running is not compared with a clock; and the other way about."""
    disk = Disk(Listening.begin(ROOT))
    disk.carry_out(disk.listening.opened(3, later(0, plausible=False)))
    change = disk.listening.settle(later(80 * 365 * DAY_S))
    assert change is not None
    assert not change.erased
    disk.carry_out(change)
    back = disk.listening.settle(later(0, plausible=plausible))
    assert back is None or not back.erased


def test_a_writer_at_the_end_of_all_numbers_stops() -> None:
    speaking = Speaking(place=Place(number=NUMBER_MAX - 1, secret=ROOT), known=NUMBER_MAX - 2)
    _, speaking = speaking.take()
    assert speaking.room == 0
    assert speaking.restored().place.number == NUMBER_MAX
    with pytest.raises(PeerError, match=r"^chain 3\.5"):
        speaking.told(NUMBER_MAX)


def test_m3_a_told_number_leads_no_further_than_a_forgotten_past() -> None:
    speaking = Speaking.begin(ROOT)
    assert speaking.told(CATCH_UP_MAX).known == CATCH_UP_MAX
    with pytest.raises(PeerError, match=r"^chain 3\.5"):
        speaking.told(CATCH_UP_MAX + 1)
    with pytest.raises(PeerError, match=r"^chain 4\.6"):
        Listening.begin(ROOT).reach(1 + CATCH_UP_MAX + 1, NOW)


def test_a_receipt_of_an_older_number_takes_no_room() -> None:
    speaking = Speaking.begin(ROOT).opened(5)
    assert speaking.opened(3) == speaking
    assert speaking.told(0) == speaking


def test_a_chain_goes_on_and_never_back() -> None:
    place = Place(number=5, secret=ROOT)
    with pytest.raises(MisuseError):
        place.at(4)
    for number, secret in ((0, ROOT), (NUMBER_MAX + 1, ROOT), (1, b"short")):
        with pytest.raises(MisuseError):
            Place(number=number, secret=secret)


def test_w4_a_key_is_in_no_log() -> None:
    entry, place = Place(number=1, secret=b"Z" * 32).step()
    secrets = (entry.key, place.secret, b"Z" * 32)
    shown = repr((entry, place, Speaking(place=place), Listening(place=place)))
    assert not any(repr(secret)[2:-1] in shown or secret.hex() in shown for secret in secrets)


def test_two_tags_that_begin_alike_are_told_apart_by_8_bytes() -> None:
    table, ours, writer = TagTable(), Listening.begin(ROOT), WRITER
    others = [(number, TAG[:2] + bytes((number,)) * 14) for number in range(1, 200)]
    table.put(writer, ours, others)
    for number, tag in others:
        assert table.find(tag) == (writer, number)
    assert table.find(TAG[:2] + bytes((1, 1, 1, 1, 1, 2)) + bytes(8)) is None
    across = TAG[:2] + bytes((0, 0, 0, 0, 1, 2))  # the number 1, and how the tag of 2 goes on
    assert table.find(across + bytes(8)) is None
    table.put(writer, ours, [*others, (201, across + bytes(8))])
    assert table.find(across + bytes(8)) == (writer, 201)
    table.drop(others[50][1])
    assert table.find(others[50][1]) is None
    assert table.find(others[51][1]) == (writer, others[51][0])


def test_c1_two_bundles_of_a_chain_have_no_bytes_in_common_but_class_and_expiry() -> None:
    first, second = (
        Entry(number=1, tag=b"a" * 16, key=b"k" * 32),
        Entry(number=2, tag=b"b" * 16, key=b"l" * 32),
    )
    one = seal(first, b"x", preimage=b"r" * 20, nonce=b"n" * 12, expiry_hour=9, copies=3)
    other = seal(second, b"x", preimage=b"s" * 20, nonce=b"m" * 12, expiry_hour=9, copies=5)
    assert one[:5] == other[:5]
    same = sum(a == b for a, b in zip(one[5:], other[5:], strict=True))
    assert same < 40  # 2,043 random pairs: 8 are alike on average


def test_m3_a_chain_that_was_led_on_to_its_end_still_has_a_window() -> None:
    """Else whoever reads it would fail, and read of nobody any more."""
    place = Place(number=NUMBER_MAX - 5, secret=ROOT)
    tags, behind = place.tags(place.number + WINDOW)
    assert len(tags) == 5
    assert behind.number == NUMBER_MAX
