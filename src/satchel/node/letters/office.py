"""All that one node does about letters: what its person writes and reads, and what it carries for others.

`turn` is held from what is decided to what is stored because of it; sessions come in from their
threads. Nothing here waits for a peer. Spec: docs/spec/custody.md.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.lifetime import CHANCE_BYTES, LIFETIME_H_MAX, fraction, hour_of
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody import effects as e
from satchel.core.custody.copies import KEY_BYTES
from satchel.core.custody.kept import Change, Ingress, Keep, Remove, Source
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import Attachment, LetterId
from satchel.errors import PeerError
from satchel.node import events
from satchel.node.letters.catching_up import CatchingUp
from satchel.node.letters.exchanging import Exchanging
from satchel.node.letters.outbox import Outbox
from satchel.node.letters.recognising import Recognising
from satchel.node.letters.releasing import Releasing
from satchel.node.letters.shelf import Moved, Shelf, carried
from satchel.node.letters.sticks import StickVisit
from satchel.node.letters.stores import World
from satchel.node.letters.unsealing import Tried, Unsealing
from satchel.ports.letters import Delivery, DueReceipt

MEETING_S = 3600.0  # a session that lasts counts as a meeting more, each hour on the average
SETTLE_EVERY_S = 3600.0  # what is counted in days


class PostOffice:
    """One for a node. From any thread."""

    def __init__(self, world: World) -> None:
        """Reads the ids of all that is carried: with a million bundles some seconds. What has come is
        recognised once `prepare` is through. Raises EnvironmentProblem."""
        self.turn = threading.RLock()
        self._world = world
        self._stores = world.stores
        bundles = world.stores.bundles
        self._shelf = Shelf(bundles, space_bytes=world.space_bytes, others_bytes=world.others_bytes)
        self._outbox = Outbox(world, self._shelf)
        self._releasing = Releasing(world, self._shelf)
        self._unsealing = Unsealing(world)
        self._recognising = Recognising(self._shelf, self._unsealing)
        self._catching_up = CatchingUp(world, self._unsealing, self.turn)
        self._copies_key = world.entropy.draw(KEY_BYTES)
        self._sessions: dict[Exchanging, None] = {}  # in the order in which they began
        self._met_until_s: dict[ContactId, float] = {}  # from then on it counts as one meeting more
        self._given: set[tuple[ContactId, BundleId]] = set()  # directly, in this run of the program
        self._carriers: dict[BundleId, set[ContactId]] = {}  # who have said Got, in this run
        self._settles_at_s = float("-inf")
        self._was_crowded = False
        self.contacts_changed()
        self.wake()

    # --- the person's ---------------------------------------------------------------------------------

    def write(
        self,
        contact: ContactId,
        text: str,
        *,
        attachments: Sequence[Attachment] = (),
        reply_to: LetterId | None = None,
        lifetime_h: int = LIFETIME_H_MAX,
    ) -> LetterId:
        """Durable when this returns. Raises MisuseError: such a letter cannot be sent; EnvironmentProblem."""
        with self.turn:
            id = self._outbox.write(
                contact, text, attachments=attachments, reply_to=reply_to, lifetime_h=lifetime_h
            )
            self._seal_kept()
            return id

    def delete(self, contact: ContactId, id: LetterId) -> None:
        """For good. Of an own one under way carriers hear later. Raises NothingToDo, EnvironmentProblem."""
        with self.turn:
            self._moved(self._outbox.delete(contact, id))
            self._unsealing.letter_deleted(contact)
            self._seal_kept()  # there may be room now

    def contacts_changed(self) -> None:
        """Some are new, known by another name, verified, or forgotten. Raises EnvironmentProblem."""
        with self.turn:
            now = {contact.id: contact for contact in self._stores.contacts.all()}
            for gone in self._unsealing.contacts.keys() - now.keys():
                self._unsealing.forget(gone)
            for contact in now.values():
                self._unsealing.put(contact)
            self._moved(self._outbox.own_changed())

    def carried(self) -> dict[str, int]:
        """See Carried. Raises EnvironmentProblem."""
        with self.turn:
            return carried(self._shelf.bundles).told(self._shelf.custody.others_bytes)

    def waits_for(self) -> set[ContactId]:
        """Whom something is to be given directly, and has not been yet."""
        with self.turn:
            return {contact for contact in self._unsealing.contacts if self._direct(contact)}

    # --- sessions -------------------------------------------------------------------------------------

    def begin(
        self,
        contact: ContactId,
        *,
        we_dialled: bool,
        has_something: Callable[[], None],
        may_ask: bool = True,
    ) -> Exchanging:
        """A session with this contact, until `end`. Raises EnvironmentProblem, MisuseError: it was
        forgotten. may_ask: it knows custody 7.14."""
        with self.turn:
            self._recognising.await_tags(contact)
            self._seal_kept()
            if self._world.now_s() >= self._met_until_s.get(contact, float("-inf")):
                self._met_until_s[contact] = self._next_meeting_s()
                self._leave(contact, but=contact)  # it finds them by comparing (receipt 3.2)
            session = Exchanging(
                contact,
                we_dialled=we_dialled,
                world=self._world,
                shelf=self._shelf,
                owner=self,
                copies_key=self._copies_key,
                has_something=has_something,
            )
            chains = self._stores.chains
            begun = session.exchange.begin(
                highest=chains.listening(contact).highest,
                next=chains.speaking(contact).place.number,
                receipts=self._releasing.for_writer(contact),
                direct=self._direct(contact),
                awaited=self._outbox.awaited() if may_ask else (),
                now_s=self._world.now_s(),
            )
            self._sessions[session] = None
            session.carry_out(begun)
            return session

    def hear(self, session: Exchanging, frame: bytes) -> None:
        """Raises PeerError, EnvironmentProblem, MisuseError: the contact was forgotten. Then end it."""
        try:
            with self.turn:
                session.hear(frame)
            if self._catching_up.go_on(session.contact):
                with self.turn:
                    self._seal_kept()
        except PeerError:  # what it has left half done proves nothing (custody 2.7)
            with self.turn:
                bundles = self._shelf.bundles
                bundles.drop_partials(session.contact, list(bundles.partials(session.contact)))
            raise

    def next_frame(self, session: Exchanging) -> tuple[bytes, bool]:
        """See Exchanging. Raises EnvironmentProblem."""
        with self.turn:
            return session.next_frame()

    def end(self, session: Exchanging) -> None:
        with self.turn:
            self._sessions.pop(session, None)

    def close(self) -> None:
        """The program ends in its own time. Raises EnvironmentProblem: nothing is lost."""
        with self.turn:
            self._recognising.end()

    def visit_stick(self) -> StickVisit:
        """For one run of `carry`."""
        with self.turn:
            self._seal_kept()  # it may be its only way out
            return StickVisit(self._world, self._shelf, owner=self)

    def prepare(self) -> bool:
        """See Recognising; then what there is no room for any more goes, a part of it. Raises
        EnvironmentProblem."""
        with self.turn:
            return self._recognising.prepare() or self._make_room()

    def _make_room(self) -> bool:
        """Where the person has set less than is here, some goes as it does for what comes (custody 2.8), and
        the disk has its room again. False: all fits."""
        self._shelf.look_at_room()
        changes = self._shelf.custody.crowded(self._world.clock.read().time_s)
        if changes:
            self._recognising.going([one.id for one in changes if isinstance(one, Remove)])
            self._moved(self._shelf.apply(changes))
            self._was_crowded = True
        elif self._was_crowded:
            self._was_crowded = self._stores.bundles.give_back()
        return self._was_crowded

    def wake(self) -> None:
        """Once in a while, some seconds: what is held back is shown, what is over goes. Raises
        EnvironmentProblem."""
        with self.turn:
            self._moved(self._outbox.show_due(batch=False))
            best_s = self._world.clock.best_s()
            if best_s is not None:
                for id in self._stores.sending.expire(hour_of(best_s)):
                    self._world.report(events.LetterEnded(id=id, delivered=False))
                self._moved(self._outbox.own_changed())
            while changes := self._shelf.custody.settle(best_s):
                self._moved(self._shelf.apply(changes))
            if self._world.now_s() >= self._settles_at_s:
                self._settles_at_s = self._world.now_s() + SETTLE_EVERY_S
                self._unsealing.settle()
                self._moved(self._releasing.settle())
                under_way = {kept.id for kept in self._shelf.own}
                self._given = {(contact, id) for contact, id in self._given if id in under_way}
                self._stores.inventories.settle(self._world.clock.read())
                if best_s is not None:  # sessions that still bring some of these want no more of them
                    over = self._shelf.bundles.expire_partials(hour_of(best_s))
                    self._moved(Moved(gone=tuple(over)))
            self._recognising.look()
            for session in list(self._sessions):
                self._count_as_met(session)
                session.wake()

    def _count_as_met(self, session: Exchanging) -> None:
        """Who stays for days would never take a receipt along (receipt 3.2)."""
        if self._world.now_s() >= self._met_until_s[session.contact]:
            self._met_until_s[session.contact] = self._next_meeting_s()
            self._tell_writer(session.contact, self._releasing.for_writer(session.contact))
            self._leave(session.contact, but=None)

    def _next_meeting_s(self) -> float:
        """Drawn: a receipt that always leaves at the full hour would be known as ours."""
        part = 0.5 + fraction(self._world.entropy.draw(CHANCE_BYTES))
        return self._world.now_s() + part * MEETING_S

    # --- what sessions ask: exchanging.Owner ----------------------------------------------------------

    def heard_numbers(self, contact: ContactId, *, highest: int, following: int) -> None:
        self._catching_up.heard(contact, highest=highest, following=following)

    def heard_receipts(self, receipts: Sequence[Receipt], deliverer: ContactId | None) -> None:
        """deliverer: who told; None: a stick."""
        told: dict[bytes, Receipt] = {}
        for receipt in self._releasing.without_ours(receipts, deliverer):
            told.setdefault(receipt.preimage, receipt)
        heard = {receipt: self._shelf.custody.hear(receipt) for receipt in told.values()}
        self._moved(self._shelf.apply([change for one in heard.values() for change in one.changes]))
        own = [
            Delivery(receipt=receipt, deliverer=deliverer, due=self._outbox.draw_due())
            for receipt, one in heard.items()
            if one.delivered is not None
        ]
        acts = {receipt.preimage for receipt, one in heard.items() if one.changes}
        if own:
            for id in self._stores.sending.delivered(own):
                self._world.report(events.LetterEnded(id=id, delivered=True))
            self._moved(self._outbox.own_changed())
            public = self._releasing.told_by_others(own)  # here as with every carrier that hears it (C1)
            self._moved(self._releasing.release(public))
            acts |= {due.receipt.preimage for due in public}
            self._seal_kept()
        passed = [receipt for preimage, receipt in told.items() if preimage in acts]  # in their order
        self._to_others(deliverer, lambda one: one.exchange.pass_on(passed, self._world.now_s()))

    def take_in(self, contact: ContactId | None, arrived: Sequence[e.Arrived]) -> list[BundleId]:
        ingress: Ingress = Source.STICK if contact is None else contact
        kept: list[BundleId] = []
        for group in self._groups(ingress, arrived):
            bundles = {one.kept.id: bundle for one, bundle in group if isinstance(one, Keep)}
            self._recognising.going([one.id for one, _ in group if isinstance(one, Remove)])
            moved = self._shelf.apply([one for one, _ in group], bundles)
            if contact is not None:
                self._recognising.came(bundles, contact)
            joining = self._outbox.show_due(batch=True) if bundles else Moved()
            self._moved(moved.with_others(joining), but=contact)  # apart, own ones would be known as such
            kept += bundles
        self._to_others(contact, lambda one: one.exchange.skip(kept, self._world.now_s()))
        if contact is None:
            self._recognising.open_now(kept, ingress)
        return kept

    def _groups(self, ingress: Ingress, arrived: Sequence[e.Arrived]) -> Iterator[list[tuple[Change, bytes]]]:
        """One transaction each: many that only come in, or one that something has to go for."""
        group: list[tuple[Change, bytes]] = []
        clock_s, now_s = self._world.clock.best_s(), self._world.clock.read().time_s
        free_bytes = self._shelf.free_bytes
        for one in arrived:
            changes = self._taken(one, ingress, now_s, clock_s)
            free_bytes -= one.header.size_bytes
            if group and (len(changes) > 1 or free_bytes < 0):  # custody does not know of the group yet
                yield group
                group = []
                changes = self._taken(one, ingress, now_s, clock_s)
                free_bytes = self._shelf.free_bytes - one.header.size_bytes
            group += [(change, one.bundle) for change in changes]
            if len(changes) > 1:
                yield group
                group = []
                free_bytes = self._shelf.free_bytes
        if group:
            yield group

    def _taken(self, one: e.Arrived, ingress: Ingress, now_s: int, clock_s: int | None) -> list[Change]:
        taken = self._shelf.custody.take_in(one.id, one.header, ingress=ingress, now_s=now_s, clock_s=clock_s)
        return taken or []

    def take_direct(self, contact: ContactId, arrived: e.Arrived) -> bool:
        # What somebody else wrote is nothing here: our word would say whether it is for us (custody 5.1).
        tried = self._unsealing.open(arrived.bundle, ingress=contact, writer=contact)
        if tried is Tried.OPENED:
            mark = arrived.header.commitment
            self._tell_writer(contact, self._releasing.came_directly(mark))
        return tried is Tried.OPENED

    def handed_over(self, contact: ContactId | None, over: e.HandedOver) -> set[LetterId]:
        """contact: None: a stick. Returns the own letter of which one more has the bundle now, if any."""
        if over.direct and contact is not None:
            self._given.add((contact, over.id))
            return set()
        kept = self._shelf.bundles.kept(over.id)
        if kept is None or (kept.header.floods and kept.ingress is not Source.OWN):
            return set()  # nothing is counted
        carriers, letters = self._carriers.setdefault(over.id, set()), set[LetterId]()
        if contact not in carriers:  # who takes it again and again is one carrier (custody 4.3)
            if kept.header.copies <= 1 and kept.ingress is not Source.OWN:  # it goes
                self._recognising.going([kept.id])
            moved, letters = self._outbox.handed_over(kept, over.copies)
            self._moved(moved)
            for id in letters:
                self._world.report(events.LetterMoved(id=id))
        if contact is not None:  # else one of many sticks
            carriers.add(contact)
        return letters

    def withholds(self, contact: ContactId, id: BundleId) -> bool:
        """Its reader has read it, or is not to read what was deleted. That it is ours it sees anyway."""
        kept = self._shelf.bundles.kept(id)
        return (
            kept is not None
            and kept.ingress is Source.OWN
            and self._releasing.waits_for(contact, kept.header.commitment)
        )

    # --- receipts of ours -----------------------------------------------------------------------------

    def _leave(self, contact: ContactId, *, but: ContactId | None) -> None:
        """What leaves with this meeting is told in the sessions that run, as what others have told."""
        receipts, moved = self._releasing.leave(contact)
        self._moved(moved)
        self._to_others(but, lambda one: one.exchange.pass_on(receipts, self._world.now_s()))

    def _tell_writer(self, contact: ContactId, receipts: Sequence[Receipt]) -> None:
        for session in self._sessions:
            if session.contact == contact and receipts:
                session.carry_out(session.exchange.pass_on(receipts, self._world.now_s()))

    def release(self, leaving: Sequence[DueReceipt], contact: ContactId | None) -> None:
        """They leave with this contact; None: with a stick. From now on they are like any others, here too
        (custody 3.6)."""
        self._moved(self._releasing.release(leaving))
        receipts = [due.receipt for due in leaving]
        self._to_others(contact, lambda one: one.exchange.pass_on(receipts, self._world.now_s()))

    # --- own letters ----------------------------------------------------------------------------------

    def _direct(self, contact: ContactId) -> list[BundleId]:
        own = self._shelf.bundles.to(contact)
        return [kept.id for kept in own if (contact, kept.id) not in self._given]

    def _seal_kept(self) -> None:
        sealed, letters = self._outbox.seal_kept()
        for id in letters:
            self._world.report(events.LetterMoved(id=id))
        for contact, ids in sealed.items():
            for session in self._sessions:
                if session.contact == contact:
                    session.carry_out(session.exchange.write(ids))

    # --- what others are told -------------------------------------------------------------------------

    def _moved(self, moved: Moved, *, but: ContactId | None = None) -> None:
        """Sessions are told what is shown from now on, and want no more of what is over."""
        for id in moved.gone:
            self._carriers.pop(id, None)
        if moved.gone:
            self._to_others(None, lambda one: one.exchange.skip(moved.gone, self._world.now_s()))
        if moved.shown:
            self._to_others(but, lambda one: one.exchange.offer(moved.shown, self._world.now_s()))

    def _to_others(self, but: ContactId | None, say: Callable[[Exchanging], Iterable[e.Effect]]) -> None:
        for session in list(self._sessions):
            if session.contact != but:
                session.carry_out(say(session))
