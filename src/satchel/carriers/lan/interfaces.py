"""The addresses of this machine, and which of them become links.

`ifaddr` lists addresses (docs/decisions/0040-ifaddr.md), the kernel's flags come by ioctl: unlike
/sys/class/net it always speaks of the network namespace this process is in. Sends nothing.
"""

import fcntl
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path

import ifaddr

from satchel.carriers.lan.addresses import OnLink, interface_index, pack_ip
from satchel.carriers.lan.gateways import default_gateways, hardware_addresses
from satchel.ports import Address

SIOCGIFFLAGS = 0x8913  # netdevice(7)
IFF_UP = 0x1
IFF_LOOPBACK = 0x8
IFF_POINTOPOINT = 0x10
IFF_RUNNING = 0x40
IFF_MULTICAST = 0x1000

LINKS_MAX = 32  # a machine with hundreds of virtual interfaces must not cost hundreds of sockets
PROC_FILE_MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One address of one interface that can carry a link. Two are equal if nothing about them changed."""

    interface: str
    index: int
    address: Address
    networks: tuple[OnLink, ...]  # of this interface and family, ours first
    is_loopback: bool

    @property
    def is_ipv4(self) -> bool:
        return self.networks[0].version == 4

    @property
    def own_addresses(self) -> frozenset[Address]:
        return frozenset(pack_ip(network.ip) for network in self.networks)

    @property
    def scope(self) -> int:
        return self.index if self.networks[0].version == 6 and self.networks[0].ip.is_link_local else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one look at the machine found."""

    places: tuple[Place, ...]
    addresses: frozenset[Address]  # all addresses of interfaces that are up, with links or without
    gateway_macs: dict[str, str]  # by interface, as far as known


def survey() -> Survey:
    """Look once. About half a millisecond. Raises OSError if the kernel gives no list."""
    places: list[Place] = []
    addresses: set[Address] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for name, index, networks in _addresses_by_interface():
            flags = _flags(asking, name)
            if not flags & IFF_UP:
                continue
            addresses.update(pack_ip(network.ip) for network in networks)
            if carries_links(flags):
                places += choose_places(name, index, networks, is_loopback=bool(flags & IFF_LOOPBACK))
    gateways = default_gateways(_proc("route"))
    macs = hardware_addresses(_proc("arp"))
    return Survey(
        places=tuple(places[:LINKS_MAX]),
        addresses=frozenset(addresses),
        gateway_macs={name: macs[name, ip] for name, ip in gateways.items() if (name, ip) in macs},
    )


def flags_by_interface() -> dict[str, int]:
    """The kernel's flags of every interface, with addresses or without. Raises OSError as survey()."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        return {name: _flags(asking, name) for _, name in socket.if_nameindex()}


def carries_links(flags: int) -> bool:
    """Up, with a carrier, and a network of neighbours. A point-to-point interface is nearly always a
    tunnel: who is behind it is elsewhere, and the tunnel's operator would hear every beacon (W1)."""
    if flags & (IFF_UP | IFF_RUNNING) != IFF_UP | IFF_RUNNING or flags & IFF_POINTOPOINT:
        return False
    return bool(flags & (IFF_LOOPBACK | IFF_MULTICAST))


def choose_places(name: str, index: int, networks: Iterable[OnLink], *, is_loopback: bool) -> list[Place]:
    """One place per family at most, so that a device speaks once per network.

    IPv4: a given address before a self-made one (169.254/16). IPv6: link-local before all else, since it
    is there without a router and says nothing about the site. On the loopback IPv4 only: Linux has no
    multicast route for IPv6 there.
    """
    networks = tuple(networks)
    ipv4 = sorted((n for n in networks if isinstance(n, IPv4Interface)), key=lambda n: n.ip.is_link_local)
    ipv6 = sorted(
        (n for n in networks if isinstance(n, IPv6Interface) and not is_loopback),
        key=lambda n: (not n.ip.is_link_local, not n.ip.is_private),
    )
    return [
        Place(
            interface=name,
            index=index,
            address=pack_ip(family[0].ip),
            networks=tuple(family),
            is_loopback=is_loopback,
        )
        for family in (ipv4, ipv6)
        if family
    ]


def _addresses_by_interface() -> list[tuple[str, int, list[OnLink]]]:
    found: dict[str, tuple[int, list[OnLink]]] = {}
    for adapter in ifaddr.get_adapters():
        name = str(adapter.name).partition(":")[0]  # "eth0:1" is a label of an address on eth0
        index = interface_index(name)
        if index is None:
            continue  # it went away while we looked
        networks = found.setdefault(name, (index, []))[1]
        for entry in adapter.ips:
            text = entry.ip if isinstance(entry.ip, str) else entry.ip[0]
            networks.append(ip_interface(f"{text.partition('%')[0]}/{entry.network_prefix}"))
    return [(name, index, networks) for name, (index, networks) in found.items()]


def _flags(asking: socket.socket, name: str) -> int:
    try:
        answer = fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("16s24x", name.encode()))
    except OSError:
        return 0  # it went away while we looked
    return int(struct.unpack_from("=H", answer, 16)[0])


def _proc(table: str) -> str:
    try:
        with Path("/proc/self/net", table).open(encoding="ascii", errors="replace") as file:
            return file.read(PROC_FILE_MAX_BYTES)
    except OSError:
        return ""
