"""Watchers and liars on the network: what they learn (W1, W2), and that contacts still meet (P3)."""

from functools import partial
from itertools import combinations

import pytest

from satchel.core.discovery.people import DIALS_MAX
from satchel.sim.device import Device, befriend_absent, pair
from satchel.sim.network import Network, Sighting
from satchel.sim.world import World

SLOTS = range(18, 530, 8)


def strings(sightings: list[Sighting]) -> set[bytes]:
    """Whatever could be compared: nonce, port with nonce's neighbour, and each slot."""
    found = {sighting.datagram[:16] for sighting in sightings}
    return found | {sighting.datagram[at : at + 8] for sighting in sightings for at in SLOTS}


def test_w1_a_watcher_of_two_networks_finds_no_common_string() -> None:
    """W1: one device with the same contacts on both at once, then on one after the other."""
    world = World(1)
    device = Device(world, "one")
    befriend_absent(device, 60)
    networks = [Network(world, number) for number in range(3)]
    device.join(networks[0])
    device.join(networks[1])
    world.run(1800)
    device.leave()
    device.join(networks[2])
    world.run(3600)
    for one, other in combinations(networks, 2):
        assert not strings(one.seen) & strings(other.seen)
        ports = [{s.datagram[16:18] for s in network.seen} for network in (one, other)]
        assert not ports[0] & ports[1]
    moments = [{round(s.at_s, 3) for s in network.seen} for network in networks[:2]]
    assert len(moments[0] & moments[1]) <= 1  # both links came up at once


def test_w1_a_watcher_finds_nothing_that_is_the_same_after_the_link_was_down() -> None:
    world = World(2)
    device = Device(world, "one")
    befriend_absent(device, 10)
    network = Network(world, 1)
    address = device.join(network).address
    world.run(300)
    before = strings(network.seen)
    network.seen.clear()
    device.leave()
    device.join(network, address)
    world.run(600)
    assert not before & strings(network.seen)


def test_w1_w2_one_packet_for_each_nonce() -> None:
    world = World(3)
    network = Network(world, 1)
    for number in range(3):
        device = Device(world, str(number))
        befriend_absent(device, 5 * number)
        device.join(network)
    world.run(3600)
    packets = {sighting.datagram for sighting in network.seen}
    assert len({packet[:16] for packet in packets}) == len(packets)


def habits(contacts: int, seed: int) -> list[tuple[float, bytes, int]]:
    """When, with which nonce and port, and how long: two hours of a device with so many contacts."""
    world = World(seed)
    network = Network(world, 1)
    device = Device(world, "one")
    befriend_absent(device, contacts)
    world.chance.seed(seed)  # from here on the same chance, however many there are
    device.join(network)
    world.run(7200)
    return [(s.at_s, s.datagram[:18], len(s.datagram)) for s in network.seen]


@pytest.mark.parametrize("contacts", [1, 60, 300])
def test_w2_any_number_of_contacts_behaves_as_none_does(contacts: int) -> None:
    """W2: the same number of packets at the same moments, whatever stands in the slots."""
    for seed in range(2):
        assert habits(contacts, seed) == habits(0, seed)


def test_w2_no_byte_of_a_slot_is_likelier_than_another() -> None:
    """A chi-squared test over 64 real slots and over random ones: p = 0.0001 at 330."""
    for contacts in (0, 64):
        world = World(4)
        network = Network(world, 1)
        device = Device(world, "one")
        befriend_absent(device, contacts)
        device.join(network)
        world.run(7200)
        packets = {sighting.datagram[18:] for sighting in network.seen}
        data = b"".join(sorted(packets))
        counts = [data.count(byte) for byte in range(256)]
        expected = len(data) / 256
        assert sum((count - expected) ** 2 / expected for count in counts) < 330


class Replayer:
    """Records on one network; says it again somewhere else, or later, under the same address."""

    def __init__(self, heard_on: Network, said_on: Network, *, later_s: float) -> None:
        self.said = 0
        self._said_on = said_on
        self._later_s = later_s
        heard_on.taps.append(self._hear)

    def _hear(self, sighting: Sighting) -> None:
        when_s = self._said_on.world.now_s + self._later_s
        self._said_on.world.at(when_s, partial(self._say, sighting))

    def _say(self, sighting: Sighting) -> None:
        self.said += 1
        self._said_on.shout(sighting.datagram, sighting.source)


def test_w1_p3_a_packet_that_was_heard_and_is_replayed_later_or_elsewhere_leads_to_no_dial() -> None:
    """The contact has left; its packets of before are said for hours, here and where we go next."""
    for restart in (False, True):
        world = World(5)
        first, second = Network(world, 1), Network(world, 1)  # the same addresses in both
        one, other = Device(world, "one"), Device(world, "other")
        pair(one, other)
        one.join(first)
        other.join(first)
        replayers = [Replayer(first, first, later_s=3600), Replayer(first, second, later_s=7200)]
        world.run(1200)
        assert one.meetings
        other.leave()
        world.run(3000)
        if restart:
            one.restart()
        one.dials.clear()
        world.run(5400)
        one.leave()
        one.join(second)
        world.run(9000)
        assert all(replayer.said > 50 for replayer in replayers)
        assert one.dials == []


def test_w1_a_packet_that_nobody_heard_is_replayed_at_another_address_in_vain() -> None:
    world = World(6)
    first, second = Network(world, 1), Network(world, 2)
    one, other = Device(world, "one"), Device(world, "other")
    pair(one, other)
    other.join(first)
    one.join(second)
    said: list[int] = []

    def say(sighting: Sighting) -> None:
        said.append(1)
        second.shout(sighting.datagram, second.address(200))

    first.taps.append(say)
    world.run(3600)
    assert len(said) > 100
    assert one.dials == []


@pytest.mark.slow
def test_p3_a_flood_of_forged_beacons_keeps_no_contact_away_and_leads_to_no_dial() -> None:
    """50 a second from ever new addresses, which is what the carrier lets through, for a node whose
    processor can look up 25 in its share."""
    for seed in range(2):
        world = World(seed)
        network = Network(world, 1)
        one, other = Device(world, "one"), Device(world, "other")
        befriend_absent(one, 99)
        befriend_absent(other, 99)
        pair(one, other)

        def forge(number: int, world: World = world, network: Network = network) -> None:
            datagram = world.chance.randbytes(16) + b"\x9c\x40" + world.chance.randbytes(512)
            network.shout(datagram, network.address(1000 + number % 50_000))
            world.at(world.now_s + 0.02, partial(forge, number + 1))

        forge(0)
        one.join(network)
        world.run(30)
        assert one.dials == []
        other.join(network)
        while not one.meetings and world.now_s < 600:
            world.run(world.now_s + 10)
        assert one.meetings, "ten minutes"
        assert len(one.dials) + len(other.dials) == 1


def test_p3_a_contact_that_never_answers_is_dialled_three_times_in_ten_minutes() -> None:
    """Its beacons are real, and its port is closed."""
    world = World(8)
    network = Network(world, 1)
    one, other = Device(world, "one"), Device(world, "other")
    pair(one, other)
    one.join(network)
    other.join(network).ports.clear()
    other.people.dial = lambda contact, now_s: False  # type: ignore[method-assign]
    world.run(599)
    assert len(one.dials) == DIALS_MAX
    assert one.meetings == []
