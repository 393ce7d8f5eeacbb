"""People who pair by the product's own picture, host and taker, over a line that is as bad as can be.

Each frame may be lost, repeated, late, changed, or replaced by one that was recorded, and each connection
cut. What the people do is here, too: who compared the words, and found them the same, has a contact.
The library draws for ML-KEM by itself, so one seed makes one course of events, and other bytes each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import assert_never

from satchel.core.crypto.kem import encapsulate
from satchel.core.identity.clocks import Clocks
from satchel.core.identity.pair import Pair, Proof
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.card import Card
from satchel.core.pairing.effects import Effect, Encapsulate, Paired, Send, Taken, TakenAgain, Verified
from satchel.core.pairing.exchange import FLIGHT_BYTES
from satchel.core.pairing.hosting import Hosting
from satchel.core.pairing.keys import NONCE_BYTES, TAKER_RANDOM_BYTES, TakerKeys
from satchel.core.pairing.picture import FILL_BYTES, Picture
from satchel.core.pairing.picture_host import PICTURE_RANDOM_BYTES, Begun, PictureHost, Refuse
from satchel.core.pairing.taking import PictureTaker, Taking
from satchel.errors import AccessDenied, MisuseError, PeerError
from satchel.sim.device import BUILD_S, START_S
from satchel.sim.world import World

ADDRESS, PORT = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 1)), 4000
FRAME_S_MEAN = 0.05
SILENCE_S = 5.0  # then a side gives the connection up
AGAIN_S = 1.0


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What happens to a frame: parts of all."""

    cut: float = 0.0  # the connection ends here
    lose: float = 0.0
    repeat: float = 0.0
    late: float = 0.0  # behind the next one
    change: float = 0.0
    replace: float = 0.0  # by one that was recorded

    def end(self) -> None:
        self.cut = self.lose = self.repeat = self.late = self.change = self.replace = 0.0


@dataclass(slots=True)
class Line:
    """Who owns it has written down all that ever passed: `flights`, and `frames` behind them."""

    world: World
    trouble: Trouble
    flights: list[bytes] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)

    def passing(self, frame: bytes) -> list[bytes] | None:
        """What comes out at the other end; None: the connection is cut."""
        chance, trouble = self.world.chance, self.trouble
        known = self.flights if len(frame) == FLIGHT_BYTES else self.frames
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


class Person:
    """Somebody with a device. `pair` is on its disk; a contact only when `is_confirmed`."""

    def __init__(self, line: Line, name: str, *, wrong_s: int = 0) -> None:
        self.line = line
        self.world = line.world
        self.name = name
        self.wrong_s = wrong_s
        self.paired: Paired | None = None
        self.is_confirmed = False
        self.others_seen = 1  # devices that scanned, as far as this one was told
        self.was_taken = False  # it was told that another one was faster
        self.problems: list[str] = []
        self._taken_by = b""
        self.screen: PictureHost | None = None
        self.camera: PictureTaker | None = None

    @property
    def card(self) -> Card:
        clock_s = max(0, START_S + int(self.world.now_s) + self.wrong_s)
        reading = Clocks(build_s=BUILD_S).read(clock_s=clock_s, since_saved_s=self.world.now_s)
        return Card(day=reading.day, language="en", name=self.name)

    @property
    def pair(self) -> Pair | None:
        return None if self.paired is None else self.paired.pair

    def show(self) -> Picture:
        """A new picture; what was not confirmed is forgotten."""
        self.forget()
        if self.screen is not None:
            self.screen.close()
        draw = self.world.chance.randbytes(PICTURE_RANDOM_BYTES)
        self.screen = PictureHost(draw, ends=((ADDRESS, PORT),), card=self.card, now_s=self.world.now_s)
        return self.screen.picture

    def scan(self, picture: Picture) -> None:
        self.forget()
        keys = TakerKeys.from_random(self.world.chance.randbytes(TAKER_RANDOM_BYTES))
        self.camera = PictureTaker(Picture.parse(picture.text()), keys=keys, card=self.card)

    def forget(self) -> None:
        if not self.is_confirmed:
            self.paired, self.was_taken, self.others_seen, self._taken_by = None, False, 1, b""

    def keep(self, paired: Paired, *, taker: bytes = b"") -> bool:
        """As the node keeps it: one pairing yields one contact."""
        if self.paired is not None and not (
            paired.replaces and taker == self._taken_by and not self.is_confirmed
        ):
            return False
        self.paired, self._taken_by = paired, taker
        self.others_seen = max(self.others_seen, paired.takers)
        return True

    def confirm(self) -> None:
        assert self.paired is not None
        pair = self.paired.pair.verified(Proof.WORDS_COMPARED)
        self.paired, self.is_confirmed = replace(self.paired, pair=pair), True


class Call:
    """One connection of who scanned to who shows. `taker` None: a recorded flight comes again, and behind it
    frames of the same day."""

    def __init__(self, line: Line, host: Person, taker: Person | None, *, tries_again: bool = True) -> None:
        self.line = line
        self.world = line.world
        self.host = host
        self.taker = taker
        self.taking: Taking | None = None
        self.hosting: Hosting | None = None
        self.is_up = True
        self.tries_again = tries_again
        self._is_drained = False
        self._last_s = 0.0  # when what was said last arrives
        self._waits = b""  # at the host
        self._behind: dict[bool, bytes] = {}  # by direction: what is late

    def start(self) -> None:
        chance = self.world.chance
        self.world.at(self.world.now_s + SILENCE_S, self.cut)
        if self.taker is None:
            for frame in (chance.choice(self.line.flights), *chance.sample(self.line.frames, k=3)):
                self._arrive_later(frame, to_host=True)
            return
        assert self.taker.camera is not None
        fill = chance.randbytes(FILL_BYTES)
        try:
            self.taking = self.taker.camera.call(address=ADDRESS, port=PORT, fill=fill)
        except AccessDenied:
            self.tries_again = False
            self.cut()  # the person asks for a new picture
            return
        self._say(self.taking.first_bytes, to_host=True)

    def cut(self) -> None:
        if not self.is_up:
            return
        self.is_up = False
        if self.taker is not None and self.tries_again and not (self.taker.paired or self.taker.was_taken):
            again = Call(self.line, self.host, self.taker)
            self.world.at(self.world.now_s + AGAIN_S, partial(again._start_again, self.taker.camera))

    def _start_again(self, camera: PictureTaker | None) -> None:
        """Unless another picture has been scanned since."""
        if self.taker is not None and self.taker.camera is camera and self.taker.paired is None:
            self.start()

    def _say(self, frame: bytes, *, to_host: bool) -> None:
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
                self._arrive_later(arrived, to_host=to_host)

    def _arrive_later(self, frame: bytes, *, to_host: bool) -> None:
        arrive = self._at_host if to_host else self._at_taker
        late_s = self.world.chance.expovariate(1 / FRAME_S_MEAN)
        self._last_s = max(self._last_s, self.world.now_s + late_s)
        self.world.at(self._last_s, partial(self._guarded, partial(arrive, frame)))

    def _guarded(self, arrive: partial[None]) -> None:
        if self.is_up:
            try:
                arrive()
            except PeerError as problem:
                (self.host if self.taker is None else self.taker).problems.append(str(problem))
                self.cut()

    def _at_host(self, data: bytes) -> None:
        self._waits += data
        if self._is_drained:
            return  # not one byte, until the taker gives up
        if self.hosting is None and len(self._waits) >= FLIGHT_BYTES and self.host.screen is not None:
            flight, self._waits = self._waits[:FLIGHT_BYTES], self._waits[FLIGHT_BYTES:]
            self._hear_flight(self.host.screen, flight)
        while self.is_up and self.hosting is not None and 0 < self.hosting.expected_bytes <= len(self._waits):
            heard = self._waits[: self.hosting.expected_bytes]
            self._waits = self._waits[len(heard) :]
            self._carry_out_host(self.hosting, self.hosting.hear(heard, self.world.now_s))

    def _hear_flight(self, screen: PictureHost, flight: bytes) -> None:
        nonce = self.world.chance.randbytes(NONCE_BYTES)
        for effect in screen.hear_flight(
            flight, address=ADDRESS, port=PORT, nonce=nonce, now_s=self.world.now_s
        ):
            match effect:
                case Begun(exchange=exchange):
                    self.hosting = exchange
                    self._say(exchange.answer, to_host=False)
                case TakenAgain(takers=takers):
                    self.host.others_seen = max(self.host.others_seen, takers)
                case Refuse():
                    self._is_drained = True
                case _:
                    assert_never(effect)

    def _carry_out_host(self, hosting: Hosting, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data=data):
                    self._say(data, to_host=False)
                case Paired():
                    if not self.host.keep(effect, taker=hosting.commitment):
                        self.cut()
                        return
                    self._carry_out_host(hosting, hosting.stored())
                case Encapsulate() | TakenAgain() | Taken() | Verified():
                    raise MisuseError("not of a host")
                case _:
                    assert_never(effect)

    def _at_taker(self, frame: bytes) -> None:
        if self.taking is None or self.taker is None or self.taker.paired is not None:
            return
        self._carry_out_taker(self.taking, self.taker, self.taking.hear(frame))

    def _carry_out_taker(self, taking: Taking, taker: Person, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data=data):
                    for at in range(0, len(data), FRAME_BYTES):
                        self._say(data[at : at + FRAME_BYTES], to_host=True)
                case Encapsulate(public_key=public_key):
                    self._carry_out_taker(taking, taker, taking.encapsulated(*encapsulate(public_key)))
                case Paired():
                    taker.keep(effect)
                    self.cut()
                case Taken(takers=takers):
                    taker.was_taken, taker.others_seen = True, takers
                    self.cut()
                case TakenAgain() | Verified():
                    raise MisuseError("not of a taker")
                case _:
                    assert_never(effect)


def compare(host: Person, taker: Person) -> bool:
    """Both read their words aloud. The same: contacts. Else both forget what they have."""
    ours, theirs = (one.paired.comparison if one.paired else None for one in (host, taker))
    if ours is not None and theirs is not None and ours.parts() == theirs.parts():
        host.confirm()
        taker.confirm()
        return True
    host.forget()
    taker.forget()
    return False
