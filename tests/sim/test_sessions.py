"""The product's sessions of contacts, over pipes and power that fail at any step, with clocks of any year."""

from functools import partial

import pytest

from satchel.sim.contacts import befriend, common_epoch, dial
from satchel.sim.device import START_S
from satchel.sim.sessions import Disk, Node, Side
from satchel.sim.wire import Breaks, Wire
from satchel.sim.world import World

DAY_S = 86_400
YEAR_1970, YEAR_2100 = -START_S, 73 * 365 * DAY_S
HOURS_23 = 23 * 3600
SEEDS = 12


class Two:
    """Both dial now and then, often at once, for some days; then the trouble ends."""

    def __init__(self, seed: int, *, wrong_s: tuple[int, int] = (0, 0), restores: bool = False) -> None:
        self.world = World(seed)
        self.breaks = Breaks(cut=0.15, power=0.1)
        wire = Wire(self.world, self.breaks)
        one, other = (Node(wire, wrong_s=seconds) for seconds in wrong_s)
        self.one, self.other = befriend(one, other)
        self.restores = restores
        self.copies: list[Disk] = []
        self.trace: list[tuple[float, int, int]] = []

    @property
    def both(self) -> tuple[Side, Side]:
        return self.one, self.other

    def check(self) -> None:
        """After every event."""
        assert common_epoch(self.one, self.other) is not None
        assert common_epoch(self.other, self.one) is not None
        for side in self.both:
            assert side.problems == []  # honest sides never find fault with each other
            assert len(side.ready) <= 1
            assert side.ready <= {side.rivals.current}
            if not self.restores:
                assert side.shown == []  # nobody is said to be a copy who is none
        self.trace.append((self.world.now_s, self.one.kept.counter, self.other.kept.counter))

    def run(self, within_s: float) -> None:
        self.world.run(self.world.now_s + within_s, self.check)

    def trouble(self) -> None:
        chance = self.world.chance
        for _ in range(25):
            began_s = self.world.now_s
            if self.restores:
                self._copy_or_restore()
            for caller, listener in (self.both, self.both[::-1]):
                if chance.random() < 0.7:
                    late_s = chance.choice((0.0, 0.0, chance.uniform(0, 0.3)))
                    self.world.at(began_s + late_s, partial(dial, caller, listener.node.place))
            self.run(chance.choice((0.2, 1.0, 30.0, 0.3 * DAY_S, 1.5 * DAY_S)))

    def _copy_or_restore(self) -> None:
        match self.world.chance.randrange(6):
            case 0:
                self.copies.append(self.one.node.disk.copy())
            case 1 if self.copies:
                self.one.node.restore(self.world.chance.choice(self.copies))

    def calm(self) -> None:
        self.breaks.cut = self.breaks.power = 0.0
        self.run(60.0)


CLOCKS = {
    "right": (0, 0),
    "hours apart": (0, HOURS_23),
    "one in 1970": (YEAR_1970, 0),
    "one in 2100": (0, YEAR_2100),
    "1970 and 2100": (YEAR_1970, YEAR_2100),
}


@pytest.mark.parametrize("wrong_s", CLOCKS.values(), ids=CLOCKS.keys())
def test_w4_an_epoch_of_both_always_remains_and_calm_brings_one_session(wrong_s: tuple[int, int]) -> None:
    for seed in range(SEEDS):
        two = Two(seed, wrong_s=wrong_s)
        two.trouble()
        two.calm()
        dial(two.one, two.other.node.place)
        dial(two.other, two.one.node.place)
        two.run(10.0)
        assert_one_session(two)


def test_w4_a_restored_copy_still_meets_and_is_told_of() -> None:
    told = 0
    for seed in range(SEEDS):
        two = Two(seed, restores=True)
        two.trouble()
        two.calm()
        dial(two.one, two.other.node.place)
        two.run(10.0)
        assert_one_session(two)
        told += bool(two.one.shown or two.other.shown)
        shown = [*two.one.shown, *two.other.shown]
        two.one.node.lose_power()
        dial(two.one, two.other.node.place)
        two.run(10.0)
        assert [*two.one.shown, *two.other.shown] == shown  # once
    assert told >= SEEDS // 3


def test_of_two_who_dial_at_once_one_session_stays() -> None:
    for seed in range(4 * SEEDS):
        two = Two(seed)
        two.breaks.cut = two.breaks.power = 0.0
        dial(two.one, two.other.node.place)
        two.world.at(two.world.chance.uniform(0, 0.2), partial(dial, two.other, two.one.node.place))
        two.run(10.0)
        assert_one_session(two)


def test_who_lost_the_power_comes_again_before_the_other_has_noticed() -> None:
    for seed in range(SEEDS):
        two = Two(seed)
        two.breaks.cut = two.breaks.power = 0.0
        dial(two.one, two.other.node.place)
        two.run(10.0)
        assert_one_session(two)
        two.one.node.lose_power()
        dial(two.one, two.other.node.place)
        two.run(10.0)
        assert_one_session(two)


def test_one_seed_is_one_run() -> None:
    def trace(seed: int) -> list[tuple[float, int, int]]:
        two = Two(seed)
        two.trouble()
        return two.trace

    assert trace(3) == trace(3) != trace(4)


def assert_one_session(two: Two) -> None:
    assert len(two.one.ready) == 1
    assert two.one.ready == two.other.ready
    ours, theirs = two.one.kept.epochs, two.other.kept.epochs
    assert ours.agreed == theirs.agreed
    assert (ours.previous, theirs.previous) == (None, None)
    assert (ours.speaking, ours.listening) == (theirs.listening, theirs.speaking)
