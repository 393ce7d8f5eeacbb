"""`satchel receive`: finds who has the code, shows what is offered and takes it, whatever breaks.

One asyncio loop looks for people; greetings (greetings.py) and conversations (conversing.py) run side by
side, so that a silent host or sender keeps nobody else waiting (P3, M3). After a break the sender is looked
for again, with the secret that the session left.
"""

import asyncio
from collections.abc import Callable, Coroutine

from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.core.discovery.rendezvous import RENDEZVOUS_OPEN_S
from satchel.core.pairing.code import SpokenCode
from satchel.core.session.resumption import ResumptionKeys
from satchel.errors import (
    AccessDenied,
    EnvironmentProblem,
    NothingToDo,
    NotTheFolder,
    PeerError,
    SatchelError,
)
from satchel.node import clock, events, greeting
from satchel.node.by_code import ByCode
from satchel.node.conversing import Conversing, Ended
from satchel.node.endings import code_not_right, declined_here, given_up, nobody_found, not_cleaned_up
from satchel.node.greetings import Greetings
from satchel.node.meeting import Found, Meeting
from satchel.node.outcome import Outcome
from satchel.node.receiving import Decide
from satchel.node.seeking import REPEAT_S, Seeker
from satchel.node.unfinished import Unfinished
from satchel.ports import Chosen, Endpoint, Entropy, HandoverId, Lan, Landing, Pipe, Records, Role

ID_BYTES = 16
FAREWELL_S = 10.0  # how long to look for a sender who may not know that all is in place
TYPED_ADDRESS_TRIES_S = 60.0  # until the first time that the other side answers there

Reopen = Callable[[HandoverId, bytes], Landing]


class Taker:
    """Takes one offer with a code, or goes on with what is unfinished. Used once."""

    def __init__(
        self,
        *,
        lan: Lan,
        entropy: Entropy,
        records: Records,
        reopen: Reopen,
        aes: bool,
        decide: Decide,
        report: events.Report,
        at: Endpoint | None = None,
    ) -> None:
        """
        Args:
            reopen: the folder in which an unfinished hand-over goes on. Raises NotTheFolder.
            decide: asks the person what of an offer they want; None: nothing.
            at: dial this address instead of looking for the other side.
        """
        self._entropy = entropy
        self._records = records
        self._reopen = reopen
        self._decide, self._report = decide, report
        self._at, self._typed = at, at is not None
        self._meeting = Meeting(lan, entropy, clock.monotonic_s)
        self._seeker = Seeker(lan, self._meeting, at)
        self._conversing = Conversing(
            lan=lan, entropy=entropy, records=records, aes=aes, typed_address=at is not None
        )
        self._by_code: ByCode | None = None  # while the code is of use
        self._unfinished: dict[HandoverId, Unfinished] = {}
        self._talking: dict[asyncio.Task[Ended], Unfinished | ByCode] = {}
        self._problem: SatchelError | None = None  # of one hand-over, while others go on
        self._greetings = Greetings()
        self._time_is_up, self._looks = False, 0
        self._has_met, self._farewell_s = False, 0.0
        self._tried = 0  # where a typed address does not say whose turn it is

    async def take(self, code: SpokenCode, chosen: Chosen, into: bytes) -> None:
        """Find the host of this code; returns when everything accepted is in place. `into`: the path of
        the chosen folder.

        Raises:
            AccessDenied: the code was not right, or the person declined.
            NothingToDo: nobody was found.
            PeerError, EnvironmentProblem: the other side, or our own disk.
        """
        self._by_code = ByCode(code, chosen, into, records=self._records, decide=self._decide)
        self._report(events.Searching(resuming=0))
        await self._serve()

    async def resume(self) -> None:
        """Go on with everything unfinished; raises as take() does."""
        heads = self._records.unfinished(Role.RECEIVER)
        if not heads:
            raise NothingToDo(
                "Nothing that was received here is unfinished.",
                safe="Nothing was changed.",
                do="To receive something new: satchel receive",
            )
        for number, head in enumerate(heads, 1):
            try:
                landing = self._reopen(head.id, head.into)
            except NotTheFolder as problem:
                if head.finished:  # nothing is lacking; it is its folder of unfinished files that is gone
                    self._records.forget(head.id)
                else:
                    self._problem = self._problem or problem
                continue
            except EnvironmentProblem as problem:  # the others can go on (M3)
                self._problem = self._problem or problem
                continue
            which = number if len(heads) > 1 else 0
            self._unfinished[head.id] = Unfinished(head, landing, told=False, number=which)
        await self._serve()

    # --- looking ---------------------------------------------------------------------------------

    async def _serve(self) -> None:
        try:
            self._look()
            while self._unfinished or self._by_code is not None:
                await self._step()
        finally:
            await self._stop()
        if self._problem is not None:
            raise self._problem

    async def _step(self) -> None:
        """Until somebody is found, a greeting or a conversation ends, or the time is up."""
        rest_s = self._greetings.rest_s(clock.monotonic_s(), alone=self._is_over() or self._typed)
        found = await self._wait(rest_s, None if self._greetings.tasks else self._gives_up_s())
        ended = [task for task in self._talking if task.done()]
        for task in ended:
            self._conclude(task)
        self._greetings.settle()
        if ended:
            self._look()
        elif not self._greetings.tasks and self._is_over():  # what ran has ended
            self._time_is_up = False
            self._give_up()
        elif found is not None:
            self._begin_to_greet(found)

    def _is_over(self) -> bool:
        gives_up_s = self._gives_up_s()
        return self._time_is_up or (gives_up_s is not None and clock.monotonic_s() >= gives_up_s)

    async def _wait(self, rest_s: float, gives_up_s: float | None) -> Found | None:
        """Until something happens. Nobody is looked for before `rest_s` is over."""
        waits_s = [rest_s] if 0 < rest_s < float("inf") else []
        if gives_up_s is not None:
            waits_s.append(max(0.0, gives_up_s - clock.monotonic_s()))
        looks = self._looks
        seeking = [asyncio.ensure_future(self._seeker.next())] if rest_s == 0 else []
        try:
            await asyncio.wait(
                {*seeking, *self._talking, *self._greetings.tasks},
                timeout=min(waits_s, default=None),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            spoke = any(task.done() for task in seeking)
            for task in seeking:
                task.cancel()
                await asyncio.wait([task])
        found = seeking[0].result() if spoke else None
        self._time_is_up |= spoke and found is None and looks == self._looks
        return found

    def _is_idle(self, one: Unfinished | ByCode) -> bool:
        return one not in self._talking.values()

    def _is_wanted(self, one: Unfinished | ByCode) -> bool:
        """Whether nobody else was the one while this one was greeted."""
        return self._is_idle(one) and (one is self._by_code or one in self._unfinished.values())

    def _look(self) -> None:
        """Anew whenever somebody else is to be looked for."""
        self._time_is_up, self._looks = False, self._looks + 1
        idle = [one for one in self._unfinished.values() if self._is_idle(one)]
        keys = [ResumptionKeys.of(secret) for one in idle for secret in one.secrets()]
        shown = [SlotKey(kind=SlotKind.RESUMPTION, key=key.receiver_slot) for key in keys]
        sought = [SlotKey(kind=SlotKind.RESUMPTION, key=key.sender_slot) for key in keys]
        now_s, open_s = clock.monotonic_s(), RENDEZVOUS_OPEN_S
        if self._at is not None and not self._has_met:
            open_s = max(TYPED_ADDRESS_TRIES_S, len(keys) * (greeting.WHOLE_S + REPEAT_S))
        if self._by_code is not None and self._is_idle(self._by_code):
            shown.append(self._by_code.slot)
            sought.append(self._by_code.slot)
            if not idle:
                open_s = min(open_s, max(1.0, self._by_code.ends_s - now_s))
        if not sought:
            self._seeker.close()
            return
        lacking = sum(not one.whole for one in idle)
        if lacking and not self._talking:
            self._report(events.Searching(resuming=lacking))
        self._farewell_s = now_s + FAREWELL_S
        self._seeker.open(shown=shown, sought=sought, open_s=open_s)

    def _gives_up_s(self) -> float | None:
        """When to wait for nobody any more, although the time is not up."""
        if self._by_code is not None:
            return self._by_code.give_up_s if self._is_idle(self._by_code) else None
        if not self._talking and all(one.whole for one in self._unfinished.values()):
            return self._farewell_s
        return None

    def _give_up(self) -> None:
        """Whoever was looked for will not be found."""
        for one in list(self._unfinished.values()):
            if one.whole and self._is_idle(one):
                self._forget(one)  # everything is in place; the sender will learn it when he asks
        by_code, self._by_code = self._by_code, None
        if by_code is not None and not self._unfinished:
            if by_code.give_up_s is not None or by_code.was_answered:
                raise by_code.denied or code_not_right()
            raise nobody_found(self._at, resuming=False)
        if by_code is not None and by_code.give_up_s is not None:
            self._look()  # the code is of no use any more; what was accepted with it may still go on
        elif self._unfinished and not self._talking:
            raise self._problem or nobody_found(self._at, resuming=True)

    # --- greeting --------------------------------------------------------------------------------

    def _begin_to_greet(self, found: Found) -> None:
        whose = self._whose(found)
        of = whose[0] if isinstance(whose, tuple) else whose
        if whose is not None and not self._greetings.is_greeted(of, found.endpoint):
            self._greetings.begin(of, found.endpoint, self._greet(found, whose), clock.monotonic_s())

    async def _greet(self, found: Found, whose: tuple[Unfinished, bytes] | ByCode) -> None:
        """Dial, and find out whether it is the one."""
        farewell = self._by_code is None and self._gives_up_s() is not None
        left_s = max(0.0, self._farewell_s - clock.monotonic_s()) if farewell else None
        try:
            async with asyncio.timeout(left_s):
                pipe = await self._seeker.dial(found.endpoint)
                if pipe is None:
                    return
                if isinstance(whose, ByCode):
                    await self._greet_with_code(whose, pipe, found)
                else:
                    await self._greet_again(*whose, pipe, found)
        except TimeoutError:
            pass  # the next step gives up

    def _whose(self, found: Found) -> tuple[Unfinished, bytes] | ByCode | None:
        """Whose slot was heard; with a typed address nothing was heard and all are tried in turn."""
        idle = [one for one in self._unfinished.values() if self._is_idle(one)]
        pairs = [(one, secret) for one in idle for secret in one.secrets()]
        by_code = self._by_code
        if by_code is not None and not (self._is_idle(by_code) and by_code.may_be(found.endpoint)):
            by_code = None
        if self._at is not None:
            in_turn: list[tuple[Unfinished, bytes] | ByCode] = [*pairs, *([by_code] if by_code else [])]
            self._tried += 1
            return in_turn[self._tried % len(in_turn)] if in_turn else None
        if found.key.kind is SlotKind.CODE:
            return by_code
        heard = (pair for pair in pairs if ResumptionKeys.of(pair[1]).sender_slot == found.key.key)
        return next(heard, None)

    async def _greet_with_code(self, by_code: ByCode, pipe: Pipe, found: Found) -> None:
        begin = greeting.begin_session(self._entropy)
        try:
            keys = await greeting.in_thread(
                pipe, greeting.greet_with_code, pipe, by_code, self._entropy, begin, typed_address=self._typed
            )
        except greeting.NotTheOne:
            pipe.close()
            by_code.turn_down(found.endpoint, is_only_one=self._typed)
            self._greetings.end_others(by_code, but=by_code.may_be)  # a mistake costs one guess
            return
        except AccessDenied as too_many:
            pipe.close()
            if not self._unfinished and not self._greetings.has_others(by_code):
                raise
            by_code.denied, by_code.give_up_s = too_many, clock.monotonic_s()
            return
        except (EnvironmentProblem, PeerError):
            pipe.close()
            by_code.was_answered = self._typed
            return
        if not self._is_wanted(by_code):
            pipe.close()
            return
        by_code.give_up_s = None  # it was right after all
        if by_code.began is not None:  # its sender has not heard of it; the talk says what becomes of it
            self._unfinished.pop(by_code.began.head.id, None)
        id = HandoverId(self._entropy.draw(ID_BYTES))
        consider = by_code.consider(id, keys, self._report)
        talk = self._conversing.begin(id, pipe, keys, consider=consider, report=self._report)
        self._talk(by_code, talk, found)

    async def _greet_again(self, one: Unfinished, secret: bytes, pipe: Pipe, found: Found) -> None:
        try:
            keys = await greeting.in_thread(
                pipe, greeting.greet_again, pipe, secret, self._entropy, typed_address=self._typed
            )
        except (EnvironmentProblem, PeerError):
            pipe.close()
            return
        if not self._is_wanted(one):
            pipe.close()
            return
        if self._by_code is not None and self._by_code.began is one:
            self._by_code = None  # its sender has heard of it after all
        talk = self._conversing.go_on(one, pipe, keys, used=secret, report=self._report_of(one))
        self._talk(one, talk, found)

    def _talk(self, who: Unfinished | ByCode, talk: Coroutine[None, None, Ended], found: Found) -> None:
        self._has_met = True
        self._greetings.end_others(who)
        self._meeting.met(found)
        self._talking[asyncio.ensure_future(talk)] = who
        self._look()

    def _report_of(self, one: Unfinished) -> events.Report:
        """Where several go on side by side, each event says whose it is."""
        if not one.number:
            return self._report
        return lambda event: self._report(events.ByHandover(handover=one.number, event=event))

    # --- how it ended ----------------------------------------------------------------------------

    def _conclude(self, task: asyncio.Task[Ended]) -> None:
        who = self._talking.pop(task)
        if isinstance(who, ByCode):
            self._conclude_first(who, task)
            return
        try:
            self._settle(who, task.result())
        except SatchelError as problem:  # with one of them: the others go on (M3)
            self._problem = self._problem or problem
            if self._unfinished.pop(who.head.id, None) is not None:
                who.landing.close(remove=False)

    def _conclude_first(self, by_code: ByCode, task: asyncio.Task[Ended]) -> None:
        """The session began with the code; the person may have accepted, now or before a break."""
        self._problem = self._problem or by_code.problem
        one = by_code.began
        if one is not None:
            self._unfinished[one.head.id] = one
        ended = task.result()
        if ended.outcome is Outcome.REFUSED:  # nothing was accepted: the code is still good over there
            self._report(events.Lost(loss=ended.loss))
            return
        if one is None or ended.sender_went_on or ended.outcome is not Outcome.LOST:
            self._by_code = None
        if ended.outcome is Outcome.DECLINED:
            if one is not None:
                self._forget(one)
            raise declined_here()
        if one is not None:
            self._settle(one, ended)
        elif ended.outcome is Outcome.COMPLETE:  # a text alone
            self._report(events.Delivered(contents=by_code.contents))
        elif ended.outcome is Outcome.GIVEN_UP:
            raise given_up()

    def _settle(self, one: Unfinished, ended: Ended) -> None:
        match ended.outcome:
            case Outcome.COMPLETE:
                one.becomes_whole(self._report_of(one))
                self._forget(one)
            case Outcome.WHOLE:
                one.becomes_whole(self._report_of(one))
            case Outcome.GIVEN_UP:
                self._forget(one)
                self._problem = self._problem or given_up()
            case _:
                self._report_of(one)(events.Lost(loss=ended.loss))

    def _forget(self, one: Unfinished) -> None:
        """It is over. What cannot be cleaned up is told, and is no reason to remember it."""
        self._unfinished.pop(one.head.id, None)
        try:
            one.landing.close(remove=True)
        except EnvironmentProblem as problem:
            self._problem = self._problem or not_cleaned_up(problem)
        finally:
            self._records.forget(one.head.id)

    async def _stop(self) -> None:
        """Each that talks says to the other side that it may go on later."""
        await self._greetings.stop()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        left = set(self._unfinished.values())
        if self._by_code is not None and self._by_code.began is not None:
            left.add(self._by_code.began)
        self._unfinished.clear()
        for one in left:
            one.landing.close(remove=False)
