"""How many pipes: many where loss holds a stream back, one where nothing is lost or more do not help."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.session.stripes import (
    FAST_BYTES_PER_S,
    OPENING_S,
    PIPES_MAX,
    REST_S,
    PathCounts,
    State,
    StripeAdvice,
)

SEGMENT_BYTES = 1448
SAMPLE_S = 0.05
HALF_WAY_S = 0.1  # a stream needs so long for half of the way to its rate
LINK_BYTES_S = 6.7e6  # a 54 Mbit/s radio

Rate = Callable[[int, float], float]  # bytes a second that pipes can have together, at a time


def limited_by_loss(pipes: int, _now_s: float) -> float:
    """With 1 % of loss one CUBIC stream has a tenth of the link (Mathis et al. 1997)."""
    return min(LINK_BYTES_S * 0.75, pipes * LINK_BYTES_S * 0.1)


def limited_by_the_link(_pipes: int, _now_s: float) -> float:
    return LINK_BYTES_S


@dataclass
class Path:
    """A network and the other side, which opens the pipes it is asked for after a moment."""

    rate: Rate
    loss: float
    opens: bool = True
    opens_after_s: float = 0.2
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    advice: StripeAdvice = field(default_factory=StripeAdvice)
    fast: list[bool] = field(default_factory=list)  # what was said of it, sample by sample

    def run(self, seconds: float) -> list[int]:
        """What was advised, sample by sample."""
        counts, flow, opened, asked = [0.0, 0.0, 0.0], 0.0, 1, 1
        opens_at_s, advised = 0.0, []
        for step in range(round(seconds / SAMPLE_S)):
            now_s = 1000 + step * SAMPLE_S
            active = min(self.advice.pipes, opened)
            goal = self.rate(active, now_s - 1000) * self.chance.uniform(0.95, 1.05)
            flow += (goal - flow) * (1 - 0.5 ** (SAMPLE_S / HALF_WAY_S))
            segments = flow * SAMPLE_S / SEGMENT_BYTES
            for place, more in enumerate((flow * SAMPLE_S, segments, segments * self.loss)):
                counts[place] += more
            pipes = self.advice.sample(PathCounts(
                acked_bytes=int(counts[0]), sent_segments=int(counts[1]), resent_segments=int(counts[2])
            ), pipes_open=opened, now_s=now_s)  # fmt: skip
            if pipes > asked:
                asked, opens_at_s = pipes, now_s + self.opens_after_s
            if self.opens and now_s >= opens_at_s:
                opened = asked
            advised.append(pipes)
            self.fast.append(self.advice.is_fast)
        return advised


def growths(advised: list[int]) -> list[int]:
    """In which samples more were advised than before."""
    return [at for at, (before, then) in enumerate(pairwise(advised)) if then > before]


def test_where_loss_holds_a_stream_back_sixteen_are_used() -> None:
    advised = Path(limited_by_loss, loss=0.01).run(10)
    assert advised[-1] == PIPES_MAX
    assert advised[round(5 / SAMPLE_S)] == PIPES_MAX  # in five seconds
    assert len(growths(advised)) == 2  # four in between, and never back


@pytest.mark.parametrize("rate", [limited_by_the_link, limited_by_loss])
def test_where_nothing_is_lost_one_stays_alone(rate: Rate) -> None:
    """More would bring nothing, and cost others on the network their share."""
    assert set(Path(rate, loss=0.0).run(60)) == {1}


def test_a_rare_loss_is_none() -> None:
    assert set(Path(limited_by_loss, loss=0.0005).run(60)) == {1}


def test_one_accident_is_no_loss() -> None:
    """A single segment sent again, on a link so slow that it is more than its share."""
    advice = StripeAdvice()
    for step in range(200):
        resent = 1 if step > 60 else 0
        counts = PathCounts(acked_bytes=step * 3000, sent_segments=step * 2, resent_segments=resent)
        assert advice.sample(counts, pipes_open=1, now_s=step * SAMPLE_S) == 1


def test_where_more_do_not_help_they_rest() -> None:
    advised = Path(limited_by_the_link, loss=0.01).run(60)
    assert set(advised) == {1, 4}
    assert advised.count(4) * SAMPLE_S < 60 / 6
    tries = growths(advised)
    assert 2 <= len(tries) <= 60 / REST_S
    assert all((then - before) * SAMPLE_S > REST_S for before, then in pairwise(tries))


def test_where_only_some_help_the_others_rest() -> None:
    """Four fill the link; sixteen are tried, and four stay."""

    def rate(pipes: int, _now_s: float) -> float:
        return min(LINK_BYTES_S, pipes * LINK_BYTES_S * 0.3)

    advised = Path(rate, loss=0.01).run(60)[round(2 / SAMPLE_S) :]
    assert set(advised) == {4, 16}
    assert advised.count(4) > advised.count(16) * 4


def test_a_stream_that_still_speeds_up_is_not_helped() -> None:
    """Slow start: whatever is opened then seems to have made it faster."""

    def rate(_pipes: int, now_s: float) -> float:
        return min(LINK_BYTES_S, 50_000 * 2 ** (now_s / 0.4))

    advised = Path(rate, loss=0.01).run(30)
    grown = round(2.5 / SAMPLE_S)
    assert set(advised[:grown]) == {1}
    assert advised[-1] == 1
    assert max(advised) == 4


def fastness(rate: Rate, seconds: float) -> list[bool]:
    path = Path(rate, loss=0)
    path.run(seconds)
    return path.fast


def test_a_fast_path_is_told_from_a_slow_one() -> None:
    assert not any(fastness(lambda _pipes, _s: 10e6, 3))
    assert fastness(lambda _pipes, _s: 500e6, 3)[-1]
    assert not fastness(lambda _pipes, s: 500e6 if s < 1.5 else 5e6, 4)[-1]


def test_a_path_at_the_border_does_not_go_to_and_fro() -> None:
    found = fastness(lambda _pipes, s: FAST_BYTES_PER_S * (1.2 if int(s * 2) % 2 else 0.8), 6)
    assert sum(before is not after for before, after in pairwise(found)) == 1


def test_who_opens_nothing_is_not_waited_for() -> None:
    path = Path(limited_by_loss, loss=0.01, opens=False)
    advised = path.run(30)
    assert set(advised) == {1, 4}
    assert advised.count(1) > advised.count(4)
    assert len(growths(advised)) <= 30 / REST_S


def test_pipes_that_come_late_are_waited_for() -> None:
    path = Path(limited_by_loss, loss=0.01, opens_after_s=OPENING_S * 0.9)
    assert path.run(15)[-1] == PIPES_MAX


def test_it_begins_by_watching() -> None:
    advice = StripeAdvice()
    assert advice.state is State.WATCHING
    nothing = PathCounts(acked_bytes=0, sent_segments=0, resent_segments=0)
    assert [advice.sample(nothing, pipes_open=1, now_s=float(now)) for now in range(100)] == [1] * 100


STEPS = st.lists(
    st.tuples(
        st.floats(0, 2),  # seconds
        st.integers(0, 1 << 24),  # bytes
        st.integers(0, 1 << 14),  # segments
        st.integers(0, 1 << 10),  # of them again
        st.integers(1, PIPES_MAX),  # open
    ),
    min_size=20,
    max_size=120,
)


@given(STEPS)
def test_never_more_than_sixteen_and_never_a_try_while_resting(
    steps: list[tuple[float, int, int, int, int]],
) -> None:
    advice = StripeAdvice()
    now_s, acked, sent, resent = 0.0, 0, 0, 0
    before, rests_until_s = 1, 0.0
    for passed_s, more_bytes, more_segments, more_resent, opened in steps:
        now_s, acked = now_s + passed_s, acked + more_bytes
        sent, resent = sent + more_segments, resent + more_resent
        counts = PathCounts(acked_bytes=acked, sent_segments=sent, resent_segments=resent)
        pipes = advice.sample(counts, pipes_open=opened, now_s=now_s)
        assert pipes in (1, 4, PIPES_MAX)
        if pipes > before:
            assert now_s >= rests_until_s
            assert pipes == before * 4
        elif pipes < before:
            assert pipes * 4 == before
            rests_until_s = now_s + REST_S
        before = pipes


def test_the_burst_of_new_pipes_is_not_taken_for_what_they_can_do() -> None:
    """For a moment four new ones, still without a loss, fill the link. Measured then, sixteen seem no better
    than four, and rest for five seconds while four crawl."""
    pipes_now, changed_s = 1, 0.0

    def rate(pipes: int, now_s: float) -> float:
        nonlocal pipes_now, changed_s
        if pipes != pipes_now:
            pipes_now, changed_s = pipes, now_s
        if pipes > 1 and now_s - changed_s < 0.39:
            return LINK_BYTES_S
        return min(LINK_BYTES_S, pipes * LINK_BYTES_S / 18)

    advised = Path(rate, loss=0.01).run(10)
    assert set(advised[round(3 / SAMPLE_S) :]) == {16}
