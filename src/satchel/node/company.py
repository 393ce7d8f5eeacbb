"""The contacts who are with us at this moment: their sessions from the flight to the end.

Here is the seam for whatever two contacts have to say to each other: `talk`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

from satchel.core.discovery.people import People
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.errors import EnvironmentProblem, MisuseError, PeerError, SatchelError
from satchel.node import clock, events, greeting
from satchel.node.acquaintance import Acquaintance
from satchel.node.encounter import Session
from satchel.node.own_thread import in_own_thread
from satchel.ports import Link, Pipe
from satchel.ports.contacts import Contact, Contacts

# Of one contact. Who tries a typed address has up to eight flights on their way.
ANSWERED_AT_ONCE_MAX = 8


class Company:
    """Used from one asyncio loop."""

    def __init__(
        self,
        *,
        people: People,
        contacts: Contacts,
        network: Callable[[Link], bytes | None],
        talk: Callable[[Session], None],
        report: events.Report,
    ) -> None:
        """
        Args:
            network: which network a link is in, where that can be told.
            talk: what to do with a session, in a thread of its own. It returns when the other side has said
                Bye, or after `Session.leave`, and raises SatchelError when the session broke. Then the
                session is closed. When the node ends, or another session with the same contact stays, the
                connection is closed under it.
        """
        self._people = people
        self._contacts = contacts
        self._network = network
        self._talk = talk
        self._report = report
        self._with_us: dict[ContactId, list[Session]] = {}
        self._troubles: set[str] = set()
        self._answering: Counter[ContactId] = Counter()  # openings of who has dialled

    def is_with_us(self, contact: ContactId) -> bool:
        """Whether there is a session with it now."""
        return bool(self._with_us.get(contact))

    def part(self, contact: ContactId) -> None:
        """End what there is with it: it was forgotten."""
        for session in self._with_us.get(contact, ()):
            session.part()

    def at(self, address: bytes) -> list[ContactId]:
        """Who has a session with us from there."""
        return [
            contact
            for contact, sessions in self._with_us.items()
            if any(session.channel.pipe.remote.address == address for session in sessions)
        ]

    def tell_trouble(self, problem: SatchelError) -> None:
        """Of our own disk: once, not at each beacon."""
        if problem.what not in self._troubles:
            self._troubles.add(problem.what)
            self._report(events.Trouble(problem=problem))

    async def let_in(
        self, pipe: Pipe, opening: Callable[[], Session], known: Acquaintance, link: Link
    ) -> None:
        """As `open_and_hold`, of who has dialled: a contact that sends flights and no word has a few threads
        and sockets of ours, and no more (M3)."""
        contact = known.contact.id
        if self._answering[contact] >= ANSWERED_AT_ONCE_MAX:
            pipe.close()
            return
        self._answering[contact] += 1
        opened = partial(self._answering.subtract, [contact])
        await self.open_and_hold(pipe, opening, known, link, opened=opened)

    async def open_and_hold(
        self,
        pipe: Pipe,
        opening: Callable[[], Session],
        known: Acquaintance,
        link: Link | None,
        *,
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        """One session, all of it.

        Args:
            opening: blocks.
            link: where, if that is known.
            opened: called when the opening is over, well or not.
        """
        try:
            session = await greeting.in_thread(pipe, opening)
        except (EnvironmentProblem, PeerError, MisuseError):
            pipe.close()
            return
        finally:
            opened()
        contact = session.contact
        if contact.id not in self._people.tags:  # forgotten while the two greeted each other
            pipe.close()
            return
        here = self._with_us.setdefault(contact.id, [])
        here.append(session)
        self._people.began(contact.id, clock.awake_and_asleep_s())
        if len(here) == 1 or session.shown:  # a copy that comes beside the real one is said all the same (P2)
            met = events.PeerMet(
                contact=contact.id,
                name=known.contact.name,
                verified=known.contact.pair.proof.is_verified,
                shown=session.shown,
            )
            self._report(met)
        broke = False
        try:
            await self._learn_address(contact.id, pipe, link)
            broke = await self._hold(session)
        finally:
            pipe.close()
            known.ended(session.channel)
            here.remove(session)
            if not here:
                self._with_us.pop(contact.id, None)
                self._left(known.contact, broke=broke)

    def _left(self, contact: Contact, *, broke: bool) -> None:
        if contact.id not in self._people.tags:
            broke = False  # forgotten, and so it was ended
        elif broke:
            self._people.broke(contact.id)
        else:
            self._people.ended(contact.id, clock.awake_and_asleep_s())
        verified = contact.pair.proof.is_verified
        self._report(events.PeerGone(contact=contact.id, name=contact.name, verified=verified, broke=broke))

    async def _learn_address(self, contact: ContactId, pipe: Pipe, link: Link | None) -> None:
        network = self._network(link) if link is not None else None
        if network is None:
            return
        place = StoredAddress(contact=contact, address=pipe.remote.address, network=network)
        try:
            await in_own_thread(self._contacts.learn_address, place)
        except EnvironmentProblem as problem:
            self.tell_trouble(problem)
        except MisuseError:
            return  # forgotten since

    async def _hold(self, session: Session) -> bool:
        """Until it is over; whether it broke."""
        talking = asyncio.ensure_future(in_own_thread(self._talk, session))
        try:
            await asyncio.shield(talking)
        except SatchelError:
            return True
        except asyncio.CancelledError:
            session.part()
            await asyncio.gather(talking, return_exceptions=True)
            raise
        return False
