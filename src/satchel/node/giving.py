"""`satchel send`: offers files to whoever has the code, and goes on until they are over there.

One asyncio loop waits for people; each conversation has its own threads. A break is not an end: the
receiver is waited for again, with the secret that the session left.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.core.discovery.rendezvous import RENDEZVOUS_OPEN_S
from satchel.core.handover.messages import Path
from satchel.core.handover.sending import Sender
from satchel.core.pairing.code import CODE_RANDOM_BYTES, SpokenCode
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.resumption import Recognised, ResumptionKeys, check_flight
from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo, PeerError, SatchelError
from satchel.node import clock, events, greeting
from satchel.node.channel import Channel
from satchel.node.door import CodeDoor, Opened
from satchel.node.entries import as_entry, as_source, sender_record
from satchel.node.meeting import Found, Happening, LinksChanged, Meeting, TimeIsUp
from satchel.node.outcome import Outcome
from satchel.node.sending import SendingConversation
from satchel.ports import (
    Arrival,
    Arrived,
    Entropy,
    FileState,
    HandoverId,
    Lan,
    Link,
    Pipe,
    RecordHead,
    Records,
    Role,
    Source,
    SourceEntry,
)

ID_BYTES = 16
# A receiver on a slow stick may take nothing for a minute, and is not gone: one that comes back on a new
# connection is believed at once, so there is no hurry to notice that the old one is dead.
PATIENCE_S = 120


class Giver:
    """Offers one thing with a code, or goes on with what is unfinished. Used once."""

    def __init__(
        self,
        *,
        lan: Lan,
        entropy: Entropy,
        records: Records,
        source: Source,
        aes: bool,
        show_address: Callable[[Link], str],
        report: events.Report,
    ) -> None:
        self._lan = lan
        self._entropy = entropy
        self._records = records
        self._source = source
        self._aes = aes
        self._show_address = show_address
        self._tell = report
        self._meeting = Meeting(lan, entropy, clock.monotonic_s)
        self._code: SpokenCode | None = None
        self._door: CodeDoor | None = None
        self._entries: Sequence[SourceEntry] = ()
        self._note: str | None = None
        self._unfinished: dict[HandoverId, RecordHead] = {}
        self._talks: dict[HandoverId, tuple[SendingConversation, asyncio.Task[None]]] = {}
        self._guessing: asyncio.Task[Opened | None] | None = None
        self._problem: SatchelError | None = None  # of one hand-over, while others go on
        self._failed: set[Path] = set()
        self._code_ends_s = 0.0
        self._time_is_up = False
        self._told: tuple[str, ...] | None = None
        self._given = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def give(self, entries: Sequence[SourceEntry], note: str | None) -> None:
        """Show a code and wait for the one who types it; returns when all is over there.

        Raises:
            AccessDenied: declined, or too many wrong guesses.
            NothingToDo: nobody came.
            PeerError, EnvironmentProblem: the other side, or our own disk.
        """
        self._entries, self._note = entries, note
        self._code = SpokenCode.from_random(self._entropy.draw(CODE_RANDOM_BYTES))
        self._door = CodeDoor(self._code, self._entropy, self._report)
        self._code_ends_s = clock.monotonic_s() + RENDEZVOUS_OPEN_S
        self._report(events.CodeReady(code=self._code.spoken()))
        await self._serve()

    async def resume(self) -> None:
        """Go on with everything that is unfinished; raises as give() does."""
        heads = [head for head in self._records.unfinished(Role.SENDER) if self._records.lock(head.id)]
        if not heads:
            raise NothingToDo(
                "Nothing that was sent from here is unfinished.",
                safe="Nothing was changed.",
                do="To send something new: satchel send PATH",
            )
        self._unfinished = {head.id: head for head in heads}
        self._report(events.Searching(resuming=len(heads)))
        await self._serve()

    def _report(self, event: events.Event) -> None:
        """A file that failed is told once, although each connection says it again."""
        if isinstance(event, events.FileFailed):
            if event.path in self._failed:
                return
            self._failed.add(event.path)
        self._tell(event)

    # --- waiting ---------------------------------------------------------------------------------

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open()
        waiting: asyncio.Task[Happening] | None = None
        try:
            while not self._given:
                waiting = waiting or asyncio.ensure_future(self._meeting.next())
                busy = {task for task in (waiting, self._guessing) if task is not None}
                running = {task for _, task in self._talks.values()}
                done, _ = await asyncio.wait(busy | running, return_when=asyncio.FIRST_COMPLETED)
                if self._guessing in done:
                    guess, self._guessing = self._guessing, None
                    self._welcome(await guess)
                for id in [id for id, (_, task) in self._talks.items() if task in done]:
                    await self._conclude(id)
                if waiting in done:
                    happening, waiting = await waiting, None
                    await self._handle(happening)
                if self._time_is_up and not self._talks and self._guessing is None:
                    raise self._problem or self._nobody_came()
        finally:
            for unneeded in (waiting, self._guessing):
                if unneeded is not None:
                    unneeded.cancel()
            for talk, _ in self._talks.values():
                talk.stop()
            # Their threads still use the files and the record.
            await asyncio.gather(*(task for _, task in self._talks.values()), return_exceptions=True)
        if self._problem is not None:
            raise self._problem

    async def _conclude(self, id: HandoverId) -> None:
        """A conversation has ended. What went wrong with one does not end the others (M3)."""
        _, task = self._talks.pop(id)
        try:
            await task
        except SatchelError as problem:
            self._unfinished.pop(id, None)
            self._problem = self._problem or problem
            self._given = not self._unfinished and not self._talks

    def _open(self) -> None:
        """Shout for what is open now: the code, or the hand-overs that a break left."""
        open_s = RENDEZVOUS_OPEN_S
        if self._unfinished:
            keys = [ResumptionKeys.of(head.secret) for head in self._unfinished.values()]
            older = [head.older_secret for head in self._unfinished.values() if head.older_secret]
            keys += [ResumptionKeys.of(secret) for secret in older]
            shown = [SlotKey(kind=SlotKind.RESUMPTION, key=key.sender_slot) for key in keys]
            sought = [SlotKey(kind=SlotKind.RESUMPTION, key=key.receiver_slot) for key in keys]
        else:
            assert self._code is not None
            shown = sought = [SlotKey(kind=SlotKind.CODE, key=self._code.rendezvous_key())]
            open_s = max(1.0, self._code_ends_s - clock.monotonic_s())
        self._time_is_up = False
        self._meeting.open(shown=shown, sought=sought, open_s=open_s)
        self._tell_addresses(self._lan.links())

    def _tell_addresses(self, links: Sequence[Link]) -> None:
        listening = sorted((link for link in links if link.port), key=lambda link: link.interface == "lo")
        addresses = tuple(map(self._show_address, listening))
        if addresses != self._told:
            self._told = addresses
            self._report(events.Listening(addresses=addresses))

    async def _handle(self, happening: Happening) -> None:
        match happening:
            case TimeIsUp():
                self._time_is_up = True  # a guess or a conversation that runs may end first
            case Found():
                pass  # we never dial
            case LinksChanged(links=links):
                self._tell_addresses(links)
            case Arrived(arrival=arrival):
                await self._admit(arrival)
            case _:
                assert_never(happening)

    def _nobody_came(self) -> NothingToDo:
        if self._unfinished:
            return NothingToDo(
                "The other side did not come back within fifteen minutes.",
                safe="What has arrived there stays.",
                do="To go on, within seven days: satchel send, without a path.",
            )
        return NothingToDo(
            "Nobody came within fifteen minutes.",
            safe="Nothing was sent to anybody.",
            do="Run satchel send again for a new code.",
        )

    async def _admit(self, arrival: Arrival) -> None:
        """Nothing is answered unless the flight proves an unfinished hand-over, or speaks of our channel."""
        recognised, head = self._recognise(arrival)
        if recognised is not None and head is not None:
            if self._records.remember_flight(head.id, recognised.ephemeral):
                await self._talk_again(arrival, recognised, head)
            else:
                arrival.drain()
        elif self._door is not None and not self._unfinished and not self._talks:
            if guess := self._door.knock(arrival):
                self._guessing = asyncio.ensure_future(guess)
        else:
            arrival.drain()

    # --- a code ----------------------------------------------------------------------------------

    def _welcome(self, opened: Opened | None) -> None:
        """The right code was typed."""
        if opened is None:
            return
        pipe, keys = opened
        self._report(events.Met(resumed=False))
        id = HandoverId(self._entropy.draw(ID_BYTES))
        offered = [as_entry(entry) for entry in self._entries]
        sender = Sender(offered, aes=self._aes, note=self._note)

        def remember(numbers: frozenset[int]) -> None:
            if numbers:  # of a text alone nothing is left to go on with
                self._remember(id, keys, numbers)

        talk = self._conversation(
            pipe, keys, sender, self._entries, keys_confirmed=lambda: None, remember=remember
        )
        self._talks[id] = talk, asyncio.ensure_future(self._converse(id, talk, accepted=None))

    def _remember(self, id: HandoverId, keys: SessionKeys, numbers: frozenset[int]) -> None:
        head = RecordHead(
            id=id,
            role=Role.SENDER,
            secret=keys.resumption_secret,
            older_secret=None,
            into=b"",
            finished=False,
        )
        self._records.create(
            head, (sender_record(n, entry, accepted=n in numbers) for n, entry in enumerate(self._entries))
        )
        self._records.lock(id)
        self._expect(head)

    def _expect(self, head: RecordHead) -> None:
        """From another thread: this receiver is let in again from now on, and the code opens nothing."""
        self._unfinished[head.id] = head
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._open)

    # --- a resumption ----------------------------------------------------------------------------

    def _recognise(self, arrival: Arrival) -> tuple[Recognised | None, RecordHead | None]:
        for head in self._unfinished.values():
            recognised = check_flight(
                arrival.flight,
                secrets=greeting.secrets_of([(head.secret, head.older_secret)]),
                address=arrival.local.address,
                port=arrival.local.port,
            )
            if recognised is not None:
                return recognised, head
        return None, None

    async def _talk_again(self, arrival: Arrival, recognised: Recognised, head: RecordHead) -> None:
        try:
            pipe = arrival.take()
        except EnvironmentProblem:
            return
        try:
            keys = await greeting.in_thread(pipe, greeting.answer_again, pipe, recognised, self._entropy)
        except (EnvironmentProblem, PeerError):
            pipe.close()
            return
        if head.id in self._talks:
            # The same person again, from another network or after a crash: the old connection is dead.
            self._talks[head.id][0].break_off()
            await self._conclude(head.id)
        if head.id not in self._unfinished:  # that was its end after all
            pipe.close()
            return
        self._report(events.Met(resumed=True))
        kept = self._records.entries(head.id)
        entries = [as_source(entry) for entry in kept]
        wanted = frozenset(entry.number for entry in kept if entry.state is not FileState.REFUSED)
        sender = Sender.resumed([as_entry(entry) for entry in entries], wanted=wanted, aes=self._aes)

        def keys_confirmed() -> None:
            self._records.replace_secret(head.id, keys.resumption_secret, used=recognised.secret)
            self._records.confirm_secret(head.id)
            self._expect(replace(head, secret=keys.resumption_secret, older_secret=None))

        talk = self._conversation(
            pipe, keys, sender, entries, keys_confirmed=keys_confirmed, remember=lambda _: None
        )
        self._talks[head.id] = talk, asyncio.ensure_future(self._converse(head.id, talk, accepted=wanted))

    # --- talking ---------------------------------------------------------------------------------

    def _conversation(
        self,
        pipe: Pipe,
        keys: SessionKeys,
        sender: Sender,
        entries: Sequence[SourceEntry],
        *,
        keys_confirmed: Callable[[], None],
        remember: Callable[[frozenset[int]], None],
    ) -> SendingConversation:
        pipe.set_deadline(None)
        pipe.set_patience(PATIENCE_S)
        return SendingConversation(
            channel=Channel(pipe, keys),
            sender=sender,
            entries=entries,
            source=self._source,
            keys_confirmed=keys_confirmed,
            remember=remember,
            report=self._report,
        )

    async def _converse(
        self, id: HandoverId, talk: SendingConversation, *, accepted: frozenset[int] | None
    ) -> None:
        outcome = await asyncio.to_thread(talk.run, accepted=accepted)
        match outcome:
            case Outcome.COMPLETE:
                self._records.forget(id)
                self._unfinished.pop(id, None)
                self._given = not self._unfinished
            case Outcome.GIVEN_UP:
                self._records.forget(id)
                raise AccessDenied(
                    "The other side has given this hand-over up.",
                    safe="Your files are untouched.",
                    do="Run satchel send PATH to offer them again.",
                )
            case Outcome.DECLINED:
                raise AccessDenied(
                    "The other person declined.", safe="Nothing was sent.", do="Ask what they would like."
                )
            case Outcome.REFUSED:
                assert self._door is not None
                self._report(events.Lost(loss=talk.loss))
                self._door.reopen()
                self._open()
            case _:
                self._report(events.Lost(loss=talk.loss))
                self._open()
