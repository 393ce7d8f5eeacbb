"""Nodes with contacts on a network in one process: real beacons, flights, sessions and databases."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from node.letters.office_kit import stores_of
from node.pretend_lan import Air, PretendLan
from satchel.core.crypto.curve import x25519_public
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.clocks import BUILT_S
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.core.identity.settings import Accept
from satchel.node import clock, events
from satchel.node.delivery import desk
from satchel.node.delivery.deliveries import Deliveries, Has
from satchel.node.delivery.desk import Question
from satchel.node.delivery.taking import TakingNode
from satchel.node.delivery.tickets import Tickets
from satchel.node.encounter import Session, keep_company
from satchel.node.entropy import SystemEntropy
from satchel.node.letters.office import PostOffice
from satchel.node.letters.stores import World
from satchel.node.neighbours import Neighbours
from satchel.node.node_clock import NodeClock
from satchel.ports import HandoverId
from satchel.ports.contacts import Contact
from satchel.ports.queue import Queued, QueueState
from satchel.store.chosen import ChosenFolder
from satchel.store.contacts import SqliteContacts
from satchel.store.custody import custody_in_memory
from satchel.store.database import Database
from satchel.store.landing import FolderLanding
from satchel.store.queue import SqliteQueue
from satchel.store.records import SqliteRecords
from satchel.store.source import FileSource, survey
from store.letter_samples import Desk

DAY = BUILT_S // 86_400 + 10
LIMIT_S = 20.0


def pair_up(one: "Device", other: "Device") -> None:
    """What pairing leaves on both sides."""
    statics, chains, roots = ((os.urandom(32), os.urandom(32)) for _ in range(3))
    for device, peer, (a, b) in ((one, other, (0, 1)), (other, one, (1, 0))):
        pair = Pair(
            static=statics[a],
            their_static=x25519_public(statics[b]),
            epochs=begin(epoch=DAY - 3, speaking=chains[a], listening=chains[b]),
            letters_speaking=roots[a],
            letters_listening=roots[b],
            proof=Proof.CODE,
        )
        device.contacts.add(Contact(id=ContactId(os.urandom(16)), name=peer.name, pair=pair))


@dataclass
class Device:
    """A device: what is on its disk."""

    name: str
    database: Database = field(default_factory=Database.in_memory)

    def __post_init__(self) -> None:
        self.contacts = SqliteContacts(self.database, salt=bytes(32))

    def kept(self) -> Contact:
        [contact] = self.contacts.all()
        return contact


@dataclass(eq=False)
class Running:
    """A node of a device."""

    node: Neighbours
    lan: PretendLan
    told: list[events.Event]
    sessions: list[Session]
    talking: list[Session]  # those that are not over
    deliveries: Deliveries | None

    def met(self) -> list[str]:
        return [event.name for event in self.told if isinstance(event, events.PeerMet)]

    def gone(self) -> list[bool]:
        return [event.broke for event in self.told if isinstance(event, events.PeerGone)]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                await asyncio.sleep(0.01)


@dataclass
class Hands:
    """What a device gives and takes, on a real disk."""

    device: Device
    folder: Path
    accept: Accept = Accept.ASK
    has_letters: bool = False
    asked: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.into = self.folder / "into"
        self.records = SqliteRecords(self.device.database)
        self.queue = SqliteQueue(self.device.database)

    def deliveries(self, lan: PretendLan, report: events.Report) -> Deliveries:
        self.desk = desk.Desk()
        self.desk.tell = self.asked.append
        has = Has(
            lan=lan,
            entropy=SystemEntropy(),
            records=self.records,
            contacts=self.device.contacts,
            queue=self.queue,
            source=FileSource(),
            look_at=lambda paths: survey(paths).entries,
            aes=True,
            report=report,
            office=self.post_office(report) if self.has_letters else None,
        )
        taking = TakingNode(
            records=self.records,
            entropy=SystemEntropy(),
            desk=self.desk,
            chosen=ChosenFolder.open(self.into),
            into=os.fsencode(self.into),
            reopen=lambda id, into: FolderLanding.reopen(into, id),
            sweep=FolderLanding.sweep,
            accept=self.accept,
            aes=True,
        )
        return Deliveries(has, taking=taking)

    def post_office(self, report: events.Report) -> PostOffice:
        """Over real stores, files in the folder."""
        self.letters = Desk(self.folder, self.device.database, custody_in_memory())
        world = World(
            stores=stores_of(self.letters),
            entropy=SystemEntropy(),
            clock=NodeClock(self.device.contacts, build_s=BUILT_S),
            now_s=clock.awake_and_asleep_s,
            report=report,
            space_bytes=64 << 20,
            others_bytes=lambda _now_bytes: 32 << 20,
            has_room=lambda _held_bytes: True,
        )
        self.office = PostOffice(world)
        return self.office

    def wants_to_give(self, *paths: Path, note: str | None = None) -> Queued:
        return Queued(
            id=HandoverId(os.urandom(16)),
            contact=self.device.kept().id,
            paths=tuple(map(os.fsencode, paths)),
            note=note,
            made_s=None,
            state=QueueState.WAITING,
            accepted=False,
        )


@asynccontextmanager
async def running(
    air: Air,
    device: Device,
    address: str,
    *,
    mode: Mode = Mode.OPEN,
    talk: Callable[[Session], None] = keep_company,
    hands_over: "Hands | None" = None,
    muted: bool = False,
) -> AsyncIterator[Running]:
    """`hands_over`: then it talks about what waits."""
    told: list[events.Event] = []
    sessions: list[Session] = []
    talking: list[Session] = []

    def hold(session: Session) -> None:
        sessions.append(session)
        talking.append(session)
        try:
            speak(session)
        finally:
            talking.remove(session)

    async with PretendLan(air, address, listening=True) as lan:
        lan.is_muted = muted
        deliveries = hands_over.deliveries(lan, told.append) if hands_over is not None else None
        speak = talk if deliveries is None else deliveries.talk
        node = Neighbours(
            lan=lan,
            entropy=SystemEntropy(),
            contacts=device.contacts,
            node_clock=NodeClock(device.contacts, build_s=BUILT_S),
            aes=True,
            macs_per_s=1_000_000.0,
            mode=mode,
            talk=hold,
            tickets=deliveries.tickets if deliveries is not None else Tickets(SystemEntropy()),
            report=told.append,
        )
        if deliveries is not None:
            deliveries.begin(node.set_mail)
        task = asyncio.ensure_future(node.run())
        try:
            yield Running(node, lan, told, sessions, talking, deliveries)
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
