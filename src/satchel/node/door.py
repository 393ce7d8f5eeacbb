"""Where a code is typed: one guess at a time, from a connection to the keys of a session.

Carries out what core's Host decides about guesses. Spec: code-and-rendezvous.md, 6.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Generic, TypeVar

from satchel.core.pairing import host as h
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import HOST_FILL_BYTES, SCALAR_BYTES, is_for
from satchel.errors import AccessDenied, EnvironmentProblem, PeerError
from satchel.node import clock, events, greeting
from satchel.node.draining import drain
from satchel.node.own_thread import in_own_thread
from satchel.ports import Arrival, Entropy, Pipe

CODE_HMACS = 4  # what is_meant costs: a key of its channel, and two proofs

T = TypeVar("T")


class CodeDoor(Generic[T]):
    """Opens to who types the code, as often as it is opened again; used from one asyncio loop."""

    def __init__(
        self,
        code: SpokenCode,
        entropy: Entropy,
        report: events.Report,
        behind: greeting.Behind[T],
        *,
        command: str,
    ) -> None:
        """
        Args:
            behind: what begins when the right code was typed; what it yields is told with the pipe.
            command: what the person runs for a new code.
        """
        self._host = h.Host(code)
        self._behind = behind
        self._command = command
        self._entropy = entropy
        self._report = report
        self._code = code
        self.is_closed = False
        self.problem: AccessDenied | None = None  # why nobody comes in any more, if that is to be told

    def is_meant(self, arrival: Arrival) -> bool:
        """Whether this flight speaks of our channel: everything else is not worth a place in the queue."""
        end = arrival.local
        return is_for(self._code, arrival.flight, address=end.address, port=end.port)

    def close(self) -> None:
        """Nobody else comes in."""
        self.is_closed = True

    def knock(self, arrival: Arrival) -> Coroutine[None, None, tuple[Pipe, T] | None] | None:
        """Somebody connected. What is returned is to be awaited: it is the guess; None: not looked at."""
        effects = self._host.hear_flight(
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
                    return self._guess(arrival, flight)
                case _:
                    pass  # the ten seconds of a guess are counted in _guess
        return None

    def reopen(self) -> None:
        """The one who typed it was lost before anything was accepted."""
        self._judge(self._host.reopen())

    def let_the_next_in(self) -> None:
        """The one who typed it is in, and others may come."""
        self._host.let_the_next_in()

    async def _guess(self, arrival: Arrival, flight: bytes) -> tuple[Pipe, T] | None:
        """Over when the next may knock: a wrong guess takes the pause with it."""
        try:
            pipe = arrival.take()
        except EnvironmentProblem:
            self._judge(self._host.lose(clock.monotonic_s()))
            await asyncio.sleep(h.PAUSE_AFTER_WRONG_S)
            return None
        heard = await self._hear(pipe, flight)
        if heard is None:
            drain(pipe, self._entropy)
            self._judge(self._host.lose(clock.monotonic_s()))
            await asyncio.sleep(h.PAUSE_AFTER_WRONG_S)
            return None
        confirmation, first_bytes = heard
        for effect in self._host.hear_confirmation(confirmation, clock.monotonic_s()):
            if isinstance(effect, h.Matched):
                return await self._match(pipe, effect, first_bytes)
            self._judge([effect])
        drain(pipe, self._entropy)
        await asyncio.sleep(h.PAUSE_AFTER_WRONG_S)
        return None

    async def _hear(self, pipe: Pipe, flight: bytes) -> tuple[bytes, bytes] | None:
        """None: there was no confirmation in time. The pipe is left open, to be drained."""
        hearing = asyncio.ensure_future(
            in_own_thread(greeting.answer_guess, pipe, flight, self._behind.expected_bytes)
        )
        try:
            await asyncio.wait([hearing], timeout=h.CONFIRM_WITHIN_S)
        except asyncio.CancelledError:
            pipe.close()
            raise
        finally:
            hearing.add_done_callback(lambda over: over.cancelled() or over.exception())
        if not hearing.done() or hearing.exception() is not None:
            return None
        return hearing.result()

    async def _match(self, pipe: Pipe, matched: h.Matched, first_bytes: bytes) -> tuple[Pipe, T] | None:
        try:
            opened = await greeting.in_thread(
                pipe,
                self._behind.answer,
                pipe,
                psk=matched.psk,
                confirmation=matched.confirmation,
                first_bytes=first_bytes,
            )
        except (EnvironmentProblem, PeerError):
            pipe.close()
            self.reopen()
            return None
        return pipe, opened

    def _judge(self, effects: Sequence[h.Effect]) -> None:
        if any(isinstance(effect, h.Closed) for effect in effects):
            self.close()
            self.problem = AccessDenied(
                f"This code was guessed at {h.GUESSES_MAX} times.",
                safe="Nobody got anything by it.",
                do=f"Somebody on this network may be trying codes. Run {self._command} again for a new code.",
            )
