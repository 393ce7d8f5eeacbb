"""Who lies, replays and sits between two people who pair by a spoken code, or answers without having it."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import (
    ANYWHERE,
    CONFIRMATION_BYTES,
    FLIGHT_BYTES,
    PROOF_BYTES,
    SHARE_BYTES,
    typist_flight,
)
from satchel.core.pairing.typist import ANSWERING_HOSTS_MAX
from satchel.sim.code_host import CodeHost
from satchel.sim.codes import CodeCall, CodeTaker, Dial
from satchel.sim.line import ADDRESS, PORT, Line, Trouble
from satchel.sim.world import World
from sim.code_kit import (
    ACCEPTED,
    ANSWER,
    COMMITMENT,
    FLIGHT,
    FRAMES,
    STORED,
    TAKER_CONFIRMS,
    TAKER_KEYS,
    TYPIST_CONFIRMS,
    Two,
)

SEEDS = 10


def elsewhere(number: int) -> bytes:
    """Addresses at which somebody else is."""
    return ADDRESS[:-1] + bytes((100 + number,))


# --- who lies on the way -------------------------------------------------------------------------


def noise(world: World, frame: bytes, _line: Line) -> bytes:
    return world.chance.randbytes(len(frame))


def zeros(_world: World, frame: bytes, _line: Line) -> bytes:
    return bytes(len(frame))


def flipped(world: World, frame: bytes, _line: Line) -> bytes:
    at = world.chance.randrange(len(frame))
    return frame[:at] + bytes((frame[at] ^ 1 << world.chance.randrange(8),)) + frame[at + 1 :]


def mirrored(world: World, frame: bytes, line: Line) -> bytes:
    """What its hearer has said, or somebody else's, or else noise."""
    others = [one for one in line.recorded[len(frame)] if one != frame]
    return others[-1] if others else noise(world, frame, line)


def shortened(_world: World, frame: bytes, _line: Line) -> bytes:
    return frame[:-1]


class LiesOnce(Line):
    """In the place of one frame comes another."""

    lie: Callable[[World, bytes, Line], bytes] = noise
    at_frame = 0
    passed = 0

    def passing(self, frame: bytes) -> list[bytes] | None:
        self.passed += 1
        came = super().passing(frame)
        return [type(self).lie(self.world, frame, self)] if self.passed == self.at_frame else came


LIES = {
    lie.__name__: type(lie.__name__, (LiesOnce,), {"lie": staticmethod(lie)})
    for lie in (noise, zeros, flipped, mirrored, shortened)
}


def once(two: Two) -> dict[bytes, Dial]:
    """The taker reaches the host one time, and finds nobody there after it."""
    away = CodeHost(two.line, "nobody")
    hosts = iter((two.host,))
    return {ADDRESS: lambda taker, address: CodeCall(two.line, next(hosts, away), taker, address)}


@pytest.mark.parametrize("at_frame", range(FLIGHT, FRAMES + 1))
@pytest.mark.parametrize("line", LIES.values(), ids=LIES.keys())
def test_p2_a_lie_at_any_step_pairs_nobody_and_the_code_is_still_good(
    line: type[LiesOnce], at_frame: int
) -> None:
    """P2: wrong bytes in any place end that exchange, and cost a guess once the host has answered. Only with
    the last frame the host has stored, and then the taker is told that it may have."""
    is_short = line is LIES["shortened"]
    for seed in range(2):
        two = Two(seed, Trouble(), line=line)
        assert isinstance(two.line, LiesOnce)
        two.line.at_frame = at_frame
        two.host.show()
        two.type(once(two))
        two.run(60.0)
        assert two.taker.contact is None
        assert two.host.has_met is (at_frame == STORED)
        assert len(two.host.guesses) == 1 or at_frame == FLIGHT
        if at_frame >= ANSWER:
            assert len(two.host.found_wrong_s) == (at_frame < COMMITMENT + is_short)
        two.end_well()


# --- who says again what was said ----------------------------------------------------------------


class Recorded(CodeCall):
    """All of it comes at once, whatever is answered."""

    def at_taker(self, data: bytes) -> None:
        pass


def say_again(two: Two, frames: Sequence[bytes], *, address: bytes = ADDRESS) -> Recorded:
    call = Recorded(two.line, two.host, CodeTaker(two.line, "replayer"), address)
    for frame in frames:
        call.arrive_later(frame, to_host=True)
    return call


class Booked(Line):
    """All that passed, in its order."""

    def __init__(self, world: World, trouble: Trouble) -> None:
        super().__init__(world, trouble)
        self.book: list[bytes] = []
        self.at_frame = 0

    def passing(self, frame: bytes) -> list[bytes] | None:
        self.book.append(frame)
        return None if len(self.book) == self.at_frame else super().passing(frame)


def booked(two: Two, *, to_host: bool) -> list[bytes]:
    """What one side has said in the first exchange of a world."""
    assert isinstance(two.line, Booked)
    of_typist = {FLIGHT, TYPIST_CONFIRMS, COMMITMENT, TAKER_KEYS, TAKER_CONFIRMS, ACCEPTED}
    numbered = enumerate(two.line.book[:FRAMES], FLIGHT)
    return [frame for number, frame in numbered if (number in of_typist) is to_host]


@pytest.mark.parametrize("at_frame", [TYPIST_CONFIRMS, ACCEPTED], ids=["guess is lost", "nothing is stored"])
def test_p1_p3_what_was_recorded_gets_not_one_byte_while_the_code_is_open(at_frame: int) -> None:
    """P1, P3: a flight that was heard before is a stranger's, costs no guess, and stops nobody."""
    for seed in range(SEEDS):
        two = Two(seed, Trouble(), line=Booked)
        assert isinstance(two.line, Booked)
        two.line.at_frame = at_frame
        two.begin()
        two.run(2.0)
        two.taker.stop()
        two.run(30.0)
        assert two.host.is_open
        flight, *behind = booked(two, to_host=True)
        calls = [say_again(two, (flight, *behind)) for _ in range(20)]
        calls.append(say_again(two, (booked(two, to_host=False)[0], *behind)))  # an answer as a flight
        calls.append(say_again(two, (flight, *behind), address=elsewhere(0)))
        two.type()
        two.run(30.0)
        assert [call.bytes_of_host for call in calls] == [0] * len(calls)
        assert len(two.host.guesses) == 2
        assert two.are_paired


def test_p2_a_recording_leads_nowhere_even_where_a_code_is_used_twice() -> None:
    """P2: no device does that. Each flight gets one answer, and what was said behind it is a wrong guess."""
    for seed in range(SEEDS):
        two = Two(seed, Trouble(), line=Booked)
        two.begin()
        two.run(10.0)
        assert two.are_paired
        two.host.contact = two.taker.contact = None  # both have forgotten it
        two.host.show_again(two.code)
        frames = booked(two, to_host=True)
        for _ in range(20):
            say_again(two, frames)
            two.run(3.0)
        assert two.host.contact is None
        assert len(two.host.guesses) == len(two.host.found_wrong_s) == 1
        two.type()
        two.run(30.0)
        assert two.are_paired


# --- who answers ---------------------------------------------------------------------------------


class FalseHost(CodeCall):
    """What is said to a flight, and to what comes behind it, whatever that is."""

    says: tuple[tuple[bytes, ...], tuple[bytes, ...]] = ((), ())
    echoes = False

    def at_host(self, data: bytes) -> None:
        if not self.flight:
            self.flight = data
            said: tuple[bytes, ...] = (data,) if self.echoes else self.says[0]
        else:
            said, self.says = self.says[1], ((), ())
        for frame in said:
            self.arrive_later(frame, to_host=False)


def false_host(kind: str, two: Two, taker: CodeTaker, address: bytes) -> CodeCall:
    chance, false = two.world.chance, CodeHost(two.line, "false host")
    noise_behind = (chance.randbytes(CONFIRMATION_BYTES), chance.randbytes(FRAME_BYTES))
    if kind == "wrong code":
        false.show_again(two.wrong_code)
        return CodeCall(two.line, false, taker, address)
    call = FalseHost(two.line, false, taker, address)
    match kind:
        case "echo":
            call.echoes = True
        case "low order":
            call.says = ((bytes(FLIGHT_BYTES),), noise_behind)
        case "noise":
            call.says = ((chance.randbytes(FLIGHT_BYTES),), noise_behind)
        case "recorded":
            answer, *behind = booked(two, to_host=False)
            call.says = ((answer,), tuple(behind))
    return call


KINDS = ("silence", "echo", "low order", "noise", "recorded", "wrong code")
TOLD = ("noise", "recorded", "wrong code")  # these learn whether one code of theirs is the right one


@pytest.mark.parametrize("kind", KINDS)
def test_p2_who_answers_without_the_code_gets_three_tries_and_no_contact(kind: str) -> None:
    """P2: three of them have our confirmation, whatever is behind; beside two the right one is found."""
    for seed in range(SEEDS // 2):
        two = Two(seed, Trouble(), line=Booked)
        two.begin()
        two.run(10.0)
        two.host.contact = two.taker.contact = None
        two.host.show_again(two.code)  # the worst case: what was recorded is of this code
        false = partial(false_host, kind, two)
        two.type({elsewhere(number): false for number in range(8)})
        two.run(60.0)
        told = ANSWERING_HOSTS_MAX if kind in TOLD else 0
        assert len(two.taker.confirmed) == len(two.taker.told) == told
        assert two.taker.was_denied is (kind in TOLD)
        assert two.taker.contact is None
        two.type({**{elsewhere(number): false for number in range(2)}, ADDRESS: two.dial})
        two.run(60.0)
        assert two.are_paired


# --- who sits between ----------------------------------------------------------------------------


class Front(CodeCall):
    """Where the typist dials: all that is said goes on to the right host, by a connection of its own."""

    changes_flight: Callable[[bytes], bytes] = staticmethod(lambda flight: flight)
    back: CodeCall | None = None

    def at_host(self, data: bytes) -> None:
        if not self.flight:
            self.flight, data = data, self.changes_flight(data)
        assert self.back is not None
        self.back.arrive_later(data, to_host=True)


class Back(CodeCall):
    front: CodeCall | None = None

    def at_taker(self, data: bytes) -> None:
        assert self.front is not None
        self.front.arrive_later(data, to_host=False)


class Between:
    """Somebody at another address, who has heard the number of the code, and none of its words."""

    def __init__(self, two: Two, *, proves: bool = False, is_typed: bool = False) -> None:
        self.two = two
        self.proves = proves
        self.is_typed = is_typed
        self.backs: list[Back] = []

    def dial(self, taker: CodeTaker, address: bytes) -> CodeCall:
        line = self.two.line
        front = Front(line, CodeHost(line, "between"), taker, address)
        front.dialled = ANYWHERE if self.is_typed else (address, PORT)
        back = Back(line, self.two.host, CodeTaker(line, "between"))
        front.back, back.front = back, front
        if self.proves:
            front.changes_flight = self._prove
        self.backs.append(back)
        return front

    def _prove(self, flight: bytes) -> bytes:
        """The same share, for the right host: the proof needs nothing but the number."""
        guess = SpokenCode(self.two.code.channel, (0, 0, 0))
        share, fill = flight[:SHARE_BYTES], flight[SHARE_BYTES + PROOF_BYTES :]
        return typist_flight(guess, share=share, address=ADDRESS, port=PORT, fill=fill)


def test_p1_p2_who_sits_between_is_not_where_the_flight_was_made_for() -> None:
    """P1, P2: a flight for another address gets not one byte."""
    for seed in range(SEEDS):
        two = Two(seed, Trouble())
        two.host.show()
        between = Between(two)
        two.type({elsewhere(0): between.dial})
        two.run(60.0)
        assert between.backs
        assert not any(back.bytes_of_host for back in between.backs)
        assert two.host.guesses == []
        two.end_well()


def test_p2_who_sits_between_and_proves_the_flight_anew_has_made_one_wrong_guess() -> None:
    """P2: what is proved is in the keys of both, so they differ, and neither side confirms."""
    for seed in range(SEEDS):
        two = Two(seed, Trouble())
        two.host.show()
        two.type({elsewhere(0): Between(two, proves=True).dial})
        two.run(60.0)
        assert len(two.host.guesses) == len(two.host.found_wrong_s) == 1
        assert two.taker.told == {elsewhere(0)}
        assert (two.host.contact, two.taker.contact) == (None, None)
        two.end_well()


def test_p2_who_sits_between_where_an_address_was_typed_is_a_wire_and_no_more() -> None:
    """P2: whoever dials through them pairs with the right one."""
    for seed in range(SEEDS):
        two = Two(seed, Trouble())
        two.host.show()
        two.type({elsewhere(0): Between(two, is_typed=True).dial})
        two.run(30.0)
        assert two.are_paired
