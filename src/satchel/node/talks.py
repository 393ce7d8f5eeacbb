"""The sender's conversations with all its receivers: begun, begun again, given more pipes, concluded.

Each has threads of its own and a record; those about one offer share a carousel, so that the source is
read once. What goes wrong with one does not end the others (M3). Used from one asyncio loop.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from satchel.core.handover.sending import Sender
from satchel.core.session.flight import Recognised, check_flight
from satchel.core.session.handshake import Purpose, SessionKeys
from satchel.core.session.resumption import SecretKey
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node import events, greeting
from satchel.node.carousel import Carousel
from satchel.node.channel import Channel
from satchel.node.draining import drain
from satchel.node.entries import as_sources, sender_record
from satchel.node.outcome import Outcome
from satchel.node.own_thread import in_own_thread
from satchel.node.seat import Pace
from satchel.node.sending import SendingConversation
from satchel.ports import (
    Arrival,
    Entropy,
    FileState,
    HandoverId,
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
_Offer = tuple[Sequence[SourceEntry], Carousel, frozenset[int]]  # the last: what was accepted of it
HMACS_A_KEY = 2  # one for our own end, one for a typed address
FURTHER_FLIGHTS_MAX = 64  # of one session; more is somebody trying


@dataclass(slots=True)
class _Talk:
    conversation: SendingConversation
    task: asyncio.Task[Outcome]
    report: events.Report
    flights: set[bytes]  # ephemeral keys of further pipes, so that none is opened by a replay


class Talks:
    """All that is going on, and what could go on."""

    def __init__(
        self, *, entropy: Entropy, records: Records, source: Source, aes: bool, changed: Callable[[], None]
    ) -> None:
        """`changed` is called on the loop when a hand-over can be gone on with from now on, or under
        another secret."""
        self._entropy = entropy
        self._records = records
        self._source = source
        self._aes = aes
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._running: dict[HandoverId, _Talk] = {}
        self.unfinished: dict[HandoverId, RecordHead] = {}
        self._offers: dict[HandoverId, _Offer] = {}
        self._paces: dict[HandoverId, Pace] = {}
        self._reports: dict[HandoverId, events.Report] = {}
        self._flight_keys: dict[bytes, SecretKey] = {}

    @property
    def ids(self) -> set[HandoverId]:
        """All hand-overs that are neither over nor refused."""
        return set(self._running) | set(self.unfinished)

    @property
    def tasks(self) -> set[asyncio.Task[Outcome]]:
        return {talk.task for talk in self._running.values()}

    def ended(self) -> list[HandoverId]:
        return [id for id, talk in self._running.items() if talk.task.done()]

    def waited_for(self) -> list[RecordHead]:
        """All that may be gone on with; first those that nobody talks about at the moment."""
        heads = list(self.unfinished.values())
        return sorted(heads, key=lambda head: head.id in self._running)

    def contents_of(self, id: HandoverId) -> events.Contents:
        """What was accepted of this one."""
        return self._running[id].conversation.contents

    def report_of(self, id: HandoverId) -> events.Report:
        """Where what happens in this one is told."""
        return self._running[id].report

    def resume(self, head: RecordHead, report: events.Report) -> None:
        """What an earlier run of the program began: it can be gone on with."""
        self.unfinished[head.id], self._reports[head.id] = head, report

    def begin(
        self,
        pipe: Pipe,
        keys: SessionKeys,
        *,
        entries: Sequence[SourceEntry],
        note: str | None,
        carousel: Carousel,
        report: events.Report,
    ) -> HandoverId:
        """Somebody has typed the code: offer, and remember what is accepted."""
        id = HandoverId(self._entropy.draw(ID_BYTES))
        sender = Sender(entries, aes=self._aes, note=note)

        def remember(numbers: frozenset[int]) -> None:
            if numbers:  # of a text alone nothing is left to go on with
                self._offers[id] = entries, carousel, numbers
                self._remember(id, keys, entries, numbers)

        self._reports[id] = report
        self._run(
            id,
            (pipe, keys),
            sender,
            (entries, carousel),
            keys_confirmed=lambda: None,
            remember=remember,
            accepted=None,
        )
        return id

    def _remember(
        self, id: HandoverId, keys: SessionKeys, entries: Sequence[SourceEntry], numbers: frozenset[int]
    ) -> None:
        head = RecordHead(
            id=id,
            role=Role.SENDER,
            secret=keys.resumption_secret,
            older_secret=None,
            into=b"",
            finished=False,
        )
        self._records.create(
            head, (sender_record(n, entry, accepted=n in numbers) for n, entry in enumerate(entries))
        )
        self._expect(head)

    def _expect(self, head: RecordHead) -> None:
        """From another thread: this receiver is let in again from now on."""
        self._loop.call_soon_threadsafe(self._put, head)

    def _put(self, head: RecordHead) -> None:
        """On the loop, which goes through all of them for each flight."""
        self.unfinished[head.id] = head
        self._changed()

    # --- going on, and further pipes --------------------------------------------------------------

    @property
    def check_hmacs(self) -> int:
        """What it costs to find out that a flight is nobody's."""
        heads = self.unfinished.values()
        return HMACS_A_KEY * (
            len(heads) + sum(head.older_secret is not None for head in heads) + len(self._running)
        )

    async def admit(self, arrival: Arrival) -> bool:
        """Whether this first flight is of an unfinished hand-over or a running session; if so it has been
        dealt with."""
        self._forget_flight_keys()
        for head in self.unfinished.values():
            recognised = self._check(arrival, greeting.secrets_of([(head.secret, head.older_secret)]))
            if recognised is not None:
                if self._records.remember_flight(head.id, recognised.ephemeral):
                    await self._talk_again(arrival, recognised, head)
                else:
                    arrival.drain()
                return True
        for talk in self._running.values():
            if not talk.conversation.wants_pipes:
                continue
            recognised = self._check(arrival, [talk.conversation.stripe_secret], Purpose.STRIPE)
            if recognised is not None:
                if recognised.ephemeral in talk.flights or len(talk.flights) >= FURTHER_FLIGHTS_MAX:
                    arrival.drain()
                else:
                    talk.flights.add(recognised.ephemeral)
                    opened = await self._open(arrival, recognised)
                    if opened is not None:
                        talk.conversation.add_pipe(*opened)
                return True
        return False

    def _check(
        self, arrival: Arrival, secrets: Sequence[bytes], purpose: Purpose = Purpose.RESUMPTION
    ) -> Recognised[SecretKey] | None:
        for secret in secrets:
            if secret not in self._flight_keys:
                self._flight_keys[secret] = SecretKey.of(secret, purpose)
        keys = [self._flight_keys[secret] for secret in secrets]
        end = arrival.local
        return check_flight(arrival.flight, keys=keys, address=end.address, port=end.port)

    def _forget_flight_keys(self) -> None:
        """Of secrets that are gone, too, nothing may stay (W4)."""
        kept = set(greeting.secrets_of((head.secret, head.older_secret) for head in self.unfinished.values()))
        kept.update(talk.conversation.stripe_secret for talk in self._running.values())
        self._flight_keys = {secret: key for secret, key in self._flight_keys.items() if secret in kept}

    async def _open(
        self, arrival: Arrival, recognised: Recognised[SecretKey]
    ) -> tuple[Pipe, SessionKeys] | None:
        try:
            pipe = arrival.take()
        except EnvironmentProblem:
            return None
        try:
            keys = await greeting.in_thread(pipe, greeting.answer_again, pipe, recognised, self._entropy)
        except EnvironmentProblem:
            pipe.close()
            return None
        except PeerError:  # a good proof and a bad Noise message [3.4]
            drain(pipe, self._entropy)
            return None
        pipe.set_patience(PATIENCE_S)
        pipe.set_deadline(None)
        return pipe, keys

    async def _talk_again(
        self, arrival: Arrival, recognised: Recognised[SecretKey], head: RecordHead
    ) -> None:
        id = head.id
        if id in self._running:
            # The same person again, from another network or after a crash: the old connection is dead. Before
            # anything is answered, since its last words may have changed the secret.
            self._running[id].conversation.break_off()
            await asyncio.wait([self._running[id].task])
            if self._is_over(id):
                arrival.drain()  # that was its end after all: `conclude` says so to who waits for it
                return
            del self._running[id]
        now = self.unfinished.get(id)
        if now is None or recognised.key.secret not in (now.secret, now.older_secret):
            arrival.drain()  # it comes again under the newer secret
            return
        head = now
        opened = await self._open(arrival, recognised)
        if opened is None:
            return
        keys = opened[1]
        self._reports[id](events.Met(resumed=True))
        if id not in self._offers:
            self._offers[id] = await in_own_thread(self._look_up, id)
        entries, carousel, wanted = self._offers[id]
        sender = Sender.resumed(entries, wanted=wanted, aes=self._aes)

        def keys_confirmed() -> None:
            self._records.replace_secret(id, keys.resumption_secret, used=recognised.key.secret)
            self._records.confirm_secret(id)
            self._expect(replace(head, secret=keys.resumption_secret, older_secret=None))

        self._run(
            id,
            opened,
            sender,
            (entries, carousel),
            keys_confirmed=keys_confirmed,
            remember=lambda _: None,
            accepted=wanted,
        )

    def _look_up(self, id: HandoverId) -> "_Offer":
        """What an earlier run of the program offered; takes a while for many files."""
        kept = self._records.entries(id)
        entries = self._source.recognise(as_sources(kept))
        wanted = frozenset(entry.number for entry in kept if entry.state is not FileState.REFUSED)
        return entries, Carousel(entries, self._source), wanted

    def _is_over(self, id: HandoverId) -> bool:
        """Whether the broken-off conversation had ended for good before."""
        task = self._running[id].task
        return task.exception() is not None or task.result() in (Outcome.COMPLETE, Outcome.GIVEN_UP)

    # --- talking ----------------------------------------------------------------------------------

    def _run(
        self,
        id: HandoverId,
        opened: tuple[Pipe, SessionKeys],
        sender: Sender,
        offer: tuple[Sequence[SourceEntry], Carousel],
        *,
        keys_confirmed: Callable[[], None],
        remember: Callable[[frozenset[int]], None],
        accepted: frozenset[int] | None,
    ) -> None:
        (pipe, keys), (entries, carousel) = opened, offer
        pipe.set_deadline(greeting.STEP_S)  # for the Hello: who has the code and says nothing keeps no place
        pipe.set_patience(PATIENCE_S)
        conversation = SendingConversation(
            channel=Channel(pipe, keys),
            sender=sender,
            entries=entries,
            source=self._source,
            carousel=carousel,
            pace=self._paces.setdefault(id, Pace()),
            keys_confirmed=keys_confirmed,
            remember=remember,
            report=self._reports[id],
        )
        running = asyncio.ensure_future(in_own_thread(conversation.run, accepted=accepted))
        self._running[id] = _Talk(conversation, running, self._reports[id], set())

    def conclude(self, id: HandoverId) -> Outcome:
        """One of `ended`: how it ended. Raises what it raised. Over and done is forgotten."""
        talk = self._running.pop(id)
        try:
            outcome = talk.task.result()
        except BaseException:
            self.unfinished.pop(id, None)  # not forgotten: another run of the program may go on
            raise
        if outcome in (Outcome.COMPLETE, Outcome.GIVEN_UP):
            self.forget(id)
        elif outcome is not Outcome.DECLINED:
            talk.report(events.Lost(loss=talk.conversation.loss))
        return outcome

    def forget(self, id: HandoverId) -> None:
        self._records.forget(id)
        self.unfinished.pop(id, None)
        self._offers.pop(id, None)
        self._paces.pop(id, None)

    async def stop(self) -> None:
        """Say to everybody that it may go on later. Their threads still use the files and the records."""
        for talk in self._running.values():
            talk.conversation.stop()
        await asyncio.gather(*self.tasks, return_exceptions=True)
