"""W1, P1: what was recorded of a device is said again, elsewhere and later. Nobody answers (discovery 6)."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from end_to_end.acquainted import befriend_absent, made, met, pair_up
from end_to_end.programs import Person
from lab import Dialogue, Host, Lab, Traffic, Watch, attacker
from lab.frames import SYN, TCP, Packet
from watcher.recordings import ACK, Recording, of_device

pytestmark = pytest.mark.lab
ATTACK = [sys.executable, attacker.__file__]
FLIGHT_BYTES = 256
PATIENCE_S = 1.5
SHOUTED_S = 30.0  # a beacon each 15 s, and a machine that has much to do
SPENT_S = 1.0  # what was heard is stored by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Loot:
    """What was recorded of a device."""

    addresses: tuple[str, str]
    beacons: Sequence[bytes]
    flights: Sequence[bytes]


def flights_of(device: Host, seen: Traffic) -> list[bytes]:
    recording = of_device(seen, device.mac)
    dialled = [stream for stream in recording.streams if is_call(recording, stream[0])]
    return [b"".join(segment.payload for segment in stream)[:FLIGHT_BYTES] for stream in dialled]


def is_call(recording: Recording, segment: Packet) -> bool:
    """Whether the device dialled this connection."""
    return segment.source_port not in recording.ports()


def calls(seen: Traffic, host: Host) -> int:
    """How often it has dialled anybody."""
    packets = seen.select(protocol=TCP).where(lambda packet: packet.tcp_flags & (SYN | ACK) == SYN)
    return len(packets.where(lambda packet: packet.source_mac == host.mac))


def answers(mallory: Host, loot: Loot, target: Host, doors: dict[str, int]) -> int:
    """How many bytes come back for all flights, said to each of the target's doors."""
    answered = 0
    for source, address in zip(loot.addresses, (target.ip, target.ip6), strict=True):
        name = address.partition("%")[0]
        hexed = [flight.hex() for flight in loot.flights]
        call = [*ATTACK, "call", name, str(doors[name]), source, str(PATIENCE_S), *hexed]
        answered += int(mallory.run(call).stdout)
    return answered


def doors_of(target: Host, watch: Watch) -> dict[str, int]:
    """Where it listens, by the latest beacon of each of its addresses, once it has shouted from both."""
    doors: dict[str, int] = {}
    until_s = time.monotonic() + SHOUTED_S
    while not {target.ip, target.ip6.partition("%")[0]} <= doors.keys():
        assert time.monotonic() < until_s, doors
        time.sleep(0.5)
        beacons = of_device(watch.traffic(), target.mac).beacons
        doors = {str(beacon.source): int.from_bytes(beacon.payload[16:18], "big") for beacon in beacons}
    return doors


def impersonate(mallory: Host, loot: Loot) -> None:
    """Under her addresses."""
    four, six = loot.addresses
    mallory.run(["ip", "addr", "add", f"{four}/16", "dev", "wlan0"])
    mallory.run(["ip", "addr", "add", f"{six.partition('%')[0]}/64", "dev", "wlan0", "nodad"])


def replay(lab: Lab, mallory: Host, loot: Loot, target: Host) -> None:
    """Everything is said again where the target is; it dials nobody and answers nothing."""
    island = target.place.island if target.place else ""
    impersonate(mallory, loot)
    with lab.watch(island) as watch:
        for source in loot.addresses:
            mallory.run([*ATTACK, "shout", source, *(beacon.hex() for beacon in loot.beacons)])
        time.sleep(PATIENCE_S)
        heard = of_device(watch.traffic(), mallory.mac).beacons
        assert len(heard) == 2 * len(loot.beacons)
        assert calls(watch.traffic(), target) == 0


def let_shouts_pass(lab: Lab, multicast: bool) -> None:
    lab.islands["home"].multicast = multicast
    lab.mend_all()  # writes the rules anew


def record(lab: Lab, amina: Person, bilal: Person) -> Loot:
    """She is met by her beacon, by his, and at a typed address, where a flight names no door.

    Her beacons are those that were shouted while he listened: what he has not heard may be replayed to him
    (discovery 9.3), and is no loot. While he starts again, she may draw a new one.
    """
    with lab.watch("home") as watch:
        there = bilal.satchel("meet")
        listens_on_both(there)
        here = amina.satchel("meet")
        met(here, "bilal")
        met(there, "amina")
        time.sleep(SPENT_S)
        heard = watch.traffic()
        time.sleep(SPENT_S)
        bilal.host.crash()
        there = bilal.satchel("meet")
        addresses = listens_on_both(there)
        met(there, "amina")
        amina.host.crash()
        let_shouts_pass(lab, False)
        [at] = [address for address in addresses if address.startswith(bilal.host.ip)]
        here = amina.satchel("meet", "--at", at)
        met(here, "bilal")
        met(there, "amina")
        amina.host.crash()
        let_shouts_pass(lab, True)
        return Loot(
            addresses=(amina.host.ip, amina.host.ip6),
            beacons=sorted({beacon.payload for beacon in of_device(heard, amina.host.mac).beacons}),
            flights=flights_of(amina.host, watch.traffic()),
        )


def listens_on_both(node: Dialogue) -> list[str]:
    """Where it listens, as soon as that is on IPv4 and on IPv6."""
    while len(addresses := node.expect_event("address", 10)["addresses"]) < 2:
        pass
    return list(addresses)


def test_what_was_recorded_is_answered_nowhere_and_never(lab: Lab) -> None:
    """W1, P1: on another network under her very addresses, and where she was, an hour later, with the node
    started again. That he still dials whom he really hears is seen at the end."""
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    pair_up(amina, bilal, days_ago=0)  # so that no key of a recorded beacon is erased by the session
    for person in (amina, bilal):  # so that nobody is ever done
        befriend_absent(person, 1)
    mallory = lab.host("mallory")
    loot = record(lab, amina, bilal)
    assert len(loot.beacons) >= 2
    assert len(loot.flights) >= 2
    lab.leave(amina.host)

    with lab.watch("cafe") as watch:
        lab.move(bilal.host, "cafe")
        bilal.host.run(["ip", "addr", "add", f"{loot.addresses[0].rpartition('.')[0]}.77/16", "dev", "wlan0"])
        lab.move(mallory, "cafe")
        time.sleep(2)  # until he has noticed, and shouted
        doors = doors_of(bilal.host, watch)
    replay(lab, mallory, loot, bilal.host)
    assert answers(mallory, loot, bilal.host, doors) == 0

    bilal.host.crash()
    lab.move(bilal.host, "home")
    lab.move(mallory, "home")
    with lab.watch("home") as watch:
        there = Person(bilal.host, "+1h").satchel("meet")
        listens_on_both(there)
        time.sleep(1)
        doors = doors_of(bilal.host, watch)
    replay(lab, mallory, loot, bilal.host)
    assert answers(mallory, loot, bilal.host, doors) == 0

    lab.leave(mallory)
    lab.move(amina.host, "home")
    with lab.watch("home") as watch:
        met(amina.satchel("meet"), "bilal")
        met(there, "amina")
        assert calls(watch.traffic(), bilal.host) > 0
