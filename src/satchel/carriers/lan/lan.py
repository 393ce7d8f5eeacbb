"""All links of this machine: looks every second which there are, and dials.

Sends no packet of its own accord. A link that changes in any way goes down first, with all its connections
reset, and comes up as a new one: nothing of one network is carried into the next (W1).
"""

import asyncio
import contextlib
import errno
import socket
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from satchel.carriers.lan.addresses import (
    PORT_MIN,
    format_address,
    is_ipv4,
    is_on_link,
    may_dial,
    needs_scope,
    pack_ip,
    socket_address,
    unpack,
)
from satchel.carriers.lan.events import Backlog
from satchel.carriers.lan.interfaces import Place, Survey, survey
from satchel.carriers.lan.link import LanLink
from satchel.carriers.lan.pipe import SocketPipe
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import Arrived, Endpoint, Heard, LanEvent, Link

SURVEY_EVERY_S = 1.0
SLEPT_S = 30.0  # after a longer gap the networks around may be others under the same addresses
GATEWAY_RESETS_APART_S = 30.0  # somebody who forges the router's address shall not keep a link down


class LocalNetwork:
    """The Lan of ports/. Use it with `async with`, from one event loop."""

    def __init__(
        self,
        *,
        listening: bool,
        draw: Callable[[int], bytes],
        now_s: Callable[[], float],
        whispers: bool = False,
        port: int = 0,
        look: Callable[[], Survey] = survey,
    ) -> None:
        """
        Args:
            listening: whether links have a door (Link.port); without one others cannot dial us.
            port: a fixed one to listen on, where a firewall lets nothing else through. Whoever watches
                knows the device again by it (W1). 0: drawn anew for each link, and now and then.
            whispers: whether links hear what is sent to our address alone, too: for contacts.
            draw: random bytes, `count` of them.
            now_s: a clock that never goes back and goes on while the machine sleeps (CLOCK_BOOTTIME).
            look: lists the addresses of this machine; blocks for a millisecond at most.
        """
        self._listening = listening
        self._whispers = whispers
        self._port = port
        self._draw = draw
        self._now_s = now_s
        self._survey = look
        self._links: dict[Place, LanLink] = {}
        self._pipes: weakref.WeakSet[SocketPipe] = weakref.WeakSet()
        self._gateway_macs: dict[str, str] = {}
        self._gateway_reset_s: dict[str, float] = {}
        self._surveyed_s: float | None = None
        self._backlog = Backlog()
        self._news = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        self.look()
        self._watch = asyncio.create_task(self._watch_interfaces(), name="watch interfaces")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def next_event(self) -> LanEvent:
        """As in ports. Cancelling loses nothing. Raises MisuseError after close."""
        while True:
            if self._closed:
                raise MisuseError("the local network was closed")
            event = self._backlog.pop()
            if event is not None:
                return event
            self._news.clear()
            await self._news.wait()

    def links(self) -> Sequence[Link]:
        return tuple(self._links.values())

    async def dial(self, endpoint: Endpoint, *, within_s: float) -> SocketPipe:
        if self._closed:
            raise MisuseError("the local network was closed")
        self._check_may_dial(endpoint)
        link = self._link_towards(endpoint)
        if needs_scope(endpoint.address) and endpoint.scope == 0:
            if link is None:
                raise MisuseError(
                    "This address is on every network: it does not say on which one.",
                    safe="Nothing was sent.",
                    do="Add the interface, for example [fe80::5%wlan0]:40000.",
                )
            endpoint = Endpoint(address=endpoint.address, port=endpoint.port, scope=link.place.index)
        connected = await _connect(endpoint, link.place if link else None, within_s)
        pipe = SocketPipe(connected)
        gone = link is not None and self._links.get(link.place) is not link
        if self._closed or gone:
            pipe.abort()
            raise EnvironmentProblem("The network went away.")
        self._pipes.add(pipe)
        return pipe

    async def close(self) -> None:
        """Close everything, pipes too. May be repeated."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
            self._watch = None
        for link in self._links.values():
            link.close()
        self._links.clear()
        for pipe in list(self._pipes):
            pipe.close()
        self._news.set()

    async def _watch_interfaces(self) -> None:
        while True:
            await asyncio.sleep(SURVEY_EVERY_S)
            self.look()

    def look(self) -> None:
        """As in ports."""
        try:
            found = self._survey()
        except (OSError, ValueError):
            return  # no memory for a list: look again in a second, with the links as they are
        now_s = self._now_s()
        slept = self._surveyed_s is not None and now_s - self._surveyed_s > SLEPT_S
        self._surveyed_s = now_s
        moved = self._moved_interfaces(found, now_s)
        for place, link in list(self._links.items()):
            if slept or place not in found.places or place.interface in moved:
                self._take_down(link)
        for pipe in list(self._pipes):
            # Over an interface without a link, a tunnel for one: the address at least must still be ours.
            if slept or pipe.local.address not in found.addresses:
                pipe.abort()
        for place in found.places:
            if place not in self._links:
                self._bring_up(place)
        for place, link in self._links.items():
            link.gateway_mac = found.gateway_macs.get(place.interface)

    def _moved_interfaces(self, found: Survey, now_s: float) -> set[str]:
        """Interfaces behind which another router answers now. Not known yet is not another."""
        moved = set()
        for interface, mac in found.gateway_macs.items():
            if self._gateway_macs.get(interface, mac) != mac:
                last_s = self._gateway_reset_s.get(interface)
                if last_s is not None and now_s - last_s < GATEWAY_RESETS_APART_S:
                    continue
                self._gateway_reset_s[interface] = now_s
                moved.add(interface)
            self._gateway_macs[interface] = mac
        return moved

    def _bring_up(self, place: Place) -> None:
        try:
            link = LanLink(
                place,
                listening=self._listening,
                port=self._port,
                whispers=self._whispers,
                draw=self._draw,
                now_s=self._now_s,
                is_own=self._is_own,
                on_event=self._tell,
                on_taken=self._pipes.add,
            )
        except OSError:
            return  # an IPv6 address is not usable for its first second (RFC 4862 5.4): try again then
        self._links[place] = link
        self._backlog.up(link)
        self._news.set()

    def _take_down(self, link: LanLink) -> None:
        del self._links[link.place]
        link.close()
        for pipe in list(self._pipes):
            if pipe.local.address in link.place.own_addresses and pipe.local.scope in (0, link.place.index):
                pipe.abort()
        self._backlog.down(link)
        self._news.set()

    def _is_own(self, source: Endpoint) -> bool:
        return any(link.speaks_from(source) for link in self._links.values())

    def _tell(self, event: Heard | Arrived) -> None:
        self._backlog.add(event)
        self._news.set()

    def _check_may_dial(self, endpoint: Endpoint) -> None:
        networks = [network for place in self._links for network in place.networks]
        if endpoint.port < PORT_MIN or not may_dial(endpoint.address, networks):
            raise MisuseError(
                f"{format_address(endpoint.address)} is not an address of a network around you.",
                safe="Nothing was sent: Satchel sends no packet to the Internet.",
                do="Type the address that the other device shows, of a network you are both in.",
            )

    def _link_towards(self, endpoint: Endpoint) -> LanLink | None:
        """The link whose network holds this address, so that the connection can be bound to it. Where
        several do, a scope must say which; else the kernel's routes decide."""
        links = [
            link
            for link in self._links.values()
            if endpoint.scope in (0, link.place.index) and is_on_link(endpoint.address, link.place.networks)
        ]
        return links[0] if len(links) == 1 else None


async def _connect(endpoint: Endpoint, place: Place | None, within_s: float) -> socket.socket:
    family = socket.AF_INET if is_ipv4(endpoint.address) else socket.AF_INET6
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        if place is not None:
            _bind_to(connecting, place, endpoint)
        async with asyncio.timeout(within_s):
            await asyncio.get_running_loop().sock_connect(connecting, socket_address(endpoint))
        if connecting.getsockname() == connecting.getpeername():
            # TCP's simultaneous open (RFC 9293 3.5): a dial to a free local port can meet itself.
            raise ConnectionRefusedError
    except (OSError, TimeoutError) as exc:
        connecting.close()
        raise EnvironmentProblem(
            "Nobody answers at this address.",
            safe="Nothing of yours was sent.",
            do="Check that both devices are in the same network, and that the other one still waits.",
        ) from exc
    except BaseException:
        connecting.close()  # cancelled
        raise
    return connecting


def _bind_to(connecting: socket.socket, place: Place, endpoint: Endpoint) -> None:
    """Leave by this interface and from its address, whatever the routes say: a VPN's routes would carry
    the packet, and the neighbour's address in it, somewhere else."""
    ours = next(n for n in place.networks if is_on_link(endpoint.address, (n,)))
    own_machine = any(n.ip == unpack(endpoint.address) for n in place.networks)
    if not place.is_loopback and not own_machine:
        # Linux before 5.7 allows this to root only; then the source address alone must do.
        with contextlib.suppress(PermissionError):
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, place.interface.encode() + b"\0")
    connecting.bind(socket_address(Endpoint(address=pack_ip(ours.ip), port=0, scope=place.index)))


def require_free_port(port: int) -> None:
    """Before a fixed port is listened on. Raises EnvironmentProblem: another program does."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probing:
        probing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probing.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            probing.bind(("::", port))
            probing.listen(1)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                return  # no IPv6 here: what is wrong shows where it is used
            raise EnvironmentProblem(
                f"Another program listens on port {port}.",
                safe="Nothing was sent.",
                do=f"See which one: ss -ltnp 'sport = :{port}'. Choose another, or leave --port out.",
            ) from exc
