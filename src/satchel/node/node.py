"""The running node: its neighbours and its presence, for the API and for commands that run inside."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from satchel.core.discovery.beacon import Mode
from satchel.node.delivery.tickets import Tickets
from satchel.node.encounter import Session
from satchel.node.hardware import has_aes, macs_per_s
from satchel.node.neighbours import Neighbours
from satchel.node.node_clock import NodeClock
from satchel.node.presence import Presence
from satchel.ports import Endpoint, Entropy, Lan, Link, Records, Role
from satchel.ports.contacts import Contact, Contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that is not over yet."""

    role: Role
    into: bytes = b""  # receiver: the chosen folder

    def told(self) -> dict[str, object]:
        """As a script reads it [api 2.3]."""
        into = self.into.decode("utf-8", "surrogateescape") if self.into else None
        return {"direction": "out" if self.role is Role.SENDER else "in", "contact": None, "into": into}


def what_waits(records: Records) -> list[Waiting]:
    """What goes on when the other side is met. Blocks for a read. Raises EnvironmentProblem."""
    return [
        Waiting(role=role, into=head.into)
        for role in Role
        for head in records.unfinished(role)
        if not head.finished
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
        node_clock: NodeClock,
        mode: Mode,
        talk: Callable[[Session], None],
        tickets: Tickets,
        show_address: Callable[[Link], str],
    ) -> None:
        """`talk`, `tickets`: see Neighbours."""
        self.presence = Presence(mode)
        self._records = records
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
            talk=talk,
            tickets=tickets,
            report=self.presence.hear,
        )

    async def run(self) -> None:
        """Until it is cancelled. Raises what went wrong inside."""
        await self._neighbours.run()

    async def refresh(self) -> None:
        """What is stored of contacts was changed. Raises EnvironmentProblem."""
        await self._neighbours.refresh()

    def near(self) -> list[tuple[Contact, float]]:
        """Who is here, and since when (awake-and-asleep clock); on the loop."""
        found = [(self._neighbours.contact(near.contact), near.since_s) for near in self.presence.near]
        return [(contact, since_s) for contact, since_s in found if contact is not None]

    def addresses(self) -> list[str]:
        """Where other devices can dial this one."""
        return [self._show_address(link) for link in self.presence.links]

    def waits(self) -> list[Waiting]:
        """Blocks for a read. Raises EnvironmentProblem."""
        return what_waits(self._records)

    async def ask_meet(self, at: Endpoint | None) -> None:
        """From another loop: five minutes open; with `at`, dial until a contact is met there or this is
        cancelled. Raises MisuseError: no address of a network around us."""
        meeting = asyncio.run_coroutine_threadsafe(self._meet(at), self._loop)
        await asyncio.wrap_future(meeting)

    async def _meet(self, at: Endpoint | None) -> None:
        await self._neighbours.meet()
        if at is not None:
            await self._neighbours.seek(at)
