"""Where a code is typed: one guess at a time, from a connection to the keys of a session.

Carries out what core's Host decides about guesses. Spec: code-and-rendezvous.md, 6.
"""

import asyncio
from collections.abc import Coroutine, Sequence

from satchel.core.pairing import host as h
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import HOST_FILL_BYTES, SCALAR_BYTES
from satchel.core.session.handshake import SessionKeys
from satchel.errors import AccessDenied, EnvironmentProblem, PeerError
from satchel.node import clock, events, greeting
from satchel.ports import Arrival, Entropy, Pipe

Opened = tuple[Pipe, SessionKeys]


class CodeDoor:
    """Opens to who types the code; used from one asyncio loop."""

    def __init__(self, code: SpokenCode, entropy: Entropy, report: events.Report) -> None:
        self._host = h.Host(code)
        self._entropy = entropy
        self._report = report

    def knock(self, arrival: Arrival) -> Coroutine[None, None, Opened | None] | None:
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
        """The connection broke before anything was accepted. Raises AccessDenied after the last guess."""
        self._judge(self._host.reopen())

    async def _guess(self, arrival: Arrival, flight: bytes) -> Opened | None:
        """Raises AccessDenied after the last guess."""
        pipe: Pipe | None = None
        try:
            pipe = arrival.take()
            async with asyncio.timeout(h.CONFIRM_WITHIN_S):
                confirmation, message_1 = await greeting.in_thread(pipe, greeting.answer_guess, pipe, flight)
        except (EnvironmentProblem, TimeoutError):
            if pipe is not None:
                pipe.close()
            self._judge(self._host.lose(clock.monotonic_s()))
            return None
        for effect in self._host.hear_confirmation(confirmation, clock.monotonic_s()):
            if isinstance(effect, h.Matched):
                return await self._match(pipe, effect, message_1)
            self._judge([effect])
        pipe.close()
        return None

    async def _match(self, pipe: Pipe, matched: h.Matched, message_1: bytes) -> Opened | None:
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
            self.reopen()
            return None
        return pipe, keys

    def _judge(self, effects: Sequence[h.Effect]) -> None:
        if any(isinstance(effect, h.Closed) for effect in effects):
            raise AccessDenied(
                f"This code was guessed at {h.GUESSES_MAX} times.",
                safe="Nothing was sent to anybody.",
                do="Somebody on this network may be trying codes. Run satchel send again for a new code.",
            )
