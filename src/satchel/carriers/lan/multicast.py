"""The ears and the voice of one link: UDP to the link-local group, or to one neighbour, and nothing else.

Hears only what arrives on this interface, from an on-link source, of exactly 530 bytes, not
sent by this very object, and not more a second than pacing.py allows. Reads no meaning in it. Why this
group and port: docs/decisions/0041-group-and-port.md.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from satchel.carriers.lan.addresses import endpoint_of, format_address, is_on_link, socket_address
from satchel.carriers.lan.interfaces import Place
from satchel.carriers.lan.pacing import Gate
from satchel.ports import DATAGRAM_BYTES, Address, Endpoint

GROUP_IPV4 = IPv4Address("224.0.0.181")
GROUP_IPV6 = IPv6Address("ff02::7361")
PORT = 61530

# linux/in.h, linux/in6.h; absent in Python's socket module before 3.14
IP_PKTINFO = 8
_IN_PKTINFO = struct.Struct("=i4s4s")  # interface index, our address, (when heard) their destination
_IN6_PKTINFO = struct.Struct("=16si")
IP_MULTICAST_ALL = 49
IPV6_MULTICAST_ALL = 29

QUEUE_BYTES = 128 * 1024  # in the kernel; about a hundred datagrams
READS_PER_TURN = 32
REST_S = 0.05  # at most 640 datagrams a second are even read: the rest falls out of the kernel's queue


class Voice:
    """Sends from the link's own address, by its own interface. Works with no route at all."""

    def __init__(self, place: Place) -> None:
        """Raises OSError when the address cannot be used (yet)."""
        host = format_address(place.address)
        self._place = place
        if place.is_ipv4:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._group: tuple[str, int] | tuple[str, int, int, int] = (str(GROUP_IPV4), PORT)
        else:
            self._socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            self._group = (str(GROUP_IPV6), PORT, 0, place.index)
        try:
            self._socket.setblocking(False)
            if place.is_ipv4:
                # Without this the kernel asks its routes and fails with ENETUNREACH where there is none.
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreqn(place))
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
                self._socket.bind((host, 0))
            else:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, place.index)
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
                self._socket.bind((host, 0, 0, place.scope))
            self.endpoint = endpoint_of(self._socket.getsockname())
        except OSError:
            self._socket.close()
            raise

    def shout(self, datagram: bytes) -> None:
        """A failure is not an error: the link may be going down at this moment."""
        try:
            self._socket.sendto(datagram, self._group)
        except OSError:
            return

    def whisper(self, address: Address, datagram: bytes) -> None:
        """To one neighbour, by this interface whatever the routes say. A failure is not an error."""
        if not is_on_link(address, self._place.networks):
            return
        there = Endpoint(address=address, port=PORT, scope=self._place.index)
        try:
            self._socket.sendmsg([datagram], [self._leaving_here()], 0, socket_address(there))
        except OSError:
            return

    def _leaving_here(self) -> tuple[int, int, bytes]:
        ours, index = bytes(self._place.address), self._place.index
        if self._place.is_ipv4:
            return socket.IPPROTO_IP, IP_PKTINFO, _IN_PKTINFO.pack(index, ours[12:], bytes(4))
        return socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, _IN6_PKTINFO.pack(ours, index)

    def close(self) -> None:
        self._socket.close()


class Ear:
    """Hears on one link, and hands over what deserves a look."""

    def __init__(
        self,
        place: Place,
        opened: socket.socket,
        *,
        is_own: Callable[[Endpoint], bool],
        now_s: Callable[[], float],
        on_heard: Callable[[Endpoint, bytes], None],
    ) -> None:
        """
        Args:
            opened: by `open_group_ear` or `open_own_ear`; it is closed with this one.
            is_own: whether a datagram from there was sent by ourselves, on this link or on another one
                that is in the same network (a cable and the Wi-Fi of one router).
        """
        self._place = place
        self._is_own = is_own
        self._now_s = now_s
        self._on_heard = on_heard
        self._gate = Gate(now_s())
        self._rest: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = opened
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        if self._socket.fileno() != -1:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        for _ in range(READS_PER_TURN):
            try:
                # One byte more than allowed tells a longer datagram from a right one.
                data, info, _, source = self._socket.recvmsg(
                    DATAGRAM_BYTES + 1, socket.CMSG_SPACE(_IN6_PKTINFO.size)
                )
            except OSError:
                return  # nothing more; or the interface went down, and the next survey says so
            self._consider(data, info, source)
        self._loop.remove_reader(self._socket)
        self._rest = self._loop.call_later(REST_S, self._wake)

    def _wake(self) -> None:
        self._rest = None
        self._loop.add_reader(self._socket, self._read)

    def _consider(
        self,
        data: bytes,
        info: list[tuple[int, int, bytes]],
        sockaddr: tuple[str, int] | tuple[str, int, int, int],
    ) -> None:
        if len(data) != DATAGRAM_BYTES or not self._came_in_here(info):
            return
        source = endpoint_of(sockaddr)
        if self._is_own(source) or not is_on_link(source.address, self._place.networks):
            return
        if self._gate.admit(source.address, self._now_s()):
            # With the interface, for IPv4 too: a dial to it leaves only where it was heard.
            dialled = Endpoint(address=source.address, port=source.port, scope=self._place.index)
            self._on_heard(dialled, data)

    def _came_in_here(self, info: list[tuple[int, int, bytes]]) -> bool:
        """The kernel tells where the datagram arrived: an address does not bind a socket to an interface."""
        for level, kind, payload in info:
            if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
                return bool(_IN_PKTINFO.unpack(payload)[0] == self._place.index)
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
                return bool(_IN6_PKTINFO.unpack(payload)[1] == self._place.index)
        return False


def open_group_ear(place: Place) -> socket.socket:
    """What is shouted. Raises OSError when the group cannot be joined on this interface."""
    ear = _new_ear(place)
    try:
        if place.is_ipv4:
            # Otherwise a socket hears what any other program joined, on every interface (ip(7)).
            ear.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
            ear.bind((str(GROUP_IPV4), PORT))  # to the group: no unicast datagram reaches this socket
            ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, GROUP_IPV4.packed + mreqn(place)[4:])
        else:
            ear.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
            ear.bind((str(GROUP_IPV6), PORT, 0, place.index))  # the scope binds it to the interface
            join = GROUP_IPV6.packed + struct.pack("=i", place.index)
            ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, join)
    except OSError:
        ear.close()
        raise
    return ear


def open_own_ear(place: Place) -> socket.socket:
    """What is said to our address alone. Raises OSError when the address cannot be used (yet).

    Of several processes on one machine the last one hears.
    """
    ear = _new_ear(place)
    try:
        host = format_address(place.address)
        ear.bind((host, PORT) if place.is_ipv4 else (host, PORT, 0, place.scope))
    except OSError:
        ear.close()
        raise
    return ear


def _new_ear(place: Place) -> socket.socket:
    ear = socket.socket(socket.AF_INET if place.is_ipv4 else socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        ear.setblocking(False)
        # Several processes on one machine all hear; each multicast datagram goes to every such socket.
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE_BYTES)
        if place.is_ipv4:
            ear.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    except OSError:
        ear.close()
        raise
    return ear


def mreqn(place: Place) -> bytes:
    """struct ip_mreqn without a group: our address, and the interface that really decides."""
    return bytes(4) + bytes(place.address)[12:] + struct.pack("=i", place.index)
