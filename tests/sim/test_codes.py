"""The product's own pairing by a spoken code, over a line that is as bad as can be."""

import pytest

from satchel.core.identity.epochs import EPOCH_FIRST
from satchel.core.pairing.host import GUESSES_MAX
from satchel.sim.code_host import CodeHost, Knock
from satchel.sim.codes import CodeTaker
from satchel.sim.device import START_S
from satchel.sim.line import ADDRESS, Line, Trouble
from sim.code_kit import ACCEPTED, ANSWER, COMMITMENT, FLIGHT, FRAMES, HOST_KEYS, STORED, Two, fit

DAY_S = 86_400
YEAR_1970, YEAR_2100 = -START_S, 73 * 365 * DAY_S
HOURS_23, WEEKS_3 = 23 * 3600, 21 * DAY_S
SEEDS = 20
ALL = Trouble(cut=0.03, lose=0.03, repeat=0.03, late=0.03, change=0.03, replace=0.03, power=0.1)
TROUBLES = {
    "cut": Trouble(cut=0.15),
    "lost": Trouble(lose=0.15),
    "repeated and late": Trouble(repeat=0.1, late=0.1),
    "changed": Trouble(change=0.15),
    "replayed": Trouble(replace=0.2),
    "power": Trouble(power=0.5),
    "all": ALL,
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_p2_a_bad_line_leaves_both_with_one_pair_or_goes_on_until_it_does(trouble: Trouble) -> None:
    """P2: who thinks to be paired has the other half of one pair, whatever the line and the power did."""
    paired_in_trouble = 0
    for seed in range(SEEDS):
        two = Two(seed, trouble)
        two.begin(times=5)
        two.run(120.0)
        paired_in_trouble += two.are_paired
        two.end_well()
    assert paired_in_trouble  # or the trouble was a wall


class CutOnce(Line):
    """Behind so many frames, and then never again."""

    at_frame = 0
    passed = 0

    def passing(self, frame: bytes) -> list[bytes] | None:
        self.passed += 1
        return None if self.passed == self.at_frame else super().passing(frame)


@pytest.mark.parametrize("at_frame", range(FLIGHT, FRAMES + 1))
def test_p2_a_cut_at_any_frame_ends_as_the_spec_says(at_frame: int) -> None:
    """P2, half a pair: a guess costs from the answer on, and who has been told the confirmation and says
    nothing had not the code. (It has left together with the host's keys, and is lost with them.) Where it
    cannot be known whether the other one has stored, nothing is left but a new code."""
    for seed in range(5):
        two = Two(seed, Trouble(), line=CutOnce)
        assert isinstance(two.line, CutOnce)
        two.line.at_frame = at_frame
        two.begin()
        two.run(60.0)
        assert two.are_paired is (at_frame <= ANSWER or HOST_KEYS < at_frame < ACCEPTED)
        assert two.taker.was_cut_off is (at_frame >= ACCEPTED)
        assert two.host.has_met is (two.are_paired or at_frame == STORED)
        counted = 2 if two.are_paired and at_frame > FLIGHT else 1
        assert len(two.host.guesses) == counted
        assert len(two.host.found_wrong_s) == (ANSWER <= at_frame <= COMMITMENT)
        two.end_well()


@pytest.mark.parametrize(
    "wrong_s",
    [
        (YEAR_1970, 0),
        (0, YEAR_1970),
        (YEAR_2100, 0),
        (0, YEAR_2100),
        (YEAR_1970, YEAR_2100),
        (-HOURS_23, HOURS_23),
        (WEEKS_3, -WEEKS_3),
    ],
)
def test_p2_wrong_clocks_on_the_cards_pair_as_if_they_were_right(wrong_s: tuple[int, int]) -> None:
    """P2, and W1 after it: both chains begin in one epoch, which no absurd clock carries away."""
    for seed in range(5):
        two = Two(seed, ALL, wrong_s=wrong_s)
        two.begin(times=5)
        two.run(120.0)
        two.end_well()
        assert two.host.contact is not None
        assert two.taker.contact is not None
        agreed = two.host.contact.pair.epochs.agreed
        assert agreed == two.taker.contact.pair.epochs.agreed
        days = [(START_S + one) // DAY_S for one in wrong_s if one not in (YEAR_1970, YEAR_2100)]
        assert max(EPOCH_FIRST, *days, 0) <= agreed <= max(EPOCH_FIRST, *days, 0) + 1


def test_p2_of_two_who_heard_the_code_one_is_the_contact() -> None:
    """P2: one code is one contact, however both come, and the other one is left with nothing."""
    was_first = 0
    for seed in range(2 * SEEDS):
        two = Two(seed, ALL if seed % 2 else Trouble())
        two.begin(times=5)
        rival = CodeTaker(two.line, "rival")
        two.rivals.append(rival)
        rival.type(two.code.spoken(), {ADDRESS: two.dial}, times=5)
        two.run(120.0)
        two.line.trouble.end()
        two.run(60.0)
        was_first += fit(two.host, rival)
        assert len(two.host.guesses) <= GUESSES_MAX
        if two.host.has_met:
            two.taker.stop()
            two.type()  # too late
            two.run(60.0)
            assert two.are_paired is (two.taker.contact is not None)
    assert SEEDS // 4 < was_first < 2 * SEEDS - SEEDS // 4


class Impatient(CodeHost):
    """No queue before it: each flight goes to the product's Host at once."""

    def queue(self, call: Knock) -> None:
        self.knock(call)


@pytest.mark.parametrize("host_of", [CodeHost, Impatient])
def test_p2_sixteen_guesses_are_all_that_many_guessers_have_together(host_of: type[CodeHost]) -> None:
    """P2: one at a time, two seconds after a wrong one; then the code opens nothing, also to who has it."""
    for seed in range(4):
        two = Two(seed, Trouble(cut=0.05, repeat=0.05))
        two.host = host_of(two.line, "host")
        two.host.show()
        for number in range(6):
            guesser = CodeTaker(two.line, f"guesser {number}")
            two.rivals.append(guesser)
            guesser.type(two.wrong_code.spoken(), {ADDRESS: two.dial}, times=40)
        two.run(300.0)
        assert len(two.host.guesses) == len(two.host.found_wrong_s) == GUESSES_MAX
        for (_, guess_s), (_, next_s), wrong_s in zip(
            two.host.guesses, two.host.guesses[1:], two.host.found_wrong_s, strict=False
        ):
            assert guess_s <= wrong_s <= next_s  # never two at once
        two.type()
        two.run(60.0)
        assert not two.host.is_open
        assert two.host.contact is None
        assert two.taker.contact is None


def test_p2_who_guesses_beside_the_right_one_takes_no_more_than_the_code() -> None:
    """P2: it is never a contact. The right one is, unless sixteen guesses closed the code before."""
    paired = 0
    for seed in range(SEEDS):
        two = Two(seed, Trouble())
        two.host.show()
        for number in range(4):
            guesser = CodeTaker(two.line, f"guesser {number}")
            two.rivals.append(guesser)
            guesser.type(two.wrong_code.spoken(), {ADDRESS: two.dial}, times=40)
        two.run(two.world.chance.uniform(0.0, 90.0))
        two.type(times=5)
        two.run(120.0)
        assert two.are_paired or len(two.host.found_wrong_s) == GUESSES_MAX
        assert all(guesser.contact is None for guesser in two.rivals)
        paired += two.are_paired
    assert 0 < paired < SEEDS


def test_one_seed_is_one_run() -> None:
    def trace(seed: int) -> list[tuple[float, int, bool, bool]]:
        two = Two(seed, ALL)
        two.begin(times=5)
        two.run(120.0)
        return two.trace

    assert trace(5) == trace(5) != trace(6)
