"""The running node: its neighbours and its presence, for the API and for commands that run inside."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from satchel.core.discovery.beacon import Mode
from satchel.core.identity.settings import Accept
from satchel.node import events
from satchel.node.delivery.deliveries import Deliveries, Has
from satchel.node.delivery.giving import LookAt
from satchel.node.delivery.taking import TakingNode
from satchel.node.hardware import has_aes, macs_per_s
from satchel.node.letters.keeping import Mail, keep_post
from satchel.node.letters.office import PostOffice
from satchel.node.neighbours import Neighbours
from satchel.node.node_clock import NodeClock
from satchel.node.own_thread import in_own_thread
from satchel.node.presence import Presence
from satchel.ports import Endpoint, Entropy, Lan, Link, Records, Role, Source
from satchel.ports.contacts import Contact, Contacts
from satchel.ports.queue import Queue, QueueState


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that is not over yet."""

    role: Role
    contact: str | None = None  # its name here; None: by code
    into: bytes = b""  # receiver: the chosen folder

    def told(self) -> dict[str, object]:
        """As a script reads it [api 2.3]."""
        into = self.into.decode("utf-8", "surrogateescape") if self.into else None
        direction = "out" if self.role is Role.SENDER else "in"
        return {"direction": direction, "contact": self.contact, "into": into}


def what_waits(records: Records, contacts: Contacts, queue: Queue) -> list[Waiting]:
    """What goes on when the other side is met. Blocks for some reads. Raises EnvironmentProblem."""
    names = {contact.id: contact.name for contact in contacts.all()}
    by_code = [(role, head) for role in Role for head in records.unfinished(role)]
    coming = [(Role.RECEIVER, head) for head in records.of_contacts(Role.RECEIVER)]
    return [
        Waiting(
            role=role, contact=names.get(head.contact) if head.contact is not None else None, into=head.into
        )
        for role, head in by_code + coming
        if not head.finished
    ] + [
        Waiting(role=Role.SENDER, contact=names.get(queued.contact))
        for queued in queue.all()
        if queued.state is QueueState.WAITING
    ]


class Node:
    """Made and run on one asyncio loop. What begins with `ask_` is for other threads."""

    def __init__(
        self,
        *,
        lan: Lan,
        entropy: Entropy,
        contacts: Contacts,
        records: Records,
        queue: Queue,
        source: Source,
        look_at: LookAt,
        taking: TakingNode | None,
        office: PostOffice | None,
        node_clock: NodeClock,
        mode: Mode,
        show_address: Callable[[Link], str],
        record: events.Report,
    ) -> None:
        """
        Args:
            look_at: what is there now, of paths that a person named. Raises MisuseError, EnvironmentProblem.
            taking: how and where to what contacts give is taken; None: nothing is.
            office: letters, and what is carried; None: nothing is.
            record: hears what becomes of hand-overs before all others, and may take its time.
        """
        self.presence = Presence(mode)
        self._record = record
        self.taking = taking
        has = Has(
            lan=lan,
            entropy=entropy,
            records=records,
            contacts=contacts,
            queue=queue,
            source=source,
            look_at=look_at,
            aes=has_aes(),
            report=self._hear_of_handover,
            office=office,
        )
        self._office = office
        self.deliveries = Deliveries(has, taking=taking)
        self._records, self._contacts, self._queue = records, contacts, queue
        self._show_address = show_address
        self._loop = asyncio.get_running_loop()
        self._neighbours = Neighbours(
            lan=lan,
            entropy=entropy,
            contacts=contacts,
            node_clock=node_clock,
            aes=has_aes(),
            macs_per_s=macs_per_s(),
            mode=mode,
            talk=self.deliveries.talk,
            tickets=self.deliveries.tickets,
            report=self.presence.hear,
        )

    def _hear_of_handover(self, event: events.Event) -> None:
        self._record(event)
        self.presence.hear(event)

    async def run(self) -> None:
        """Until it is cancelled. Raises what went wrong inside."""
        mail = Mail(self._neighbours.set_mail)
        self.deliveries.begin(mail.set_queue)
        keeping = asyncio.ensure_future(self._keep_post(mail))
        try:
            await self._neighbours.run()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep_post(self, mail: Mail) -> None:
        if self._office is None:
            return
        try:
            await keep_post(self._office, mail, self.presence.hear)
        except Exception as exc:  # noqa: BLE001 - `run` raises it
            self._neighbours.fail(exc)

    async def refresh(self) -> None:
        """What is stored of contacts was changed. Raises EnvironmentProblem."""
        await self._neighbours.refresh()
        await in_own_thread(self.deliveries.contacts_changed)
        if self._office is not None:
            await in_own_thread(self._office.contacts_changed)

    def near(self) -> list[tuple[Contact, float]]:
        """Who is here, and since when (awake-and-asleep clock); on the loop."""
        found = [(self._neighbours.contact(near.contact), near.since_s) for near in self.presence.near]
        return [(contact, since_s) for contact, since_s in found if contact is not None]

    def copies(self) -> list[dict[str, object]]:
        """Whose profile went back [api 2.6]; on the loop. A screen says it once, and nobody may see it."""
        found = [(self._neighbours.contact(id), ours) for id, ours in self.presence.copies]
        return [
            {"contact": contact.name, "verified": contact.pair.proof.is_verified, "ours": ours}
            for contact, ours in found
            if contact is not None
        ]

    def addresses(self) -> list[str]:
        """Where other devices can dial this one."""
        return [self._show_address(link) for link in self.presence.links]

    @property
    def accept(self) -> Accept:
        """What becomes of what contacts offer, where nothing else was said of them."""
        return self.taking.accept if self.taking is not None else Accept.NONE

    def asked(self) -> list[dict[str, object]]:
        """What contacts who are here offer, and nobody has answered yet [api 2.4]; on the loop."""
        if self.taking is None:
            return []
        found = [(self._neighbours.contact(one.contact), one) for one in self.taking.desk.questions()]
        return [
            {
                "contact": contact.name,  # and not as it was called when it was asked
                "verified": contact.pair.proof.is_verified,
                "entries": len(one.entries),
            }
            for contact, one in found
            if contact is not None
        ]

    def carried(self) -> dict[str, int] | None:
        """How much is here of letters of others, and of own ones on their way [api 2.7]. Blocks for a read.
        Raises EnvironmentProblem."""
        return self._office.carried() if self._office is not None else None

    def waits(self) -> list[Waiting]:
        """Blocks for a read. Raises EnvironmentProblem."""
        return what_waits(self._records, self._contacts, self._queue)

    def ask_mode(self, mode: Mode) -> None:
        """Who may find this device, from now on; from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set_mode, mode)

    def ask_end(self, problem: Exception) -> None:
        """It cannot go on: `run` raises this; from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._neighbours.fail, problem)

    def _set_mode(self, mode: Mode) -> None:
        self.presence.mode = mode
        self._neighbours.set_mode(mode)

    async def ask_meet(self, at: Endpoint | None) -> None:
        """From another loop: five minutes open; with `at`, dial until a contact is met there or this is
        cancelled. Raises MisuseError: no address of a network around us."""
        meeting = asyncio.run_coroutine_threadsafe(self._meet(at), self._loop)
        await asyncio.wrap_future(meeting)

    async def _meet(self, at: Endpoint | None) -> None:
        await self._neighbours.meet()
        if at is not None:
            await self._neighbours.seek(at)
