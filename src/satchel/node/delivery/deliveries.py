"""All that waits between this node and its contacts: who is told, what is next, what became of it.

One for a running node: `talk` is what Neighbours calls with each session.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from satchel.core.delivery.messages import LeaveReason
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.settings import Accept
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.node import clock, events
from satchel.node.delivery.beside import Beside
from satchel.node.delivery.giving import Gift, Giving, GivingNode, LookAt, contents_of_gift, look
from satchel.node.delivery.pipes import OnePipe, Opened, Pipes
from satchel.node.delivery.taking import Reception, TakingNode, forget
from satchel.node.delivery.talking import SPEAKS_BESIDE, Ended, Talking
from satchel.node.delivery.tickets import Tickets
from satchel.node.encounter import Session, keep_company
from satchel.node.endings import given_up
from satchel.node.letters.office import PostOffice
from satchel.node.outcome import Outcome
from satchel.ports import Entropy, HandoverId, Lan, RecordHead, Records, Role, Source
from satchel.ports.contacts import Contact, Contacts, Taking
from satchel.ports.queue import Queue, Queued, QueueState

SPEAKS = 2  # session 4.2: from this version on there is what docs/spec/delivery.md says
CONSIDER_EVERY_S = 0.1  # what a contact offers only to have it looked up costs little (M3)
ASK_AGAIN_S = 5.0  # after what the contact broke off: nobody is to be flooded with questions, or with breaks
RECEPTIONS_MAX = 16  # unfinished ones of one contact (M3)
FINISHED_MAX = 64  # and those of which the contact may not know that they are over


@dataclass(frozen=True, slots=True, kw_only=True)
class Has:
    """What a node that hands over has."""

    lan: Lan
    entropy: Entropy
    records: Records
    contacts: Contacts
    queue: Queue
    source: Source
    look_at: LookAt
    aes: bool
    report: events.Report
    office: PostOffice | None = None  # None: no letters


class Deliveries:
    """`talk` blocks, in a thread for each session; the rest from any thread."""

    def __init__(self, has: Has, *, taking: TakingNode | None) -> None:
        """Made on the loop of the Lan. `taking`: how and where to; None: nothing is taken."""
        self.entropy = has.entropy
        self.tickets = Tickets(has.entropy)
        self._has = has
        self._taking = taking
        self._loop = asyncio.get_running_loop()
        self._mail: Callable[[ContactId, bool], None] = lambda _contact, _waits: None
        self._turns: defaultdict[ContactId, threading.Lock] = defaultdict(threading.Lock)
        self._talking: dict[ContactId, Talking] = {}
        self._considers_s: dict[ContactId, float] = {}  # no sooner than that
        self._lock = threading.Lock()  # guards the three above

    def begin(self, mail: Callable[[ContactId, bool], None]) -> None:
        """From the loop. `mail(contact, waits)` is told, on the loop, whether anything waits for it."""
        self._mail = mail
        for contact in {queued.contact for queued in self._has.queue.all() if _waits(queued)}:
            mail(contact, True)

    def talk(self, session: Session) -> None:
        """All of one session. Raises EnvironmentProblem: it broke off; PeerError."""
        if session.speaks < SPEAKS:
            keep_company(session)
            return
        contact = session.contact.id
        with self._lock:
            turn = self._turns[contact]
        with turn:  # what ran over an earlier session has ended: each thing is given once at a time
            pipes = Pipes(
                session, lan=self._has.lan, tickets=self.tickets, entropy=self.entropy, loop=self._loop
            )
            talking = Talking(session, pipes, self, self._beside(session, pipes))
            with self._lock:
                self._talking[contact] = talking
            try:
                talking.run()
            finally:
                with self._lock:
                    self._talking.pop(contact, None)

    def _beside(self, session: Session, pipes: Pipes) -> Beside | None:
        office = self._has.office
        if office is None or session.speaks < SPEAKS_BESIDE:
            return None
        return Beside(session, pipes, office, self.entropy, self._has.report)

    @property
    def is_busy(self) -> bool:
        """Whether something goes to a contact, or comes from one, at this moment."""
        with self._lock:
            return any(talking.is_busy for talking in self._talking.values())

    def put(self, queued: Queued) -> None:
        """Give this to a contact: now, or when it comes. Raises MisuseError, EnvironmentProblem."""
        self._has.queue.add(queued)
        self._changed(queued.contact)

    def take_back(self, id: HandoverId) -> None:
        """It is not given any more; what runs of it ends. Raises EnvironmentProblem."""
        whose = [queued.contact for queued in self._has.queue.all() if queued.id == id]
        self._has.queue.remove(id)
        for contact in whose:
            with self._lock:
                talking = self._talking.get(contact)
            if talking is not None:
                talking.take_back(id)
            self._changed(contact)

    def refuse(self, head: RecordHead) -> bool:
        """What comes from a contact is not wanted any more: it ends, and the contact is told, now or when it
        offers it again. Raises EnvironmentProblem.

        Returns whether it is coming now: then what is there in part goes with its end. Else the caller sweeps
        it up.
        """
        assert head.contact is not None
        self._has.records.refuse(head.id)  # before its end, after which it could begin anew
        with self._lock:
            talking = self._talking.get(head.contact)
        if talking is not None and talking.refuse(head.theirs):
            return True
        if (contact := self._contact(head.contact)) is not None:
            self._report_of(contact, HandoverId(head.theirs), giving=False)(events.Declined())
        return False

    def taking_changed(self, contact: ContactId) -> None:
        """The person has said what becomes of what this contact offers: as it is stored by now."""
        now = self._contact(contact)
        with self._lock:
            talking = self._talking.get(contact)
        if talking is None or now is None:
            return
        if now.taking is Taking.REFUSE:
            talking.stop_taking()
            if self._taking is not None:
                self._taking.desk.withdraw(contact)
        else:
            talking.come()

    def set_accept(self, accept: Accept) -> bool:
        """What becomes of what contacts offer, from now on. False: this node has no folder for it."""
        if self._taking is None:
            return accept is Accept.NONE
        self._taking.accept = accept
        with self._lock:
            here = dict(self._talking)
        for contact, talking in here.items():
            if accept is Accept.NONE:
                talking.stop_taking()  # it goes on when something is taken again
                self._taking.desk.withdraw(contact)
            else:
                talking.come()
        return True

    def contacts_changed(self) -> None:
        """Some may be forgotten: nothing of what they asked stays."""
        if self._taking is not None:
            self._taking.desk.keep({contact.id for contact in self._has.contacts.all()})

    def _changed(self, contact: ContactId) -> None:
        waits = any(queued.contact == contact and _waits(queued) for queued in self._has.queue.all())
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._mail, contact, waits)
        with self._lock:
            talking = self._talking.get(contact)
        if talking is not None and waits:
            talking.poke()

    # --- giving: see talking.Owner ------------------------------------------------------------------

    def next_gift(self, session: Session, *, but: set[HandoverId]) -> Gift | None:
        try:
            return self._next_gift(session.contact, but)
        except EnvironmentProblem as problem:  # our own disk
            self._has.report(events.Trouble(problem=problem))
            return None

    def _next_gift(self, contact: Contact, but: set[HandoverId]) -> Gift | None:
        for queued in self._has.queue.all():
            if queued.contact != contact.id or queued.id in but or queued.state is QueueState.DECLINED:
                continue
            try:
                gift = look(
                    queued, records=self._has.records, source=self._has.source, look_at=self._has.look_at
                )
            except (EnvironmentProblem, MisuseError, NothingToDo) as problem:
                but.add(queued.id)
                if queued.state is not QueueState.FAILED:
                    self._set_state(queued, QueueState.FAILED)
                    self._report_of(contact, queued.id, giving=True)(events.CannotBeRead(problem=problem))
                continue
            if queued.state is QueueState.FAILED:
                self._set_state(queued, QueueState.WAITING)
            return gift
        return None

    def giving(self, session: Session, gift: Gift, opened: Opened, way: OnePipe) -> Giving:
        node = GivingNode(
            records=self._has.records,
            source=self._has.source,
            aes=self._has.aes,
            report=self._report_of(session.contact, gift.queued.id, giving=True),
        )
        return Giving(gift, opened, way, we_dialled=session.we_dialled, node=node)

    def was_given(self, gift: Gift, ended: Ended) -> None:
        try:
            self._was_given(gift, ended)
        except EnvironmentProblem as problem:  # our own disk
            self._has.report(events.Trouble(problem=problem))

    def _was_given(self, gift: Gift, ended: Ended) -> None:
        queued = gift.queued
        contact = self._contact(queued.contact)
        if contact is None or all(one.id != queued.id for one in self._has.queue.all()):
            return  # forgotten, or taken back
        report = self._report_of(contact, queued.id, giving=True)
        match ended.outcome:
            case Outcome.COMPLETE:
                self._has.queue.remove(queued.id)
                contents = replace(ended.contents, has_text=queued.note is not None)
                report(events.Delivered(contents=contents))
            case Outcome.DECLINED | Outcome.GIVEN_UP:
                self._set_state(queued, QueueState.DECLINED)
                report(events.Declined())
            case _ if ended.problem is not None:
                report(events.Trouble(problem=ended.problem))
            case _:
                report(events.Lost(loss=ended.loss))
        self._changed(queued.contact)

    def was_left(self, gift: Gift, reason: LeaveReason) -> bool:
        try:
            return self._was_left(gift, reason)
        except EnvironmentProblem as problem:  # our own disk
            self._has.report(events.Trouble(problem=problem))
            return False

    def _was_left(self, gift: Gift, reason: LeaveReason) -> bool:
        queued = gift.queued
        contact = self._contact(queued.contact)
        if contact is None:
            return False
        report = self._report_of(contact, queued.id, giving=True)
        match reason:
            case LeaveReason.HAS_IT:
                self._has.queue.remove(queued.id)
                report(events.Delivered(contents=contents_of_gift(gift)))
            case LeaveReason.REFUSED:
                self._set_state(queued, QueueState.DECLINED)
                report(events.Declined())
            case LeaveReason.UNKNOWN:
                self._has.records.forget(queued.id)  # it is offered anew
                return True
            case LeaveReason.NOT_NOW:
                return False
            case _:
                assert_never(reason)
        self._changed(queued.contact)
        return True

    # --- taking: see talking.Owner ------------------------------------------------------------------

    def rest_s(self, session: Session) -> float:
        contact, now_s = session.contact.id, clock.monotonic_s()
        with self._lock:
            at_s = max(now_s, self._considers_s.get(contact, now_s))
            self._considers_s[contact] = at_s + CONSIDER_EVERY_S
        return at_s - now_s

    def consider(self, session: Session, id: bytes, *, accepted: bool) -> Reception | LeaveReason:
        contact, node = self._contact(session.contact.id), self._taking
        known = self._has.records.of_contact(session.contact.id, Role.RECEIVER)
        head = next((head for head in known if head.theirs == id), None)
        if head is not None and head.is_refused:
            return LeaveReason.REFUSED
        if contact is None or node is None or node.accept is Accept.NONE:
            return LeaveReason.NOT_NOW
        if contact.taking is Taking.REFUSE:
            if head is not None:
                forget(head, node)
            return LeaveReason.REFUSED
        if head is not None and head.finished:
            return LeaveReason.HAS_IT
        if accepted and head is None:
            return LeaveReason.UNKNOWN
        if head is None and not self._has_room(known, node):
            return LeaveReason.NOT_NOW
        report = self._report_of(contact, HandoverId(id), giving=False)
        return Reception(
            contact,
            id,
            head,
            resumes=accepted,
            node=node,
            current=partial(self._contact, contact.id),
            report=report,
        )

    def was_taken(self, reception: Reception, ended: Ended) -> None:
        report = reception.report
        if reception.is_refused:
            try:
                reception.clear_up()
            except EnvironmentProblem as problem:  # our own disk
                self._has.report(events.Trouble(problem=problem))
        is_settled = ended.outcome in (Outcome.COMPLETE, Outcome.WHOLE, Outcome.DECLINED)
        if not is_settled or reception.is_text:  # the same text may come again
            with self._lock:
                self._considers_s[reception.contact.id] = clock.monotonic_s() + ASK_AGAIN_S
        match ended.outcome:
            case Outcome.COMPLETE | Outcome.WHOLE:
                report(events.Delivered(contents=ended.contents))
            case _ if reception.is_refused:
                report(events.Declined())
            case _ if ended.problem is not None:
                report(events.Trouble(problem=ended.problem))
            case Outcome.LOST:
                report(events.Lost(loss=ended.loss))
            case Outcome.GIVEN_UP:
                report(events.Trouble(problem=given_up()))
            case _:
                pass

    def withdraw(self, session: Session) -> None:
        if self._taking is not None:
            self._taking.desk.withdraw(session.contact.id)

    def _has_room(self, known: list[RecordHead], node: TakingNode) -> bool:
        """What one contact may leave unfinished here has an end (M3)."""
        finished = [head for head in known if head.finished]
        for head in finished[: max(0, len(finished) - FINISHED_MAX)]:
            forget(head, node)
        return len(known) - len(finished) < RECEPTIONS_MAX

    # --- both -----------------------------------------------------------------------------------------

    def _contact(self, id: ContactId) -> Contact | None:
        """As it is now: the person may have renamed, verified or forgotten it."""
        return next((contact for contact in self._has.contacts.all() if contact.id == id), None)

    def _set_state(self, queued: Queued, state: QueueState) -> None:
        with suppress(MisuseError):  # taken back meanwhile
            self._has.queue.set_state(queued.id, state)

    def _report_of(self, contact: Contact, id: HandoverId, *, giving: bool) -> events.Report:
        def report(event: events.Event) -> None:
            told = events.ByContact(
                contact=contact.id,
                name=contact.name,
                verified=contact.pair.proof.is_verified,
                giving=giving,
                handover=id,
                event=event,
            )
            self._has.report(told)

        return report


def _waits(queued: Queued) -> bool:
    """Worth a dial: what could not be read is tried again when the contact is met for another reason."""
    return queued.state is QueueState.WAITING
