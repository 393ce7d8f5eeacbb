"""Each p-value is one: of what is drawn by one law, at most a share of p has a p-value so small."""

import math
import random
from collections.abc import Callable

import pytest

from watcher import chances

RUNS = 2000
LEVEL = 0.05
# Of 2,000 draws of a chance of 5 %, more than 141 come once in a million.
MOST = 141


def draws(chance: random.Random, count: int) -> list[float]:
    return [chance.uniform(10.5, 19.5) for _ in range(count)]


def of_ends(chance: random.Random) -> float:
    return chances.ends(draws(chance, 60), draws(chance, 90))


def of_law(chance: random.Random) -> float:
    return chances.law(draws(chance, 60), draws(chance, 90))


def of_near(chance: random.Random) -> float:
    return chances.near(draws(chance, 60), draws(chance, 60), within=0.2, width=9.0)


def of_overlap(chance: random.Random) -> float:
    one, other = (set(chance.sample(range(400), 20)) for _ in range(2))
    return chances.overlap(len(one & other), 20, 20, 400)


def of_shuffled(chance: random.Random) -> float:
    one, other = ([chance.choices((256, 512, 530), k=3) for _ in range(6)] for _ in range(2))
    return chances.shuffled(one, other)


TESTS: list[Callable[[random.Random], float]] = [of_ends, of_law, of_near, of_overlap, of_shuffled]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_no_p_value_is_small_more_often_than_it_says(test: Callable[[random.Random], float]) -> None:
    chance = random.Random(1)
    runs = RUNS // 5 if test is of_shuffled else RUNS
    found = sum(test(chance) <= LEVEL for _ in range(runs))
    assert found <= MOST * runs / RUNS + 10 * (runs < RUNS)


def test_the_overlap_is_that_of_counting_all_draws() -> None:
    assert chances.overlap(0, 3, 4, 10) == pytest.approx(1.0)
    assert chances.overlap(1, 3, 4, 10) == pytest.approx(1 - math.comb(7, 4) / math.comb(10, 4))
    assert chances.overlap(3, 3, 4, 10) == pytest.approx(math.comb(7, 1) / math.comb(10, 4))


def test_the_order_test_looks_at_all_orders_where_it_can_and_draws_else() -> None:
    """Eight of each kind: two of 12,870 orders are as clear. With twelve so many are drawn."""
    assert chances.shuffled([(256,)] * 8, [(257,)] * 8) == pytest.approx(2 / 12_870)
    assert chances.shuffled([(256,)] * 12, [(257,)] * 12) <= 1e-4
    assert chances.shuffled([(256,)] * 8, [(256,)] * 8) == 1.0


def test_common_strings_of_chance_are_shorter_than_what_says_something() -> None:
    """Two texts of 2,000 bytes have one of three bytes in common in a fifth of all cases."""
    chance = random.Random(2)
    length = chances.length_beyond_chance(2000, 2000, 0.3)
    assert length == 3
    alarms = 0
    for _ in range(300):
        one, other = chance.randbytes(2000), chance.randbytes(2000)
        alarms += any(one[at : at + length] in other for at in range(2000 - length + 1))
    assert 30 <= alarms <= 300 * 0.3
