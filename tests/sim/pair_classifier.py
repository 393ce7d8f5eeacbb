"""Can it be told of two things whether they belong together? An additive logistic model over quantiles of
each feature, trained on pairs of one half of the things and tried on pairs of the other, both ways round.

The interval is honest about pairs that share a thing: things are drawn anew, not pairs.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add, itemgetter, mul

BINS = 12
PASSES = 6


@dataclass(frozen=True, slots=True)
class Pair:
    one: int  # places of things
    other: int
    features: tuple[float, ...]
    is_same: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Area under the curve: 0.5 is guessing."""

    auc: float
    low: float  # of the 95 % interval
    high: float
    same: int
    different: int

    def __str__(self) -> str:
        return f"{self.auc:.3f} [{self.low:.3f}, {self.high:.3f}] on {self.same} and {self.different} pairs"


class Model:
    def __init__(self, pairs: Sequence[Pair], chance: random.Random) -> None:
        count = len(pairs[0].features)
        sample = chance.sample(pairs, min(len(pairs), 4_000))
        self._edges = [
            sorted({column[len(column) * step // BINS] for step in range(1, BINS)})
            for column in (sorted(pair.features[at] for pair in sample) for at in range(count))
        ]
        self._weights = [[0.0] * (len(edges) + 1) for edges in self._edges]
        self._bias = 0.0
        rows = [(self._bins(pair), 1.0 if pair.is_same else 0.0) for pair in pairs]
        for number in range(PASSES):
            chance.shuffle(rows)
            rate = 0.05 / (1 + number)
            for bins, truth in rows:
                error = truth - 1 / (1 + math.exp(-self._sum(bins)))
                self._bias += rate * error * 0.1
                for weights, at in zip(self._weights, bins, strict=True):
                    weights[at] += rate * (error - 0.001 * weights[at])

    def score(self, pair: Pair) -> float:
        return self._sum(self._bins(pair))

    def _bins(self, pair: Pair) -> list[int]:
        return [bisect_right(edges, value) for edges, value in zip(self._edges, pair.features, strict=True)]

    def _sum(self, bins: Sequence[int]) -> float:
        total = self._bias
        for weights, at in zip(self._weights, bins, strict=True):
            total += weights[at]
        return max(-30.0, min(30.0, total))


def balanced(pairs: Sequence[Pair], each: int, chance: random.Random) -> list[Pair]:
    """At most so many of each kind."""
    kinds = [[pair for pair in pairs if pair.is_same is kind] for kind in (True, False)]
    count = min(each, *map(len, kinds))
    return [pair for kind in kinds for pair in chance.sample(kind, count)]


def tell(pairs: Sequence[Pair], things: int, *, seed: int, draws: int = 200) -> Found:
    """Trains, tries, and says how well it goes. `things`: pairs name places below it."""
    chance = random.Random(seed)
    side = [place % 2 for place in range(things)]
    chance.shuffle(side)
    halves = [[pair for pair in pairs if side[pair.one] == side[pair.other] == half] for half in (0, 1)]
    count = min(sum(pair.is_same is kind for pair in half) for half in halves for kind in (True, False))
    halves = [balanced(half, count, chance) for half in halves]
    tried: list[Tried] = []
    for half in (0, 1):
        model = Model(halves[1 - half], chance)
        tried.append(Tried([(model.score(pair), pair) for pair in halves[half]]))
    areas = []
    for _ in range(draws):
        drawn = Counter(chance.choices(range(things), k=things))
        areas.append(_mean_area(tried, [drawn[place] for place in range(things)]))
    areas.sort()
    return Found(
        auc=_mean_area(tried, [1] * things),
        low=areas[int(draws * 0.025)],
        high=areas[int(draws * 0.975)],
        same=sum(pair.is_same for half in halves for pair in half),
        different=sum(not pair.is_same for half in halves for pair in half),
    )


class Tried:
    """The pairs of one half, in the order of their scores, and for each area one pass over them."""

    def __init__(self, scored: Sequence[tuple[float, Pair]]) -> None:
        ranked = sorted(scored, key=itemgetter(0))
        same, different = ([one for one in ranked if one[1].is_same is kind] for kind in (True, False))
        self._same, self._different = _places(same), _places(different)
        scores = [score for score, _ in different]
        # Of each same pair: how many different ones are below, and how many are not above.
        self._below = [bisect_left(scores, score) for score, _ in same]
        self._up_to = [bisect_right(scores, score) for score, _ in same]

    def area(self, times: Sequence[int]) -> float:
        """Pairs count as often as both of their things were drawn. Ties count half."""
        same, different = _weights(self._same, times), _weights(self._different, times)
        before = list(accumulate(different, initial=0))
        below, up_to = map(before.__getitem__, self._below), map(before.__getitem__, self._up_to)
        area: int = sum(map(mul, same, map(add, below, up_to)))
        return area / (2 * sum(same) * before[-1])


def _places(scored: Sequence[tuple[float, Pair]]) -> tuple[list[int], list[int]]:
    return [pair.one for _, pair in scored], [pair.other for _, pair in scored]


def _weights(places: tuple[list[int], list[int]], times: Sequence[int]) -> list[int]:
    ones, others = places
    return list(map(mul, map(times.__getitem__, ones), map(times.__getitem__, others)))


def _mean_area(tried: Sequence[Tried], times: Sequence[int]) -> float:
    """Of each half apart: scores of two models are not to be compared."""
    return sum(half.area(times) for half in tried) / len(tried)
