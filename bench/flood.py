"""The benchmark `flood`: a node that meets its contacts while somebody floods it."""

import time
from dataclasses import dataclass

from bench.figures import Figure, Target, spread
from bench.report import MB
from bench.results import Result, ScenarioFailed
from bench.running import Scenario
from bench.track import STARTED_S, Course, say
from bench.workspace import IN_MEMORY, workspace
from end_to_end.acquainted import befriend_absent, made, pair_up
from end_to_end.programs import Person
from lab import Dialogue, Lab
from lab.flooding import Flood
from lab.process import usage

ABOUT = "a node under forged beacons and first flights, and whether contacts get through"
CALLERS = 6
NEEDED_BYTES = 64 << 20
MET_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One flood."""

    share: float  # of a core
    peak_bytes: int
    dialled_s: float  # until who dials a typed address has met, at most
    shouted_s: float  # likewise, by beacons
    beacons: float  # a second
    flights: float


def minute(course: Course) -> Result:
    seconds = course.size(60, 15)
    turns = []
    for number in range(course.repeat):
        with workspace(IN_MEMORY, NEEDED_BYTES) as folder, Lab(folder / "lab") as lab:
            turns.append(flooded(lab, seconds))
        say(f"  {number + 1}/{course.repeat}: {turns[-1]}")
    figures = [
        Figure(
            what="share of a core",
            unit="%",
            spread=spread(100 * turn.share for turn in turns),
            target=Target(at_most=60),
        ),
        Figure(
            what="peak memory",
            unit="MB",
            spread=spread(turn.peak_bytes / MB for turn in turns),
            target=Target(at_most=150),
        ),
        Figure(
            what="until who dials it has met, at most",
            unit="s",
            spread=spread(turn.dialled_s for turn in turns),
            target=Target(at_most=5),
        ),
        Figure(
            what="until who shouts has met, at most",
            unit="s",
            spread=spread(turn.shouted_s for turn in turns),
            target=Target(at_most=5),
        ),
        Figure(what="forged beacons a second", spread=spread(turn.beacons for turn in turns)),
        Figure(what="forged flights a second", spread=spread(turn.flights for turn in turns)),
    ]
    about = f"{seconds} s of flood from 16 addresses; {CALLERS} contacts come, and every other one dials."
    return Result(name="minute", about=about, figures=figures)


def flooded(lab: Lab, seconds: float) -> Turn:
    node = made(Person(lab.host("node")))
    befriend_absent(node, 1)  # so that it is never done
    callers = [made(Person(lab.host(f"caller{number}"))) for number in range(CALLERS)]
    for caller in callers:
        pair_up(node, caller)
    there = node.satchel("meet")
    addresses = there.expect_event("address", STARTED_S)["addresses"]
    [target] = [address for address in addresses if address.startswith(node.host.ip)]
    flood = Flood(lab.host("mallory"), target, 2 * seconds)
    began_s, pid = time.monotonic(), there.process.inner()
    if pid is None:
        raise ScenarioFailed(f"the node has ended: {there.text}{there.complaints}")
    before_s, _ = usage(pid)
    took_s: tuple[list[float], list[float]] = ([], [])
    for number, caller in enumerate(callers):
        sleep_until(began_s + seconds * (number + 0.5) / CALLERS)
        dials = number % 2
        here = caller.satchel("meet", *(["--at", target] if dials else []))
        here.expect_event("searching", STARTED_S)
        took_s[dials].append(until_met(here, there, caller))
    sleep_until(began_s + seconds)
    used_s, peak_bytes = usage(pid)
    lasted_s = time.monotonic() - began_s
    beacons, flights = flood.end()
    return Turn(
        share=(used_s - before_s) / lasted_s,
        peak_bytes=peak_bytes,
        shouted_s=max(took_s[0]),
        dialled_s=max(took_s[1]),
        beacons=beacons,
        flights=flights,
    )


def until_met(here: Dialogue, there: Dialogue, caller: Person) -> float:
    """Both sides have said so. Raises LabError where they do not."""
    began_s = time.monotonic()
    here.expect_event("peer", MET_S)
    while there.expect_event("peer", MET_S)["contact"] != caller.host.name:
        pass
    return time.monotonic() - began_s


def sleep_until(when_s: float) -> None:
    time.sleep(max(0.0, when_s - time.monotonic()))


SCENARIOS: dict[str, Scenario] = {"minute": minute}
