"""Reads one captured Ethernet frame: who to whom, which ports, how much. Pure; never raises.

A frame that is cut short or makes no sense is a packet with fewer fields, as the capture is to be
counted whole, also what a hostile program sent. Fields: IEEE 802.3, RFC 826, 791, 8200, 9293, 768.
"""

import ipaddress
import struct
from dataclasses import dataclass, replace

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
ICMP, IGMP, TCP, UDP, ICMPV6 = 1, 2, 6, 17, 58
SYN, RST, FIN = 0x02, 0x04, 0x01

_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION_OPTIONS = 0, 43, 44, 60
# Answers and errors that a kernel sends by itself [RFC 792]; an echo request is a program's.
_KERNEL_ICMP = frozenset({0, 3, 5, 11, 12})
# Errors, echo reply, multicast listeners, neighbours and routers [RFC 4443, 2710, 3810, 4861].
_KERNEL_ICMPV6 = frozenset({1, 2, 3, 4, 129, *range(130, 138), 143})


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One frame. For ARP, `source` and `destination` are who asks and who is asked for."""

    at_ns: int
    frame_bytes: int  # on the wire, with all headers
    source_mac: str
    destination_mac: str
    ethertype: int
    source: Address | None = None
    destination: Address | None = None
    protocol: int | None = None
    source_port: int | None = None
    destination_port: int | None = None
    payload_bytes: int = 0  # behind the transport header, on the wire
    payload: bytes = b""  # as much of it as was captured
    tcp_flags: int = 0
    tcp_sequence: int = 0
    icmp_type: int | None = None

    @property
    def from_kernel(self) -> bool:
        """Whether the operating system sends such packets by itself: ARP, IGMP, neighbours, errors."""
        if self.protocol == ICMP:
            return self.icmp_type in _KERNEL_ICMP
        if self.protocol == ICMPV6:
            return self.icmp_type in _KERNEL_ICMPV6
        return self.ethertype == ARP or self.protocol == IGMP


def decode(frame: bytes, *, at_ns: int = 0, frame_bytes: int | None = None) -> Packet:
    """Read a frame, or as much of it as there is.

    Args:
        frame: from the Ethernet header on, perhaps cut short.
        at_ns: when it was seen.
        frame_bytes: its whole length, where it was cut short.
    """
    head = frame[:14].ljust(14, b"\0")
    packet = Packet(
        at_ns=at_ns,
        frame_bytes=len(frame) if frame_bytes is None else frame_bytes,
        source_mac=head[6:12].hex(":"),
        destination_mac=head[:6].hex(":"),
        ethertype=int.from_bytes(head[12:14], "big"),
    )
    body = frame[14:]
    if packet.ethertype == ARP and len(body) >= 28:
        sender, target = ipaddress.IPv4Address(body[14:18]), ipaddress.IPv4Address(body[24:28])
        return replace(packet, source=sender, destination=target)
    if packet.ethertype == IPV4 and len(body) >= 20:
        return _ipv4(packet, body)
    if packet.ethertype == IPV6 and len(body) >= 40:
        return _ipv6(packet, body)
    return packet


def _ipv4(packet: Packet, body: bytes) -> Packet:
    header_bytes = (body[0] & 0x0F) * 4
    total_bytes = int.from_bytes(body[2:4], "big")
    fragment_offset = int.from_bytes(body[6:8], "big") & 0x1FFF
    packet = replace(
        packet,
        source=ipaddress.IPv4Address(body[12:16]),
        destination=ipaddress.IPv4Address(body[16:20]),
        protocol=body[9],
    )
    # By the header's own length: Ethernet fills small frames up to 60 bytes.
    return _transport(packet, body[header_bytes:total_bytes], total_bytes - header_bytes, fragment_offset)


def _ipv6(packet: Packet, body: bytes) -> Packet:
    length = int.from_bytes(body[4:6], "big")
    kind, rest, fragment_offset = body[6], body[40 : 40 + length], 0
    while kind in (_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION_OPTIONS) and len(rest) >= 8:
        if kind == _FRAGMENT:
            fragment_offset, skip = int.from_bytes(rest[2:4], "big") >> 3, 8
        else:
            skip = (rest[1] + 1) * 8
        kind, rest, length = rest[0], rest[skip:], length - skip
        if fragment_offset:
            break
    packet = replace(
        packet,
        source=ipaddress.IPv6Address(body[8:24]),
        destination=ipaddress.IPv6Address(body[24:40]),
        protocol=kind,
    )
    return _transport(packet, rest, length, fragment_offset)


def _transport(packet: Packet, body: bytes, length: int, fragment_offset: int) -> Packet:
    """Read ports and payload; only the first fragment has ports, the others are payload."""
    if fragment_offset:
        return replace(packet, payload=body, payload_bytes=max(0, length))
    if packet.protocol == UDP and len(body) >= 8:
        source_port, destination_port = struct.unpack_from(">HH", body)
        return replace(
            packet,
            source_port=source_port,
            destination_port=destination_port,
            payload=body[8:],
            payload_bytes=max(0, length - 8),
        )
    if packet.protocol == TCP and len(body) >= 20:
        source_port, destination_port, sequence, _, offset, flags = struct.unpack_from(">HHIIBB", body)
        header_bytes = (offset >> 4) * 4
        return replace(
            packet,
            source_port=source_port,
            destination_port=destination_port,
            payload=body[header_bytes:],
            payload_bytes=max(0, length - header_bytes),
            tcp_flags=flags,
            tcp_sequence=sequence,
        )
    icmp_type = body[0] if packet.protocol in (ICMP, ICMPV6) and body else None
    return replace(packet, icmp_type=icmp_type, payload=body, payload_bytes=max(0, length))
