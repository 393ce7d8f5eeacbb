"""W1, W2: what a watcher finds of devices on two networks is nothing, and every planted leak.

Beacons are those of the real state machine under a virtual clock; connections are as a session of contacts
has them (docs/spec/session.md, 8.1). The same on real networks: end_to_end/test_watched.py.
"""

import random
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from lab.frames import IPV4, SYN, TCP, Packet
from satchel.sim.device import Device, befriend_absent
from satchel.sim.network import Network
from satchel.sim.world import World
from watcher import plants
from watcher.recordings import Recording, of_sightings
from watcher.verdict import Alarm, compare, unrelated

LONG_S = 75 * 60.0  # some 300 intervals
NULL_RUNS = 150
NULL_S = 15 * 60.0


def beacons(seed: int, during_s: float, contacts: int, networks: int = 2) -> list[Recording]:
    """One device, and what it shouts on networks that it visits one after another."""
    world = World(seed)
    device = Device(world, "one")
    befriend_absent(device, contacts)
    seen = []
    for number in range(networks):
        network = Network(world, number)
        device.join(network, network.address(world.chance.randrange(1, 60_000)))
        world.run(world.now_s + during_s)
        device.leave()
        seen.append(of_sightings(network.seen))
    return seen


def session(seed: int, sizes: tuple[int, ...], began_s: float = 0.0) -> list[Packet]:
    """One direction of a connection, of bytes that say nothing, each frame behind its length."""
    chance = random.Random(f"session {seed}")
    numbers = chance.randrange(2**32), chance.randrange(32768, 60999), chance.randrange(32768, 60999)
    packets, sequence = [], numbers[0]
    for number, size in enumerate((0, *sizes)):
        length = (size - 4).to_bytes(4, "big") if number > 1 else b""
        packets.append(Packet(
            at_ns=round((began_s + 0.01 * number) * 1e9), frame_bytes=54 + size, source_mac="",
            destination_mac="", ethertype=IPV4, source=IPv4Address("10.0.0.1"),
            destination=IPv4Address("10.0.0.2"), protocol=TCP, source_port=numbers[1],
            destination_port=numbers[2], payload_bytes=size, payload=(length + chance.randbytes(size))[:size],
            tcp_flags=0 if number else SYN, tcp_sequence=sequence,
        ))  # fmt: skip
        sequence = (sequence + size + (number == 0)) % 2**32
    return packets


def with_sessions(recording: Recording, seed: int, count: int = 8) -> Recording:
    """As a caller and as a listener; now and then two frames share a segment."""
    chance = random.Random(f"sessions {seed}")
    kinds = [(256, 256, 256), (256, 256), (256, 512)]
    sent = [p for n in range(count) for p in session(1000 * seed + n, chance.choice(kinds))]
    return Recording((*recording.packets, *sent))


def device(seed: int, during_s: float, contacts: int) -> list[Recording]:
    seen = beacons(seed, during_s, contacts)
    return [with_sessions(recording, 2 * seed + n) for n, recording in enumerate(seen)]


@pytest.fixture(scope="module")
def suspect() -> list[Recording]:
    return device(1, LONG_S, contacts=60)


@pytest.fixture(scope="module")
def other() -> list[Recording]:
    return device(2, LONG_S, contacts=0)


def given_away(alarms: list[Alarm]) -> set[str]:
    return {alarm.test for alarm in alarms}


def test_w1_w2_of_two_devices_with_nothing_planted_nothing_is_found(
    suspect: list[Recording], other: list[Recording]
) -> None:
    assert compare(suspect, other) == []
    assert compare(other, suspect) == []


@pytest.mark.parametrize("contacts", [1, 60, 300])
def test_w2_none_one_sixty_and_three_hundred_contacts_look_the_same(
    contacts: int, other: list[Recording]
) -> None:
    assert compare(device(20 + contacts, LONG_S / 3, contacts), other) == []


@pytest.mark.slow
def test_w1_many_runs_with_nothing_planted_raise_no_alarm() -> None:
    """At 10^-3 a run, 150 runs raise one with a chance of 14 %, and three with less than 10^-3. That each
    p-value is right, over thousands of draws: test_chances.py. 3,000 runs, once: docs/watcher.md."""
    alarms = []
    for seed in range(NULL_RUNS):
        one, two = device(100 + 2 * seed, NULL_S, seed % 3), device(101 + 2 * seed, NULL_S, seed % 2)
        alarms += compare(one, two)
    assert len(alarms) < 3, alarms


@pytest.mark.parametrize("seed", range(10))
def test_eight_bytes_of_its_own_are_found(
    seed: int, suspect: list[Recording], other: list[Recording]
) -> None:
    """At any place, in a tenth of the packets, in datagrams and connections alike."""
    chance = random.Random(seed)
    leak = chance.randbytes(8)
    leaking = [plants.string(recording, leak, chance) for recording in suspect]
    [alarm] = compare(leaking, other)
    assert alarm.test == "strings"
    assert leak.hex() in alarm.found


def test_what_every_device_says_is_no_trace(suspect: list[Recording], other: list[Recording]) -> None:
    chance = random.Random(1)
    everybody = [plants.string(r, b"satchel!", chance) for r in (*suspect, *other)]
    assert compare(everybody[:2], everybody[2:]) == []
    assert given_away(compare(everybody[:2], other)) == {"strings"}


def test_eight_bytes_where_two_segments_meet_are_found(other: list[Recording]) -> None:
    leak = b"\xfe\xdc\xba\x98\x76\x54\x32\x10"
    leaking = []
    for seed in (1, 2):
        first, one, two = session(seed, (256, 256))
        one = replace(one, payload=one.payload[:-4] + leak[:4])
        two = replace(two, payload=leak[4:] + two.payload[4:])
        leaking.append(Recording((first, two, one, one)))  # late, and said twice
    assert given_away(compare(leaking, other)) == {"strings"}


def test_a_port_of_its_own_is_found(other: list[Recording]) -> None:
    few = beacons(3, 300.0, contacts=2)
    assert compare(few, other) == []
    assert given_away(compare([plants.port(recording, 47_113) for recording in few], other)) == {"ports"}


def test_one_byte_more_in_its_datagrams_is_found(suspect: list[Recording], other: list[Recording]) -> None:
    assert given_away(compare([plants.longer_datagrams(r) for r in suspect], other)) == {"sizes"}


def test_one_byte_more_in_one_kind_of_frame_is_found(
    suspect: list[Recording], other: list[Recording]
) -> None:
    assert given_away(compare([plants.longer_segments_at(r, 2) for r in suspect], other)) == {"sizes"}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_intervals_three_percent_off_are_found(seed: int, factor: float, other: list[Recording]) -> None:
    leaking = [plants.slower(recording, factor) for recording in beacons(40 + seed, LONG_S, contacts=0)]
    assert given_away(compare(leaking, other)) == {"intervals"}


@pytest.mark.parametrize("phase_s", [0.0, 0.31, 0.77])
def test_a_phase_of_its_own_is_found(
    phase_s: float, suspect: list[Recording], other: list[Recording]
) -> None:
    chance = random.Random(1)
    assert "intervals" in given_away(compare([plants.in_step(r, phase_s, chance) for r in suspect], other))


def test_the_same_moments_on_two_networks_are_found() -> None:
    first, second = beacons(5, 300.0, contacts=2)
    assert unrelated(first, second) == []
    assert given_away(unrelated(first, plants.at_moments_of(second, first))) == {"intervals"}


def test_w1_a_device_on_two_interfaces_at_once_is_two() -> None:
    """Discovery 8.1."""
    for seed in range(20):
        world = World(seed)
        one = Device(world, "one")
        befriend_absent(one, 10)
        networks = [Network(world, number) for number in range(2)]
        for network in networks:
            one.join(network)
        world.run(1800)
        first, second = (of_sightings(network.seen) for network in networks)
        assert unrelated(first, second) == []
