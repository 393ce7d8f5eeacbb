"""A network in one process: what is shouted is heard by all, and connections are real ones on loopback."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence

from satchel.carriers.lan.addresses import pack
from satchel.carriers.lan.pipe import SocketPipe
from satchel.errors import EnvironmentProblem
from satchel.ports import (
    FLIGHT_BYTES,
    Address,
    Arrived,
    Endpoint,
    Heard,
    Lan,
    LanEvent,
    Link,
    LinkDown,
    LinkUp,
    Surroundings,
)


class Air:
    """Who hears whom."""

    def __init__(self) -> None:
        self.lans: list[PretendLan] = []
        self.shouted: list[tuple[Address, bytes]] = []  # what a watcher has written down

    def break_all(self) -> None:
        """All connections end now; those who wait for one another find each other again."""
        for lan in self.lans:
            lan.break_all()


class PretendLink:
    interface = "wlan0"
    index = 0
    surroundings: Surroundings | None = None

    def __init__(self, lan: "PretendLan", address: str, port: int) -> None:
        self._lan = lan
        self.address: Address = pack(address)
        self.port = port

    def shout(self, datagram: bytes) -> None:
        self._lan.tell_others(Endpoint(address=self.address, port=1), datagram)

    def whisper(self, address: Address, datagram: bytes) -> None:
        self._lan.tell_others(Endpoint(address=self.address, port=1), datagram, only=address)

    def open_port(self) -> int:
        self.port = self._lan.open_port()
        return self.port

    def close_port(self, port: int) -> None:
        self._lan.close_port(port)


class PretendArrival:
    is_waiting = True

    def __init__(self, lan: "PretendLan", connected: socket.socket, flight: bytes) -> None:
        self._lan = lan
        self._connected = connected
        self.flight = flight
        self.link: Link = lan.link
        self.local, self.remote = (
            Endpoint(address=pack(host), port=port)
            for host, port in (connected.getsockname(), connected.getpeername())
        )

    def take(self) -> SocketPipe:
        self._connected.setblocking(True)
        return self._lan.keep(SocketPipe(self._connected))

    def drain(self) -> None:
        """The connection stays, silent, until the network ends."""


class PretendLan:
    """ports.Lan. Use it with `async with`."""

    def __init__(self, air: Air, address: str, *, listening: bool) -> None:
        self._air = air
        self._address = address
        self._doors: dict[int, tuple[socket.socket, asyncio.Task[None]]] = {}
        self._first = socket.create_server((address, 0)) if listening else None
        self.link = PretendLink(self, address, self._first.getsockname()[1] if self._first else 0)
        self._connected: list[socket.socket] = []
        self._pipes: list[SocketPipe] = []
        self._events: asyncio.Queue[LanEvent] = asyncio.Queue()
        self.put = self._events.put_nowait
        self.is_muted = False  # nothing that is shouted gets out

    async def __aenter__(self) -> "PretendLan":
        self._air.lans.append(self)
        if self._first is not None:
            self._serve(self._first)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def open_port(self) -> int:
        return self._serve(socket.create_server((self._address, 0)))

    def close_port(self, port: int) -> None:
        door, accepting = self._doors.pop(port)
        accepting.cancel()
        door.close()

    def _serve(self, door: socket.socket) -> int:
        door.setblocking(False)
        port: int = door.getsockname()[1]
        self._doors[port] = door, asyncio.create_task(self._accept(door))
        return port

    def change_link(self, address: str) -> None:
        """Another network: all connections are reset, and the link is a new one."""
        self.break_all()
        self._events.put_nowait(LinkDown(link=self.link))
        self._address = address
        self.link = PretendLink(self, address, 0)
        self.link.port = self.open_port()
        self._events.put_nowait(LinkUp(link=self.link))

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(address=self.link.address, port=self.link.port)

    def tell_others(self, source: Endpoint, datagram: bytes, only: Address | None = None) -> None:
        self._air.shouted.append((source.address, datagram))
        if self.is_muted and only is None:
            return
        for lan in self._air.lans:
            if lan is not self and only in (None, lan.link.address):
                lan._events.put_nowait(Heard(link=lan.link, source=source, datagram=datagram))

    def forget_what_was_heard(self) -> None:
        while not self._events.empty():
            self._events.get_nowait()

    def keep(self, pipe: SocketPipe) -> SocketPipe:
        self._pipes.append(pipe)
        return pipe

    def break_all(self) -> None:
        for pipe in self._pipes:
            pipe.abort()
        self._pipes.clear()

    async def next_event(self) -> LanEvent:
        return await self._events.get()

    def links(self) -> Sequence[Link]:
        return (self.link,)

    def look(self) -> None:
        """The tests say what changes."""

    async def dial(self, endpoint: Endpoint, *, within_s: float) -> SocketPipe:
        host = socket.inet_ntoa(endpoint.address[-4:])
        connecting = socket.socket()
        connecting.setblocking(False)
        try:
            connecting.bind((socket.inet_ntoa(self.link.address[-4:]), 0))
            async with asyncio.timeout(within_s):
                await asyncio.get_running_loop().sock_connect(connecting, (host, endpoint.port))
        except (OSError, TimeoutError) as exc:
            connecting.close()
            raise EnvironmentProblem("nobody answers") from exc
        except BaseException:
            connecting.close()  # cancelled
            raise
        connecting.setblocking(True)
        return self.keep(SocketPipe(connecting))

    async def close(self) -> None:
        self._air.lans.remove(self)
        for door, accepting in self._doors.values():
            accepting.cancel()
            await asyncio.wait([accepting])
            door.close()
        for pipe in self._pipes:
            pipe.close()
        for connected in self._connected:
            connected.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connected, _ = await loop.sock_accept(listening)
            connected.setblocking(False)
            self._connected.append(connected)
            flight = b""
            with contextlib.suppress(OSError):
                while len(flight) < FLIGHT_BYTES:
                    part = await loop.sock_recv(connected, FLIGHT_BYTES - len(flight))
                    if not part:
                        break
                    flight += part
            try:
                if len(flight) < FLIGHT_BYTES:
                    raise OSError("It went away before its flight was whole.")
                arrival = PretendArrival(self, connected, flight)
            except OSError:
                connected.close()
            else:
                self.put(Arrived(arrival=arrival))


def is_a_lan(lan: PretendLan) -> Lan:
    """mypy: it is one."""
    return lan
