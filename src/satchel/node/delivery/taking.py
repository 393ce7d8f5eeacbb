"""One thing from a contact, from its offer to the last name in place. Blocking.

Nothing is taken from who is not verified without a person's word, and no text without a reader.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from satchel.core.handover.messages import Entry, EntryKind, StopReason, as_entry
from satchel.core.handover.receiving import Receiver
from satchel.core.identity.settings import Accept
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.channel import Channel
from satchel.node.commits import Ledger
from satchel.node.delivery.desk import Desk, Unanswered
from satchel.node.delivery.pipes import OnePipe, Opened
from satchel.node.entries import contents_of, receiver_record
from satchel.node.outcome import Outcome
from satchel.node.receiving import Numbers, ReceivingConversation, Wanted
from satchel.node.unfinished import Unfinished
from satchel.ports import Chosen, Entropy, FileState, HandoverId, Landing, RecordHead, Records, Role
from satchel.ports.contacts import Contact, Taking

ID_BYTES = 16
LEFT_FREE_BYTES = 1 << 30  # what is taken without asking leaves so much room (M3)
ENTRY_COST_BYTES = 4096  # names take room, too
_CAME = (FileState.PLACING, FileState.DONE)


@dataclass(slots=True)
class TakingNode:
    """What of a node a hand-over needs. `accept` alone changes while it runs, from any thread."""

    records: Records
    entropy: Entropy
    desk: Desk
    chosen: Chosen
    into: bytes  # its path, for the record
    reopen: Callable[[HandoverId, bytes], Landing]
    sweep: Callable[[bytes, HandoverId], None]
    accept: Accept
    aes: bool


def may_take_unasked(contact: Contact, accept: Accept) -> bool:
    if not contact.pair.proof.is_verified or contact.taking is Taking.REFUSE or accept is Accept.NONE:
        return False
    return contact.taking is Taking.ACCEPT or accept is Accept.VERIFIED


class Reception:
    """A hand-over over one pipe. `run` once; `stop` and `refuse` from any thread."""

    def __init__(
        self,
        contact: Contact,
        theirs: bytes,
        head: RecordHead | None,
        *,
        resumes: bool,
        node: TakingNode,
        current: Callable[[], Contact | None],
        report: events.Report,
    ) -> None:
        """`head`: what was remembered of it; `resumes`: the contact remembers it, too; `current`: the contact
        as the person sees it now, None if it was forgotten."""
        self.contact = contact
        self.theirs = theirs
        self._key = contact.id, theirs
        self._head = head
        self._resumes = resumes
        self._node = node
        self._current = current
        self.report = report
        self._taken: Unfinished | None = None
        self._conversation: ReceivingConversation | None = None
        self.loss = events.Loss.BROKEN  # why, where `run` returned LOST
        self.is_text = False  # a text came with it, or alone
        self._stopped: StopReason | None = None
        self._lock = threading.Lock()

    def run(self, opened: Opened, way: OnePipe, *, we_dialled: bool) -> Outcome:
        """Raises PeerError, EnvironmentProblem: our own disk."""
        pipe, keys = opened
        pipe.set_deadline(None)
        if self._head is not None and self._is_refused():
            pipe.close()  # since it was considered: the contact is told when it offers it again
            self.clear_up()
            return Outcome.REFUSED
        one = self._unfinished() if self._resumes else None
        try:
            found = one.look_at_disk(self._node.records) if one is not None else None
            id = one.head.id if one is not None else HandoverId(self._node.entropy.draw(ID_BYTES))
            conversation = ReceivingConversation(
                channel=Channel(pipe, keys),
                receiver=found.receiver(aes=self._node.aes) if found else Receiver(aes=self._node.aes),
                ledger=Ledger(self._node.records, id),
                keys_confirmed=lambda: None,
                consider=lambda entries, note: self._consider(id, entries, note),
                open_pipes=way.open_more,
                report=self.report,
                we_dial=we_dialled,
            )
        except BaseException:
            pipe.close()
            if one is not None:
                one.landing.close(remove=False)
            raise
        self._taken = one
        with self._lock:
            self._conversation = conversation
            if self._stopped is not None:
                conversation.stop(self._stopped)
        try:
            if found is None or one is None:
                outcome = conversation.run()
            else:
                outcome = conversation.run(
                    wanted=found.wanted, landing=one.landing, held_bytes=found.held_bytes
                )
        except Unanswered:
            return Outcome.REFUSED
        except BaseException:
            self._let_go(Outcome.LOST)
            raise
        finally:
            if self._resumes or conversation.sender_went_on or self.is_refused:
                self._node.desk.was_heard(self._key)
        self.loss = conversation.loss
        if outcome is Outcome.COMPLETE:
            self._node.desk.was_heard(self._key)
        self._let_go(outcome)
        return outcome

    @property
    def contents(self) -> events.Contents:
        """What was wanted of it, when `run` is over."""
        known = self._taken.contents if self._taken is not None else None
        return replace(known or events.Contents(), has_text=self.is_text)

    def stop(self) -> None:
        """It may go on later; `run` ends within some seconds."""
        self._stop(StopReason.PAUSED)

    def refuse(self) -> None:
        """As `stop`, and it does not go on; its record says so by now."""
        self._stop(StopReason.GIVEN_UP)

    def _stop(self, reason: StopReason) -> None:
        with self._lock:
            if not self.is_refused:  # the end of a session does not make it anything else
                self._stopped = reason
                if self._conversation is not None:
                    self._conversation.stop(reason)

    @property
    def is_refused(self) -> bool:
        """The person wanted it no more while it came."""
        return self._stopped is StopReason.GIVEN_UP

    def _is_refused(self) -> bool:
        known = self._node.records.of_contact(self.contact.id, Role.RECEIVER)
        return any(head.theirs == self.theirs and head.is_refused for head in known)

    def _unfinished(self) -> Unfinished:
        assert self._head is not None
        self._node.records.go_on(self._head.id)
        return Unfinished(self._head, self._node.reopen(self._head.id, self._head.into), told=True)

    def _let_go(self, outcome: Outcome) -> None:
        one = self._taken
        if one is None:
            return
        if outcome in (Outcome.COMPLETE, Outcome.GIVEN_UP):
            self._node.records.forget(one.head.id)
        is_over = outcome in (Outcome.COMPLETE, Outcome.GIVEN_UP, Outcome.WHOLE)
        with suppress(EnvironmentProblem):  # what is left is swept up when its record expires
            one.landing.close(remove=is_over)

    def clear_up(self) -> None:
        """When it is over, and was stopped: however far it came, also if `run` was never called, nothing in
        part is left, and what it began meanwhile is remembered as stopped. Raises EnvironmentProblem."""
        for head in (self._head, self._taken.head if self._taken is not None else None):
            if head is not None:
                self._node.records.refuse(head.id)
                self._node.sweep(head.into, head.id)

    # --- what is wanted -----------------------------------------------------------------------------

    def _consider(self, id: HandoverId, entries: tuple[Entry, ...], note: str | None) -> Wanted | None:
        numbers = self._decide(entries, note)
        if self.is_refused:
            raise Unanswered  # since then: that it was stopped is not forgotten with what was accepted before
        if numbers is None:
            self._forget_dead()
            return None
        if note is not None:
            self.is_text = True
            self.report(events.NoteReceived(text=note))
        self._forget_dead()
        if not numbers:
            return Wanted(numbers, None)
        self._taken = self._remember(id, entries, numbers)
        self._taken.contents = contents_of(entries[number] for number in numbers)
        return Wanted(numbers, self._taken.landing)

    def _decide(self, entries: tuple[Entry, ...], note: str | None) -> Numbers | None:
        contact = self._current()
        if contact is None:
            raise Unanswered
        if contact.taking is Taking.REFUSE:
            return None
        before = self._said_before(entries) if note is None else None
        if before is not None:
            return before
        if note is None and may_take_unasked(contact, self._node.accept):
            needed_bytes = sum(entry.size + ENTRY_COST_BYTES for entry in entries)
            # Sixteen offers, each accepted and broken off, would each see the same free room (M3).
            needed_bytes += self._node.records.awaited_bytes(a_file_bytes=ENTRY_COST_BYTES)
            if needed_bytes + LEFT_FREE_BYTES <= self._node.chosen.free_bytes():
                return range(len(entries))
        return self._node.desk.ask(
            self._key,
            (entries, note),
            name=contact.name,
            is_verified=contact.pair.proof.is_verified,
            has_gone=lambda: self._stopped is not None,
        )

    def _said_before(self, entries: tuple[Entry, ...]) -> Numbers | None:
        """The same again, after a break that kept the contact from hearing it: what was accepted then."""
        if self._head is None:
            return None
        kept = self._node.records.entries(self._head.id)
        if tuple(map(as_entry, kept)) != entries:
            return None
        if any(entry.kind is EntryKind.FILE and entry.state in _CAME for entry in kept):
            return None  # it has heard, and would give again and again what was accepted once (M3)
        return frozenset(entry.number for entry in kept if entry.state is not FileState.REFUSED)

    def _remember(self, id: HandoverId, entries: tuple[Entry, ...], numbers: Numbers) -> Unfinished:
        head = RecordHead(
            id=id,
            role=Role.RECEIVER,
            secret=b"",
            older_secret=None,
            into=self._node.into,
            finished=False,
            contact=self.contact.id,
            theirs=self.theirs,
        )
        landing = self._node.chosen.begin(id)
        try:
            self._node.records.create(
                head, (receiver_record(n, entry, accepted=n in numbers) for n, entry in enumerate(entries))
            )
        except BaseException:
            landing.close(remove=True)
            raise
        return Unfinished(head, landing, told=True)

    def _forget_dead(self) -> None:
        """The contact never heard of what was accepted before: it leads nowhere."""
        dead, self._head = self._head, None
        if dead is not None:
            forget(dead, self._node)


def forget(head: RecordHead, node: TakingNode) -> None:
    """The record, and what of it is unfinished."""
    node.sweep(head.into, head.id)  # first: else, after a kill, nobody would know where that is
    node.records.forget(head.id)
