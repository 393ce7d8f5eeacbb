"""`satchel receive`: finds who has the code, shows what is offered and takes it, whatever breaks.

One asyncio loop looks for people; each conversation has its own threads. After a break the sender is
looked for again, with the secret that the session left.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from satchel.core.blobs.chunks import chunk_length
from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.core.discovery.rendezvous import RENDEZVOUS_OPEN_S
from satchel.core.handover.messages import Entry, Failure
from satchel.core.handover.receiving import Receiver
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.typist import Typist
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.resumption import ResumptionKeys
from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo, PeerError, SatchelError
from satchel.node import clock, events, greeting
from satchel.node.channel import Channel
from satchel.node.commits import Ledger
from satchel.node.endings import code_not_right, given_up
from satchel.node.entries import receiver_record
from satchel.node.meeting import Meeting
from satchel.node.outcome import Outcome
from satchel.node.receiving import Decide, ReceivingConversation
from satchel.node.seeking import REPEAT_S, TYPED_ADDRESS_TRIES_S, Seeker
from satchel.node.unfinished import Unfinished
from satchel.ports import (
    Endpoint,
    Entropy,
    HandoverId,
    Lan,
    Landing,
    Pipe,
    RecordHead,
    Records,
    Role,
)

ID_BYTES = 16
OTHER_HOSTS_S = 4.0  # how long to look for another host when one has turned our code down
FAREWELL_S = 10.0  # how long to look for a sender who may not know that all is in place

OpenLanding = Callable[[HandoverId, bytes], Landing]


class Taker:
    """Takes one offer with a code, or goes on with what is unfinished. Used once."""

    def __init__(
        self,
        *,
        lan: Lan,
        entropy: Entropy,
        records: Records,
        open_landing: OpenLanding,
        aes: bool,
        decide: Decide,
        report: events.Report,
        at: Endpoint | None = None,
    ) -> None:
        """`at`: dial this address instead of looking for the other side."""
        self._entropy = entropy
        self._records = records
        self._open_landing = open_landing
        self._aes = aes
        self._decide = decide
        self._report = report
        self._at = at
        self._meeting = Meeting(lan, entropy, clock.monotonic_s)
        self._seeker = Seeker(lan, self._meeting, at)
        self._unfinished: dict[HandoverId, Unfinished] = {}
        self._whole: set[HandoverId] = set()
        self._fresh: set[HandoverId] = set()  # whose failed files this run has told
        self._problem: SatchelError | None = None  # of one hand-over, while others go on
        self._looking = False
        self._loss = events.Loss.BROKEN
        self._farewell_s = 0.0
        self._tried = 0  # secrets, where a typed address does not say whose turn it is

    # --- with a code -----------------------------------------------------------------------------

    async def take(self, code: SpokenCode, into: bytes) -> None:
        """Find the host of this code; returns when everything accepted is in place.

        Raises:
            AccessDenied: the code was not right, or the person declined.
            NothingToDo: nobody was found.
            PeerError, EnvironmentProblem: the other side, or our own disk.
        """
        id = HandoverId(self._entropy.draw(ID_BYTES))
        landing = self._open_landing(id, into)
        try:
            outcome = await self._take_with_code(code, id, into, landing)
        except BaseException:
            landing.close(remove=id not in self._unfinished)
            raise
        if outcome is Outcome.DECLINED:
            landing.close(remove=True)
            raise AccessDenied("You declined.", safe="Nothing was written.", do="")
        if id not in self._unfinished:
            landing.close(remove=True)
            if outcome is Outcome.GIVEN_UP:
                raise given_up()
            return
        self._settle(id, outcome)
        await self._go_on()

    async def _take_with_code(
        self, code: SpokenCode, id: HandoverId, into: bytes, landing: Landing
    ) -> Outcome:
        typist = Typist(code)
        slot = SlotKey(kind=SlotKind.CODE, key=code.rendezvous_key())
        self._report(events.Searching(resuming=0))
        ends_s = clock.monotonic_s() + RENDEZVOUS_OPEN_S
        typed_ends_s = clock.monotonic_s() + TYPED_ADDRESS_TRIES_S
        self._meeting.open(shown=[slot], sought=[slot])
        turned_down: list[Endpoint] = []
        give_up_s: float | None = None
        while True:
            found = await self._seeker.find(turned_down, give_up_s)
            if found is None:
                raise code_not_right()
            pipe = await self._seeker.dial(found.endpoint)
            if pipe is None:
                continue
            try:
                keys = await greeting.in_thread(
                    pipe,
                    greeting.greet_with_code,
                    pipe,
                    typist,
                    self._entropy,
                    typed_address=self._at is not None,
                )
            except greeting.NotTheOne:
                pipe.close()
                turned_down.append(found.endpoint)
                give_up_s = clock.monotonic_s() + OTHER_HOSTS_S
                if typist.given_up or self._at is not None:
                    give_up_s = clock.monotonic_s()
                continue
            except (EnvironmentProblem, PeerError):
                pipe.close()
                if self._at is not None:
                    if clock.monotonic_s() >= typed_ends_s:
                        raise code_not_right() from None
                    await asyncio.sleep(REPEAT_S)
                continue
            self._meeting.met(found)
            outcome = await self._talk_first(pipe, keys, id, into, landing)
            if outcome is not Outcome.REFUSED:
                return outcome
            # It broke before anything was accepted: the code is still good over there.
            self._report(events.Lost(loss=self._loss))
            typed_ends_s = clock.monotonic_s() + TYPED_ADDRESS_TRIES_S
            open_s = max(1.0, ends_s - clock.monotonic_s())
            self._meeting.open(shown=[slot], sought=[slot], open_s=open_s)

    async def _talk_first(
        self, pipe: Pipe, keys: SessionKeys, id: HandoverId, into: bytes, landing: Landing
    ) -> Outcome:
        self._report(events.Met(resumed=False))

        def remember(entries: tuple[Entry, ...], numbers: frozenset[int]) -> None:
            head = RecordHead(
                id=id,
                role=Role.RECEIVER,
                secret=keys.resumption_secret,
                older_secret=None,
                into=into,
                finished=False,
            )
            if numbers:  # of a text alone nothing is left to go on with
                self._records.create(
                    head,
                    (receiver_record(n, entry, accepted=n in numbers) for n, entry in enumerate(entries)),
                )
                self._records.lock(id)
                self._unfinished[id] = Unfinished(head, landing)
                self._fresh.add(id)

        talk = self._conversation(
            pipe, keys, Receiver(aes=self._aes), landing, id, keys_confirmed=lambda: None, remember=remember
        )
        return await self._run(talk)

    # --- without a code --------------------------------------------------------------------------

    async def resume(self) -> None:
        """Go on with everything unfinished; raises as take() does."""
        heads = [head for head in self._records.unfinished(Role.RECEIVER) if self._records.lock(head.id)]
        if not heads:
            raise NothingToDo(
                "Nothing that was received here is unfinished.",
                safe="Nothing was changed.",
                do="To receive something new: satchel receive",
            )
        problems: list[EnvironmentProblem] = []
        for head in heads:
            try:
                landing = self._open_landing(head.id, head.into)
            except EnvironmentProblem as problem:  # its stick is not in: the others can go on
                problems.append(problem)
                continue
            self._unfinished[head.id] = Unfinished(head, landing)
            if head.finished:
                self._whole.add(head.id)
        if problems and not self._unfinished:
            raise problems[0]
        await self._go_on()

    async def _go_on(self) -> None:
        """Look for the senders of all that is unfinished until nothing is."""
        try:
            while self._unfinished:
                farewell = self._whole.issuperset(self._unfinished)
                if not self._looking:
                    self._look_for_senders(quietly=farewell)
                await self._meet_one(self._farewell_s if farewell else None)
            if self._problem is not None:
                raise self._problem
        finally:
            for unfinished in self._unfinished.values():
                unfinished.landing.close(remove=False)

    def _look_for_senders(self, *, quietly: bool) -> None:
        """Once after each conversation: a failed try goes on under the same limits of dialling."""
        self._looking = True
        self._farewell_s = clock.monotonic_s() + FAREWELL_S
        if not quietly:
            self._report(events.Searching(resuming=len(self._unfinished) - len(self._whole)))
        keys = [ResumptionKeys.of(s) for one in self._unfinished.values() for s in one.secrets()]
        self._meeting.open(
            shown=[SlotKey(kind=SlotKind.RESUMPTION, key=key.receiver_slot) for key in keys],
            sought=[SlotKey(kind=SlotKind.RESUMPTION, key=key.sender_slot) for key in keys],
        )

    async def _meet_one(self, give_up_s: float | None) -> None:
        found = await self._seeker.find((), give_up_s)
        if found is None:  # everything is in place; the sender will learn it when he asks
            for id in list(self._unfinished):
                self._forget(id)
            return
        pipe = await self._seeker.dial(found.endpoint)
        if pipe is None:
            return
        for one, secret in self._candidates(found.key):
            try:
                keys = await greeting.in_thread(
                    pipe,
                    greeting.greet_again,
                    pipe,
                    secret,
                    self._entropy,
                    typed_address=self._at is not None,
                )
            except (EnvironmentProblem, PeerError):
                pipe.close()
                await asyncio.sleep(REPEAT_S if self._at is not None else 0)
                return
            self._meeting.met(found)
            try:
                self._settle(one.head.id, await self._talk_again(pipe, keys, one, secret))
            except SatchelError as problem:  # with one of them: the others go on (M3)
                self._problem = self._problem or problem
                self._unfinished.pop(one.head.id).landing.close(remove=False)
                self._whole.discard(one.head.id)
            return

    def _candidates(self, key: SlotKey) -> list[tuple[Unfinished, bytes]]:
        """Whose slot was heard; with a typed address nothing was heard and all are tried in turn."""
        everything = [(one, secret) for one in self._unfinished.values() for secret in one.secrets()]
        if self._at is not None:
            self._tried += 1
            return [everything[self._tried % len(everything)]]
        return [pair for pair in everything if ResumptionKeys.of(pair[1]).sender_slot == key.key]

    async def _talk_again(self, pipe: Pipe, keys: SessionKeys, one: Unfinished, used: bytes) -> Outcome:
        id = one.head.id
        self._report(events.Met(resumed=True))
        self._records.replace_secret(id, keys.resumption_secret, used=used)
        one.head = replace(one.head, secret=keys.resumption_secret, older_secret=used)

        def keys_confirmed() -> None:
            self._records.confirm_secret(id)
            one.head = replace(one.head, older_secret=None)

        there = await asyncio.to_thread(one.look_at_disk, self._records)
        if id not in self._fresh:  # an earlier run of the program told its person; this one has not
            for entry in there.failed:
                self._report(events.FileFailed(path=entry.path, failure=Failure.FAILED_BEFORE))
        self._fresh.add(id)
        receiver = Receiver.resumed(
            aes=self._aes,
            wanted=there.wanted,
            done=there.done,
            held=there.held,
            failed=[entry.number for entry in there.failed],
        )
        talk = self._conversation(
            pipe,
            keys,
            receiver,
            one.landing,
            id,
            keys_confirmed=keys_confirmed,
            remember=lambda _entries, _numbers: None,
        )
        held_bytes = sum(
            chunk_length(there.wanted[n].size, index) for n, chunks in there.held.items() for index in chunks
        )
        return await self._run(talk, wanted=there.wanted, held_bytes=held_bytes)

    # --- both ------------------------------------------------------------------------------------

    def _conversation(
        self,
        pipe: Pipe,
        keys: SessionKeys,
        receiver: Receiver,
        landing: Landing,
        id: HandoverId,
        *,
        keys_confirmed: Callable[[], None],
        remember: Callable[[tuple[Entry, ...], frozenset[int]], None],
    ) -> ReceivingConversation:
        pipe.set_deadline(None)  # the kernel notices a vanished peer within some twenty seconds
        return ReceivingConversation(
            channel=Channel(pipe, keys),
            receiver=receiver,
            landing=landing,
            ledger=Ledger(self._records, id),
            keys_confirmed=keys_confirmed,
            remember=remember,
            decide=self._decide,
            report=self._report,
        )

    async def _run(
        self,
        talk: ReceivingConversation,
        wanted: Mapping[int, Entry] | None = None,
        held_bytes: int = 0,
    ) -> Outcome:
        self._meeting.close()
        self._looking = False
        running = asyncio.ensure_future(asyncio.to_thread(talk.run, wanted=wanted, held_bytes=held_bytes))
        try:
            outcome = await asyncio.shield(running)
            self._loss = talk.loss
            return outcome
        finally:
            if not running.done():  # cancelled: its threads still use the files and the record
                talk.stop()
                await asyncio.gather(running, return_exceptions=True)

    def _settle(self, id: HandoverId, outcome: Outcome) -> None:
        match outcome:
            case Outcome.COMPLETE:
                self._forget(id)
            case Outcome.WHOLE:
                self._whole.add(id)
            case Outcome.GIVEN_UP:
                self._forget(id)
                self._problem = self._problem or given_up()
            case _:
                self._report(events.Lost(loss=self._loss))

    def _forget(self, id: HandoverId) -> None:
        self._unfinished.pop(id).landing.close(remove=True)
        self._whole.discard(id)
        self._records.forget(id)
