"""Flights that sessions of now have announced: each ticket opens pipes of one hand-over, and nothing else.

A contact that dialled a session dials for its hand-overs, too, whoever gives; here is what the other side
waits for. Spec: docs/spec/delivery.md, section 4.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from satchel.core.session.flight import Recognised, check_flight
from satchel.core.session.handshake import Purpose, SessionKeys
from satchel.core.session.resumption import SecretKey
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node import greeting
from satchel.node.draining import drain
from satchel.ports import Arrival, Entropy, Pipe

HMACS_A_TICKET = 2  # one for our own end, one for a typed address
FLIGHTS_MAX = 64  # of one ticket; more is somebody trying

Come = Callable[[Pipe, SessionKeys], None]


@dataclass(slots=True)
class _Ticket:
    key: SecretKey
    come: Come = field(repr=False)
    seen: set[bytes]  # ephemeral keys, so that none is opened by a replay


class Tickets:
    """`expect` and `forget` from any thread, the rest from one asyncio loop."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._tickets: dict[bytes, _Ticket] = {}
        self._lock = threading.Lock()

    def expect(self, secret: bytes, purpose: Purpose, come: Come) -> None:
        """From now on flights under this secret are answered. `come(pipe, keys)` is called for each, in a
        thread of its own: it owns the pipe."""
        ticket = _Ticket(SecretKey.of(secret, purpose), come, set())
        with self._lock:
            self._tickets[secret] = ticket

    def forget(self, secret: bytes) -> None:
        """None is answered any more. Not to expect it is no error."""
        with self._lock:
            self._tickets.pop(secret, None)

    @property
    def check_hmacs(self) -> int:
        """What it costs to find out that a flight has none."""
        return HMACS_A_TICKET * len(self._tickets)

    def recognise(self, arrival: Arrival) -> Recognised[SecretKey] | None:
        """Whose flight this is, if it is of a ticket; a replay is of none."""
        with self._lock:
            keys = [ticket.key for ticket in self._tickets.values()]
        end = arrival.local
        return check_flight(arrival.flight, keys=keys, address=end.address, port=end.port)

    async def admit(self, arrival: Arrival, recognised: Recognised[SecretKey]) -> None:
        """Answer it, and hand the pipe over to who expects it; a replay is drained."""
        with self._lock:
            ticket = self._tickets.get(recognised.key.secret)
        if ticket is None or recognised.ephemeral in ticket.seen or len(ticket.seen) >= FLIGHTS_MAX:
            arrival.drain()
            return
        ticket.seen.add(recognised.ephemeral)
        try:
            pipe = arrival.take()
        except EnvironmentProblem:
            return  # it did not wait
        try:
            keys = await greeting.in_thread(pipe, greeting.answer_again, pipe, recognised, self._entropy)
        except EnvironmentProblem:
            pipe.close()
            return
        except PeerError:  # a good proof and a bad Noise message
            drain(pipe, self._entropy)
            return
        pipe.set_deadline(None)
        threading.Thread(target=ticket.come, args=(pipe, keys), name="satchel-ticket", daemon=True).start()
