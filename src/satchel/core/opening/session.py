"""One side of an opening, as a state machine. Spec: docs/spec/session.md, sections 4 and 5.

What is said was stored before, so a power cut at any instant leaves an epoch that both sides have (W4: and
only then is an older one let go of). Nothing is believed before the caller's first frame: the owner makes
the listener's side when that frame has opened.
"""

from enum import Enum

from satchel.core.opening.codec import COUNTER_MAX
from satchel.core.opening.effects import (
    Effect,
    Kept,
    Learned,
    Ready,
    Say,
    Store,
    UseSuite,
    WentBack,
    WeWentBack,
)
from satchel.core.opening.messages import Bye, Hello, Message, Stored
from satchel.errors import MisuseError, PeerError

SPEAKS = 4  # docs/spec/delivery.md is what may follow, and the pipe of docs/spec/custody.md, 6.7 and 6.10


class Role(Enum):
    CALLER = "dialled"
    LISTENER = "was dialled"


class State(Enum):
    NEW = "nothing was said yet"
    NUMBERING = "the number of this session is being stored"
    CALLED = "our Hello was said, theirs is awaited"
    AGREEING = "what both agree on is being stored"
    ANSWERED = "our Hello says what is stored here; that they stored it, too, is awaited"
    CONFIRMING = "that they did is being stored, and what is older erased"
    OPEN = "both have the same"


class Input(Enum):
    START = "the session is ours to begin"
    DURABLE = "what was to be stored is"
    HELLO = "their Hello"
    STORED = "their Stored"


TRANSITIONS: dict[Role, dict[tuple[State, Input], State]] = {
    Role.CALLER: {
        (State.NEW, Input.START): State.NUMBERING,
        (State.NUMBERING, Input.DURABLE): State.CALLED,
        (State.CALLED, Input.HELLO): State.AGREEING,
        (State.AGREEING, Input.DURABLE): State.OPEN,
    },
    Role.LISTENER: {
        (State.NEW, Input.HELLO): State.AGREEING,
        (State.AGREEING, Input.DURABLE): State.ANSWERED,
        (State.ANSWERED, Input.STORED): State.CONFIRMING,
        (State.CONFIRMING, Input.DURABLE): State.OPEN,
    },
}


class Opening:
    """One side of one session. One at a time for each contact (Rivals); dead after an exception."""

    def __init__(
        self,
        role: Role,
        kept: Kept,
        *,
        day: int | None,
        clock_s: int,
        plausible: bool,
        aes: bool,
        beside: bytes | None = None,
    ) -> None:
        """
        Args:
            kept: as it is stored at this moment.
            day: of our clock if it is plausible, else None.
            clock_s: our clock, seconds since 1970; what it says meanwhile makes no difference.
            aes: whether this machine does AES in hardware.
            beside: what Rivals says.
        """
        self.state = State.NEW
        self._role = role
        self._kept = kept
        self._day = day
        self._clock_s = max(0, clock_s)
        self._plausible = plausible
        self._aes = aes
        self._beside = beside
        # A contact may have told us any number: it must not be able to stop our program.
        self._counter = min(kept.counter + 1, COUNTER_MAX)
        self._told_before = kept.heard
        self._theirs: Hello | None = None

    def start(self) -> list[Effect]:
        """The caller begins, when the listener's answer was right."""
        self._go(Input.START)
        self._kept = Kept(epochs=self._kept.epochs, counter=self._counter, heard=self._kept.heard)
        return [Store(kept=self._kept)]

    def stored(self) -> list[Effect]:
        """The last Store was carried out."""
        self._go(Input.DURABLE)
        match self.state:
            case State.CALLED:
                return [Say(message=self._hello())]
            case State.ANSWERED:
                return [Say(message=self._hello()), self._use_suite()]
            case State.OPEN if self._role is Role.CALLER:
                stored = Stored(agreed=self._kept.epochs.agreed)
                return [self._use_suite(), Say(message=stored), self._ready()]
            case _:
                return [self._ready()]

    def hear(self, message: Message) -> list[Effect]:
        """Take in their next message. Raises PeerError: not this one, now."""
        match message:
            case Hello():
                self._go(Input.HELLO)
                self._theirs = message
                return [*self._judge(message), Store(kept=self._agree(message))]
            case Stored(agreed=agreed):
                self._go(Input.STORED)
                epochs = self._kept.epochs
                if agreed != epochs.agreed:
                    raise PeerError(f"session 4.6: {agreed} stored, and {epochs.agreed} agreed on")
                self._kept = Kept(
                    epochs=epochs.confirm(agreed), counter=self._kept.counter, heard=self._kept.heard
                )
                return [Store(kept=self._kept)]
            case Bye():
                raise PeerError("session 4.4: a message that is not due")

    def _judge(self, hello: Hello) -> list[Effect]:
        effects: list[Effect] = [
            Learned(ahead_s=hello.clock_s - self._clock_s, plausible=hello.plausible),
        ]
        if hello.counter <= self._told_before:
            effects.append(WentBack(told=hello.counter, known=self._told_before))
        if hello.heard >= self._counter:
            effects.append(WeWentBack(told=self._counter, known=hello.heard))
        return effects

    def _agree(self, hello: Hello) -> Kept:
        epochs = self._kept.epochs
        ours = self._used()
        if self._role is Role.CALLER and (hello.agreed != hello.used or hello.agreed < ours):
            raise PeerError("session 4.5: an answer that agrees on less than both use")
        self._kept = Kept(
            epochs=epochs.agree(ours, hello.used, stored=hello.agreed),
            counter=max(self._counter, hello.heard),  # who went back goes on where it was
            heard=max(self._told_before, hello.counter),
        )
        return self._kept

    def _hello(self) -> Hello:
        epochs = self._kept.epochs
        return Hello(
            agreed=epochs.agreed,
            used=self._used(),
            counter=self._counter,
            heard=self._told_before,
            clock_s=self._clock_s,
            plausible=self._plausible,
            aes=self._aes,
            speaks=SPEAKS,
            beside=self._beside,
        )

    def _used(self) -> int:
        epochs = self._kept.epochs
        used = epochs.used(self._day)
        return used if epochs.speaking.reaches(used) else epochs.agreed  # no clock is right about that

    def _use_suite(self) -> UseSuite:
        assert self._theirs is not None
        return UseSuite(aes=self._aes and self._theirs.aes)

    def _ready(self) -> Ready:
        assert self._theirs is not None
        return Ready(speaks=min(SPEAKS, self._theirs.speaks))

    def _go(self, event: Input) -> None:
        after = TRANSITIONS[self._role].get((self.state, event))
        if after is not None:
            self.state = after
        elif event in (Input.HELLO, Input.STORED):
            raise PeerError("session 4.4: a message that is not due")
        else:
            raise MisuseError(f"{event.value}, while {self.state.value}")
