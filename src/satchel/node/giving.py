"""`satchel send`: offers files to whoever has the code, and goes on until they are over there.

One asyncio loop waits for people; each conversation has its own threads (talks.py). A break is not an
end: the receiver is waited for again, with the secret that the session left.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.core.discovery.rendezvous import RENDEZVOUS_OPEN_S
from satchel.core.handover.messages import Path
from satchel.core.pairing.code import CODE_RANDOM_BYTES, SpokenCode
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.resumption import ResumptionKeys
from satchel.errors import NothingToDo, SatchelError
from satchel.node import clock, events
from satchel.node.carousel import Carousel
from satchel.node.door import CODE_HMACS, CodeDoor
from satchel.node.endings import declined, given_up_by_receiver, nobody_came
from satchel.node.greeting import SessionBehind
from satchel.node.knocking import Knocking
from satchel.node.meeting import Found, Happening, LinksChanged, Meeting, TimeIsUp
from satchel.node.outcome import Outcome
from satchel.node.proofs import ProofQueue
from satchel.node.talks import Talks
from satchel.ports import (
    Arrival,
    Arrived,
    Entropy,
    HandoverId,
    Lan,
    Link,
    Pipe,
    Records,
    Role,
    Source,
    SourceEntry,
)


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
        receivers: int = 1,
    ) -> None:
        """`receivers`: how many may take the offer, all with the same code."""
        self._lan = lan
        self._entropy = entropy
        self._records = records
        self._source = source
        self._show_address = show_address
        self._tell = report
        self._receivers = receivers
        self._meeting = Meeting(lan, entropy, clock.monotonic_s)
        self._talks = Talks(
            entropy=entropy, records=records, source=source, aes=aes, changed=self._open_unless_over
        )
        self._code: SpokenCode | None = None
        self._door: CodeDoor[SessionKeys] | None = None
        self._knocking: Knocking[SessionKeys] | None = None
        self._entries: Sequence[SourceEntry] = ()
        self._note: str | None = None
        self._carousel: Carousel | None = None
        self._arrivals: ProofQueue[Arrival] = ProofQueue(clock.monotonic_s())
        self._problem: SatchelError | None = None  # of one hand-over, while others go on
        self._failed: set[tuple[int, Path]] = set()
        self._code_ends_s = 0.0
        self._waits_until_s = 0.0
        self._time_is_up = False
        self._told: tuple[str, ...] | None = None
        self._met = 0
        self.given = 0

    async def give(self, entries: Sequence[SourceEntry], note: str | None) -> None:
        """Show a code and wait for those who type it; returns when all is over there.

        Raises:
            AccessDenied: declined, or too many wrong guesses.
            NothingToDo: nobody came.
            PeerError, EnvironmentProblem: the other side, or our own disk.
        """
        self._entries, self._note = entries, note
        self._carousel = Carousel(entries, self._source, expected=self._receivers)
        self._code = SpokenCode.from_random(self._entropy.draw(CODE_RANDOM_BYTES))
        behind = SessionBehind(self._entropy)
        self._door = CodeDoor(self._code, self._entropy, self._report, behind, command="satchel send")
        self._knocking = Knocking(self._door)
        self._code_ends_s = clock.monotonic_s() + RENDEZVOUS_OPEN_S
        self._report(events.CodeReady(code=self._code.spoken(), receivers=self._receivers))
        await self._serve()

    async def resume(self) -> None:
        """Go on with everything that is unfinished; raises as give() does."""
        heads = self._records.unfinished(Role.SENDER)
        if not heads:
            raise NothingToDo(
                "Nothing that was sent from here is unfinished.",
                safe="Nothing was changed.",
                do="To send something new: satchel send PATH",
            )
        self._receivers = len(heads)
        for number, head in enumerate(heads, 1):
            self._talks.resume(head, self._report_of(number) if len(heads) > 1 else self._report)
        self._report(events.Searching(resuming=len(heads)))
        await self._serve()

    def _report(self, event: events.Event) -> None:
        """A file that failed is told once for each receiver, although each connection says it again."""
        whose, inner = 0, event
        if isinstance(event, events.ByReceiver):
            whose, inner = event.receiver, event.event
        elif isinstance(event, events.ByHandover):
            whose, inner = event.handover, event.event
        if isinstance(inner, events.FileFailed):
            if (whose, inner.path) in self._failed:
                return
            self._failed.add((whose, inner.path))
        self._tell(event)

    def _report_of_next(self) -> events.Report:
        """For one more receiver: where there are several, each event says whose it is."""
        self._met += 1
        if self._receivers == 1:
            return self._report
        receiver = self._met
        return lambda event: self._report(events.ByReceiver(receiver=receiver, event=event))

    def _report_of(self, handover: int) -> events.Report:
        """For one of several that are gone on with: each event says which."""
        return lambda event: self._report(events.ByHandover(handover=handover, event=event))

    # --- waiting ---------------------------------------------------------------------------------

    @property
    def _vacant(self) -> int:
        """How many more may come in with the code. A running hand-over has its place until it fails for
        good, so that never more than were meant have all of it."""
        if self._door is None or self._door.is_closed:
            return 0
        return self._receivers - self.given - len(self._talks.ids)

    @property
    def _guessing(self) -> asyncio.Task[tuple[Pipe, SessionKeys] | None] | None:
        return None if self._knocking is None else self._knocking.guess

    @property
    def _over(self) -> bool:
        return not self._talks.ids and self._guessing is None and not self._vacant

    async def _serve(self) -> None:
        self._open()
        waiting: asyncio.Task[Happening] | None = None
        try:
            while not self._over:
                waiting = waiting or asyncio.ensure_future(self._meeting.next())
                busy = {task for task in (waiting, self._guessing) if task is not None}
                rest_s = self._arrivals.rest_s(clock.monotonic_s())
                done, _ = await asyncio.wait(
                    busy | self._talks.tasks,
                    timeout=None if rest_s == float("inf") else rest_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if self._knocking is not None and self._knocking.guess in done:
                    self._welcome(self._knocking.take_guess())
                for id in self._talks.ended():
                    self._conclude(id)
                if waiting in done:
                    happening, waiting = await waiting, None
                    self._handle(happening)
                await self._look_at_the_next()
                if self._knocking is not None:
                    self._knocking.let_the_next_in(is_open=self._vacant > 0)
                if self._time_is_up and not self._talks.tasks and self._guessing is None:
                    break
        finally:
            if waiting is not None:
                waiting.cancel()
            if self._knocking is not None:
                self._knocking.stop()
            await self._talks.stop()
        self._end()

    def _end(self) -> None:
        """Raises what kept everybody from having it; for one of several that has it, that is told only."""
        problem: SatchelError | None = self._problem
        if problem is None and self._door is not None:
            problem = self._door.problem
        if problem is None and (self._talks.unfinished or not self.given):
            problem = nobody_came(resuming=bool(self._talks.unfinished))
        if problem is not None and (not self.given or self._talks.unfinished or self._code is None):
            raise problem

    def _conclude(self, id: HandoverId) -> None:
        """A conversation has ended. What went wrong with one does not end the others (M3)."""
        alone, report = self._receivers == 1, self._talks.report_of(id)
        contents = replace(self._talks.contents_of(id), has_text=self._note is not None)
        outcome, problem = Outcome.LOST, None
        try:
            outcome = self._talks.conclude(id)
        except SatchelError as raised:
            problem = raised
        if outcome is Outcome.GIVEN_UP:
            problem = given_up_by_receiver()
        elif outcome is Outcome.DECLINED and alone:
            problem = declined()
        if problem is not None:
            self._problem = self._problem or problem
            if alone and self._door is not None:
                self._door.close()
            elif self._code is not None:
                report(events.Trouble(problem=problem))
        elif outcome is Outcome.COMPLETE:
            self.given += 1
            report(events.Delivered(contents=contents))
            if not alone and self._code is not None:
                self._report(events.Given(number=self.given, of=self._receivers))
        elif outcome is Outcome.DECLINED:
            report(events.Declined())
        elif outcome is Outcome.REFUSED and alone and self._door is not None:
            self._door.reopen()
        self._open_unless_over()

    def _open_unless_over(self) -> None:
        if not self._over:
            self._open()

    def _open(self) -> None:
        """Shout for what is open now: the code, and the hand-overs that a break may leave."""
        now_s = clock.monotonic_s()
        slots: list[tuple[SlotKey, SlotKey]] = []  # shown and sought, the most important first: 64 count
        open_s = RENDEZVOUS_OPEN_S if self._talks.unfinished else 0.0
        self._waits_until_s = now_s + open_s
        if self._code is not None and self._vacant > 0 and now_s < self._code_ends_s:
            slot = SlotKey(kind=SlotKind.CODE, key=self._code.rendezvous_key())
            slots.append((slot, slot))
            open_s = self._code_ends_s - now_s
        for head in self._talks.waited_for():
            for secret in (head.secret, head.older_secret):
                if secret is not None:
                    keys = ResumptionKeys.of(secret)
                    slots.append(
                        (
                            SlotKey(kind=SlotKind.RESUMPTION, key=keys.sender_slot),
                            SlotKey(kind=SlotKind.RESUMPTION, key=keys.receiver_slot),
                        )
                    )
        shown, sought = [one for one, _ in slots], [other for _, other in slots]
        self._time_is_up = False
        self._meeting.open(shown=shown, sought=sought, open_s=max(1.0, open_s))
        self._tell_addresses(self._lan.links())

    def _tell_addresses(self, links: Sequence[Link]) -> None:
        listening = sorted((link for link in links if link.port), key=lambda link: link.interface == "lo")
        addresses = tuple(map(self._show_address, listening))
        if addresses != self._told:
            self._told = addresses
            self._report(events.Listening(addresses=addresses))

    def _handle(self, happening: Happening) -> None:
        match happening:
            case TimeIsUp():
                self._end_waiting()
            case Found():
                pass  # we never dial
            case LinksChanged(links=links):
                self._tell_addresses(links)
            case Arrived(arrival=arrival):
                self._queue(arrival)
            case _:
                assert_never(happening)

    def _end_waiting(self) -> None:
        """The code is over. Who broke off may come back for a while; what runs may end first."""
        if self._talks.unfinished and clock.monotonic_s() < self._waits_until_s:
            self._open()
        else:
            self._time_is_up = True

    def _queue(self, arrival: Arrival) -> None:
        """Of all who connect each has its turn: to find out that one is a stranger costs something (P3)."""
        source, now_s = bytes(arrival.remote.address), clock.monotonic_s()
        for crowded_out in self._arrivals.arrive(arrival, source, is_known=False, now_s=now_s):
            crowded_out.drain()

    async def _look_at_the_next(self) -> None:
        arrival = self._arrivals.take(clock.monotonic_s())
        if arrival is not None and arrival.is_waiting:
            self._arrivals.spend(self._talks.check_hmacs + CODE_HMACS)
            await self._admit(arrival)

    async def _admit(self, arrival: Arrival) -> None:
        """Nothing is answered unless the flight proves an unfinished hand-over or a running session, or
        speaks of our channel."""
        if await self._talks.admit(arrival):
            return
        if self._knocking is not None:
            self._knocking.come(arrival, is_open=self._vacant > 0)
        else:
            arrival.drain()

    # --- a code ----------------------------------------------------------------------------------

    def _welcome(self, opened: tuple[Pipe, SessionKeys] | None) -> None:
        """The right code was typed, or a guess is over."""
        if opened is None:
            return
        assert self._carousel is not None
        assert self._door is not None
        report = self._report_of_next()
        report(events.Met(resumed=False))
        self._talks.begin(
            *opened,
            entries=self._entries,
            note=self._note,
            carousel=self._carousel,
            report=report,
        )
        if self._receivers > 1:
            self._door.let_the_next_in()
