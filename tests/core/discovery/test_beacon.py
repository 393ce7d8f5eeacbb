"""The beacon: what a watcher sees of it (W1, W2), and for whom it is."""

from itertools import pairwise

import pytest

from core.discovery.beacon_kit import (
    FIRST_PORT,
    HERE,
    NO_CLOCK,
    ONE,
    START_S,
    Driver,
    contact,
    dials,
    from_them,
    ipv4,
    marks_in,
    noise,
    ours,
    people,
    recognised,
)
from satchel.core.discovery.beacon import (
    HERE_S,
    MEET_S,
    Mode,
)
from satchel.core.identity.tags import NO_HOUR

THEM, ELSEWHERE = ipv4(2), ipv4(3)


def is_hourless(datagram: bytes) -> bool:
    [mark] = marks_in(datagram)
    return mark.hour == NO_HOUR.to_bytes(4, "big")


def port_of(datagram: bytes) -> int:
    return int.from_bytes(datagram[16:18], "big")


# --- what is sent ----------------------------------------------------------------------------------------


def test_the_first_packet_goes_when_the_link_comes_up_and_then_every_15_s() -> None:
    driver = Driver(people()).run(3600)
    times_s = [at_s for at_s, _ in driver.sent]
    gaps_s = [later - earlier for earlier, later in pairwise(times_s) if later > earlier]
    assert times_s[0] == START_S
    assert 14.4 < sum(gaps_s) / len(gaps_s) < 15.6
    # A new port comes with its nonce at once; no other gap is out of bounds.
    assert sum(not 10.5 <= gap_s <= 19.5 for gap_s in gaps_s) <= driver.wishes_for_a_port


def test_w1_w2_one_packet_for_each_nonce_which_lives_60_to_180_s() -> None:
    """W1, W2: with fresh filling under one nonce two packets could be intersected."""
    driver = Driver(people(3)).run(3600)
    variants: dict[bytes, set[bytes]] = {}
    for _, datagram in driver.sent:
        variants.setdefault(datagram[:16], set()).add(datagram)
    assert all(len(packets) == 1 for packets in variants.values())
    lives_s = [times_s[-1] - times_s[0] for times_s in driver.nonces().values()]
    starts_s = [times_s[0] for times_s in driver.nonces().values()]
    assert max(lives_s) <= 180
    assert all(60 <= later - earlier <= 200 for earlier, later in pairwise(starts_s))
    assert max(later - earlier for earlier, later in pairwise(starts_s)) > 120


def test_w1_two_nonces_share_no_slot_and_no_order() -> None:
    driver = Driver(people(5)).run(1200)
    packets = list({datagram[:16]: datagram for _, datagram in driver.sent}.values())
    slots = [{packet[at : at + 8] for at in range(18, 530, 8)} for packet in packets]
    assert not [1 for one, other in pairwise(slots) if one & other]
    places = {packet.index(mark_slot(packet)) for packet in packets}
    assert len(places) > len(packets) / 2


def mark_slot(datagram: bytes) -> bytes:
    """The slot that our first contact finds."""
    [mark] = marks_in(datagram)
    return mark.key.mac(datagram[:16] + HERE + datagram[16:18] + mark.hour)[:8]


@pytest.mark.parametrize("count", [0, 1, 60, 300])
def test_w2_none_one_60_and_300_contacts_are_sent_alike(count: int) -> None:
    """W2: the same chance gives packets at the same moments, of one size, with the same nonces and ports."""
    few, many = Driver(people(0), seed="w2").run(1800), Driver(people(count), seed="w2").run(1800)
    assert [(at_s, packet[:18]) for at_s, packet in few.sent] == [
        (at_s, packet[:18]) for at_s, packet in many.sent
    ]
    assert {len(packet) for _, packet in many.sent} == {530}


def test_the_port_changes_with_a_nonce_after_10_to_20_min_and_the_old_one_stays_open_for_four() -> None:
    driver = Driver(people()).run(7200)
    ports: dict[int, list[float]] = {}
    for at_s, packet in driver.sent:
        ports.setdefault(port_of(packet), []).append(at_s)
    nonces_with_two_ports = {
        n for n in driver.nonces() if len({p for _, p in driver.sent if p[:16] == n}) > 1
    }
    assert not nonces_with_two_ports
    starts_s = [times_s[0] for times_s in ports.values()]
    assert all(600 <= later - earlier <= 1200 + 180 + 20 for earlier, later in pairwise(starts_s))
    assert len(ports) > 5
    assert driver.closed
    for (closed_at_s, closed), port, later_s in zip(driver.closed, ports, starts_s[1:], strict=False):
        assert closed == port
        assert closed_at_s == pytest.approx(later_s + 240)


def test_without_a_new_port_the_nonce_changes_all_the_same() -> None:
    driver = Driver(people(), opens_ports=False).run(3600)
    assert driver.wishes_for_a_port > 3
    assert {port_of(packet) for _, packet in driver.sent} == {FIRST_PORT}
    assert driver.sent[-1][0] > driver.now_s - 30
    starts_s = [times_s[0] for times_s in driver.nonces().values()]
    assert max(later - earlier for earlier, later in pairwise(starts_s)) <= 200
    assert driver.closed == []


def test_with_a_plausible_clock_slots_have_an_hour_and_without_one_none() -> None:
    assert not any(is_hourless(packet) for _, packet in Driver(people()).run(900).sent)
    assert all(is_hourless(packet) for _, packet in Driver(people(), reading=NO_CLOCK).run(900).sent)


def test_a_crowd_makes_it_slower_and_no_flood_silences_it() -> None:
    """P3: 0.12 s for each source of the last minute, and 90 s at most."""
    for sources, expected_s in ((10, 15.0), (500, 60.0), (5000, 90.0)):
        driver = Driver(people(0))
        driver.run(5)
        for number in range(sources):
            driver.hear(noise(number), ipv4(100 + number))
        driver.sent.clear()
        driver.run(20)
        [(at_s, _)] = driver.sent[:1]
        driver.sent.clear()
        driver.run(130)
        assert 0.7 * expected_s <= driver.sent[0][0] - at_s <= 1.3 * expected_s
        driver.run(60)
        driver.sent.clear()
        driver.run(20)
        assert driver.sent, "the crowd has gone"


# --- modes, and meet ---------------------------------------------------------------------------------------


def test_quiet_says_nothing_and_still_dials() -> None:
    driver = Driver(people(), mode=Mode.QUIET).run(7200)
    assert driver.sent == []
    assert [dial.address for dial in dials(driver.hear(from_them(1, THEM), THEM))] == [THEM]


def test_off_hears_nothing_and_what_comes_after_shares_nothing_with_what_was_before() -> None:
    driver = Driver(people()).run(100)
    assert driver.set_mode(Mode.OFF) == []
    before, ports = set(driver.nonces()), {port_of(packet) for _, packet in driver.sent}
    driver.sent.clear()
    assert driver.hear(from_them(1, THEM), THEM) == []
    assert driver.meet() == []
    assert driver.run(400).sent == []
    driver.set_mode(Mode.OPEN)
    assert driver.sent
    assert not before & set(driver.nonces())
    assert not ports & {port_of(packet) for _, packet in driver.sent}


def test_off_forgets_who_was_here_what_waited_and_that_somebody_wanted_to_meet() -> None:
    driver = Driver(people(2), macs_per_s=30)  # a packet is looked up in a second or so
    driver.meet()
    driver.hear(from_them(1, THEM), THEM)
    driver.run(3)
    assert recognised(driver.hear(from_them(1, THEM), THEM)) == []
    assert len(driver.dialled) == 1
    driver.hear(from_them(2, THEM), THEM)
    driver.set_mode(Mode.OFF)
    driver.run(30)
    assert driver.mail(ONE) == []
    assert len(driver.dialled) == 1
    driver.sent.clear()
    driver.set_mode(Mode.QUIET)
    assert driver.run(100).sent == []


def test_after_a_silence_the_nonce_is_new() -> None:
    driver = Driver(people()).run(1)
    driver.set_mode(Mode.QUIET)
    driver.run(1)
    driver.set_mode(Mode.OPEN)
    assert len(driver.nonces()) == 2


def test_meet_is_five_minutes_open_at_once_and_every_second_nonce_has_no_hour() -> None:
    driver = Driver(people(), mode=Mode.QUIET).run(100)
    driver.meet()
    driver.run(3600)
    times_s = [at_s for at_s, _ in driver.sent]
    assert times_s[0] == START_S + 100
    assert START_S + 100 + MEET_S - 20 < times_s[-1] < START_S + 100 + MEET_S
    in_order = list({packet[:16]: packet for _, packet in driver.sent}.values())
    hourless = [is_hourless(packet) for packet in in_order]
    assert hourless == [number % 2 == 0 for number in range(len(hourless))]
    assert len(hourless) >= 2


def test_after_meet_all_slots_have_an_hour_again() -> None:
    driver = Driver(people()).run(10)
    driver.meet()
    driver.run(MEET_S + 180)
    driver.sent.clear()
    driver.run(900)
    assert not any(is_hourless(packet) for _, packet in driver.sent)


# --- whom it is for ----------------------------------------------------------------------------------------


def test_every_one_of_300_contacts_has_a_turn_and_who_was_heard_waits() -> None:
    driver = Driver(people(300)).run(3600)
    packets = list({packet[:16]: packet for _, packet in driver.sent}.values())
    turns = [{mark.contact for mark in marks_in(packet, 300)} for packet in packets[:16]]
    assert {len(turn) for turn in turns} == {64}
    assert len(set().union(*turns)) > 285
    heard = {contact(number) for number in range(1, 201)}
    for number in range(1, 101):
        driver.hear(from_them(number, THEM, name=f"here {number}"), THEM)
        driver.run(0.5)
    for number in range(101, 201):
        driver.known.began(contact(number), driver.now_s)
    driver.sent.clear()
    driver.run(200)
    last = marks_in(driver.sent[-1][1], 300)
    assert len({mark.contact for mark in last} & heard) <= 4


def test_up_to_64_who_are_waited_for_are_in_each_packet_also_who_was_met_just_now() -> None:
    driver = Driver(people(300))
    for number in range(1, 65):
        driver.known.set_mail(contact(number), waits=True)
    driver.known.began(contact(1), driver.now_s)
    driver.known.ended(contact(1), driver.now_s)
    driver.run(400)
    for packet in list({packet[:16]: packet for _, packet in driver.sent}.values())[1:]:
        there = {mark.contact for mark in marks_in(packet, 300)}
        assert there == {contact(number) for number in range(1, 65)}


def test_of_more_who_are_waited_for_each_has_the_same_chance() -> None:
    known = people(300)
    for number in range(1, 101):
        known.set_mail(contact(number), waits=True)
    known.began(contact(1), 0.0)
    chosen = [known.choose(number.to_bytes(32, "big"), 60.0) for number in range(200)]
    assert set(chosen[0]) <= {contact(number) for number in range(1, 101)}
    assert 100 <= sum(contact(1) in some for some in chosen) <= 155  # 128 on average


def test_new_mail_dials_who_is_here_and_changes_no_packet() -> None:
    driver = Driver(people(2))
    driver.hear(from_them(1, THEM), THEM)
    driver.known.began(ONE, driver.now_s)
    driver.known.ended(ONE, driver.now_s)
    driver.run(30)
    before = driver.sent[-1]
    assert [dial.address for dial in dials(driver.mail(ONE))] == [THEM]
    assert driver.mail(contact(2)) == []  # not here
    assert driver.sent[-1] == before
    driver.run(HERE_S)
    assert driver.mail(ONE) == []


def test_a_new_contact_ends_the_nonce_that_was_drawn_without_it() -> None:
    """[4.10]"""
    driver = Driver(people()).run(20)
    before = driver.sent[-1][1]
    driver.known.put(contact(7), ours(7))
    driver.renew()
    at_s, after = driver.sent[-1]
    assert (at_s, after[:16] == before[:16]) == (driver.now_s, False)
