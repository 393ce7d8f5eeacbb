"""The local network: links, pipes, and who shouts or connects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType, Protocol

from satchel.core.session.stripes import PathCounts

Address = NewType("Address", bytes)  # 16 bytes: IPv6, or IPv4 as ::ffff:a.b.c.d; no scope

FLIGHT_BYTES = 256
DATAGRAM_BYTES = 530


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a datagram or a connection came from or goes to."""

    address: Address
    port: int
    scope: int = 0  # interface index; needed for IPv6 link-local addresses


class Pipe(Protocol):
    """A connected stream of bytes, used by blocking calls from one or more threads.

    Every call raises EnvironmentProblem when the connection is gone or the deadline has passed.
    """

    local: Endpoint  # our own end of the connection
    remote: Endpoint

    def send_all(self, data: bytes | bytearray | memoryview) -> None: ...
    def receive_into(self, buffer: memoryview) -> int:
        """Bytes read, at least 1. Raises EnvironmentProblem at the end of the stream, too."""
        ...

    def receive_all(self, buffer: memoryview) -> None:
        """Fill all of `buffer`. Raises EnvironmentProblem when the stream ends first."""
        ...

    def waiting_bytes(self) -> int:
        """How much has come and can be received without waiting."""
        ...

    def set_deadline(self, seconds: float | None) -> None:
        """Each send or receive that begins from now on may take this long at most without any progress."""
        ...

    def path(self) -> PathCounts:
        """What was sent, sent again and acknowledged over this connection so far."""
        ...

    def tolerate_loss(self) -> bool:
        """Take a lost segment for an accident, not for a full network. True where that is new.

        Only where something is lost: on a good cable it costs speed (docs/decisions/0062).
        """
        ...

    def keep_queue_short(self) -> None:
        """Hold little back that has not left yet: what is sent next may then go by another pipe."""
        ...

    def set_patience(self, seconds: int) -> None:
        """How long the other side's machine may take nothing or be silent before it counts as gone."""
        ...

    def close(self) -> None:
        """Close at once; calls blocked in other threads end with EnvironmentProblem. May be repeated."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What tells one network from another with the same addresses. Never sent."""

    gateway_mac: bytes  # 6 bytes, of the router
    subnet: Address  # its first address
    prefix_bits: int  # of 128


class Link(Protocol):
    """One address of one interface while it is up, with the sockets bound to it."""

    interface: str
    index: int  # of the interface: the scope of what is dialled on it
    address: Address
    port: int  # the TCP port opened last; 0 for a Lan made with listening=False

    @property
    def surroundings(self) -> Surroundings | None:
        """None: there is no router, or nobody has talked to it yet."""
        ...

    def shout(self, datagram: bytes) -> None:
        """Send one datagram of 530 bytes to the group on this link; a failure is not an error."""
        ...

    def whisper(self, address: Address, datagram: bytes) -> None:
        """To one address on this link, and to nobody where it is not on it; a failure is not an error."""
        ...

    def open_port(self) -> int:
        """Listen on another port, too, which becomes `port`. Raises EnvironmentProblem: none is left."""
        ...

    def close_port(self, port: int) -> None:
        """No longer listen on this one; who was taken there stays. One that is not open is no error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp:
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown:
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A datagram of exactly 530 bytes from an on-link source, not our own."""

    link: Link
    source: Endpoint  # address and scope to dial; its port is the UDP source port, of no use
    datagram: bytes


class Arrival(Protocol):
    """Somebody who connected and sent exactly 256 bytes in time. Exactly one method is called, once."""

    flight: bytes
    link: Link
    local: Endpoint
    remote: Endpoint

    @property
    def is_waiting(self) -> bool:
        """False once it went away, or had to make room for others."""
        ...

    def take(self) -> Pipe: ...
    def drain(self) -> None:
        """Answer nothing; the connection is read and thrown away for a random while, then closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    arrival: Arrival


LanEvent = LinkUp | LinkDown | Heard | Arrived


class Lan(Protocol):
    """All links of this machine. Used from one asyncio loop."""

    async def next_event(self) -> LanEvent: ...
    def links(self) -> Sequence[Link]: ...
    def look(self) -> None:
        """Look at the interfaces now: what is not the network any more that it was goes down before anything
        is sent to it. Done every second, too. Half a millisecond."""
        ...

    async def dial(self, endpoint: Endpoint, *, within_s: float) -> Pipe:
        """Connect. Raises EnvironmentProblem when nobody answers, MisuseError for an address that is
        neither on-link nor private: Satchel sends no packet to the Internet."""
        ...

    async def close(self) -> None: ...
