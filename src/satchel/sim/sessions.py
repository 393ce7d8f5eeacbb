"""Two contacts who open sessions by the product's own Opening and Rivals, over pipes that break at any frame.

What is left out is the handshake below: who has a common epoch by `dialled_epochs` and `heard_epochs` gets a
fresh session hash, as if Noise had run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from satchel.core.identity.clocks import Clocks, Reading
from satchel.core.identity.epochs import EPOCH_FIRST, begin
from satchel.core.opening.codec import decode, encode
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
from satchel.core.opening.messages import Hello
from satchel.core.opening.rivals import Rivals
from satchel.core.opening.session import Opening, Role
from satchel.core.session.contact import dialled_epochs, heard_epochs
from satchel.errors import PeerError
from satchel.sim.device import BUILD_S, START_S
from satchel.sim.world import World

FRAME_S_MEAN = 0.05
NOTICED_S_MAX = 5.0  # until a side knows that its pipe broke
HASH_BYTES = 32


@dataclass(slots=True, kw_only=True)
class Breaks:
    """What goes wrong, a part of the time: of the frames, a pipe is cut; of the stores, the power fails."""

    cut: float = 0.0
    power: float = 0.0


class Side:
    """One device, as far as its contact is concerned: `kept` is on its disk, the rest in its memory."""

    def __init__(self, world: World, kept: Kept, *, wrong_s: int, breaks: Breaks) -> None:
        self.world = world
        self.kept = kept
        self.wrong_s = wrong_s
        self.breaks = breaks
        self.shown: list[WentBack | WeWentBack] = []
        self.problems: list[PeerError] = []
        self.rivals = Rivals()
        self.ends: dict[bytes, End] = {}
        self.ready: set[bytes] = set()

    def reading(self) -> Reading:
        return _read(self.world, wrong_s=self.wrong_s)

    @property
    def hour(self) -> int | None:
        reading = self.reading()
        return reading.time_s // 3600 if reading.plausible else None

    def lose_power(self) -> None:
        """All memory is lost, and the other side hears nothing of it."""
        self.rivals, self.ready = Rivals(), set()
        for end in self.ends.values():
            end.is_up = False
            end.pipe.break_off()
        self.ends = {}

    def restore(self, copy: Kept) -> None:
        """The profile of an earlier day is put back."""
        self.lose_power()
        self.kept = copy

    def close(self, session_hash: bytes | None) -> None:
        end = self.ends.pop(session_hash, None) if session_hash is not None else None
        if end is None:
            return
        end.is_up = False
        self.rivals.ended(end.pipe.session_hash)
        self.ready.discard(end.pipe.session_hash)
        end.pipe.break_off()


class Pipe:
    """One connection, after its handshake; what is sent arrives in order, until it breaks."""

    def __init__(self, world: World, breaks: Breaks, caller: Side, listener: Side) -> None:
        self.world = world
        self.breaks = breaks
        self.session_hash = world.chance.randbytes(HASH_BYTES)
        self.is_whole = True
        self.caller = End(self, caller, Role.CALLER)
        self.listener = End(self, listener, Role.LISTENER)
        self._last_s = 0.0

    def carry(self, sender: "End", frame: bytes) -> None:
        if not self.is_whole:
            return
        if self.world.chance.random() < self.breaks.cut:
            self.break_off()
            return
        there = self.listener if sender is self.caller else self.caller
        self._later(lambda: there.arrive(frame) if self.is_whole else None)

    def _later(self, action: Callable[[], None]) -> None:
        late_s = self.world.chance.expovariate(1 / FRAME_S_MEAN)
        self._last_s = max(self._last_s, self.world.now_s + late_s)
        self.world.at(self._last_s, action)

    def break_off(self) -> None:
        """Each side notices when it does."""
        if self.is_whole:
            self.is_whole = False
            for end in (self.caller, self.listener):
                noticed_s = self.world.now_s + self.world.chance.uniform(0, NOTICED_S_MAX)
                self.world.at(noticed_s, end.notice)


@dataclass(slots=True, eq=False)
class End:
    """One side of a pipe."""

    pipe: Pipe
    side: Side
    role: Role
    is_up: bool = True
    opening: Opening | None = field(default=None, init=False)

    def begin(self) -> None:
        """The answer to the caller's flight was right."""
        if not self.is_up:
            return  # the power failed meanwhile
        verdict = self.side.rivals.dialled(self.pipe.session_hash)
        self.side.close(verdict.close)
        if self.is_up:
            self.opening = self._opening(verdict.beside)
            self._carry_out(self.opening.start())

    def arrive(self, frame: bytes) -> None:
        if not self.is_up:
            return
        message = decode(frame)
        session_hash = self.pipe.session_hash
        try:
            if self.opening is None:
                assert isinstance(message, Hello)
                self.side.ends[session_hash] = self
                verdict = self.side.rivals.was_dialled(session_hash, message.beside)
                self.side.close(verdict.close)
                if not self.is_up:
                    return
                self.opening = self._opening(verdict.beside)
            elif isinstance(message, Hello):
                self.side.rivals.answered(session_hash, message.beside)
            self._carry_out(self.opening.hear(message))
        except PeerError as problem:
            self.side.problems.append(problem)
            self.side.close(session_hash)

    def notice(self) -> None:
        if self.is_up:
            self.side.close(self.pipe.session_hash)
            self.is_up = False

    def _opening(self, beside: bytes | None) -> Opening:
        reading = self.side.reading()
        return Opening(
            self.role,
            self.side.kept,
            day=reading.day,
            clock_s=reading.time_s,
            plausible=reading.plausible,
            aes=True,
            beside=beside,
        )

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Store(kept=kept):
                    chance, breaks = self.side.world.chance, self.side.breaks
                    fails = chance.random() < breaks.power
                    if not fails or chance.random() < 0.5:
                        self.side.kept = kept
                    if fails:
                        self.side.lose_power()
                        return
                    assert self.opening is not None
                    self._carry_out(self.opening.stored())
                case Say(message=message):
                    self.pipe.carry(self, encode(message))
                case WentBack() | WeWentBack():
                    self.side.shown.append(effect)
                case Ready():
                    self.side.ready.add(self.pipe.session_hash)
                case Learned() | UseSuite():
                    pass
                case _:
                    assert_never(effect)
            if not self.is_up:
                return


def common_epoch(caller: Side, listener: Side) -> int | None:
    """Of which both have the same keys, and which they try when this one dials."""
    day = caller.reading().day
    heard = heard_epochs(listener.kept.epochs, hour=listener.hour)
    for epoch in dialled_epochs(caller.kept.epochs, day=day):
        if epoch in heard:
            ours, theirs = caller.kept.epochs.speaking.at(epoch), listener.kept.epochs.listening.at(epoch)
            return epoch if ours == theirs else None
    return None


def dial(caller: Side, listener: Side) -> None:
    """The flight goes out now; the answer, if there is one, is a moment on its way."""
    if common_epoch(caller, listener) is None:
        return  # drained
    pipe = Pipe(caller.world, caller.breaks, caller, listener)
    caller.ends[pipe.session_hash] = pipe.caller
    late_s = caller.world.chance.expovariate(1 / FRAME_S_MEAN)
    caller.world.at(caller.world.now_s + late_s, pipe.caller.begin)


def contacts(world: World, breaks: Breaks, *, wrong_s: tuple[int, int] = (0, 0)) -> tuple[Side, Side]:
    """Two who have just been paired."""
    chains = world.chance.randbytes(32), world.chance.randbytes(32)
    days = [_read(world, wrong_s=one).day or 0 for one in wrong_s]
    epoch = max(EPOCH_FIRST, *days)
    one, other = (
        Side(
            world,
            Kept(epochs=begin(epoch=epoch, speaking=chains[at], listening=chains[1 - at])),
            wrong_s=wrong_s[at],
            breaks=breaks,
        )
        for at in (0, 1)
    )
    return one, other


def _read(world: World, *, wrong_s: int) -> Reading:
    clock_s = max(0, START_S + int(world.now_s) + wrong_s)
    return Clocks(build_s=BUILD_S).read(clock_s=clock_s, since_saved_s=world.now_s)
