"""Whether this machine lets Satchel's datagrams out and in, tried with a datagram that never leaves it.

A datagram to a multicast group comes back to the machine that sent it, through the same filters as one of
another device: the kernel's firewalls see it go out by the link's interface, and come in by it. With hop
limit 0 it goes no further (ip(7), ipv6(7)). It is sent to "all hosts" of the link, a group that every machine
is in from the start: to join Satchel's own would be told on the cable (IGMP, MLD), and a look at one's own
machine must tell nobody anything (W). TCP cannot be tried so: a connection to oneself goes by the loopback.
docs/decisions/0095-doctor-tries-with-a-datagram-that-stays.md
"""

import contextlib
import errno
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address

from satchel.carriers.lan.addresses import format_address
from satchel.carriers.lan.interfaces import IFF_POINTOPOINT, Place, flags_by_interface, survey
from satchel.carriers.lan.multicast import GROUP_IPV4, GROUP_IPV6, PORT, mreqn
from satchel.carriers.lan.routes import way_to

ALL_HOSTS_IPV4 = IPv4Address("224.0.0.1")
ALL_HOSTS_IPV6 = IPv6Address("ff02::1")
TRIES = 2
WAIT_S = 0.2  # it comes back within microseconds; a busy machine may be late
HEARD_MAX_BYTES = 64
DATAGRAMS_MAX = 100  # of others, to look at while waiting for ours
# An address of the Internet that is nobody's (RFC 5737): the kernel is asked for its way, nothing is sent.
ELSEWHERE = IPv4Address("192.0.2.1")


class Hearing(Enum):
    """What became of a datagram of our own."""

    HEARD = "it came back"
    LOST = "it went out, and was not let in again"
    REFUSED = "it was not let out"
    UNUSABLE = "the socket could not be made"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProbe:
    """One address of one interface, tried."""

    interface: str
    is_ipv4: bool
    on_port: Hearing  # Satchel's UDP port
    elsewhere: Hearing  # a port drawn by the kernel: whether all that was not opened is kept out
    answers_leave_by: str | None = None  # where an answer to a neighbour would go; None: nowhere, or IPv6


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkProbe:
    """What one look at the networks of this machine found."""

    flags: dict[str, int]  # by interface
    links: tuple[LinkProbe, ...]  # without the loopback
    port_is_busy: bool
    internet_by: str | None  # the interface of a default route, by whatever rule


def probe_network(nonce: bytes, *, leave_out: Callable[[str], bool]) -> NetworkProbe:
    """Look once: milliseconds where all is well, half a second more for each address that is shut.

    Args:
        nonce: 16 random bytes; no packet leaves this machine with them.
        leave_out: interfaces, by name, that are not tried.
    Raises:
        OSError: the kernel gives no list of addresses.
    """
    places = [place for place in survey().places if not place.is_loopback and not leave_out(place.interface)]
    return NetworkProbe(
        flags=flags_by_interface(),
        links=tuple(probe_link(place, nonce) for place in places),
        port_is_busy=port_is_busy(),
        internet_by=_way(ELSEWHERE, unknown=None),
    )


def probe_link(place: Place, nonce: bytes) -> LinkProbe:
    on_port = _try(place, nonce, PORT)
    return LinkProbe(
        interface=place.interface,
        is_ipv4=place.is_ipv4,
        on_port=on_port,
        elsewhere=_try(place, nonce, 0) if on_port is Hearing.HEARD else on_port,
        answers_leave_by=_way_to_a_neighbour(place),
    )


def port_is_busy() -> bool:
    """Whether another program holds Satchel's UDP port for itself. Another Satchel does not."""
    for family, group in ((socket.AF_INET, GROUP_IPV4), (socket.AF_INET6, GROUP_IPV6)):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            scope = () if family == socket.AF_INET else (0, socket.if_nametoindex("lo"))
            try:
                trial.bind((str(group), PORT, *scope))
            except OSError as exc:
                if exc.errno == errno.EADDRINUSE:
                    return True
    return False


def is_tunnel(flags: int) -> bool:
    return bool(flags & IFF_POINTOPOINT)


def _way_to_a_neighbour(place: Place) -> str | None:
    ours = place.networks[0]
    if not isinstance(ours, IPv4Interface):
        return None  # link-local: the interface is part of the address
    if ours.network.prefixlen > 30:
        return place.interface  # too small for a neighbour
    first, second = ours.network[1], ours.network[2]
    return _way(second if first == ours.ip else first, unknown=place.interface)


def _way(ip: IPv4Address, *, unknown: str | None) -> str | None:
    """`unknown`: the answer where the kernel may not be asked, in a sandbox for one."""
    try:
        return way_to(ip)
    except OSError:
        return unknown


def _try(place: Place, nonce: bytes, port: int) -> Hearing:
    family = socket.AF_INET if place.is_ipv4 else socket.AF_INET6
    try:
        with (
            socket.socket(family, socket.SOCK_DGRAM) as ear,
            socket.socket(family, socket.SOCK_DGRAM) as voice,
        ):
            ear.setblocking(False)
            ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _aim(voice, place)
            if place.is_ipv4:
                ear.bind((str(ALL_HOSTS_IPV4), port))
            else:
                ear.bind((str(ALL_HOSTS_IPV6), port, 0, place.index))
            target = ear.getsockname()
            for _ in range(TRIES):
                try:
                    voice.sendto(nonce, target)
                except OSError as exc:
                    return Hearing.REFUSED if exc.errno in (errno.EPERM, errno.EACCES) else Hearing.UNUSABLE
                if _hears(ear, nonce):
                    return Hearing.HEARD
    except OSError:
        return Hearing.UNUSABLE  # the interface went down while we looked, or its address is not usable yet
    return Hearing.LOST


def _aim(voice: socket.socket, place: Place) -> None:
    """As multicast.Voice, but for the hop limit: nothing leaves this machine."""
    host = format_address(place.address)
    if place.is_ipv4:
        voice.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreqn(place))
        voice.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        voice.bind((host, 0))
    else:
        voice.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, place.index)
        voice.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 0)
        voice.bind((host, 0, 0, place.scope))


def _hears(ear: socket.socket, nonce: bytes) -> bool:
    for _ in range(DATAGRAMS_MAX):
        if not select.select([ear], [], [], WAIT_S)[0]:
            return False
        with contextlib.suppress(OSError):
            if ear.recv(HEARD_MAX_BYTES) == nonce:
                return True
    return False
