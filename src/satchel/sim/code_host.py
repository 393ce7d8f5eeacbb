"""Who shows a code to pair by: the product's own Host, and in small what the node does around it.

One guess at a time, a queue before it, and silence for everybody else.
Spec: docs/spec/code-and-rendezvous.md, 6.
"""

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Protocol, assert_never

from satchel.core.pairing import host as h
from satchel.core.pairing.code import CODE_RANDOM_BYTES, SpokenCode
from satchel.core.pairing.effects import Paired
from satchel.core.pairing.exchange import HOST_FILL_BYTES, SCALAR_BYTES, is_for
from satchel.sim.line import PORT, Line, Someone

WAITING_MAX, WAITING_S = 16, 5.0  # [6.2]


class Knock(Protocol):
    """One connection of somebody who may have the code."""

    host_address: bytes
    flight: bytes  # as it came
    host_left: bool  # it is over on the side of the host

    @property
    def is_hosted(self) -> bool:
        """Whether it had the code."""
        ...

    def say(self, frame: bytes, *, to_host: bool) -> None: ...
    def cut(self) -> None: ...
    def drain(self) -> None: ...
    def begin_hosting(self, psk: bytes, confirmation: bytes, first_bytes: bytes) -> None: ...


class Owner(Someone):
    """`contact` is on the disk. A code needs no words, so who is stored is a contact."""

    def __init__(self, line: Line, name: str, *, wrong_s: int = 0) -> None:
        super().__init__(line, name, wrong_s=wrong_s)
        self.contact: Paired | None = None

    def store(self, paired: Paired) -> bool:
        """False: the power failed meanwhile."""

        def store() -> None:
            self.contact = paired

        return self.try_to_store(store)


class CodeHost(Owner):
    """Shows a code, and says it aloud. All but `contact` is of the code that is shown now."""

    def __init__(self, line: Line, name: str, *, wrong_s: int = 0) -> None:
        super().__init__(line, name, wrong_s=wrong_s)
        self.code: SpokenCode | None = None
        self.is_open = False  # somebody may come in
        self.has_met = False
        self.guesses: list[tuple[int, float]] = []  # what the screen said, and when
        self.found_wrong_s: list[float] = []  # when a guess was found wrong
        self._calls: list[Knock] = []
        self._waiting: deque[tuple[Knock, float]] = deque()
        self._guess: Knock | None = None
        self._host: h.Host | None = None

    def show(self) -> SpokenCode:
        """A new code. The contact that was met by an old one stays until it is paired with again."""
        return self.show_again(SpokenCode.from_random(self.world.chance.randbytes(CODE_RANDOM_BYTES)))

    def show_again(self, code: SpokenCode) -> SpokenCode:
        """What no device does: a code that was used before."""
        self.stop()
        self.code, self._host = code, h.Host(code)
        self.is_open, self.has_met = True, False
        self.guesses, self.found_wrong_s = [], []
        return code

    def stop(self) -> None:
        """Its memory is lost with the power, or the program ended. The others notice when they do."""
        self.is_open, self._host, self._guess = False, None, None
        self._waiting.clear()
        calls, self._calls = self._calls, []
        for call in calls:
            call.host_left = True
            call.cut()

    def come(self, call: Knock) -> None:
        """The flight is here."""
        self._calls.append(call)
        self.queue(call)

    def queue(self, call: Knock) -> None:
        """Nobody is answered before it is their turn."""
        if self.is_open and len(self._waiting) < WAITING_MAX and self._is_meant(call):
            self._waiting.append((call, self.world.now_s + WAITING_S))
            self._let_the_next_in()
        else:
            call.drain()

    def _is_meant(self, call: Knock) -> bool:
        return self.code is not None and is_for(self.code, call.flight, address=call.host_address, port=PORT)

    @property
    def _pause_until_s(self) -> float:
        return self.found_wrong_s[-1] + h.PAUSE_AFTER_WRONG_S if self.found_wrong_s else 0.0

    def _let_the_next_in(self) -> None:
        while self._guess is None and self._waiting and self.world.now_s >= self._pause_until_s:
            call, until_s = self._waiting.popleft()
            if self.is_open and self.world.now_s < until_s and not call.host_left:
                self.knock(call)
            else:
                call.drain()

    def knock(self, call: Knock) -> None:
        if self._host is None:
            return
        chance = self.world.chance
        effects = self._host.hear_flight(
            call.flight,
            address=call.host_address,
            port=PORT,
            scalar=chance.randbytes(SCALAR_BYTES),
            fill=chance.randbytes(HOST_FILL_BYTES),
            now_s=self.world.now_s,
        )
        self._carry_out(effects, call)

    def is_guess(self, call: Knock) -> bool:
        """Whether it was answered, and has to confirm."""
        return call is self._guess

    def confirmed(self, call: Knock, confirmation: bytes, first_bytes: bytes) -> None:
        """The typist has said what it has. `first_bytes`: what came behind."""
        if self._host is not None:
            self._judge(self._host.hear_confirmation(confirmation, self.world.now_s), call, first_bytes)

    def left(self, call: Knock) -> None:
        """This connection is over on our side."""
        if self._host is None:
            return
        if call is self._guess:
            self._judge(self._host.lose(self.world.now_s), call)
        elif call.is_hosted and not self.has_met:
            self._carry_out(self._host.reopen(), call)
            self._let_the_next_in()

    def _wake(self, call: Knock, host: h.Host) -> None:
        if call is self._guess and host is self._host:
            self._judge(host.wake(self.world.now_s), call)

    def _judge(self, effects: Sequence[h.Effect], call: Knock, first_bytes: bytes = b"") -> None:
        """What came of the guess."""
        self._guess = None
        if not any(isinstance(effect, h.Matched) for effect in effects):
            self.found_wrong_s.append(self.world.now_s)
            self.world.at(self._pause_until_s, self._let_the_next_in)
        self._carry_out(effects, call, first_bytes)

    def _carry_out(self, effects: Sequence[h.Effect], call: Knock, first_bytes: bytes = b"") -> None:
        for effect in effects:
            match effect:
                case h.Drain():
                    call.drain()
                case h.GuessCounted(number=number):
                    self.guesses.append((number, self.world.now_s))
                case h.Answer(flight=flight):
                    self._guess = call
                    call.say(flight, to_host=False)
                case h.WakeAt(at_s=at_s):
                    assert self._host is not None
                    self.world.at(at_s, partial(self._wake, call, self._host))
                case h.Matched(psk=psk, confirmation=confirmation):
                    call.begin_hosting(psk, confirmation, first_bytes)
                case h.Closed():
                    self.is_open = False
                case _:
                    assert_never(effect)

    def keep(self, paired: Paired) -> bool:
        """One code yields one contact. False: nothing is said of it."""
        if self.has_met:
            return False
        if not self.store(paired):
            self.stop()
            return False
        self.has_met, self.is_open = True, False
        return True
