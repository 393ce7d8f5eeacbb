"""How likely is that by chance? Exact p-values, or bounds above them, for what a watcher counts. Pure."""

import math
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

ORDERS_MAX = 100_000  # more are not all looked at: as many are drawn
LIKELY_ORDERS = 50  # after so many that are as clear nothing is unlikely any more


def length_beyond_chance(one_bytes: int, other_bytes: int, alpha: float) -> int:
    """From how many bytes on a common string of two random texts says something.

    The number of pairs of places where k bytes agree has the mean n m / 256^k, and the chance of one such
    pair is at most that (Markov; the law itself: Arratia and Waterman, Adv. Math. 55, 1985).
    """
    return max(1, math.ceil(math.log(max(1, one_bytes * other_bytes) / alpha, 256)))


def overlap(common: int, one: int, other: int, places: int) -> float:
    """That two draws of `one` and `other` out of `places` have `common` or more in common: hypergeometric."""
    less = sum(math.comb(one, n) * math.comb(places - one, other - n) for n in range(common))
    return 1.0 - less / math.comb(places, other)


def ends(one: Sequence[float], other: Sequence[float], *, spare: int = 3) -> float:
    """That so many values of one sample lie beyond all but a few of the other, above or below, where both
    have one law: of the outermost values so few are of the other (hypergeometric).

    Rosenbaum, Ann. Math. Statist. 25, 1954, there with none spared. What is even in a range betrays a wider
    or shifted one at the ends; the few may be timers that a busy machine was late for.
    """
    both, least = len(one) + len(other), 1.0
    for inner, outer in ((one, other), (other, one)):
        if len(inner) <= spare:
            continue
        for sign in (1, -1):
            edge = sorted(sign * value for value in inner)[-1 - spare]
            outermost = sum(sign * value > edge for value in outer) + spare
            ways = sum(
                math.comb(len(inner), n) * math.comb(len(outer), outermost - n) for n in range(spare + 1)
            )
            least = min(least, ways / math.comb(both, outermost))
    return min(1.0, 4 * least)


def law(one: Sequence[float], other: Sequence[float]) -> float:
    """That two samples of one law differ so much: Kolmogorov and Smirnov, by the law for large samples,
    which errs towards "one law" for small ones."""
    ones, others = sorted(one), sorted(other)
    apart = max(
        abs(bisect_right(ones, value) / len(ones) - bisect_right(others, value) / len(others))
        for value in (*ones, *others)
    )
    scaled = apart * math.sqrt(len(ones) * len(others) / (len(ones) + len(others)))
    if scaled < 0.3:  # where the sum does not converge, and the answer is 1
        return 1.0
    return min(1.0, 2 * sum((1 if n % 2 else -1) * math.exp(-2 * (n * scaled) ** 2) for n in range(1, 101)))


def near(one: Sequence[float], other: Sequence[float], *, within: float, width: float) -> float:
    """That so many values at the same place of two sequences are so close, where each is drawn apart and even
    in a range of that width: binomial."""
    pairs = list(zip(one, other, strict=False))
    hits = sum(abs(a - b) <= within for a, b in pairs)
    chance = min(1.0, 2 * within / width)
    terms = (
        math.comb(len(pairs), n) * math.pow(chance, n) * math.pow(1.0 - chance, len(pairs) - n)
        for n in range(hits, len(pairs) + 1)
    )
    return math.fsum(terms)


def shuffled(one: Sequence[Sequence[int]], other: Sequence[Sequence[int]], seed: int = 1) -> float:
    """That two groups of equal kind have shares of sizes so different: a permutation test (Fisher 1935).

    What is drawn together stays together. All orders are looked at where there are at most ORDERS_MAX; else
    they are drawn, as long as the answer is open (Besag and Clifford, Biometrika 78, 1991).
    """
    units = [Counter(unit) for unit in (*one, *other) if unit]
    count = sum(bool(unit) for unit in one)
    kinds = sorted({size for unit in units for size in unit})
    if not 0 < count < len(units) or len(kinds) < 2:
        return 1.0
    shares = [[unit[kind] / unit.total() for kind in kinds] for unit in units]
    totals = [sum(column) for column in zip(*shares, strict=True)]

    def apart(chosen: Sequence[int]) -> float:
        mine = [sum(column) for column in zip(*(shares[n] for n in chosen), strict=True)]
        rest = len(units) - count
        return math.fsum(abs(m / count - (t - m) / rest) for m, t in zip(mine, totals, strict=True))

    seen = apart(range(count)) - 1e-9
    if math.comb(len(units), count) <= ORDERS_MAX:
        orders = [apart(chosen) >= seen for chosen in combinations(range(len(units)), count)]
        return sum(orders) / len(orders)
    chance = random.Random(seed)
    as_clear = 0
    for drawn in range(1, ORDERS_MAX + 1):
        as_clear += apart(chance.sample(range(len(units)), count)) >= seen
        if as_clear == LIKELY_ORDERS:
            return LIKELY_ORDERS / drawn
    return (1 + as_clear) / (1 + ORDERS_MAX)
