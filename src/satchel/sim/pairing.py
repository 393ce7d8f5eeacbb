"""People who pair by the product's own picture, host and taker, over a line that is as bad as can be.

What the people do is here, too: who compared the words, and found them the same, has a contact.
The library draws for ML-KEM by itself, so one seed makes one course of events, and other bytes each time.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

from satchel.core.crypto.kem import encapsulate
from satchel.core.identity.pair import Pair, Proof
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.effects import Effect, Encapsulate, Paired, Send, Taken, TakenAgain, Verified
from satchel.core.pairing.exchange import FLIGHT_BYTES
from satchel.core.pairing.hosting import Hosting
from satchel.core.pairing.keys import NONCE_BYTES, TAKER_RANDOM_BYTES, TakerKeys
from satchel.core.pairing.picture import FILL_BYTES, Picture
from satchel.core.pairing.picture_host import PICTURE_RANDOM_BYTES, Begun, PictureHost, Refuse
from satchel.core.pairing.taking import PictureTaker, Taking
from satchel.errors import AccessDenied, MisuseError, PeerError
from satchel.sim.line import ADDRESS, PORT, Connection, Line, Someone

SILENCE_S = 5.0  # then a side gives the connection up
AGAIN_S = 1.0


class Person(Someone):
    """Somebody with a device. `pair` is on its disk; a contact only when `is_confirmed`."""

    def __init__(self, line: Line, name: str, *, wrong_s: int = 0) -> None:
        super().__init__(line, name, wrong_s=wrong_s)
        self.paired: Paired | None = None
        self.is_confirmed = False
        self.others_seen = 1  # devices that scanned, as far as this one was told
        self.was_taken = False  # it was told that another one was faster
        self._taken_by = b""
        self.screen: PictureHost | None = None
        self.camera: PictureTaker | None = None

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
        """As the node keeps it: one pairing yields one contact. False: nothing is said of it."""
        if self.paired is not None and not (
            paired.replaces and taker == self._taken_by and not self.is_confirmed
        ):
            return False

        def store() -> None:
            self.paired, self._taken_by = paired, taker
            self.others_seen = max(self.others_seen, paired.takers)

        survives = self.try_to_store(store)
        if not survives:
            self.screen = self.camera = None  # of which nothing but the memory knew
        return survives

    def confirm(self) -> None:
        assert self.paired is not None
        pair = self.paired.pair.verified(Proof.WORDS_COMPARED)
        self.paired, self.is_confirmed = replace(self.paired, pair=pair), True


class Call(Connection):
    """One connection of who scanned to who shows. `taker` None: a recorded flight comes again, and behind it
    frames of the same day."""

    def __init__(self, line: Line, host: Person, taker: Person | None, *, tries_again: bool = True) -> None:
        super().__init__(line)
        self.host = host
        self.taker = taker
        self.taking: Taking | None = None
        self.hosting: Hosting | None = None
        self.tries_again = tries_again
        self._is_drained = False
        self._screen = host.screen
        self._waits = b""  # at the host

    def start(self) -> None:
        chance = self.world.chance
        self.world.at(self.world.now_s + SILENCE_S, self.cut)
        if self.taker is None:
            for frame in (
                chance.choice(self.line.recorded[FLIGHT_BYTES]),
                *chance.sample(self.line.recorded[FRAME_BYTES], k=3),
            ):
                self.arrive_later(frame, to_host=True)
            return
        assert self.taker.camera is not None
        fill = chance.randbytes(FILL_BYTES)
        try:
            self.taking = self.taker.camera.call(address=ADDRESS, port=PORT, fill=fill)
        except AccessDenied:
            self.tries_again = False
            self.cut()  # the person asks for a new picture
            return
        self.say(self.taking.first_bytes, to_host=True)

    def cut(self) -> None:
        if not self.is_up:
            return
        self.is_up = False
        if self.taker is not None and self.tries_again and not (self.taker.paired or self.taker.was_taken):
            again = Call(self.line, self.host, self.taker)
            self.world.at(self.world.now_s + AGAIN_S, partial(again._start_again, self.taker.camera))

    def _start_again(self, camera: PictureTaker | None) -> None:
        """Unless another picture has been scanned since."""
        if self.taker is not None and self.taker.camera is camera is not None and self.taker.paired is None:
            self.start()

    def refuse(self, problem: PeerError, *, at_host: bool) -> None:
        (self.host if at_host or self.taker is None else self.taker).problems.append(problem)
        self.cut()

    def at_host(self, data: bytes) -> None:
        self._waits += data
        if self._is_drained or self.host.screen is not self._screen:
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
                    self.say(exchange.answer, to_host=False)
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
                    self.say(data, to_host=False)
                case Paired():
                    if not self.host.keep(effect, taker=hosting.commitment):
                        self.cut()
                        return
                    self._carry_out_host(hosting, hosting.stored())
                case Encapsulate() | TakenAgain() | Taken() | Verified():
                    raise MisuseError("not of a host")
                case _:
                    assert_never(effect)

    def at_taker(self, frame: bytes) -> None:
        if self.taking is None or self.taker is None or self.taker.paired is not None:
            return
        self._carry_out_taker(self.taking, self.taker, self.taking.hear(frame))

    def _carry_out_taker(self, taking: Taking, taker: Person, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data=data):
                    for at in range(0, len(data), FRAME_BYTES):
                        self.say(data[at : at + FRAME_BYTES], to_host=True)
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
