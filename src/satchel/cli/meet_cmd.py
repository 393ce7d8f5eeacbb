"""`satchel meet`."""

import argparse
import asyncio
from asyncio import FIRST_COMPLETED
from contextlib import closing

from satchel.carriers.lan.addresses import parse_endpoint, show_endpoint
from satchel.cli import units
from satchel.cli.own_node import a_node
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.run import run_until_done
from satchel.cli.show import Show
from satchel.core.discovery.beacon import MEET_S, Mode
from satchel.core.identity.clocks import BUILT_S
from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem, NothingToDo
from satchel.node import events
from satchel.node.node import Node
from satchel.node.node_clock import NodeClock
from satchel.ports import Endpoint

# The other side may have dialled at the same moment, and another session stay than the one we saw first.
LINGER_S = 3.0
LOOK_EVERY_S = 0.2


class Guests:
    """Whom we have met, and when there is nobody left to wait for."""

    def __init__(self, show: Show, contacts: int) -> None:
        self._show = show
        self._left = contacts
        self._met: set[ContactId] = set()
        self.all_met = asyncio.Event()

    @property
    def count(self) -> int:
        return len(self._met)

    def hear(self, event: events.Event) -> None:
        match event:
            case events.Reachable(links=links):
                near = [link for link in links if link.interface != "lo"] or list(links)
                event = events.Listening(addresses=tuple(map(show_endpoint, near)))
            case events.PeerMet(contact=contact):
                self._met.add(contact)
            case _:
                pass
        self._show.hear(event)
        if len(self._met) >= self._left:
            self.all_met.set()


def run(options: argparse.Namespace, show: Show) -> int:
    at = parse_endpoint(options.at) if options.at else None
    with closing(open_existing(options, show)) as profile:
        return _meet(show, profile, at)


def _meet(show: Show, profile: Profile, at: Endpoint | None) -> int:
    contacts = profile.contacts
    known = len(contacts.all())
    if not known:
        raise NothingToDo(
            "You have no contacts yet.",
            safe="Nothing was sent.",
            do="Pair with somebody first: satchel pair",
        )
    profile.confine()  # before the first thread (M4)
    node_clock = NodeClock(contacts, build_s=BUILT_S)
    if not node_clock.read().plausible:
        show.warning(_wrong_clock())
    met = 0

    async def work() -> None:
        nonlocal met
        guests = Guests(show, known)
        show.hear(events.Searching(resuming=0, meeting=True))
        try:
            if isinstance(profile, LentProfile):
                await _meet_there(guests, profile.node, at)
            else:
                await _meet_in(guests, profile, at)
        finally:
            met = guests.count

    run_until_done(work, show)
    if not met:
        raise NothingToDo(
            "Nobody of your contacts came.",
            safe="Nothing of yours was sent to anybody.",
            do="Run satchel meet on both devices within the same five minutes, in one network. satchel doctor"
            " says what may keep them apart.",
        )
    show.done(text=f"Done: met {units.count(met, 'contact')}.", met=met)
    return 0


async def _meet_in(guests: Guests, profile: Profile, at: Endpoint | None) -> None:
    """With no node running: this command is one. What waits for who is met goes, too."""
    async with a_node(profile, mode=Mode.QUIET, taking=None) as node:
        with node.presence.listening(guests.hear):
            tasks: set[asyncio.Future[object]] = {asyncio.ensure_future(node.run())}
            tasks.add(asyncio.ensure_future(node.ask_meet(at)))
            await _until_met(tasks, guests, node)


async def _meet_there(guests: Guests, node: Node, at: Endpoint | None) -> None:
    """The node that runs already meets; here it is told on."""
    loop = asyncio.get_running_loop()

    def hear(event: events.Event) -> None:
        loop.call_soon_threadsafe(guests.hear, event)

    with node.presence.listening(hear) as near:
        guests.hear(events.Reachable(links=node.presence.links))
        for one in near:
            guests.hear(events.PeerMet(contact=one.contact, name=one.name, verified=one.verified))
        meeting: asyncio.Future[object] = asyncio.ensure_future(node.ask_meet(at))
        await _until_met({meeting}, guests, node)


async def _until_met(tasks: set[asyncio.Future[object]], guests: Guests, node: Node) -> None:
    """And until what waits for them is over there. Takes the tasks over."""
    enough: asyncio.Future[object] = asyncio.ensure_future(guests.all_met.wait())
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + MEET_S
    try:
        waiting = tasks | {enough}
        while not enough.done():
            left_s = ends_s - loop.time()
            done, waiting = await asyncio.wait(waiting, timeout=left_s, return_when=FIRST_COMPLETED)
            if not done:
                return
            for over in done:
                over.result()  # raises what was wrong with the address, or inside the node
        await asyncio.sleep(LINGER_S)
        while node.deliveries.is_busy:
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        enough.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(enough, *tasks, return_exceptions=True)


def _wrong_clock() -> EnvironmentProblem:
    return EnvironmentProblem(
        "The clock of this device cannot be right.",
        safe="Your contacts are found without it, while both of you run satchel meet.",
        do="Set it when you can (sudo date -s); satchel doctor says how far it is off.",
    )
