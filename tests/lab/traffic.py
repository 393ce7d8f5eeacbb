"""Questions to a capture: how much went where, who asked for names, who got an answer. Only reads.

It answers for what was on the cable. What a kernel refused to send (no route) never was: ask
`Host.counts().unroutable` for that, or give the host a default route into the void.
"""

import ipaddress
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lab.frames import SYN, TCP, Address, Packet, decode

NAME_PORTS = frozenset({53, 137, 853, 5353, 5355})  # DNS, NetBIOS names, DNS over TLS, mDNS, LLMNR
FRAME_BYTES_MAX = 1 << 20
_MAGIC = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}  # how many nanoseconds a fraction counts

# RFC 3927, 4291, 5771: what no router passes on.
_LOCAL4 = ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/24", "255.255.255.255/32", "0.0.0.0/32")
_LOCAL6 = ("::1/128", "::/128", "fe80::/10", "ff01::/16", "ff02::/16")
_LOCAL = [ipaddress.ip_network(text) for text in (*_LOCAL4, *_LOCAL6)]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Flow(NamedTuple):
    """One direction between two ends. A TCP flow is a connection unless ports are used again."""

    source: Address | None
    source_port: int | None
    destination: Address | None
    destination_port: int | None
    protocol: int | None


@dataclass(slots=True)
class FlowCount:
    """What went through a flow."""

    packets: int = 0
    frame_bytes: int = 0
    payload_bytes: int = 0


def read_pcap(path: Path) -> Iterator[Packet]:
    """The packets of a pcap file of Ethernet frames; raises ValueError for any other file."""
    with path.open("rb") as file:
        head = file.read(24)
        magic = int.from_bytes(head[:4], "little")
        if len(head) < 24 or magic not in _MAGIC or int.from_bytes(head[20:24], "little") != 1:
            raise ValueError(f"{path} is not a little-endian pcap file of Ethernet frames")
        while len(record := file.read(16)) == 16:
            seconds, fraction, kept, size = struct.unpack("<IIII", record)
            if kept > FRAME_BYTES_MAX:
                raise ValueError(f"{path}: a frame of {kept} bytes")
            frame = file.read(kept)
            yield decode(frame, at_ns=seconds * 10**9 + fraction * _MAGIC[magic], frame_bytes=size)


class Traffic:
    """Some packets, and what can be asked about them. Selections are Traffic again."""

    def __init__(self, packets: Iterable[Packet], subnets: Iterable[Network] = ()) -> None:
        """Hold packets of a network whose own addresses are in `subnets`."""
        self.packets = tuple(packets)
        self._subnets = tuple(subnets)

    def __len__(self) -> int:
        return len(self.packets)

    def __iter__(self) -> Iterator[Packet]:
        return iter(self.packets)

    def __repr__(self) -> str:
        shown = ", ".join(f"{flow} x{count.packets}" for flow, count in list(self.flows().items())[:5])
        return f"<Traffic {len(self)} packets: {shown}>"

    @property
    def frame_bytes(self) -> int:
        """All bytes on the cable."""
        return sum(packet.frame_bytes for packet in self)

    @property
    def payload_bytes(self) -> int:
        """Bytes behind the transport headers, those sent again by TCP included."""
        return sum(packet.payload_bytes for packet in self)

    def where(self, keep: Callable[[Packet], bool]) -> "Traffic":
        """The packets that a function keeps."""
        return Traffic(filter(keep, self.packets), self._subnets)

    def select(
        self,
        *,
        source: str | None = None,
        destination: str | None = None,
        source_port: int | None = None,
        destination_port: int | None = None,
        protocol: int | None = None,
    ) -> "Traffic":
        """The packets that fit everything given. Addresses may carry a zone (fe80::1%wlan0)."""
        wanted = {
            "source": _address(source),
            "destination": _address(destination),
            "source_port": source_port,
            "destination_port": destination_port,
            "protocol": protocol,
        }
        given = [(name, value) for name, value in wanted.items() if value is not None]
        return self.where(lambda packet: all(getattr(packet, name) == value for name, value in given))

    def flows(self) -> dict[Flow, FlowCount]:
        """Packets and bytes for each (source, destination, ports, protocol), in order of appearance."""
        counts: dict[Flow, FlowCount] = {}
        for packet in self:
            count = counts.setdefault(_flow(packet), FlowCount())
            count.packets += 1
            count.frame_bytes += packet.frame_bytes
            count.payload_bytes += packet.payload_bytes
        return counts

    def name_queries(self) -> "Traffic":
        """Packets to a port where names are asked for or told: DNS, mDNS, LLMNR, NetBIOS, over UDP or TCP."""
        return self.where(lambda packet: packet.destination_port in NAME_PORTS)

    def non_local(self) -> "Traffic":
        """Packets to an address beyond this network: not in its subnets, not link-local, not loopback.

        ARP requests for such an address count: they are the try.
        """
        return self.where(lambda packet: not self._is_local(packet.destination))

    def from_kernel(self) -> "Traffic":
        """ARP, IGMP, MLD, neighbour discovery and ICMP errors: what the operating system sends by itself."""
        return self.where(lambda packet: packet.from_kernel)

    def from_programs(self) -> "Traffic":
        """All the rest."""
        return self.where(lambda packet: not packet.from_kernel)

    def answer_bytes(self, *, server: str, port: int, client: str) -> int:
        """TCP payload that the server at `port` sent to `client`: a stranger is to get none (P1)."""
        return self.select(source=server, source_port=port, destination=client, protocol=TCP).payload_bytes

    def stream_bytes(self) -> int:
        """TCP payload without what TCP sent again: what programs wrote, summed over connections.

        Counted by sequence numbers [RFC 9293 3.4], so frames that the watcher missed count too.
        """
        streams: list[_Stream] = []
        newest: dict[Flow, _Stream] = {}
        for packet in self:
            if packet.protocol != TCP or packet.source_port is None:
                continue
            flow, syn = _flow(packet), bool(packet.tcp_flags & SYN)
            stream = newest.get(flow)
            if stream is None or (syn and packet.tcp_sequence != stream.first):
                stream = newest[flow] = _Stream(packet.tcp_sequence, syn=syn)
                streams.append(stream)
            stream.add(packet)
        return sum(stream.length for stream in streams)

    def _is_local(self, address: Address | None) -> bool:
        return address is None or any(address in network for network in (*_LOCAL, *self._subnets))


class _Stream:
    """The bytes of one direction of a TCP connection, by the highest sequence number."""

    def __init__(self, first: int, *, syn: bool) -> None:
        self.first = first
        self.length = 0
        self._origin = first + 1 if syn else first  # a SYN takes one number

    def add(self, packet: Packet) -> None:
        """Take note of a segment."""
        if not packet.payload_bytes:
            return
        # The numbers wrap at 2^32: of all readings take the one next to where the stream is.
        here = (packet.tcp_sequence - self._origin - self.length + 2**31) % 2**32 - 2**31 + self.length
        self.length = max(self.length, here + packet.payload_bytes)


def _flow(packet: Packet) -> Flow:
    ends = packet.source, packet.source_port, packet.destination, packet.destination_port
    return Flow(*ends, packet.protocol)


def _address(text: str | None) -> Address | None:
    return None if text is None else ipaddress.ip_address(text.partition("%")[0])
