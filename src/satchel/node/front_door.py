"""Whose is this first flight? Of all who connect, contacts are let in, and nobody else gets a byte (P1).

To find out costs two HMACs for each key that we have, so flights wait in a queue, are paid from a budget,
and are checked a few keys at a time: the loop has other work (P3). Spec: docs/spec/session.md, 3 and 7.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from itertools import islice
from typing import Any

from satchel.core.identity.contacts import ContactId
from satchel.core.session.contact import (
    Answer,
    ContactKey,
    ContactKeys,
    Drain,
    MeetingKeys,
    answer,
    remember,
)
from satchel.core.session.flight import ANSWER_FILL_BYTES, Recognised, check_flight
from satchel.core.session.handshake import EPHEMERAL_BYTES, SessionKeys
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.node import clock
from satchel.node.delivery.tickets import Tickets
from satchel.node.node_clock import NodeClock
from satchel.node.own_thread import in_own_thread
from satchel.node.proofs import ProofQueue
from satchel.ports import Arrival, Entropy, Pipe
from satchel.ports.contacts import Contacts

HOUR_S = 3600
HMACS_A_KEY = 2  # one for our own end, one for a typed address
KEYS_AT_ONCE = 128  # half a millisecond
JUDGED_AT_ONCE_MAX = 4  # flights of one contact: more of them are somebody's trying (M3)

Start = Callable[[Coroutine[Any, Any, None]], None]
LetIn = Callable[[Arrival, Pipe, ContactId, bytes, SessionKeys], None]


@dataclass(frozen=True, slots=True)
class _Knock:
    arrival: Arrival
    first: Collection[ContactId]


class FrontDoor:
    """Used from one asyncio loop."""

    def __init__(
        self,
        node_clock: NodeClock,
        contacts: Contacts,
        entropy: Entropy,
        tickets: Tickets,
        *,
        start: Start,
        let_in: LetIn,
    ) -> None:
        """
        Args:
            tickets: of hand-overs that sessions have announced; looked at first, they are few.
            start: runs something beside the loop's other work.
            let_in: called with each contact's flight: the connection, what to answer, and the keys.
        """
        self._start = start
        self._clock = node_clock
        self._contacts = contacts
        self._entropy = entropy
        self._tickets = tickets
        self._let_in = let_in
        self._keys = ContactKeys()
        self._queue: ProofQueue[_Knock] = ProofQueue(clock.monotonic_s())
        self._news = asyncio.Event()
        self._judging: Counter[ContactId] = Counter()

    def put(self, contact: ContactId, pair: MeetingKeys, *, offset_s: int) -> None:
        """A contact is new, or what is kept of it has changed."""
        self._keys.put(contact, pair, ahead_hours=offset_s // HOUR_S)

    def forget(self, contact: ContactId) -> None:
        self._keys.forget(contact)

    def make_ready(self) -> None:
        """The keys of this hour: half a second, where nobody of many was met for a year. Blocks; nothing else
        of this class may be called meanwhile."""
        reading = self._clock.read()
        next(self._keys.at(reading.hour if reading.plausible else None), None)

    def knock(self, arrival: Arrival, *, first: Collection[ContactId]) -> None:
        """Somebody connected. `first`: whose beacon was recognised at that address."""
        crowded_out = self._queue.arrive(
            _Knock(arrival, first),
            bytes(arrival.remote.address),
            is_known=bool(first),
            now_s=clock.monotonic_s(),
        )
        for one in crowded_out:
            one.arrival.drain()
        self._news.set()

    async def serve(self) -> None:
        """Look at one after the other, until it is cancelled."""
        while True:
            knock = self._queue.take(clock.monotonic_s())
            if knock is None:
                await self._rest()
            elif knock.arrival.is_waiting:
                await self._look_at(knock)

    async def _rest(self) -> None:
        rest_s = self._queue.rest_s(clock.monotonic_s())
        if rest_s == float("inf"):
            self._news.clear()
            await self._news.wait()
        else:
            await asyncio.sleep(rest_s)

    async def _look_at(self, knock: _Knock) -> None:
        arrival, reading = knock.arrival, self._clock.read()
        self._queue.spend(self._tickets.check_hmacs)
        if (ticket := self._tickets.recognise(arrival)) is not None:
            self._start(self._tickets.admit(arrival, ticket))
            return
        keys = self._keys.at(reading.hour if reading.plausible else None, first=knock.first)
        while some := list(islice(keys, KEYS_AT_ONCE)):
            self._queue.spend(HMACS_A_KEY * len(some))
            end = arrival.local
            recognised = check_flight(arrival.flight, keys=some, address=end.address, port=end.port)
            if recognised is not None:
                self._judge_soon(arrival, recognised)
                return
            await asyncio.sleep(0)
        arrival.drain()

    def _judge_soon(self, arrival: Arrival, recognised: Recognised[ContactKey]) -> None:
        contact = recognised.key.contact
        if self._judging[contact] >= JUDGED_AT_ONCE_MAX:
            arrival.drain()
            return
        self._judging[contact] += 1
        self._start(self._judge(arrival, recognised))

    async def _judge(self, arrival: Arrival, recognised: Recognised[ContactKey]) -> None:
        """Its key is on the disk before a byte is answered: it opens nothing a second time (P2)."""
        contact = recognised.key.contact
        try:
            answered = await in_own_thread(self._remember_and_answer, recognised)
        finally:
            self._judging[contact] -= 1
        match answered:
            case Drain():
                arrival.drain()
            case Answer(flight=flight, keys=keys):
                try:
                    pipe = arrival.take()
                except EnvironmentProblem:
                    return  # it did not wait
                self._let_in(arrival, pipe, contact, flight, keys)

    def _remember_and_answer(self, recognised: Recognised[ContactKey]) -> Answer | Drain:
        asked = remember(recognised)
        try:
            is_remembered = self._contacts.remember_flight(
                asked.contact, asked.epoch, asked.ephemeral, places=asked.places
            )
        except (EnvironmentProblem, MisuseError):  # the disk is full, or the contact was forgotten
            return Drain()
        return answer(
            recognised,
            is_remembered=is_remembered,
            ephemeral=self._entropy.draw(EPHEMERAL_BYTES),
            fill=self._entropy.draw(ANSWER_FILL_BYTES),
        )
