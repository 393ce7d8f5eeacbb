"""Two honest sides, whose owners say what is due in any order: nobody is refused, nothing gets stuck (M3)."""

import copy
from collections import deque
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from core.session.session_kit import drawn
from satchel.core.delivery.effects import Consider, Effect, Give, Gone, Left, MayComeAgain, Receive, Say
from satchel.core.delivery.messages import Come, LeaveReason, Message, Waits
from satchel.core.delivery.turns import Giving, Taking, Turns

PORT = 40_123
ID, SECRET = drawn("the same again", 16), drawn("secret", 32)  # one id: what is stale looks right
COMES_MAX = 1  # on their way at once, where every state is looked at


@dataclass
class Side:
    turns: Turns
    heard: deque[Message] = field(default_factory=deque)  # on its way to this side
    offers: int = 0  # heard, and without a word yet, the one that is held counted
    takes: int = 0  # open for this side as the taker
    gives: int = 0
    has_come: bool = False  # our Come was said since we began to think
    keeps_left: bool = False  # something that we left is not to be offered again
    was_left: bool = False  # and this is what this side has heard about its own

    def due(self) -> list[str]:
        due = ["come"] + ["hear"] * bool(self.heard)
        due += {Giving.IDLE: ["offer"], Giving.RUNNING: ["given"]}.get(self.turns.giving, [])
        due += {Taking.CONSIDERING: ["take", "not now", "has it"], Taking.RUNNING: ["received"]}.get(
            self.turns.taking, []
        )
        return due

    def do(self, word: str) -> list[Effect]:
        match word:
            case "hear":
                message = self.heard.popleft()
                self.offers += isinstance(message, Waits)
                return self.turns.hear(message)
            case "offer":
                return self.turns.offer(ID, secret=SECRET, accepted=False, port=PORT)
            case "given":
                self.gives -= 1
                self.turns.given()
                return []
            case "received":
                self.takes -= 1
                return self.turns.received()
            case "come":
                self.has_come, self.keeps_left = True, False
                return self.turns.come()
            case "take":
                self.offers -= 1
                return self.turns.take(port=PORT)
            case _:
                self.offers -= 1
                reason = LeaveReason.NOT_NOW if word == "not now" else LeaveReason.HAS_IT
                if word == "not now":
                    self.keeps_left = not self.has_come
                return self.turns.leave(reason)


class Pair:
    def __init__(self, sides: tuple[Side, Side] | None = None) -> None:
        self.sides = sides or (Side(Turns(we_dialled=True)), Side(Turns(we_dialled=False)))

    def copy(self) -> "Pair":
        one, other = (
            replace(side, turns=copy.copy(side.turns), heard=side.heard.copy()) for side in self.sides
        )
        return Pair((one, other))

    def step(self, at: int, word: str) -> None:
        side = self.sides[at]
        for effect in side.do(word):
            match effect:
                case Say(message=message):
                    self.sides[1 - at].heard.append(message)
                case Consider():
                    side.has_come = False
                case Receive():
                    side.takes += 1
                case Give():
                    side.gives += 1
                case Left(reason=reason):
                    side.was_left |= reason is LeaveReason.NOT_NOW
                case MayComeAgain():
                    side.was_left = False
                case Gone():
                    raise AssertionError("nobody goes")
        self.sound()

    def sound(self) -> None:
        for giver, taker in (self.sides, self.sides[::-1]):
            assert taker.takes == (taker.turns.taking is Taking.RUNNING) <= 1
            assert giver.gives == (giver.turns.giving is Giving.RUNNING) <= 1
            # One is thought about, or one is held while the one before is put away.
            assert taker.offers <= 1
            offered = taker.offers + sum(isinstance(one, Waits) for one in taker.heard)
            assert offered <= (giver.turns.giving is Giving.OFFERED)
            if not giver.heard and taker.turns.taking is Taking.IDLE:
                assert giver.was_left is taker.keeps_left  # what may be offered again is

    def run_dry(self) -> None:
        """Both do what is due, and begin nothing."""
        while any(set(side.due()) - {"come", "offer"} for side in self.sides):
            for at, side in enumerate(self.sides):
                for word in ("hear", "given", "received", "take"):
                    if word in side.due():
                        self.step(at, word)

    def both_ways_at_once(self) -> None:
        for word in ("offer", "hear", "take", "hear"):
            for at in (0, 1):
                self.step(at, word)
        assert [(side.gives, side.takes) for side in self.sides] == [(1, 1)] * 2

    @property
    def key(self) -> tuple[object, ...]:
        return tuple(
            (
                *(side.turns.giving, side.turns.taking, side.offers),
                *(side.has_come, side.keeps_left, side.was_left),
                *side.heard,
            )
            for side in self.sides
        )


def every_state() -> list[Pair]:
    """All that two owners can bring about, with Comes on their way up to a number."""
    first = Pair()
    states, seen = [first], {first.key}
    for pair in states:
        for at, side in enumerate(pair.sides):
            for word in side.due():
                if word == "come" and comes(pair.sides[1 - at]) >= COMES_MAX:
                    continue
                after = pair.copy()
                after.step(at, word)
                if after.key not in seen:
                    seen.add(after.key)
                    states.append(after)
    return states


def comes(side: Side) -> int:
    return sum(isinstance(one, Come) for one in side.heard)


def test_in_every_state_that_there_is_both_go_on() -> None:
    """From each of them both come to rest by what is due, and then hand over in both directions at once."""
    states = every_state()
    assert len(states) > 1000
    for pair in states:
        pair.run_dry()
        for side in pair.sides:
            assert (side.turns.giving, side.turns.taking) == (Giving.IDLE, Taking.IDLE)
            assert not side.heard
        pair.both_ways_at_once()


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), max_size=120))
def test_any_order_of_words_breaks_nothing(script: list[tuple[int, int]]) -> None:
    """As above, longer, and with as many Comes on their way as somebody likes."""
    pair = Pair()
    for at, number in script:
        due = pair.sides[at].due()
        pair.step(at, due[number % len(due)])
    pair.run_dry()
    pair.both_ways_at_once()
