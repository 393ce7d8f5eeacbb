"""Nodes with contacts on a network in one process: real beacons, flights, sessions and databases."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from node.pretend_lan import Air, PretendLan
from satchel.core.crypto.curve import x25519_public
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.clocks import BUILT_S
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.node import events
from satchel.node.encounter import Session, keep_company
from satchel.node.entropy import SystemEntropy
from satchel.node.neighbours import Neighbours
from satchel.node.node_clock import NodeClock
from satchel.ports.contacts import Contact
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database

DAY = BUILT_S // 86_400 + 10
LIMIT_S = 20.0


def pair_up(one: "Device", other: "Device") -> None:
    """What pairing leaves on both sides."""
    statics, chains = (os.urandom(32), os.urandom(32)), (os.urandom(32), os.urandom(32))
    for device, peer, (a, b) in ((one, other, (0, 1)), (other, one, (1, 0))):
        pair = Pair(
            static=statics[a],
            their_static=x25519_public(statics[b]),
            epochs=begin(epoch=DAY - 3, speaking=chains[a], listening=chains[b]),
            letters_speaking=bytes(32),
            letters_listening=bytes(32),
            proof=Proof.CODE,
        )
        device.contacts.add(Contact(id=ContactId(os.urandom(16)), name=peer.name, pair=pair))


@dataclass
class Device:
    """A device: what is on its disk."""

    name: str
    contacts: SqliteContacts = field(
        default_factory=lambda: SqliteContacts(Database.in_memory(), salt=bytes(32))
    )

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

    def met(self) -> list[str]:
        return [event.name for event in self.told if isinstance(event, events.PeerMet)]

    def gone(self) -> list[bool]:
        return [event.broke for event in self.told if isinstance(event, events.PeerGone)]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    air: Air,
    device: Device,
    address: str,
    *,
    mode: Mode = Mode.OPEN,
    talk: Callable[[Session], None] = keep_company,
    muted: bool = False,
) -> AsyncIterator[Running]:
    told: list[events.Event] = []
    sessions: list[Session] = []
    talking: list[Session] = []

    def hold(session: Session) -> None:
        sessions.append(session)
        talking.append(session)
        try:
            talk(session)
        finally:
            talking.remove(session)

    async with PretendLan(air, address, listening=True) as lan:
        lan.is_muted = muted
        node = Neighbours(
            lan=lan,
            entropy=SystemEntropy(),
            contacts=device.contacts,
            node_clock=NodeClock(device.contacts, build_s=BUILT_S),
            aes=True,
            macs_per_s=1_000_000.0,
            mode=mode,
            talk=hold,
            report=told.append,
        )
        task = asyncio.ensure_future(node.run())
        try:
            yield Running(node, lan, told, sessions, talking)
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
