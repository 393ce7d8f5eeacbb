"""Looking up whose beacon it is, within a budget (P3)."""

import pytest

from core.discovery.beacon_kit import DAY, NOW, ONE, Driver, dials, from_them, ipv4, noise, people
from satchel.core.discovery.hearing import (
    BURST_S,
    NEAR_SHARE,
    SEEN_MAX,
    WAITING_PER_SOURCE_MAX,
    WAITING_SOURCES_MAX,
    WIDE_SHARE,
    Allowance,
    Budget,
    Recognition,
)
from satchel.core.discovery.people import People
from satchel.core.identity.clocks import Reading

THEM = ipv4(2)
CONTACTS = 100
MACS_PER_S = 20_000.0  # a slow machine: 2,000 a second for the near hours, 5 packets
NEAR_BY = 4 * CONTACTS


def later(hours: int) -> Reading:
    return Reading(time_s=NOW.time_s + hours * 3600, plausible=True)


class Counting(Allowance):
    spent = 0

    def spend(self, count: int) -> None:
        super().spend(count)
        self.spent += count


class Counter:
    """A link of a slow machine, and how many packets it has looked up."""

    def __init__(self, known: People) -> None:
        self.budget = Budget(macs_per_s=MACS_PER_S)
        self.machine = Recognition(known.tags, self.budget)
        self.found: list[tuple[float, bytes]] = []

    def work(self, now_s: float) -> None:
        self.found += [(now_s, found.source) for found in self.machine.work(NOW, now_s)]

    def hear(self, datagram: bytes, source: bytes, now_s: float) -> None:
        self.machine.hear(datagram, source, NOW)
        self.work(now_s)


def test_p3_a_flood_of_one_source_takes_no_turn_of_another() -> None:
    link = Counter(people(CONTACTS))
    for number in range(50):
        link.hear(noise(number), ipv4(99), 0.0)
    link.hear(from_them(CONTACTS, THEM), THEM, 0.0)
    for tenth in range(1, 20):
        link.work(tenth / 10)
    [(at_s, source)] = link.found
    assert source == THEM
    assert at_s <= (WAITING_PER_SOURCE_MAX + 1) * NEAR_BY / (NEAR_SHARE * MACS_PER_S)


def test_p3_a_flood_of_many_sources_costs_no_more_than_its_share_and_a_contact_gets_in() -> None:
    """100 forged packets a second, each from another address, on a machine that can look up five."""
    link = Counter(people(CONTACTS))
    near = link.budget.near = Counting(NEAR_SHARE * MACS_PER_S)
    wide = link.budget.wide = Counting(WIDE_SHARE * MACS_PER_S)
    theirs = from_them(1, THEM)
    for hundredth in range(60 * 100):
        now_s = hundredth / 100
        link.hear(noise(hundredth), ipv4(1000 + hundredth), now_s)
        if hundredth % 150 == 149 and not link.found:
            link.hear(theirs, THEM, now_s)
    assert link.found
    assert near.spent <= (60 + 0.1) * NEAR_SHARE * MACS_PER_S + 1
    assert wide.spent <= (60 + 0.1) * WIDE_SHARE * MACS_PER_S + 1


def test_p3_what_waits_is_bounded() -> None:
    macs_per_s = 10 * MACS_PER_S
    machine = Recognition(people(CONTACTS).tags, Budget(macs_per_s=macs_per_s))
    for number in range(3 * WAITING_SOURCES_MAX):
        machine.hear(noise(number), ipv4(number), NOW)
    now_s, rounds = 0.0, 0
    while machine.goes_on_at_s(now_s) < float("inf"):
        machine.work(NOW, now_s)
        now_s, rounds = now_s + 0.1, rounds + 1
        assert rounds < 10_000
    near_s = WAITING_SOURCES_MAX * NEAR_BY / (NEAR_SHARE * macs_per_s)
    wide_s = WAITING_SOURCES_MAX * 69 * CONTACTS / (WIDE_SHARE * macs_per_s)
    assert near_s * 0.9 < now_s < near_s + 1.3 * wide_s


@pytest.mark.parametrize("hours", [-33, -23, -2, 2, 23, 38])
def test_a_clock_that_is_hours_off_is_found_a_little_later(hours: int) -> None:
    """NOW is 9 o'clock: 33 hours back is the first of yesterday, 38 on the last of tomorrow."""
    driver = Driver(people(CONTACTS), macs_per_s=1e6)
    datagram = from_them(1, THEM, reading=later(hours))
    driver.hear(datagram, THEM)
    driver.run(2)
    assert [dial.epochs for _, dial in driver.dialled] == [((DAY * 24 + 9 + hours) // 24,)]


@pytest.mark.parametrize("hours", [-34, 39])
def test_beyond_yesterday_and_tomorrow_nothing_is_found(hours: int) -> None:
    driver = Driver(people(CONTACTS), macs_per_s=1e6)
    driver.hear(from_them(1, THEM, reading=later(hours)), THEM)
    assert driver.run(30).dialled == []


def test_a_packet_is_looked_up_once_and_its_repeats_cost_nothing() -> None:
    link = Counter(people(CONTACTS))
    for second in range(100):
        link.hear(noise("the same"), THEM, float(second))
    for second in range(100, 200):
        link.hear(from_them(1, THEM), THEM, float(second))
    assert len(link.found) == 1
    known = link.machine.hear(from_them(1, THEM), THEM, NOW)
    assert known is not None
    assert known.mark.contact == ONE


def test_p3_what_waits_of_one_source_is_bounded_and_others_come_between() -> None:
    link = Counter(people(2))
    link.budget.near.spend(10**6)  # nothing is left for a while
    for number in range(50):
        link.hear(noise(number), ipv4(99), 0.0)
    for name in ("first", "second", "third"):
        link.hear(from_them(1, THEM, name=name), THEM, 0.0)
    link.hear(from_them(2, ipv4(3)), ipv4(3), 0.0)
    link.budget.near.spend(-(10**6))
    link.work(1.0)
    assert [source for _, source in link.found] == [THEM, ipv4(3), THEM]
    assert link.budget.near.left(1.0) == NEAR_SHARE * MACS_PER_S * BURST_S - (2 + 2 + 1) * 8


@pytest.mark.parametrize("macs_per_s", [7.0, 30.0, 1e3, 12_345.6])
def test_p3_a_slow_machine_is_not_woken_in_vain(macs_per_s: float) -> None:
    machine = Recognition(people(3).tags, Budget(macs_per_s=macs_per_s))
    machine.hear(noise(1), THEM, NOW)
    now_s, wakes = 1e7, 0
    while machine.work(NOW, now_s) == [] and machine.goes_on_at_s(now_s) < float("inf"):
        assert machine.goes_on_at_s(now_s) > now_s
        now_s, wakes = machine.goes_on_at_s(now_s), wakes + 1
        assert wakes < 2000


def test_p3_what_is_remembered_of_packets_is_bounded_and_a_forgotten_one_is_looked_up_again() -> None:
    """And still it is no new nonce: see what a replay may do in test_beacon."""
    driver = Driver(people(1))
    theirs = from_them(1, THEM)
    driver.hear(theirs, THEM)
    for number in range(SEEN_MAX + 1):
        driver.hear(noise(number), ipv4(1000 + number % 3000))
        driver.run(0.01)
    driver.run(5)
    assert [dial.address for dial in dials(driver.hear(theirs, THEM))] == [THEM]
    driver.run(600)
    assert dials(driver.hear(theirs, THEM)) == []


def test_p3_a_packet_of_long_ago_costs_its_macs_again() -> None:
    """Else the memory of what was heard would grow without bound."""
    link = Counter(people(1))
    near = link.budget.near = Counting(1e6)
    for number in [*range(SEEN_MAX + 1), 0]:
        link.hear(noise(number), ipv4(number), float(number))
    assert near.spent == 4 * (SEEN_MAX + 2)


def test_nobody_is_looked_for_where_there_are_no_contacts() -> None:
    driver = Driver(people(0))
    driver.hear(noise(1), THEM)
    driver.run(10)
    assert driver.dialled == []
