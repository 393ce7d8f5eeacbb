"""Medians, spreads, ratios and verdicts. Pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A figure over all repetitions."""

    median: float
    least: float
    most: float


def spread(values: Iterable[float]) -> Spread:
    """Raises ValueError where nothing was measured."""
    measured = list(values)
    if not measured:
        raise ValueError("nothing was measured")
    return Spread(median=statistics.median(measured), least=min(measured), most=max(measured))


def ratio(over: Sequence[float], under: Sequence[float]) -> Spread:
    """The ratio of the medians, and the least and the most of the ratios turn by turn.

    Not the median of those: one turn that was disturbed on one side only would decide. What was run
    once is compared with every turn of the other.
    """
    if not over or not under:
        raise ValueError("nothing was measured")
    turns = max(len(over), len(under))
    overs, unders = (list(some) * (turns if len(some) == 1 else 1) for some in (over, under))
    each = [a / b for a, b in zip(overs, unders, strict=True)]
    middle = statistics.median(over) / statistics.median(under)
    return Spread(median=middle, least=min(each), most=max(each))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure's median should be: exactly one side is given."""

    at_least: float | None = None
    at_most: float | None = None

    def allows(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def __str__(self) -> str:
        return f">= {self.at_least:.4g}" if self.at_least is not None else f"<= {self.at_most:.4g}"


class Verdict(Enum):
    """The value is what a report shows."""

    MET = "met"
    NOT_MET = "not met"
    BOUND = "bound"  # not met, and the bound of the same run did not meet it in any turn
    NONE = "no target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that a scenario is about."""

    what: str
    spread: Spread
    unit: str = ""
    target: Target | None = None
    bound: Spread | None = None  # the same figure of the bound, in the same run

    @property
    def verdict(self) -> Verdict:
        if self.target is None:
            return Verdict.NONE
        if self.target.allows(self.spread.median):
            return Verdict.MET
        # Its best turn: a bound that was disturbed is to excuse nothing.
        if self.bound is None or any(map(self.target.allows, (self.bound.least, self.bound.most))):
            return Verdict.NOT_MET
        return Verdict.BOUND

    @property
    def decided(self) -> bool:
        """Whether every turn says the same as the median."""
        if self.target is None:
            return True
        says = {self.target.allows(value) for value in (self.spread.least, self.spread.most)}
        return says == {self.target.allows(self.spread.median)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one program used."""

    cpu_s: float  # user and system
    rss_bytes: int  # at its peak


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One repetition of one contestant."""

    size_bytes: int
    whole_s: float  # from the start of the first program to the end of the last
    payload_s: float  # from the first payload byte to the last name in place
    sender: Side
    receiver: Side

    @property
    def cpu_s(self) -> float:
        return self.sender.cpu_s + self.receiver.cpu_s

    @property
    def cpu_s_per_gib(self) -> float:
        return self.cpu_s / (self.size_bytes / GIB)


def speed(limit: Sequence[Sample], samples: Sequence[Sample], *, payload: bool = False) -> Spread:
    """How fast `samples` are, as a share of the limit: 1 is as fast."""
    if payload:
        return ratio([s.payload_s for s in limit], [s.payload_s for s in samples])
    return ratio([s.whole_s for s in limit], [s.whole_s for s in samples])


UNSTEADY = 1.5


def is_unsteady(samples: Sequence[Sample]) -> bool:
    """Whether one turn took so much longer than another that something else was running."""
    times = spread(sample.whole_s for sample in samples)
    return times.most > UNSTEADY * times.least
