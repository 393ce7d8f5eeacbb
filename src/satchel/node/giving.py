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
from satchel.core.handover.sending import Sender
from satchel.core.pairing import host as h
from satchel.core.pairing.code import CODE_RANDOM_BYTES, SpokenCode
from satchel.core.pairing.exchange import HOST_FILL_BYTES, SCALAR_BYTES
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.resumption import Recognised, ResumptionKeys, check_flight
from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo, PeerError
from satchel.node import clock, events, greeting
from satchel.node.channel import Channel
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

CONFIRMED_WITHIN_S = h.CONFIRM_WITHIN_S
ID_BYTES = 16


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
        self._report = report
        self._meeting = Meeting(lan, entropy, clock.monotonic_s)
        self._code: SpokenCode | None = None
        self._host: h.Host | None = None
        self._entries: Sequence[SourceEntry] = ()
        self._note: str | None = None
        self._unfinished: dict[HandoverId, RecordHead] = {}
        self._talk: SendingConversation | None = None
        self._talking: asyncio.Task[None] | None = None
        self._guessing: asyncio.Task[None] | None = None
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
        self._host = h.Host(self._code)
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

    def stop(self) -> None:
        """The person does not want to wait any longer: what is unfinished can go on later."""
        if self._talk is not None:
            self._talk.stop()

    # --- waiting ---------------------------------------------------------------------------------

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open()
        waiting: asyncio.Task[Happening] | None = None
        try:
            while not self._given:
                waiting = waiting or asyncio.ensure_future(self._meeting.next())
                busy = {task for task in (waiting, self._talking, self._guessing) if task is not None}
                done, _ = await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
                if self._guessing in done:
                    guess, self._guessing = self._guessing, None
                    await guess
                if self._talking in done:
                    talking, self._talking = self._talking, None
                    await talking
                if waiting in done:
                    happening, waiting = await waiting, None
                    await self._handle(happening)
                if self._time_is_up and self._talking is None and self._guessing is None:
                    raise self._nobody_came()
        finally:
            for task in (waiting, self._guessing):
                if task is not None:
                    task.cancel()
            self.stop()
            if self._talking is not None:  # its threads still use the files and the record
                await asyncio.gather(self._talking, return_exceptions=True)

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
        elif self._host is not None and not self._unfinished and self._talking is None:
            self._hear_flight(self._host, arrival)
        else:
            arrival.drain()

    # --- a code ----------------------------------------------------------------------------------

    def _hear_flight(self, host: h.Host, arrival: Arrival) -> None:
        effects = host.hear_flight(
            arrival.flight,
            address=arrival.local.address,
            port=arrival.local.port,
            scalar=self._entropy.draw(SCALAR_BYTES),
            fill=self._entropy.draw(HOST_FILL_BYTES),
            now_s=clock.monotonic_s(),
        )
        for effect in effects:
            match effect:
                case h.Drain():
                    arrival.drain()
                case h.GuessCounted(number=number, of=of):
                    self._report(events.GuessCounted(number=number, of=of))
                case h.Answer(flight=flight):
                    self._guessing = asyncio.ensure_future(self._guess(host, arrival, flight))
                case _:
                    pass  # the ten seconds of a guess are counted in _guess

    async def _guess(self, host: h.Host, arrival: Arrival, flight: bytes) -> None:
        pipe: Pipe | None = None
        try:
            pipe = arrival.take()
            async with asyncio.timeout(CONFIRMED_WITHIN_S):
                confirmation, message_1 = await greeting.in_thread(pipe, greeting.answer_guess, pipe, flight)
        except (EnvironmentProblem, TimeoutError):
            if pipe is not None:
                pipe.close()
            self._judge(host.lose(clock.monotonic_s()))
            return
        for effect in host.hear_confirmation(confirmation, clock.monotonic_s()):
            if isinstance(effect, h.Matched):
                await self._match(host, pipe, effect, message_1)
                return
            self._judge([effect])
        pipe.close()

    def _judge(self, effects: Sequence[h.Effect]) -> None:
        if any(isinstance(effect, h.Closed) for effect in effects):
            raise AccessDenied(
                f"This code was guessed at {h.GUESSES_MAX} times.",
                safe="Nothing was sent to anybody.",
                do="Somebody on this network may be trying codes. Run satchel send again for a new code.",
            )

    async def _match(self, host: h.Host, pipe: Pipe, matched: h.Matched, message_1: bytes) -> None:
        try:
            keys = await greeting.in_thread(
                pipe,
                greeting.answer_match,
                pipe,
                psk=matched.psk,
                confirmation=matched.confirmation,
                message_1=message_1,
                entropy=self._entropy,
            )
        except (EnvironmentProblem, PeerError):
            pipe.close()
            self._judge(host.reopen())
            return
        self._report(events.Met(resumed=False))
        id = HandoverId(self._entropy.draw(ID_BYTES))
        offered = [as_entry(entry) for entry in self._entries]
        sender = Sender(offered, aes=self._aes, note=self._note)

        def remember(numbers: frozenset[int]) -> None:
            if numbers:  # of a text alone nothing is left to go on with
                self._remember(id, keys, numbers)

        self._begin(pipe, keys, sender, self._entries, keys_confirmed=lambda: None, remember=remember)
        self._talking = asyncio.ensure_future(self._converse(id, accepted=None))

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
        if self._talking is not None and self._talk is not None:
            # The same person again, from another network or after a crash: the old connection is dead.
            self._talk.break_off()
            talking, self._talking = self._talking, None
            await talking
        self._report(events.Met(resumed=True))
        kept = self._records.entries(head.id)
        entries = [as_source(entry) for entry in kept]
        wanted = frozenset(entry.number for entry in kept if entry.state is not FileState.REFUSED)
        sender = Sender.resumed([as_entry(entry) for entry in entries], wanted=wanted, aes=self._aes)

        def keys_confirmed() -> None:
            self._records.replace_secret(head.id, keys.resumption_secret, used=recognised.secret)
            self._records.confirm_secret(head.id)
            self._expect(replace(head, secret=keys.resumption_secret, older_secret=None))

        self._begin(pipe, keys, sender, entries, keys_confirmed=keys_confirmed, remember=lambda _: None)
        self._talking = asyncio.ensure_future(self._converse(head.id, accepted=wanted))

    # --- talking ---------------------------------------------------------------------------------

    def _begin(
        self,
        pipe: Pipe,
        keys: SessionKeys,
        sender: Sender,
        entries: Sequence[SourceEntry],
        *,
        keys_confirmed: Callable[[], None],
        remember: Callable[[frozenset[int]], None],
    ) -> None:
        pipe.set_deadline(None)  # the kernel notices a vanished peer within some twenty seconds
        self._talk = SendingConversation(
            channel=Channel(pipe, keys),
            sender=sender,
            entries=entries,
            source=self._source,
            keys_confirmed=keys_confirmed,
            remember=remember,
            report=self._report,
        )

    async def _converse(self, id: HandoverId, *, accepted: frozenset[int] | None) -> None:
        assert self._talk is not None
        talk = self._talk
        outcome = await asyncio.to_thread(talk.run, accepted=accepted)
        if self._talk is talk:
            self._talk = None
        match outcome:
            case Outcome.COMPLETE | Outcome.GIVEN_UP:
                self._records.forget(id)
                self._unfinished.pop(id, None)
                self._given = not self._unfinished
                if outcome is Outcome.GIVEN_UP and self._given:
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
                assert self._host is not None
                self._report(events.Lost(loss=talk.loss))
                self._judge(self._host.reopen())
                self._open()
            case _:
                self._report(events.Lost(loss=talk.loss))
                self._open()
