"""`satchel pair --take`: finds the host of a picture or a code, and becomes its contact.

Used from one asyncio loop; each exchange has a thread of its own. Spec: docs/spec/pairing.md, 4.
"""

import asyncio
import socket
from collections.abc import Sequence
from functools import partial

from satchel.core.pairing import exchange as codes
from satchel.core.pairing.card import Card
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.effects import Paired, Taken
from satchel.core.pairing.keys import TAKER_RANDOM_BYTES, TakerKeys
from satchel.core.pairing.picture import FILL_BYTES, Picture
from satchel.core.pairing.taking import PictureTaker, State, Taking
from satchel.errors import AccessDenied, EnvironmentProblem, MisuseError, PeerError
from satchel.node import clock, events, greeting
from satchel.node.code_tries import CodeTries
from satchel.node.greetings import Greetings
from satchel.node.meeting import Found, Meeting
from satchel.node.pairing import endings, exchange
from satchel.node.pairing.events import Report
from satchel.node.pairing.keeping import Keeper
from satchel.node.seeking import DIAL_S, Seeker
from satchel.ports import Address, Endpoint, Entropy, Lan, Link, Pipe
from satchel.ports.contacts import Contacts

TRIES_S = 60.0  # how long an address that was typed or scanned is dialled
REPEAT_S = 1.0
OPEN_S = 15 * 60.0
SILENT_AFTER_CODE_MAX = 2  # how often a host may have the code and then not begin to pair
_LINK_LOCAL = b"\xfe\x80"


class PairingTaker:
    """Takes one picture or one code. Used once."""

    def __init__(
        self,
        *,
        lan: Lan,
        entropy: Entropy,
        contacts: Contacts,
        card: Card,
        report: Report,
        name: str | None = None,
        at: Endpoint | None = None,
    ) -> None:
        """
        Args:
            card: what we tell about ourselves.
            name: what to call the contact; None: what they propose.
            at: dial this address, and no other one.
        """
        self._lan = lan
        self._entropy = entropy
        self._card = card
        self._report = report
        self._at = at
        self._keys = TakerKeys.from_random(entropy.draw(TAKER_RANDOM_BYTES))
        self.keeper = Keeper(contacts, entropy, report, name=name)
        self._silent = 0
        self._was_cut_off = False
        self._problem: PeerError | None = None

    # --- by picture ------------------------------------------------------------------------------

    async def take_picture(self, picture: Picture) -> None:
        """Become the contact of whose picture it is; `keeper.met` is there when it returns.

        Raises:
            AccessDenied: another device was faster, or it was tried too often.
            NothingToDo: nobody is there.
            PeerError, EnvironmentProblem: the other side, or our own disk.
        """
        taker = PictureTaker(picture, keys=self._keys, card=self._card)
        self._report(events.Searching(resuming=0))
        ends_s = clock.monotonic_s() + TRIES_S
        while clock.monotonic_s() < ends_s:
            next_s = clock.monotonic_s() + REPEAT_S
            if await self._try_all(taker, self._endpoints(picture)):
                return
            await asyncio.sleep(max(0.0, next_s - clock.monotonic_s()))
        if self._was_cut_off:
            raise endings.cut_off()
        raise self._problem or endings.picture_not_answered()

    def _endpoints(self, picture: Picture) -> list[Endpoint]:
        if self._at is not None:
            return [self._at]
        scopes = scopes_of(self._lan.links())
        return [
            Endpoint(address=Address(address), port=port, scope=scope)
            for address, port in picture.ends
            for scope in (scopes if address.startswith(_LINK_LOCAL) else [0])
        ]

    async def _try_all(self, taker: PictureTaker, endpoints: Sequence[Endpoint]) -> bool:
        """Dialled side by side, and talked with one after the other: it is one device, and each exchange
        would take the place of the other."""
        dialling = [asyncio.ensure_future(self._dial(endpoint)) for endpoint in endpoints]
        try:
            while dialling:
                done, _ = await asyncio.wait(dialling, return_when=asyncio.FIRST_COMPLETED)
                first = next(task for task in dialling if task in done)
                dialling.remove(first)
                pipe = first.result()
                if pipe is not None and await self._try(taker, pipe):
                    return True
            return False
        finally:
            for task in dialling:
                task.cancel()
                task.add_done_callback(_close_unused)

    async def _dial(self, endpoint: Endpoint) -> Pipe | None:
        try:
            return await self._lan.dial(endpoint, within_s=DIAL_S)
        except (EnvironmentProblem, MisuseError):  # nobody answers, or no address of this neighbourhood
            return None

    async def _try(self, taker: PictureTaker, pipe: Pipe) -> bool:
        address, port = bytes(pipe.remote.address), pipe.remote.port
        if self._at is not None:
            address, port = codes.ANYWHERE
        try:
            taking = taker.call(address=address, port=port, fill=self._entropy.draw(FILL_BYTES))
            return await self._talk(pipe, taking, opening=taking.first_bytes)
        finally:
            pipe.close()

    async def _talk(self, pipe: Pipe, taking: Taking, *, opening: bytes = b"") -> bool:
        """False: it broke, and may go on with another connection."""
        keep = partial(self.keeper.keep, taker=b"")
        try:
            outcome = await greeting.in_thread(
                pipe, exchange.take, pipe, taking, self._entropy, keep, opening=opening
            )
        except EnvironmentProblem:
            if self.keeper.problem is not None:
                raise self.keeper.problem from None
            return False
        except PeerError as problem:
            self._problem = problem
            return False
        finally:
            self._was_cut_off |= taking.may_be_stored
        if isinstance(outcome, Taken):
            raise endings.taken(outcome.takers)
        assert isinstance(outcome, Paired)
        return True

    # --- by code ---------------------------------------------------------------------------------

    async def take_code(self, code: SpokenCode) -> None:
        """The same with a code.

        Raises as take_picture does; AccessDenied, too, where the code was not right.
        """
        tries = CodeTries(code)
        meeting = Meeting(self._lan, self._entropy, clock.monotonic_s)
        seeker = Seeker(self._lan, meeting, self._at)
        greetings = Greetings()
        self._report(events.Searching(resuming=0))
        open_s = OPEN_S if self._at is None else TRIES_S
        seeker.open(shown=[tries.slot], sought=[tries.slot], open_s=open_s)
        time_is_up = False
        try:
            while self.keeper.met is None:
                is_over = time_is_up or (tries.give_up_s or float("inf")) <= clock.monotonic_s()
                if is_over and not greetings.tasks:
                    self._give_up(tries)
                rest_s = greetings.rest_s(clock.monotonic_s(), alone=is_over or self._at is not None)
                found, time_came = await _next(seeker, greetings, rest_s, tries.give_up_s)
                time_is_up |= time_came
                greetings.settle()
                if found is not None and self.keeper.met is None and self._is_new(found, tries, greetings):
                    greet = self._greet(found, tries, seeker, meeting, greetings)
                    greetings.begin(tries, found.endpoint, greet, clock.monotonic_s())
        finally:
            await greetings.stop()

    def _is_new(self, found: Found, tries: CodeTries, greetings: Greetings) -> bool:
        return tries.may_be(found.endpoint) and not greetings.is_greeted(tries, found.endpoint)

    def _give_up(self, tries: CodeTries) -> None:
        if tries.give_up_s is not None or tries.was_answered:
            raise tries.denied or endings.code_not_right()
        raise self._problem or endings.nobody_found(self._at)

    async def _greet(
        self, found: Found, tries: CodeTries, seeker: Seeker, meeting: Meeting, greetings: Greetings
    ) -> None:
        """Dial, and find out whether it has the code; if so, pair."""
        pipe = await seeker.dial(found.endpoint)
        if pipe is None:
            return
        typed = self._at is not None
        begin = partial(exchange.PairingAfterCode, keys=self._keys, card=self._card)
        try:
            taking = await greeting.in_thread(
                pipe, greeting.greet_with_code, pipe, tries, self._entropy, begin, typed_address=typed
            )
            tries.give_up_s = None  # it was right after all
            greetings.end_others(tries)
            meeting.met(found)
            await self._pair_behind_code(pipe, taking)
        except greeting.NotTheOne:
            tries.turn_down(found.endpoint, is_only_one=typed)
            greetings.end_others(tries, but=tries.may_be)  # a mistake costs one guess
        except AccessDenied as too_many:
            if not greetings.has_others(tries):
                raise
            tries.denied, tries.give_up_s = too_many, clock.monotonic_s()
        except (EnvironmentProblem, PeerError):
            if self.keeper.problem is not None or self._was_cut_off or self._silent >= SILENT_AFTER_CODE_MAX:
                raise
            tries.was_answered |= typed
        finally:
            pipe.close()

    async def _pair_behind_code(self, pipe: Pipe, taking: Taking) -> None:
        if await self._talk(pipe, taking):
            return
        if self._was_cut_off:
            raise endings.cut_off()
        if taking.state is State.OPENED or self._problem is not None:  # right words, and no pairing behind
            self._silent += 1
            if self._silent >= SILENT_AFTER_CODE_MAX:
                raise self._problem or endings.code_of_something_else()


async def _next(
    seeker: Seeker, greetings: Greetings, rest_s: float, give_up_s: float | None
) -> tuple[Found | None, bool]:
    """Who was found, and whether the time is up. Nobody is looked for before `rest_s` is over."""
    waits_s = [rest_s] if 0 < rest_s < float("inf") else []
    if give_up_s is not None and not greetings.tasks:
        waits_s.append(max(0.0, give_up_s - clock.monotonic_s()))
    seeking = [asyncio.ensure_future(seeker.next())] if rest_s == 0 else []
    try:
        await asyncio.wait(
            {*seeking, *greetings.tasks},
            timeout=min(waits_s, default=None),
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        spoke = any(task.done() for task in seeking)
        for task in seeking:
            task.cancel()
            await asyncio.wait([task])
    found = seeking[0].result() if spoke else None
    return found, spoke and found is None


def scopes_of(links: Sequence[Link]) -> list[int]:
    """The interfaces on which an address that every network has may be meant."""
    names = dict.fromkeys(link.interface for link in links if link.address.startswith(_LINK_LOCAL))
    scopes = []
    for name in names:
        try:
            scopes.append(socket.if_nametoindex(name))
        except OSError:
            continue  # it has just gone
    return scopes


def _close_unused(dialled: "asyncio.Task[Pipe | None]") -> None:
    if not dialled.cancelled() and dialled.exception() is None:
        pipe = dialled.result()
        if pipe is not None:
            pipe.close()
