"""The side that shows the code: it answers guesses one at a time, counts them, and confirms last.

A host that confirmed first would hand an attacker a free check of a guess; a host that counted only
finished exchanges could be asked without end. Spec: docs/spec/code-and-rendezvous.md, section 6.
"""

from dataclasses import dataclass, field
from enum import Enum

from satchel.core.crypto import cpace
from satchel.core.crypto.kdf import same
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import (
    FLIGHT_BYTES,
    HOST_FILL_BYTES,
    SCALAR_BYTES,
    Secrets,
    code_generator,
    host_flight,
    is_for,
    settle,
    share_of,
)
from satchel.errors import MisuseError, PeerError

GUESSES_MAX = 16  # of 2**30 codes
CONFIRM_WITHIN_S = 10.0
PAUSE_AFTER_WRONG_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessCounted:
    """Show it to the person: somebody is trying the code, rightly or not."""

    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Send these 256 bytes on the connection whose flight was just heard; then it is the guess."""

    flight: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Not one byte (more) for the connection in question: the one just heard, or else the guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """They have typed the right code. `confirmation` leaves together with the session's answer."""

    psk: bytes = field(repr=False)
    confirmation: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt:
    at_s: float  # same clock as now_s; replaces any earlier WakeAt


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Too many guesses: this code opens nothing any more. Offer a new one."""


Effect = GuessCounted | Answer | Drain | Matched | WakeAt | Closed


class State(Enum):
    OPEN = "waiting for a typist"
    ANSWERED = "our share has left, so a guess is counted; waiting for the typist's confirmation"
    MATCHED = "the right code was typed"
    CLOSED = "too many guesses"


class Host:
    """State machine for one code over all its connections; the driver knows which of them is the guess.

    Whatever a stranger sends is not an error here but a Drain: nothing is raised at him.
    """

    def __init__(self, code: SpokenCode) -> None:
        self.state = State.OPEN
        self._code = code
        self._generator = code_generator(code)
        self._guesses = 0
        self._heard: set[bytes] = set()  # typists' shares: of GUESSES_MAX, and of who had the right words
        self._secrets: Secrets | None = None
        self._deadline_s = 0.0
        self._pause_until_s = float("-inf")

    def hear_flight(
        self, flight: bytes, *, address: bytes, port: int, scalar: bytes, fill: bytes, now_s: float
    ) -> list[Effect]:
        """Somebody connected and sent 256 bytes.

        Args:
            flight: the 256 bytes.
            address: our own end of this connection, 16 bytes.
            port: and its port.
            scalar: 32 fresh random bytes.
            fill: 224 fresh random bytes.
        """
        if len(scalar) != SCALAR_BYTES or len(fill) != HOST_FILL_BYTES:
            raise MisuseError("an answer takes 32 and 224 random bytes")
        # Busy, pausing or over: the flight is not looked at and the guess not counted, since nothing
        # is answered that could tell a right word from a wrong one [6.2].
        if self.state is not State.OPEN or now_s < self._pause_until_s:
            return [Drain()]
        if len(flight) != FLIGHT_BYTES or not is_for(self._code, flight, address=address, port=port):
            return [Drain()]
        if share_of(flight) in self._heard:
            return [Drain()]  # a replay
        answer = host_flight(share=cpace.share(self._generator, scalar), fill=fill)
        try:
            self._secrets = settle(scalar=scalar, typist_flight=flight, host_flight=answer, is_typist=False)
        except PeerError:
            return [Drain()]  # a share of low order; nothing of ours has left
        self._heard.add(share_of(flight))
        self._guesses += 1  # counted before the answer leaves: who hangs up now has had his guess [6.3]
        self._deadline_s = now_s + CONFIRM_WITHIN_S
        self.state = State.ANSWERED
        return [
            GuessCounted(number=self._guesses, of=GUESSES_MAX),
            Answer(flight=answer),
            WakeAt(at_s=self._deadline_s),
        ]

    def hear_confirmation(self, confirmation: bytes, now_s: float) -> list[Effect]:
        """The typist's 32 bytes came over the connection that is the guess."""
        if self.state is not State.ANSWERED or self._secrets is None:
            return [Drain()]
        secrets, self._secrets = self._secrets, None
        if now_s >= self._deadline_s or not same(confirmation, secrets.typist_confirmation):
            return self._wrong(now_s)
        self.state = State.MATCHED
        return [Matched(psk=secrets.psk, confirmation=secrets.host_confirmation)]

    def lose(self, now_s: float) -> list[Effect]:
        """The connection that is the guess has ended without a confirmation: a wrong guess [6.3]."""
        return self._wrong(now_s) if self.state is State.ANSWERED else []

    def wake(self, now_s: float) -> list[Effect]:
        """WakeAt's moment has come: whoever has not confirmed by now has guessed wrong."""
        if self.state is not State.ANSWERED:
            return []
        if now_s < self._deadline_s:
            return [WakeAt(at_s=self._deadline_s)]
        return self._wrong(now_s)

    def reopen(self) -> list[Effect]:
        """The matched connection broke before anything was accepted: the code may be typed again [6.6].

        The count goes on: otherwise each break would buy an attacker 16 more guesses.
        """
        if self.state is not State.MATCHED:
            raise MisuseError("only a code that was matched can be opened again")
        return self._open_or_close()

    def let_the_next_in(self) -> None:
        """Several may use this code, and one has matched: open for the next.

        Its guess was right, so it is none of those that are limited: who knows the words does not guess.
        """
        if self.state is not State.MATCHED:
            raise MisuseError("only a code that was matched can be opened again")
        self._guesses -= 1
        self.state = State.OPEN

    def _wrong(self, now_s: float) -> list[Effect]:
        self._secrets = None
        self._pause_until_s = now_s + PAUSE_AFTER_WRONG_S
        return [Drain(), *self._open_or_close()]

    def _open_or_close(self) -> list[Effect]:
        self.state = State.OPEN if self._guesses < GUESSES_MAX else State.CLOSED
        return [Closed()] if self.state is State.CLOSED else []
