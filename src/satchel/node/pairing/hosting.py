"""`satchel pair --show`: one picture and one code are open at the same time, for one taker.

The first who gets through by either has it. The picture stays good for telling others that they are late,
and for the same taker to come again, until the person has decided. Used from one asyncio loop; each exchange
has a thread of its own. Spec: docs/spec/pairing.md, 3 and 4.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.core.pairing.card import Card
from satchel.core.pairing.code import CODE_RANDOM_BYTES, SpokenCode
from satchel.core.pairing.effects import TakenAgain
from satchel.core.pairing.hosting import Hosting
from satchel.core.pairing.keys import NONCE_BYTES
from satchel.core.pairing.picture import End
from satchel.core.pairing.picture_host import PICTURE_RANDOM_BYTES, Begun, PictureHost
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node import clock, events, greeting
from satchel.node.door import CODE_HMACS, CodeDoor
from satchel.node.knocking import Knocking
from satchel.node.meeting import Happening, LinksChanged, Meeting, TimeIsUp, is_ipv4
from satchel.node.own_thread import in_own_thread
from satchel.node.pairing import exchange
from satchel.node.pairing.endings import nobody_came
from satchel.node.pairing.events import CodeOver, Disturbed, PictureReady, Report, ScannedAgain
from satchel.node.pairing.keeping import Keeper
from satchel.node.proofs import ProofQueue
from satchel.ports import Arrival, Arrived, Endpoint, Entropy, Lan, Link, Pipe
from satchel.ports.contacts import Contacts

LOOPBACK = "lo"
PICTURE_HMACS = 6  # two proofs, and the key for each
LINGER_S = 2.0  # for a taker that lost the last frame, where no person takes longer
_LINK_LOCAL = b"\xfe\x80"

Settle = Callable[[Keeper], None]  # asks the person about who was met; raises what they decided


class PairingHost:
    """One picture, one code, one contact. Used once."""

    def __init__(
        self,
        *,
        lan: Lan,
        entropy: Entropy,
        contacts: Contacts,
        card: Card,
        show_address: Callable[[Link], str],
        report: Report,
        name: str | None = None,
    ) -> None:
        """
        Args:
            card: what we tell about ourselves.
            name: what to call the contact; None: what they propose.
        """
        self._lan = lan
        self._entropy = entropy
        self._card = card
        self._show_address = show_address
        self._report = report
        self._meeting = Meeting(lan, entropy, clock.monotonic_s)
        self._keeper = Keeper(contacts, entropy, report, name=name)
        self._code = SpokenCode.from_random(entropy.draw(CODE_RANDOM_BYTES))
        behind = exchange.PairingBehind(card, entropy)
        self._door = CodeDoor(self._code, entropy, report, behind, command="satchel pair")
        self._knocking = Knocking(self._door)
        self._arrivals: ProofQueue[Arrival] = ProofQueue(clock.monotonic_s())
        self._picture: PictureHost | None = None
        self._exchanges: set[asyncio.Task[None]] = set()
        self._settling: asyncio.Task[None] | None = None
        self._met_s = 0.0
        self._time_is_up = False
        self._is_code_over = False
        self._was_disturbed = False
        self._told: tuple[str, ...] | None = None

    async def pair(self, settle: Settle) -> None:
        """Show a picture and a code until somebody is a contact, and `settle` has returned, in a thread of
        its own.

        Raises:
            NothingToDo: nobody came.
            EnvironmentProblem: our own disk.
        """
        slot = SlotKey(kind=SlotKind.CODE, key=self._code.rendezvous_key())
        self._look_at(self._lan.links())
        self._report(events.CodeReady(code=self._code.spoken()))
        self._tell_addresses(self._lan.links())
        self._meeting.open(shown=[slot], sought=[slot])
        waiting: asyncio.Task[Happening] | None = None
        try:
            while not self._is_over():
                waiting = waiting or asyncio.ensure_future(self._meeting.next())
                await self._wait(waiting)
                if waiting.done():
                    happening, waiting = waiting.result(), None
                    self._handle(happening)
                self._step(settle)
        finally:
            await self._stop(waiting)

    def _is_over(self) -> bool:
        if self._keeper.problem is not None:
            raise self._keeper.problem
        busy = self._exchanges or self._knocking.guess is not None
        if self._keeper.met is None:
            if self._time_is_up and not busy:
                raise nobody_came()
            return False
        if self._settling is None or not self._settling.done():
            return False
        self._settling.result()  # raises what the person decided
        return not busy and clock.monotonic_s() >= self._met_s + LINGER_S

    async def _wait(self, waiting: asyncio.Task[Happening]) -> None:
        tasks = {waiting, self._knocking.guess, *self._exchanges}
        waits_s = [self._arrivals.rest_s(clock.monotonic_s())]
        if self._settling is not None and self._settling.done():
            waits_s.append(max(0.0, self._met_s + LINGER_S - clock.monotonic_s()))
        else:
            tasks.add(self._settling)
        running = [task for task in tasks if task is not None]
        rest_s = min(waits_s)
        timeout_s = None if rest_s == float("inf") else rest_s
        await asyncio.wait(running, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)

    def _step(self, settle: Settle) -> None:
        """What has ended since, and who is looked at next."""
        self._look_at_the_next()
        for ended in [task for task in self._exchanges if task.done()]:
            self._exchanges.discard(ended)
            ended.result()
        guess = self._knocking.guess
        if guess is not None and guess.done():
            opened = self._knocking.take_guess()
            if opened is not None:
                pipe, hosting = opened
                self._begin(self._talk_behind_code(pipe, hosting))
        if self._keeper.met is not None and self._settling is None:
            self._met_s = clock.monotonic_s()
            self._door.close()
            self._meeting.close()  # nobody else is looked for
            self._settling = asyncio.ensure_future(in_own_thread(settle, self._keeper))
        if self._door.is_closed and self._door.problem is not None and not self._is_code_over:
            self._is_code_over = True
            self._report(CodeOver(problem=self._door.problem))
        self._knocking.let_the_next_in(is_open=not self._door.is_closed)

    async def _stop(self, waiting: asyncio.Task[Happening] | None) -> None:
        """Nothing that we began goes on."""
        self._knocking.stop()
        running = [task for task in (waiting, self._settling, *self._exchanges) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._picture is not None:
            self._picture.close()

    # --- who comes -------------------------------------------------------------------------------

    def _handle(self, happening: Happening) -> None:
        match happening:
            case TimeIsUp():
                self._time_is_up = True
                self._door.close()
            case LinksChanged(links=links):
                self._look_at(links)
                self._tell_addresses(links)
            case Arrived(arrival=arrival):
                self._queue(arrival)
            case _:
                pass  # we never dial

    def _queue(self, arrival: Arrival) -> None:
        """Of all who connect each has its turn: to find out that one is a stranger costs something (P3)."""
        source, now_s = bytes(arrival.remote.address), clock.monotonic_s()
        for crowded_out in self._arrivals.arrive(arrival, source, is_known=False, now_s=now_s):
            crowded_out.drain()

    def _look_at_the_next(self) -> None:
        arrival = self._arrivals.take(clock.monotonic_s())
        if arrival is not None and arrival.is_waiting:
            self._arrivals.spend(PICTURE_HMACS + CODE_HMACS)
            self._admit(arrival)

    def _admit(self, arrival: Arrival) -> None:
        """By the picture, or to the queue before the code; everybody else gets no byte (P1)."""
        if self._picture is not None:
            effects = self._picture.hear_flight(
                arrival.flight,
                address=arrival.local.address,
                port=arrival.local.port,
                nonce=self._entropy.draw(NONCE_BYTES),
                now_s=clock.monotonic_s(),
            )
            for effect in effects:
                match effect:
                    case TakenAgain(takers=takers):
                        self._report(ScannedAgain(takers=takers))
                    case Begun(exchange=hosting):
                        self._begin(self._talk_by_picture(arrival, hosting))
                        return
                    case _:
                        pass  # not by the picture
        self._knocking.come(arrival, is_open=not self._door.is_closed)

    def _begin(self, talk: Coroutine[None, None, None]) -> None:
        self._exchanges.add(asyncio.ensure_future(talk))

    async def _talk_by_picture(self, arrival: Arrival, hosting: Hosting) -> None:
        try:
            pipe = arrival.take()
        except EnvironmentProblem:
            return
        await self._talk(pipe, hosting, opening=hosting.answer)

    async def _talk_behind_code(self, pipe: Pipe, hosting: Hosting) -> None:
        await self._talk(pipe, hosting)
        if self._keeper.met is None:
            self._door.reopen()  # the code may be typed again, and the guesses go on being counted

    async def _talk(self, pipe: Pipe, hosting: Hosting, *, opening: bytes = b"") -> None:
        try:
            keep = self._keeper.keep
            await greeting.in_thread(pipe, exchange.host, pipe, hosting, keep, opening=opening)
            await greeting.in_thread(pipe, exchange.wait_for_end, pipe)
        except EnvironmentProblem:
            pass  # they are gone; who is meant comes again
        except PeerError as problem:
            if not self._was_disturbed:  # once: a stranger does not fill the screen
                self._was_disturbed = True
                self._report(Disturbed(problem=problem))
        finally:
            pipe.close()

    # --- where we are ----------------------------------------------------------------------------

    def _look_at(self, links: Sequence[Link]) -> None:
        """A picture that leads nowhere any more is drawn anew; one that still leads here stays, since
        somebody may be looking at it."""
        ends = ends_of(links)
        if not ends or self._keeper.met is not None:
            return
        if self._picture is not None:
            if set(ends) & set(self._picture.picture.ends):
                return
            self._picture.close()
        draw = self._entropy.draw(PICTURE_RANDOM_BYTES)
        self._picture = PictureHost(draw, ends=ends, card=self._card, now_s=clock.monotonic_s())
        self._report(PictureReady(text=self._picture.picture.text()))

    def _tell_addresses(self, links: Sequence[Link]) -> None:
        listening = sorted((link for link in links if link.port), key=lambda link: link.interface == LOOPBACK)
        addresses = tuple(map(self._show_address, listening))
        if addresses != self._told:
            self._told = addresses
            self._report(events.Listening(addresses=addresses))


def ends_of(links: Sequence[Link]) -> tuple[End, ...]:
    """Where a taker may reach us, the likeliest first; by loopback only if there is nothing else."""
    listening = [link for link in links if link.port]
    near = [link for link in listening if link.interface != LOOPBACK] or listening
    near.sort(key=_likelihood)
    return tuple((bytes(link.address), link.port) for link in near)


def _likelihood(link: Link) -> int:
    if is_ipv4(Endpoint(address=link.address, port=link.port)):
        return 0
    return 2 if link.address.startswith(_LINK_LOCAL) else 1  # the latter needs no interface to be known
