"""The door of one link: accepts TCP, reads exactly 256 bytes, and says nothing at all before take().

The policy is in pools.py; here are its sockets. Never looks at what the 256 bytes are.
Spec: docs/spec/code-and-rendezvous.md 6.1, decision 0043. Promises P1 (a prober gets nothing) and P3 (a
stranger costs a bounded amount).
"""

import asyncio
import itertools
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from satchel.carriers.lan.addresses import PORT_MIN, endpoint_of, format_address
from satchel.carriers.lan.interfaces import Place
from satchel.carriers.lan.pacing import Bucket
from satchel.carriers.lan.pipe import SocketPipe
from satchel.carriers.lan.pools import Close, Drain, Effect, Pools, Stage
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import FLIGHT_BYTES, Endpoint, Link

BACKLOG = 128
PORT_TRIES = 16
ACCEPTS_PER_TURN = 16
# Slower than a flood, faster than any honest crowd: in a flood that goes on a place lasts 32 / 300 s, many
# round trips of a neighbour whose flight comes with the first packet; and it bounds our CPU (P3).
ACCEPTS_PER_S = 300.0
# A crowd that comes at once gets in at once, and the invited one in it: 360 knocks cost 0.04 s of a core.
ACCEPTS_BURST = 256.0
REST_S = 0.05
SWEEP_S = 0.25
DISCARD_BYTES = 16 * 1024  # of each drained connection at each sweep: a firehose costs us little

# While it is unproved a connection may fill little kernel memory. Afterwards autotuning must work again:
# a set size is locked, SO_BUF_LOCK (Linux 5.14) unlocks it. Over loopback: below 0.002 GB/s locked,
# 1.8 GB/s as below, 2 to 2.8 GB/s never touched. On the listener itself it would also fix the window scale.
UNPROVED_BUFFER_BYTES = 8 * 1024
PROVED_BUFFER_BYTES = 128 * 1024
SO_BUF_LOCK = 72


@dataclass(slots=True, kw_only=True)
class _Guest:
    """One unproved connection."""

    connection: socket.socket
    local: Endpoint
    remote: Endpoint
    flight: bytearray = field(default_factory=bytearray)


class Visit:
    """The Arrival of ports/: a whole flight, waiting for the node's judgement."""

    def __init__(self, listener: "Listener", key: int, guest: _Guest, link: Link) -> None:
        self._listener = listener
        self._key = key
        self._judged = False
        self.flight = bytes(guest.flight)
        self.link = link
        self.local = guest.local
        self.remote = guest.remote

    @property
    def is_waiting(self) -> bool:
        """False when it was judged, went away by itself, or was pushed out by a flood."""
        return not self._judged and self._listener.is_ready(self._key)

    def take(self) -> SocketPipe:
        """As in ports. Raises EnvironmentProblem when the connection is gone."""
        self._judge()
        return self._listener.take(self._key)

    def drain(self) -> None:
        self._judge()
        self._listener.drain(self._key)

    def _judge(self) -> None:
        if self._judged:
            raise MisuseError("an arrival is judged once")
        self._judged = True


class Listener:
    """Bound to one address; its port comes from the kernel's ephemeral range, or is a fixed one."""

    def __init__(
        self,
        place: Place,
        *,
        draw: Callable[[int], bytes],
        now_s: Callable[[], float],
        on_visit: Callable[[int], None],
        on_taken: Callable[[SocketPipe], None],
        port: int = 0,
    ) -> None:
        """Raises OSError when the address or the port cannot be used (yet).

        Args:
            port: a fixed one; 0: whatever the kernel gives.
            on_visit: called with the key of each whole flight; `visit` makes the Arrival of it.
            on_taken: called with each pipe that take() made.
        """
        self._draw = draw
        self._now_s = now_s
        self._on_visit = on_visit
        self._on_taken = on_taken
        self._pools = Pools()
        self._guests: dict[int, _Guest] = {}
        self._keys = itertools.count()
        self._pace = Bucket(ACCEPTS_PER_S, ACCEPTS_BURST, now_s())
        self._loop = asyncio.get_running_loop()
        self._rest: asyncio.TimerHandle | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._socket = _open_listener(place, port)
        self.port = endpoint_of(self._socket.getsockname()).port
        self._loop.add_reader(self._socket, self._accept)

    def visit(self, key: int, link: Link) -> Visit:
        return Visit(self, key, self._guests[key], link)

    def is_ready(self, key: int) -> bool:
        return self._pools.stage(key) is Stage.READY

    def take(self, key: int) -> SocketPipe:
        if not self.is_ready(key):
            # Too late: it left, was pushed out by a flood, or is being drained already.
            raise EnvironmentProblem("The other device did not wait.")
        self._pools.release(key)
        guest = self._guests.pop(key)
        try:
            guest.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PROVED_BUFFER_BYTES)
            guest.connection.setsockopt(socket.SOL_SOCKET, SO_BUF_LOCK, 0)
        except OSError:
            pass  # an older kernel: slower, not wrong
        pipe = SocketPipe(guest.connection)
        self._on_taken(pipe)
        return pipe

    def drain(self, key: int) -> None:
        self._carry_out(self._pools.reject(key, self._now_s()))

    def close(self) -> None:
        for timer in (self._rest, self._sweep):
            if timer is not None:
                timer.cancel()
        if self._socket.fileno() != -1:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        for key in list(self._guests):
            self._dismiss(key)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            if not self._pace.has_token(self._now_s()):
                self._loop.remove_reader(self._socket)
                self._rest = self._loop.call_later(REST_S, self._wake)
                return
            try:
                connection, sockaddr = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:
                self._pace.spend()  # it is gone again, or no descriptors are left: counted, so as not to spin
                return
            self._pace.spend()
            self._admit(connection, endpoint_of(sockaddr))

    def _wake(self) -> None:
        self._rest = None
        self._loop.add_reader(self._socket, self._accept)

    def _admit(self, connection: socket.socket, remote: Endpoint) -> None:
        connection.setblocking(False)
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNPROVED_BUFFER_BYTES)
            local = endpoint_of(connection.getsockname())
        except OSError:
            connection.close()
            return
        key = next(self._keys)
        self._guests[key] = _Guest(connection=connection, local=local, remote=remote)
        chance = int.from_bytes(self._draw(4), "big") / 2**32
        self._carry_out(self._pools.arrive(key, remote.address, self._now_s(), chance))
        self._loop.add_reader(connection, self._read_flight, key)
        if self._sweep is None:
            self._sweep = self._loop.call_later(SWEEP_S, self._sweep_pools)

    def _read_flight(self, key: int) -> None:
        guest = self._guests[key]
        try:
            # Not a byte more: what follows the flight belongs to the pipe.
            data = guest.connection.recv(FLIGHT_BYTES - len(guest.flight))
        except BlockingIOError:
            return
        except OSError:
            self._dismiss(key)
            return
        if not data:
            # The other side sends no more. To close now would tell it that we noticed (P1).
            self._loop.remove_reader(guest.connection)
            return
        guest.flight += data
        if len(guest.flight) == FLIGHT_BYTES:
            self._loop.remove_reader(guest.connection)
            self._carry_out(self._pools.complete(key, self._now_s()))
            self._on_visit(key)

    def _sweep_pools(self) -> None:
        self._sweep = None
        for key in self._pools.draining():
            self._discard(key)
        self._carry_out(self._pools.expire(self._now_s()))
        if self._guests:
            self._sweep = self._loop.call_later(SWEEP_S, self._sweep_pools)

    def _discard(self, key: int) -> None:
        """Read and throw away: a close over unread data is a reset, and would look different (P1)."""
        try:
            self._guests[key].connection.recv(DISCARD_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._dismiss(key)

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Drain(key=key):
                    guest = self._guests[key]
                    guest.flight.clear()
                    self._loop.remove_reader(guest.connection)
                case Close(key=key):
                    self._dismiss(key)

    def _dismiss(self, key: int) -> None:
        guest = self._guests.pop(key)
        self._pools.release(key)
        self._loop.remove_reader(guest.connection)
        guest.connection.close()


def _open_listener(place: Place, port: int) -> socket.socket:
    host = format_address(place.address)
    for _ in range(PORT_TRIES):
        listening = socket.socket(socket.AF_INET if place.is_ipv4 else socket.AF_INET6, socket.SOCK_STREAM)
        try:
            listening.setblocking(False)
            if port:  # connections of an earlier run may still be closing there
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if place.is_ipv4:
                listening.bind((host, port))
            else:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listening.bind((host, port, 0, place.scope))
            if listening.getsockname()[1] >= PORT_MIN:
                listening.listen(BACKLOG)
                return listening
        except OSError:
            listening.close()
            raise
        listening.close()
    raise OSError("the kernel's range of ephemeral ports lies below 1024")
