"""Are two recordings of one device? The tests together, with one bound for false alarms. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations

from lab.frames import TCP, UDP
from watcher import chances, strings
from watcher.recordings import Recording

ALPHA = 1e-3  # for all tests of one comparison together
SHARES = {"strings": 0.1, "ports": 0.4, "sizes": 0.25, "intervals": 0.25}
PORTS = 14_116  # of the 28,232 that Linux draws from, half are for who listens and half for who dials
NEAR_S = 0.01
WIDTH_S = 9.0  # an interval of 15 s, 30 % more or less; never less wide where more are heard
SECOND_S = 1.0
FORM_BYTES = 4  # what is the same in everybody's traffic is seen from here on: the length before a frame is


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What gives a device away."""

    test: str
    found: str


def compare(
    suspect: Sequence[Recording], others: Sequence[Recording], *, alpha: float = ALPHA
) -> list[Alarm]:
    """What one device's recordings of several networks have in common, and others have not.

    Args:
        suspect: at least two.
        others: of at least one other device, on the same networks. What it does too is no trace.
        alpha: how often there is an alarm, at most, where nothing gives anybody away.
    """
    pairs = list(combinations(suspect, 2))
    alarms = _sizes(suspect, others, alpha) + _laws(suspect, others, alpha / 2)
    for first, second in pairs:
        each = alpha / len(pairs)
        alarms += _strings(first, second, others, each)
        alarms += _ports(first, second, each)
        alarms += _sequences(first, second, each / 2)
    return alarms


def unrelated(first: Recording, second: Recording, *, alpha: float = ALPHA) -> list[Alarm]:
    """The same without others: for two interfaces of one device."""
    return [
        *_strings(first, second, [], alpha),
        *_ports(first, second, alpha),
        *_sequences(first, second, alpha),
    ]


def _strings(first: Recording, second: Recording, others: Sequence[Recording], alpha: float) -> list[Alarm]:
    one, other = first.texts(), second.texts()
    amounts = sum(map(len, one)), sum(map(len, other))
    length = chances.length_beyond_chance(amounts[0], amounts[1], alpha * SHARES["strings"])
    everybody = strings.windows(chain.from_iterable(r.texts() for r in others), FORM_BYTES)
    one, other = (strings.without(texts, everybody, FORM_BYTES) for texts in (one, other))
    found = strings.longest_common(one, other, at_least=length)
    return [Alarm(test="strings", found=f"{found.hex()}, from {length} bytes on")] if found else []


def _ports(first: Recording, second: Recording, alpha: float) -> list[Alarm]:
    ports = first.ports(), second.ports()
    common = ports[0] & ports[1]
    chance = chances.overlap(len(common), len(ports[0]), len(ports[1]), PORTS)
    return _alarms("ports", [(chance, f"{sorted(common)}")], alpha)


def _sizes(suspect: Sequence[Recording], others: Sequence[Recording], alpha: float) -> list[Alarm]:
    looks = []
    for protocol in (UDP, TCP):
        ours, theirs = (
            [unit for recording in some for unit in recording.sizes(protocol)] for some in (suspect, others)
        )
        looks.append((chances.shuffled(ours, theirs), f"protocol {protocol}"))
    return _alarms("sizes", looks, alpha)


def _laws(suspect: Sequence[Recording], others: Sequence[Recording], alpha: float) -> list[Alarm]:
    ours, theirs = (
        [interval for r in some for intervals in r.intervals_s() for interval in intervals]
        for some in (suspect, others)
    )
    if not ours or not theirs:
        return []
    phases = [  # not the first of each: all links of a machine come up at once
        [at_s % SECOND_S for r in some for moments in r.moments_s() for at_s in moments[1:]]
        for some in (suspect, others)
    ]
    looks = [
        (chances.ends(ours, theirs), f"from {min(ours):.2f} to {max(ours):.2f} s"),
        (chances.law(ours, theirs), "their law"),
        (chances.law(*phases), "the phase"),
    ]
    return _alarms("intervals", looks, alpha)


def _sequences(first: Recording, second: Recording, alpha: float) -> list[Alarm]:
    """The same intervals in the same order: chance from one seed."""
    pairs = [(one, other) for one in first.intervals_s() for other in second.intervals_s() if one and other]
    looks = [(chances.near(*pair, within=NEAR_S, width=WIDTH_S), "one sequence twice") for pair in pairs]
    return _alarms("intervals", looks, alpha)


def _alarms(test: str, looks: Sequence[tuple[float, str]], alpha: float) -> list[Alarm]:
    """Those that are too unlikely, where the share of this test is divided among all looks (Bonferroni)."""
    limit = alpha * SHARES[test] / max(1, len(looks))
    return [Alarm(test=test, found=f"{found}: p = {p:.1e}") for p, found in looks if p <= limit]
