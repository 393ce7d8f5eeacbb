"""The node meets its contacts: shouts and listens on every link, dials whom it hears, lets in who dials.

Carries out what core's Beacon decides, one of them for each link (docs/spec/discovery.md), and gives each
session that has opened to company.py. How a stranger's flights are paid: front_door.py. Used from one asyncio
loop, which nothing here blocks: what waits for a disk, a network or Noise has a thread.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, assert_never

from satchel.core.discovery import beacon as b
from satchel.core.discovery.hearing import Budget
from satchel.core.discovery.people import People
from satchel.core.discovery.rendezvous import Shout, WakeAt
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Tags
from satchel.core.session.handshake import SessionKeys
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.node import clock, encounter, events, greeting
from satchel.node.acquaintance import Acquaintance
from satchel.node.company import Company
from satchel.node.delivery.tickets import Tickets
from satchel.node.encounter import Opener, Session
from satchel.node.front_door import FrontDoor
from satchel.node.keeping_time import keep_time
from satchel.node.node_clock import NodeClock
from satchel.node.own_thread import in_own_thread
from satchel.node.place import Place, network_of
from satchel.node.typed_address import try_each
from satchel.ports import (
    Address,
    Arrival,
    Arrived,
    Endpoint,
    Entropy,
    Heard,
    Lan,
    LanEvent,
    Link,
    LinkDown,
    LinkUp,
    Pipe,
)
from satchel.ports.contacts import Contact, Contacts

DIAL_S = 5.0
SEEK_DIAL_S = 2.0  # who has our keys answers at once


class Neighbours:
    """One for a running node. `run` it; while it runs, `meet` and `seek` may be called."""

    def __init__(
        self,
        *,
        lan: Lan,
        entropy: Entropy,
        contacts: Contacts,
        node_clock: NodeClock,
        aes: bool,
        macs_per_s: float,
        mode: b.Mode,
        talk: Callable[[Session], None],
        tickets: Tickets,
        report: events.Report,
    ) -> None:
        """
        Args:
            macs_per_s: how many marks one core of this machine looks up in a second.
            talk: what to do with a session, in a thread of its own: see Company.
            tickets: what may be dialled here besides, by who has a session.
        """
        self._lan = lan
        self._entropy = entropy
        self._contacts = contacts
        self._clock = node_clock
        self._mode = mode
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._opener = Opener(clock=node_clock, entropy=entropy, aes=aes)
        self._people = People(tags=Tags(), spent=Spent(contacts.spent_nonces()))
        self._budget = Budget(macs_per_s=macs_per_s)
        self._door = FrontDoor(node_clock, contacts, entropy, tickets, start=self._start, let_in=self._let_in)
        self._network = partial(network_of, contacts.network_salt())
        self._company = Company(
            people=self._people, contacts=contacts, network=self._network, talk=talk, report=report
        )
        self._known: dict[ContactId, Acquaintance] = {}
        self._stored: list[StoredAddress] = []
        self._meets_until_s = float("-inf")
        self._places: dict[int, Place] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = self._loop.create_future()
        for contact in contacts.all():
            self.put(contact)

    # --- contacts -----------------------------------------------------------------------------------

    def put(self, contact: Contact) -> None:
        """A contact is new."""
        self._known[contact.id] = Acquaintance(contact, self._contacts, self._changed_in_thread)
        self._changed(contact)

    def forget(self, contact: ContactId) -> None:
        """It is not known any more: what there is with it ends, and nothing of it is shouted or let in."""
        self._known.pop(contact, None)
        self._people.forget(contact)
        self._door.forget(contact)
        self._company.part(contact)

    async def refresh(self) -> None:
        """What is stored of contacts was changed: take it over. Raises EnvironmentProblem."""
        stored = {contact.id: contact for contact in await in_own_thread(self._contacts.all)}
        gone = self._known.keys() - stored.keys()
        for contact in gone:
            self.forget(contact)
        new = [one for one in stored.values() if one.id not in self._known]
        for known in list(self._known.values()):
            await in_own_thread(known.told, stored[known.contact.id])
        for one in new:
            self.put(one)
        for place in list(self._places.values()) if new or gone else ():
            now_s, reading, chance = self._now()
            renewed = place.machine.renew(reading=reading, now_s=now_s, chance=chance)
            self._carry_out(place, renewed)

    def contact(self, contact: ContactId) -> Contact | None:
        """As it is known now; None: it was forgotten."""
        return self._known[contact].contact if contact in self._known else None

    def _changed_in_thread(self, contact: Contact) -> None:
        self._loop.call_soon_threadsafe(self._changed, contact)

    def _changed(self, contact: Contact) -> None:
        """It is found by what it has stored now, and by nothing of before (W4); not if it was forgotten."""
        known, offset_s = self._known.get(contact.id), self._clock.offset_s(contact.id)
        if known is None:
            return
        self._people.put(contact.id, contact.pair.epochs, offset_s=offset_s)
        self._door.put(contact.id, known.pair, offset_s=offset_s)

    def set_mail(self, contact: ContactId, waits: bool) -> None:
        """Whether anything waits for it: then it is looked for first, and dialled at once where it is."""
        self._people.set_mail(contact, waits=waits)
        if waits and not self._company.is_with_us(contact):
            for place in list(self._places.values()):
                self._carry_out(place, place.machine.mail_came(contact, clock.awake_and_asleep_s()))

    # --- running ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until it is cancelled; then says Bye to everybody. Raises what went wrong inside."""
        await in_own_thread(self._make_ready)
        for link in self._lan.links():
            self._up(link)
        self._tell_addresses()
        for work in (self._listen(), self._door.serve(), keep_time(self._clock, self._company.tell_trouble)):
            self._start(work)
        try:
            await asyncio.shield(self._failed)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _make_ready(self) -> None:
        """The way from a year ago to this day is long: it is gone here, and not on the loop (P3)."""
        self._people.tags.near(self._clock.read())
        self._door.make_ready()

    def set_mode(self, mode: b.Mode) -> None:
        """From now on so, on every link."""
        self._mode = mode
        for place in list(self._places.values()):
            now_s, reading, chance = self._now()
            effects = place.machine.set_mode(mode, reading=reading, now_s=now_s, chance=chance)
            self._carry_out(place, effects)

    def fail(self, problem: Exception) -> None:
        """`run` raises this."""
        if not self._failed.done():
            self._failed.set_exception(problem)

    async def meet(self) -> None:
        """Five minutes open although quiet, and for clocks that are wrong."""
        self._stored = await in_own_thread(self._contacts.addresses)
        self._meets_until_s = clock.awake_and_asleep_s() + b.MEET_S
        for place in list(self._places.values()):
            self._meet_on(place)

    async def seek(self, at: Endpoint) -> None:
        """Dial an address that a person typed, until a contact is met there. A flight is for one contact, so
        each is tried in its turn, in another order each time.

        Raises MisuseError: no address of a network around us.
        """

        async def dial(known: Acquaintance, epoch: int) -> None:
            pipe = await self._connect(at, SEEK_DIAL_S)
            if pipe is not None:
                self._start(self._call(pipe, known, epoch, typed_address=True, link=None))

        await try_each(
            lambda: list(self._known.values()),
            dial,
            draw=self._entropy.draw,
            day=lambda: self._clock.read().day,
            is_met=lambda known: self._company.is_with_us(known.contact.id),
        )

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(task := asyncio.ensure_future(work))
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(problem := task.exception(), Exception):
            self.fail(problem)

    # --- links --------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            self._wake_those_due()
            wake_at_s = min((place.wake_at_s for place in self._places.values()), default=float("inf"))
            wait_s = None if wake_at_s == float("inf") else max(0.0, wake_at_s - clock.awake_and_asleep_s())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    event = await self._lan.next_event()
                self._handle(event)

    def _handle(self, event: LanEvent) -> None:
        match event:
            case LinkUp(link=link):
                self._up(link)
                self._tell_addresses()
            case LinkDown(link=link):
                self._places.pop(id(link), None)
                self._tell_addresses()
            case Heard(link=link, source=source, datagram=datagram):
                if (place := self._places.get(id(link))) is not None:
                    now_s = clock.awake_and_asleep_s()
                    reading = self._clock.read()
                    heard = place.machine.hear(datagram, source.address, reading=reading, now_s=now_s)
                    self._carry_out(place, heard)
            case Arrived(arrival=arrival):
                self._door.knock(arrival, first=self._who_may_be_at(arrival))
            case _:
                assert_never(event)

    def _who_may_be_at(self, arrival: Arrival) -> list[ContactId]:
        address = arrival.remote.address
        place = self._places.get(id(arrival.link))
        heard = [] if place is None else place.machine.here(address, clock.awake_and_asleep_s())
        return [*heard, *self._company.at(address)]

    def _up(self, link: Link) -> None:
        if id(link) in self._places or link.port == 0:
            return
        machine = b.Beacon(
            people=self._people, budget=self._budget, source=link.address, network=self._network(link)
        )
        place = self._places[id(link)] = Place(link, machine)
        now_s, reading, chance = self._now()
        effects = machine.start(self._mode, port=link.port, reading=reading, now_s=now_s, chance=chance)
        self._carry_out(place, effects)
        if now_s < self._meets_until_s:
            self._meet_on(place)

    def _meet_on(self, place: Place) -> None:
        place.machine.network = self._network(place.link)
        now_s, reading, chance = self._now()
        effects = place.machine.meet(self._stored, reading=reading, now_s=now_s, chance=chance)
        self._carry_out(place, effects)

    def _wake_those_due(self) -> None:
        for place in list(self._places.values()):
            now_s, reading, chance = self._now()
            if now_s < place.wake_at_s:
                continue
            place.wake_at_s = float("inf")
            if now_s < self._meets_until_s and place.machine.network is None and self._network(place.link):
                self._meet_on(place)  # the router has been heard of: now it is known who may be here
            else:
                effects = place.machine.wake(reading=reading, now_s=now_s, chance=chance)
                self._carry_out(place, effects)

    def _now(self) -> tuple[float, Reading, bytes]:
        return clock.awake_and_asleep_s(), self._clock.read(), self._entropy.draw(b.RANDOM_BYTES)

    def _carry_out(self, place: Place, effects: Sequence[b.Effect]) -> None:
        recognised: list[b.Recognised] = []
        dials: list[b.Dial] = []
        for effect in effects:
            match effect:
                case Shout(datagram=datagram):
                    if self._is_still(place):
                        place.link.shout(datagram)
                case b.Whisper(address=address, datagram=datagram):
                    if self._is_still(place):
                        place.link.whisper(Address(address), datagram)
                case b.Recognised():
                    recognised.append(effect)
                case b.Dial():
                    dials.append(effect)
                case b.OpenPort():
                    self._open_port(place)
                case b.ClosePort(port=port):
                    place.link.close_port(port)
                case WakeAt(at_s=at_s):
                    place.wake_at_s = at_s
                case _:
                    assert_never(effect)
        if recognised or dials:
            self._start(self._store_and_dial(place.link, recognised, dials))

    def _is_still(self, place: Place) -> bool:
        """Nothing of one network leaves on the next (W1): look whether this is the one that it was."""
        self._lan.look()
        return place.link in self._lan.links()

    def _open_port(self, place: Place) -> None:
        try:
            port = place.link.open_port()
        except EnvironmentProblem:
            return  # the beacon goes on with the old one
        now_s, reading, chance = self._now()
        opened = place.machine.opened(port, reading=reading, now_s=now_s, chance=chance)
        # Later: what is being carried out at this moment may end with a WakeAt of before.
        self._loop.call_soon(self._carry_out, place, opened)
        self._tell_addresses()

    def _tell_addresses(self) -> None:
        links = sorted((link for link in self._lan.links() if link.port), key=lambda link: link.index)
        self._report(events.Reachable(links=tuple(links)))

    # --- sessions -----------------------------------------------------------------------------------

    async def _store_and_dial(
        self, link: Link, recognised: Sequence[b.Recognised], dials: Sequence[b.Dial]
    ) -> None:
        """What was recognised is on the disk before anybody could see that it was (W1, P3)."""
        try:
            for one in recognised:
                await in_own_thread(self._contacts.spend_nonce, one.contact, one.epoch, one.nonce)
        except EnvironmentProblem as problem:
            self._company.tell_trouble(problem)
            return
        except MisuseError:
            return  # forgotten since
        for dial in dials:
            known = self._known.get(dial.contact)
            endpoint = Endpoint(address=Address(dial.address), port=dial.port, scope=link.index)
            pipe = await self._connect(endpoint, DIAL_S) if known is not None else None
            if known is not None and pipe is not None:
                await self._call(pipe, known, dial.epochs[0], typed_address=False, link=link)

    async def _connect(self, endpoint: Endpoint, within_s: float) -> Pipe | None:
        try:
            return await self._lan.dial(endpoint, within_s=within_s)
        except EnvironmentProblem:
            return None

    async def _call(
        self, pipe: Pipe, known: Acquaintance, epoch: int, *, typed_address: bool, link: Link | None
    ) -> None:
        patience_s = SEEK_DIAL_S if typed_address else greeting.STEP_S
        await self._company.open_and_hold(
            pipe,
            partial(
                encounter.call,
                pipe,
                known,
                epoch,
                self._opener,
                typed_address=typed_address,
                patience_s=patience_s,
            ),
            known,
            link,
        )

    def _let_in(
        self, arrival: Arrival, pipe: Pipe, contact: ContactId, flight: bytes, keys: SessionKeys
    ) -> None:
        """The front door has found that this is a contact."""
        if (known := self._known.get(contact)) is None:
            pipe.close()  # forgotten while it waited
            return
        answer = partial(encounter.answer, listening_port=lambda: arrival.link.port)
        opening = partial(answer, pipe, flight, keys, known, self._opener)
        self._start(self._company.let_in(pipe, opening, known, arrival.link))
