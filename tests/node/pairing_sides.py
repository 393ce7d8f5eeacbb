"""The two people of a pairing in one process, and who else is in the room."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from node.pretend_lan import Air, PretendLan
from satchel.core.pairing.card import Card
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.picture import Picture
from satchel.node import events
from satchel.node.entropy import SystemEntropy
from satchel.node.pairing.events import Event, Met, PictureReady
from satchel.node.pairing.hosting import PairingHost
from satchel.node.pairing.keeping import Keeper
from satchel.node.pairing.taking import PairingTaker
from satchel.ports import Endpoint
from satchel.ports.contacts import Contact
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database

LIMIT_S = 30.0
HOST, TAKER, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


@dataclass
class Person:
    """A profile in memory, and what was told on its screen."""

    name: str
    told: list[Event] = field(default_factory=list)
    shown: "asyncio.Queue[Event]" = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.database = Database.in_memory()
        self.contacts = SqliteContacts(self.database, salt=bytes(32))
        self.card = Card(day=20_800, language="en", name=self.name)

    def hear(self, event: Event) -> None:
        self.told.append(event)
        if isinstance(event, PictureReady | events.CodeReady):
            self.shown.put_nowait(event)

    def host(self, lan: PretendLan, *, name: str | None = None) -> PairingHost:
        return PairingHost(
            lan=lan,
            entropy=SystemEntropy(),
            contacts=self.contacts,
            card=self.card,
            show_address=lambda link: "here",
            report=self.hear,
            name=name,
        )

    def taker(self, lan: PretendLan, *, at: Endpoint | None = None) -> PairingTaker:
        return PairingTaker(
            lan=lan,
            entropy=SystemEntropy(),
            contacts=self.contacts,
            card=self.card,
            report=self.hear,
            at=at,
        )

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def met(self) -> Met:
        found = [event for event in self.told if isinstance(event, Met)]
        return found[-1]

    def only(self) -> Contact:
        [contact] = self.contacts.all()
        return contact


def accept(keeper: Keeper) -> None:
    """A person who compares nothing, but waits for whoever the pair is with."""
    met = keeper.met
    assert met is not None
    keeper.settle(met)


@dataclass
class Room:
    """One who shows, on one network with whoever comes."""

    air: Air
    lan: PretendLan
    host: Person
    picture: Picture
    code: SpokenCode
    showing: "asyncio.Task[None]"

    @contextlib.asynccontextmanager
    async def enter(self, address: str = TAKER) -> AsyncIterator[PretendLan]:
        async with PretendLan(self.air, address, listening=False) as lan:
            yield lan


@contextlib.asynccontextmanager
async def showing(
    host: Person, *, settle: Callable[[Keeper], None] = accept, name: str | None = None
) -> AsyncIterator[Room]:
    air = Air()
    host.shown = asyncio.Queue()
    async with asyncio.timeout(LIMIT_S), PretendLan(air, HOST, listening=True) as lan:
        task = asyncio.create_task(host.host(lan, name=name).pair(settle))
        seen = [await host.shown.get(), await host.shown.get()]
        picture = next(Picture.parse(event.text) for event in seen if isinstance(event, PictureReady))
        code = next(SpokenCode.parse(event.code) for event in seen if isinstance(event, events.CodeReady))
        try:
            yield Room(air, lan, host, picture, code, task)
        finally:
            task.cancel()
            await asyncio.wait([task])
