"""Who replays, who sits between and who lies inside of a session: for tests of sim/sessions.py."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import ClassVar

from satchel.core.opening.messages import Message
from satchel.core.opening.session import Opening
from satchel.core.session.handshake import SessionKeys
from satchel.ports import Address
from satchel.sim.line import Line, Trouble
from satchel.sim.sessions import Talk
from satchel.sim.wire import Pipe, Place, Tape, Wire, place

STRANGER = place(200).address


class Stranger:
    """Connects when it first says something, and keeps what it gets."""

    def __init__(self, wire: Wire, to: Place, source: Address = STRANGER) -> None:
        self.got = b""
        self.is_over = False
        self._connect = partial(wire.connect, self, to, source)
        self._pipe: Pipe | None = None

    def say(self, pieces: Iterable[bytes]) -> None:
        self._pipe = self._pipe or self._connect()
        for piece in pieces:
            self._pipe.carry(self, piece)

    def arrive(self, data: bytes) -> None:
        self.got += data

    def broke(self) -> None:
        self.is_over = True


def replay(wire: Wire, tapes: Sequence[Tape], to: Place) -> list[Stranger]:
    """Of each connection its flight alone, and all that its caller said."""
    said = [pieces for tape in tapes for pieces in (tape.there[:1], list(tape.there))]
    strangers = [Stranger(wire, to) for _ in said]
    for stranger, pieces in zip(strangers, said, strict=True):
        stranger.say(pieces)
    return strangers


class Meddler:
    """Sits between all, and makes Trouble."""

    def __init__(self, wire: Wire, trouble: Trouble) -> None:
        self.line = Line(wire.world, trouble)
        self.meddled = 0
        self._late: dict[tuple[Pipe, bool], bytes] = {}
        wire.between = self._between

    def _between(self, pipe: Pipe, there: bool, data: bytes) -> list[bytes]:
        way = (pipe, there)
        if self.line.world.chance.random() < self.line.trouble.late and way not in self._late:
            self._late[way] = data
            return []
        comes: list[bytes] = []
        for piece in (data, self._late.pop(way, b"")):
            passed = self.line.passing(piece) if piece else []
            if passed is None:
                self.meddled += 1
                pipe.break_off()
                return []
            comes += passed
        self.meddled += comes != [data]
        return comes


class Opened(Talk):
    """A side whose keys the test is told."""

    keys: ClassVar[list[SessionKeys]] = []

    def use(self, keys: SessionKeys) -> None:
        self.keys.append(keys)
        super().use(keys)


Lie = Callable[[Message], Sequence[Message | bytes]]


def liar(lie: Lie, **believes: object) -> type[Talk]:
    """Who says something else than its program meant to. `believes`: what its own program is told of the
    clock, as Opening takes it."""

    class Liar(Talk):
        def say(self, message: Message) -> None:
            for said in lie(message):
                if isinstance(said, bytes):
                    self.send(said)
                else:
                    super().say(said)

        def new_opening(self, beside: bytes | None) -> Opening:
            reading = self.side.node.reading()
            clock: dict[str, object] = {
                "day": reading.day,
                "clock_s": reading.time_s,
                "plausible": reading.plausible,
            }
            return Opening(self.role, self.side.kept, aes=True, beside=beside, **(clock | believes))  # type: ignore[arg-type]

    return Liar
