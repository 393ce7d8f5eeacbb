"""Everything about an address that needs no socket: packing, on-link, may it be dialled, reading a typed one.

Pure but for interface_index, a question to the kernel. Never resolves a name: a question to a DNS server
leaves the network and tells its operator, and everybody on the way, who runs Satchel
(docs/decisions/0042-addresses-not-names.md).
"""

import socket
from collections.abc import Callable, Iterable
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
)

from satchel.errors import MisuseError
from satchel.ports import Address, Endpoint, Link

PORT_MIN = 1024  # nobody's beacon may send us to another program's well-known port [code-and-rendezvous 4.5]
PORT_MAX = 65535
TYPED_LENGTH_MAX = 128

OnLink = IPv4Interface | IPv6Interface  # an address of ours with the prefix of its network

LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
# RFC 1918, RFC 6598 (also the range of several mesh networks), RFC 3927, RFC 4193, RFC 4291 2.5.6.
# Site-local fec0::/10 is deprecated (RFC 3879); 6to4, Teredo and NAT64 lead to the Internet.
PRIVATE = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("169.254.0.0/16"),
    IPv6Network("fe80::/10"),
    IPv6Network("fc00::/7"),
)


def pack(text: str) -> Address:
    """16 bytes of an IP literal; a zone is dropped, ::ffff:a.b.c.d is the same as a.b.c.d."""
    return pack_ip(ip_address(text.partition("%")[0]))


def pack_ip(ip: IPv4Address | IPv6Address) -> Address:
    if isinstance(ip, IPv4Address):
        return Address(bytes(10) + b"\xff\xff" + ip.packed)
    return Address(ip.packed)


def unpack(address: Address) -> IPv4Address | IPv6Address:
    """The address with v4-mapped reduced, as both ends of a connection must see it."""
    ip = IPv6Address(bytes(address))
    return ip.ipv4_mapped or ip


def is_ipv4(address: Address) -> bool:
    return isinstance(unpack(address), IPv4Address)


def needs_scope(address: Address) -> bool:
    """Whether an interface must be named to reach it: fe80::/10 is on every link (RFC 4007)."""
    ip = unpack(address)
    return ip.version == 6 and ip.is_link_local


def socket_address(endpoint: Endpoint) -> tuple[str, int] | tuple[str, int, int, int]:
    """What connect and bind want. The host is always a literal without a zone: asyncio hands any other
    text to getaddrinfo, and that may ask a server."""
    ip = unpack(endpoint.address)
    if isinstance(ip, IPv4Address):
        return str(ip), endpoint.port
    return str(ip), endpoint.port, 0, endpoint.scope if ip.is_link_local else 0


def endpoint_of(sockaddr: tuple[str, int] | tuple[str, int, int, int]) -> Endpoint:
    """The reverse of socket_address, for what the kernel reports."""
    address = pack(sockaddr[0])
    scope = sockaddr[3] if len(sockaddr) == 4 and needs_scope(address) else 0
    return Endpoint(address=address, port=sockaddr[1], scope=scope)


def is_on_link(address: Address, networks: Iterable[OnLink]) -> bool:
    """Whether it is a neighbour's unicast address in one of these networks of ours."""
    ip = unpack(address)
    if ip.is_multicast or ip.is_unspecified:
        return False
    for ours in networks:
        if ours.version != ip.version or ip not in ours.network:
            continue
        if isinstance(ours, IPv4Interface) and ours.network.prefixlen < 31 and not ip.is_loopback:
            # The network and broadcast addresses are nobody's: one packet to them reaches everybody.
            return ip not in (ours.network.network_address, ours.network.broadcast_address)
        return True
    return False


def may_dial(address: Address, networks: Iterable[OnLink]) -> bool:
    """Loopback, private, or on-link of one of our interfaces: everything else could be the Internet.

    A neighbour's datagram or a typed address must never make us send a packet there: it would show
    the use of Satchel to the provider, and make of us a tool to knock at foreign doors (P3).
    """
    networks = tuple(networks)
    if is_on_link(address, networks):
        return True
    ip = unpack(address)
    if any(ip.version == n.version and ip in n.network for n in networks if not n.network.is_loopback):
        return False  # on-link, but the network's own or its broadcast address
    return any(ip.version == n.version and ip in n for n in (*LOOPBACK, *PRIVATE))


def format_address(address: Address) -> str:
    return str(unpack(address))


def show_endpoint(link: Link) -> str:
    """Where this link listens, HOST:PORT, as a person types it on another machine. Without a zone: it
    would have to be the name of the other machine's interface."""
    ip = unpack(link.address)
    return f"{ip}:{link.port}" if isinstance(ip, IPv4Address) else f"[{ip}]:{link.port}"


def interface_index(name: str) -> int | None:
    """The index of the interface with this name, None if there is none."""
    try:
        return socket.if_nametoindex(name)
    except (OSError, ValueError):
        return None


def parse_endpoint(text: str, zone_index: Callable[[str], int | None] = interface_index) -> Endpoint:
    """Read what a person typed: 192.168.1.5:40000, [fd00::5]:40000, [fe80::5%wlan0]:40000.

    Args:
        text: one address and port; a host name is refused, since to resolve it asks a server.
        zone_index: the index of the interface with this name, None if there is none.
    Raises:
        MisuseError: anything else, with what to type instead.
    """
    text = text.strip()
    if len(text) > TYPED_LENGTH_MAX:
        raise _not_an_endpoint("the text is too long for an address and a port")
    host, port_text = _split(text)
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) <= 5):
        raise _not_an_endpoint("there is no port behind the address")
    port = int(port_text)
    if not PORT_MIN <= port <= PORT_MAX:
        raise _not_an_endpoint(f"a port of Satchel lies between {PORT_MIN} and {PORT_MAX}")
    literal, percent, zone = host.partition("%")
    try:
        address = pack(literal)
    except ValueError as exc:
        raise MisuseError(
            "That is not an IP address.",
            safe="Nothing was sent: Satchel asks no name server.",
            do="Type the numbers that the other device shows, for example 192.168.1.5:40000.",
        ) from exc
    if not percent:
        return Endpoint(address=address, port=port)
    index = zone_index(zone)
    if index is None or not needs_scope(address):
        raise _not_an_endpoint("the part behind % names no interface of this machine, or is not needed")
    return Endpoint(address=address, port=port, scope=index)


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or not rest.startswith(":"):
            raise _not_an_endpoint("there is no port behind the address")
        return host, rest[1:]
    if text.count(":") > 1:
        raise _not_an_endpoint("an IPv6 address stands in brackets, so that its port can be told apart")
    host, _, port = text.partition(":")
    return host, port


def _not_an_endpoint(why: str) -> MisuseError:
    return MisuseError(
        f"That is not an address and a port: {why}.",
        safe="Nothing was sent.",
        do="Type for example 192.168.1.5:40000 or [fe80::5%wlan0]:40000.",
    )
