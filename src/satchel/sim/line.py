"""What people who pair have in common, by picture or by code: a clock, and a line that is as bad as can be.

Each frame may be lost, repeated, late, changed, or replaced by one that was recorded; each connection may be
cut, and the power may fail while something is stored.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from satchel.core.identity.clocks import Clocks
from satchel.core.pairing.card import Card
from satchel.errors import PeerError
from satchel.sim.device import BUILD_S, START_S
from satchel.sim.world import World

ADDRESS, PORT = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 1)), 4000
FRAME_S_MEAN = 0.05


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What happens to a frame, and to what is stored: parts of all."""

    cut: float = 0.0  # the connection ends here
    lose: float = 0.0
    repeat: float = 0.0
    late: float = 0.0  # behind the next one
    change: float = 0.0
    replace: float = 0.0  # by one that was recorded
    power: float = 0.0  # fails while something is stored

    def end(self) -> None:
        self.cut = self.lose = self.repeat = self.late = self.change = self.replace = self.power = 0.0


@dataclass(slots=True)
class Line:
    """Who owns it has written down all that ever passed: `recorded`, by its length in bytes."""

    world: World
    trouble: Trouble
    recorded: defaultdict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def passing(self, frame: bytes) -> list[bytes] | None:
        """What comes out at the other end; None: the connection is cut."""
        chance, trouble = self.world.chance, self.trouble
        known = self.recorded[len(frame)]
        before = tuple(known)
        known.append(frame)
        if chance.random() < trouble.cut:
            return None
        if chance.random() < trouble.lose:
            return []
        if chance.random() < trouble.change:
            at = chance.randrange(len(frame))
            frame = frame[:at] + bytes((frame[at] ^ 1 << chance.randrange(8),)) + frame[at + 1 :]
        if before and chance.random() < trouble.replace:
            frame = chance.choice(before)
        return [frame, frame] if chance.random() < trouble.repeat else [frame]


class Someone:
    """Who has a device. `wrong_s`: how far its clock is ahead of the right one."""

    def __init__(self, line: Line, name: str, *, wrong_s: int = 0) -> None:
        self.line = line
        self.world = line.world
        self.name = name
        self.wrong_s = wrong_s
        self.problems: list[PeerError] = []
        self.power_failures = 0

    def try_to_store(self, store: Callable[[], None]) -> bool:
        """False: the power failed, before it was on the disk or after."""
        chance = self.world.chance
        fails = chance.random() < self.line.trouble.power
        if not fails or chance.random() < 0.5:
            store()
        self.power_failures += fails
        return not fails

    @property
    def card(self) -> Card:
        clock_s = max(0, START_S + int(self.world.now_s) + self.wrong_s)
        reading = Clocks(build_s=BUILD_S).read(clock_s=clock_s, since_saved_s=self.world.now_s)
        return Card(day=reading.day, language="en", name=self.name)


class Connection(ABC):
    """Of a taker to a host: what is said arrives in order, as far as the line lets it, until it is cut."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.world = line.world
        self.is_up = True
        self._last_s = 0.0  # when what was said last arrives
        self._behind: dict[bool, bytes] = {}  # by direction: what is late

    @abstractmethod
    def at_host(self, data: bytes) -> None: ...

    @abstractmethod
    def at_taker(self, data: bytes) -> None: ...

    @abstractmethod
    def refuse(self, problem: PeerError, *, at_host: bool) -> None:
        """What one side heard broke the rules."""

    @abstractmethod
    def cut(self) -> None:
        """Nothing that is on its way arrives."""

    def say(self, frame: bytes, *, to_host: bool) -> None:
        if not self.is_up:
            return
        if self.world.chance.random() < self.line.trouble.late and to_host not in self._behind:
            self._behind[to_host] = frame
            return
        for one in (frame, self._behind.pop(to_host, b"")):
            arriving = self.line.passing(one) if one else []
            if arriving is None:
                self.cut()
                return
            for arrived in arriving:
                self.arrive_later(arrived, to_host=to_host)

    def arrive_later(self, frame: bytes, *, to_host: bool) -> None:
        late_s = self.world.chance.expovariate(1 / FRAME_S_MEAN)
        self._last_s = max(self._last_s, self.world.now_s + late_s)
        self.world.at(self._last_s, partial(self._arrive, frame, to_host=to_host))

    def _arrive(self, frame: bytes, *, to_host: bool) -> None:
        if self.is_up:
            try:
                (self.at_host if to_host else self.at_taker)(frame)
            except PeerError as problem:
                self.refuse(problem, at_host=to_host)
