"""What one device sent on one network, as a watcher has it. Without Ethernet and IP headers: these are the
operating system's. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise

from lab.frames import IPV4, IPV6, SYN, TCP, UDP, Packet
from satchel.sim.network import Sighting

ACK = 0x10
BEACON_PORT = 61530
_PORT_IN_BEACON = slice(16, 18)  # docs/spec/discovery.md, 4.1: public, so the watcher reads it
_IPV4_IN_16 = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Recording:
    """All packets that programs of one device sent on one network."""

    packets: tuple[Packet, ...]

    @property
    def beacons(self) -> list[Packet]:
        return [packet for packet in self.packets if packet.destination_port == BEACON_PORT]

    @property
    def streams(self) -> list[list[Packet]]:
        """The segments of each direction of a connection that carry something, in order, none twice."""
        streams: list[list[Packet]] = []
        newest: dict[object, list[Packet]] = {}
        for packet in self.packets:
            if packet.protocol != TCP:
                continue
            ends = packet.source, packet.source_port, packet.destination, packet.destination_port
            again = (
                ends in newest
                and packet.tcp_flags & SYN
                and newest[ends][0].tcp_sequence != packet.tcp_sequence
            )
            if ends not in newest or again:  # a port can be used again
                newest[ends] = []
                streams.append(newest[ends])
            newest[ends].append(packet)
        return [segments for stream in streams if (segments := _in_order(stream))]

    def texts(self) -> list[bytes]:
        """What was said: each datagram that differs from the others, and each stream as one piece, so that
        nothing hides where two segments meet."""
        datagrams = {packet.payload for packet in self.packets if packet.protocol == UDP}
        return sorted(datagrams) + [b"".join(p.payload for p in stream) for stream in self.streams]

    def sizes(self, protocol: int) -> list[tuple[int, ...]]:
        """Payload sizes in bytes, by what is drawn together: one datagram, or one stream."""
        if protocol == UDP:  # what is said again is no news
            datagrams = {(p.payload, p.payload_bytes): p for p in self.packets if p.protocol == UDP}
            return [(packet.payload_bytes,) for packet in datagrams.values()]
        return [tuple(sorted(packet.payload_bytes for packet in stream)) for stream in self.streams]

    def ports(self) -> set[int]:
        """From where it sends datagrams, where it takes calls, and what its beacons tell of that.

        Not from where it dials: the system draws that for each destination [RFC 6056].
        """
        own = {
            packet.source_port for packet in self.packets if packet.protocol == UDP or _takes_a_call(packet)
        }
        told = {int.from_bytes(packet.payload[_PORT_IN_BEACON], "big") for packet in self.beacons}
        return {port for port in own | told if port is not None}

    def moments_s(self) -> list[list[float]]:
        """When the beacons left, for each of its addresses."""
        by_voice: dict[object, list[float]] = defaultdict(list)
        for packet in self.beacons:
            by_voice[packet.source, packet.source_port].append(packet.at_ns / 1e9)
        return [sorted(moments) for moments in by_voice.values()]

    def intervals_s(self) -> list[list[float]]:
        """Between one beacon and the next, for each of its addresses."""
        return [[later - earlier for earlier, later in pairwise(m)] for m in self.moments_s()]


def of_device(packets: Iterable[Packet], *macs: str) -> Recording:
    """What the programs of the device with these MAC addresses sent on one network."""
    return Recording(tuple(p for p in packets if p.source_mac in macs and not p.from_kernel))


def of_sightings(sightings: Iterable[Sighting]) -> Recording:
    """What a device of the simulator shouted on one network."""
    return Recording(tuple(map(_packet, sightings)))


def _packet(sighting: Sighting) -> Packet:
    is_ipv4 = sighting.source[:12] == _IPV4_IN_16
    return Packet(
        at_ns=round(sighting.at_s * 1e9),
        frame_bytes=42 + len(sighting.datagram),
        source_mac="",
        destination_mac="",
        ethertype=IPV4 if is_ipv4 else IPV6,
        source=IPv4Address(sighting.source[12:]) if is_ipv4 else IPv6Address(sighting.source),
        protocol=UDP,
        destination_port=BEACON_PORT,
        payload_bytes=len(sighting.datagram),
        payload=sighting.datagram,
    )


def _takes_a_call(packet: Packet) -> bool:
    return packet.protocol == TCP and packet.tcp_flags & (SYN | ACK) == SYN | ACK


def _in_order(stream: list[Packet]) -> list[Packet]:
    first = stream[0].tcp_sequence
    said = {(p.tcp_sequence - first) % 2**32: p for p in stream if p.payload_bytes}
    return [said[at] for at in sorted(said)]
