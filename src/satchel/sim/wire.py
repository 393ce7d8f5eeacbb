"""Connections between devices: bytes in order, until they break; and whoever records them or sits between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Protocol

from satchel.ports import Address
from satchel.sim.world import World

PIECE_S_MEAN = 0.05  # on its way
NOTICED_S_MAX = 5.0  # until a side knows that its pipe broke


@dataclass(slots=True, kw_only=True)
class Breaks:
    """What goes wrong, a part of the time: of what is sent, a pipe is cut; of the stores, the power fails."""

    cut: float = 0.0
    power: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where somebody listens."""

    address: Address
    port: int


def place(number: int) -> Place:
    """One for each number up to 255."""
    return Place(address=Address(bytes(10) + b"\xff\xff" + bytes((10, 0, 0, number))), port=4000 + number)


class Ear(Protocol):
    """One side of a pipe."""

    def arrive(self, data: bytes) -> None: ...
    def broke(self) -> None:
        """Noticed at last, or the other side has closed."""
        ...


class Door(Protocol):
    """What is at a place. It gives the pipe its listener."""

    def came(self, pipe: "Pipe") -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """One connection, as a watcher wrote it down: what was said by the caller, and what to it."""

    place: Place
    there: list[bytes] = field(default_factory=list)
    back: list[bytes] = field(default_factory=list)


# What comes out at the other end, where somebody sits between: of which pipe, whether to the listener, what.
Between = Callable[["Pipe", bool, bytes], Sequence[bytes]]


class Wire:
    """All the connections that there are."""

    def __init__(self, world: World, breaks: Breaks | None = None) -> None:
        self.world = world
        self.breaks = breaks or Breaks()
        self.doors: dict[Place, Door] = {}
        self.tapes: list[Tape] = []
        self.between: Between | None = None
        self._number = count(1)

    def new_place(self) -> Place:
        return place(next(self._number))

    def connect(self, caller: Ear, to: Place, source: Address) -> "Pipe":
        """Whether somebody is there or not: who is not answers nothing."""
        pipe = Pipe(self, caller, to, source)
        if to in self.doors:
            self.doors[to].came(pipe)
        return pipe


class Pipe:
    """One connection; what is sent arrives in order, until it breaks."""

    def __init__(self, wire: Wire, caller: Ear, to: Place, source: Address) -> None:
        self.wire = wire
        self.place = to
        self.source = source  # the caller's address
        self.caller = caller
        self.listener: Ear | None = None
        self.is_whole = True
        self.tape = Tape(place=to)
        self._last_s = 0.0
        wire.tapes.append(self.tape)

    def carry(self, sender: Ear, data: bytes) -> None:
        if not self.is_whole:
            return
        there = sender is self.caller
        (self.tape.there if there else self.tape.back).append(data)
        if self.wire.world.chance.random() < self.wire.breaks.cut:
            self.break_off()
            return
        for piece in [data] if self.wire.between is None else self.wire.between(self, there, data):
            self._later(partial(self._arrive, there, piece))

    def _later(self, action: Callable[[], None]) -> None:
        world = self.wire.world
        late_s = world.chance.expovariate(1 / PIECE_S_MEAN)
        self._last_s = max(self._last_s, world.now_s + late_s)
        world.at(self._last_s, action)

    def _arrive(self, there: bool, data: bytes) -> None:
        ear = self.listener if there else self.caller  # of now: behind a door it is another one
        if self.is_whole and ear is not None:
            ear.arrive(data)

    def break_off(self) -> None:
        """By nobody, or by who closes. Each side notices when it does."""
        if self.is_whole:
            self.is_whole = False
            world = self.wire.world
            for ear in (self.caller, self.listener):
                if ear is not None:
                    world.at(world.now_s + world.chance.uniform(0, NOTICED_S_MAX), ear.broke)
