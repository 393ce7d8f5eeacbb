"""Promise P3: whatever strangers send, checking it costs a tenth of a core, and a contact gets its turn."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from satchel.node.proofs import (
    HMACS_AT_ONCE,
    HMACS_PER_S,
    KNOWN_HMACS_MAX,
    PLACES_MAX,
    SOURCES_MAX,
    ProofQueue,
)

WORST_HMACS = 3000  # 300 contacts, five keys each, two addresses
GOOD_HMACS = 10  # of a contact whose keys are tried first
FRIEND = b"friend"
PATIENCE_S = 5.0  # as long as a connection waits to be looked at


@dataclass(frozen=True)
class Flight:
    source: bytes
    is_good: bool
    arrived_s: float


@dataclass
class Door:
    """A node whose time is all its own, but for what the queue lets it do."""

    queue: ProofQueue[Flight] = field(default_factory=lambda: ProofQueue(0.0))
    known: frozenset[bytes] = frozenset()
    spent_hmacs: int = 0
    drained: list[Flight] = field(default_factory=list)
    let_in: dict[bytes, list[float]] = field(default_factory=dict)

    def arrive(self, source: bytes, now_s: float, *, is_good: bool = False) -> None:
        flight = Flight(source, is_good, now_s)
        self.drained += self.queue.arrive(flight, source, is_known=source in self.known, now_s=now_s)

    def work(self, now_s: float) -> None:
        while (flight := self.queue.take(now_s)) is not None:
            if now_s - flight.arrived_s > PATIENCE_S:
                continue  # its connection is gone
            hmacs = GOOD_HMACS if flight.is_good and flight.source in self.known else WORST_HMACS
            self.queue.spend(hmacs)
            self.spent_hmacs += hmacs
            if flight.is_good:
                self.let_in.setdefault(flight.source, []).append(now_s - flight.arrived_s)


def flood(
    door: Door, sources: int, *, per_s: int = 1000, until_s: float = 60.0, friends: Iterator[float]
) -> None:
    """Strangers all the time; a contact now and then, `friends`: when."""
    serial = count()
    friend_s = next(friends)
    for tick in range(int(until_s * per_s)):
        now_s = tick / per_s
        door.arrive(b"stranger %d" % (next(serial) % sources), now_s)
        if now_s >= friend_s:
            door.arrive(FRIEND, now_s, is_good=True)
            friend_s = next(friends)
        door.work(now_s)


def every(seconds: float) -> Iterator[float]:
    return (seconds * number for number in count(1))


@pytest.mark.parametrize("known", [frozenset(), frozenset({FRIEND})], ids=["unheard", "heard"])
@pytest.mark.parametrize("sources", [1, 16])
def test_p3_a_contact_gets_through_1000_forged_flights_a_second(
    sources: int, known: frozenset[bytes]
) -> None:
    door = Door(known=known)
    flood(door, sources, friends=every(3.0))
    assert len(door.let_in[FRIEND]) == 19
    assert max(door.let_in[FRIEND]) < 1.0
    assert not [flight for flight in door.drained if flight.is_good]


@pytest.mark.parametrize("sources", [1, 16, 1000])
def test_p3_the_flood_costs_no_more_than_the_budget(sources: int) -> None:
    door = Door()
    flood(door, sources, until_s=20.0, friends=every(3.0))
    assert door.spent_hmacs <= 20 * HMACS_PER_S + HMACS_AT_ONCE + WORST_HMACS
    assert door.spent_hmacs >= 20 * HMACS_PER_S - WORST_HMACS  # and what there is, is used
    assert len(door.queue) <= PLACES_MAX


def test_p3_a_contact_whose_beacon_was_heard_gets_through_a_thousand_addresses() -> None:
    """Whoever can take any address of the network gets all other places, and not this one."""
    door = Door(known=frozenset({FRIEND}))
    flood(door, 1000, until_s=20.0, friends=every(3.0))
    assert len(door.let_in[FRIEND]) == 6
    assert max(door.let_in[FRIEND]) < 1.0


def test_m3_a_known_address_that_floods_is_one_of_many_again() -> None:
    """A contact that lies, or who took its address: others are not starved by their good name."""
    door = Door(known=frozenset({b"stranger 0"}))
    flood(door, 1, friends=every(3.0))
    assert len(door.let_in[FRIEND]) == 19
    assert max(door.let_in[FRIEND]) < 1.0
    assert KNOWN_HMACS_MAX < 60 * HMACS_PER_S / 10


def test_m3_two_known_addresses_share_evenly() -> None:
    door = Door(known=frozenset({b"stranger 0", b"stranger 1"}))
    served = {b"stranger 0": 0, b"stranger 1": 0}
    for tick in range(5000):
        now_s = tick / 500
        door.arrive(b"stranger %d" % (tick % 5 > 0), now_s)  # one four times as often
        flight = door.queue.take(now_s)
        if flight is not None:
            door.queue.spend(WORST_HMACS)
            served[flight.source] += 1
    assert abs(served[b"stranger 0"] - served[b"stranger 1"]) <= 2


def test_a_single_flight_is_taken_at_once() -> None:
    queue = ProofQueue[str](100.0)
    assert queue.rest_s(100.0) == float("inf")
    assert queue.take(100.0) is None
    assert not queue.arrive("one", b"a", is_known=False, now_s=100.0)
    assert queue.rest_s(100.0) == 0.0
    assert queue.take(100.0) == "one"
    assert len(queue) == 0


def test_after_much_work_the_next_has_to_wait_as_long_as_it_says() -> None:
    queue = ProofQueue[str](0.0)
    for name in ("one", "two"):
        queue.arrive(name, name.encode(), is_known=False, now_s=0.0)
    assert queue.take(0.0) == "one"
    queue.spend(HMACS_AT_ONCE + HMACS_PER_S)
    assert queue.take(0.0) is None
    assert queue.rest_s(0.0) == pytest.approx(1.0)
    assert queue.rest_s(0.75) == pytest.approx(0.25)
    assert queue.take(0.99) is None
    assert queue.take(1.01) == "two"


def test_p3_a_quiet_day_saves_up_no_more_than_one_check() -> None:
    queue = ProofQueue[int](0.0)
    for number in range(PLACES_MAX):
        queue.arrive(number, b"%d" % number, is_known=False, now_s=86_400.0)
    taken = 0
    while queue.take(86_400.0) is not None:
        queue.spend(WORST_HMACS)
        taken += 1
    assert taken == HMACS_AT_ONCE // WORST_HMACS + 1


def test_p3_sources_that_never_come_back_are_forgotten() -> None:
    """And not the one that cost much: a new address is no new beginning for it."""
    queue = ProofQueue[int](0.0)
    queue.arrive(0, b"costly", is_known=False, now_s=0.0)
    assert queue.take(0.0) == 0
    queue.spend(HMACS_AT_ONCE)
    for number in range(1, 3 * SOURCES_MAX):
        queue.arrive(number, b"%d" % number, is_known=False, now_s=0.001 * number)
        while queue.take(0.001 * number) is not None:
            queue.spend(1)
    assert queue.remembered == SOURCES_MAX
    now_s = 0.001 * 3 * SOURCES_MAX
    queue.arrive(-1, b"costly", is_known=False, now_s=now_s)
    queue.arrive(-2, b"new", is_known=False, now_s=now_s)
    assert queue.take(now_s) == -2
    assert queue.take(now_s) == -1


def test_p3_what_was_spent_is_forgiven_in_time() -> None:
    queue = ProofQueue[int](0.0)
    queue.arrive(0, b"once", is_known=False, now_s=0.0)
    queue.take(0.0)
    queue.spend(WORST_HMACS)
    queue.arrive(1, b"once", is_known=False, now_s=100.0)
    queue.arrive(2, b"little", is_known=False, now_s=100.0)
    queue.arrive(3, b"little", is_known=False, now_s=100.0)
    assert queue.take(100.0) == 2
    queue.spend(GOOD_HMACS)
    assert queue.take(100.0) == 1


def test_p3_a_full_house_drains_the_oldest_of_who_has_most() -> None:
    queue = ProofQueue[str](0.0)
    queue.arrive("alone", b"alone", is_known=False, now_s=0.0)
    for number in range(PLACES_MAX - 1):
        assert not queue.arrive(f"many {number}", b"many", is_known=False, now_s=0.0)
    assert queue.arrive("newcomer", b"newcomer", is_known=False, now_s=0.0) == ["many 0"]
    assert queue.arrive("many more", b"many", is_known=False, now_s=0.0) == ["many 1"]
    assert len(queue) == PLACES_MAX
