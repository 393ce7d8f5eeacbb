"""The benchmark `reconcile`: what it costs to tell two sets apart."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, Target, spread
from bench.report import MB
from bench.results import Result, ScenarioFailed
from bench.running import Scenario
from bench.track import Course

ABOUT = "telling apart two sets of up to a million records, and what a liar can make of it"
PROGRAM = Path(__file__).parent / "inside" / "inventories.py"
MEMORY_MB, BUILD_S, CPU_S = 150.0, 3.0, 1.0
Turn = dict[str, Any]

# Of a case: rounds, bytes in all, bytes for each difference.
TARGETS: dict[str, tuple[float | None, float | None, float | None]] = {
    "0:anywhere": (1, 350, None),
    "1:anywhere": (3, 2_500, None),
    "10000:anywhere": (None, None, 450),
}
FEW = ["0:anywhere", "1:anywhere", "10:anywhere", "100:anywhere", "1000:anywhere"]
MORE = ["0:anywhere", "1:anywhere", "100:anywhere", "1000:anywhere", "10000:anywhere"]
PLACED = ["0:anywhere", "1:anywhere", "100:anywhere", "10000:anywhere", "100:newest", "10000:newest"]


def ten_thousand(course: Course) -> Result:
    return compared("ten-thousand", 10_000, FEW, course)


def hundred_thousand(course: Course) -> Result:
    return compared("hundred-thousand", course.size(100_000, 20_000), MORE, course)


def million(course: Course) -> Result:
    return compared("million", course.size(1_000_000, 50_000), PLACED, course)


def compared(name: str, count: int, cases: list[str], course: Course) -> Result:
    turns = [measure(count, *cases) for _ in range(course.repeat)]
    figures = [figure for case in cases for figure in of_case(case, [turn["cases"][case] for turn in turns])]
    inserted = [turn["cases"][case]["insert_s"] * 1e6 for turn in turns for case in cases if case[:2] != "0:"]
    figures += [
        Figure(
            what="build", unit="s", spread=spread(turn["build_s"] for turn in turns), target=at_most(BUILD_S)
        ),
        Figure(what="insert, median", unit="µs", spread=spread(inserted)),
        Figure(
            what="peak memory of a process",
            unit="MB",
            spread=spread(max(case["rss_bytes"] for case in turn["cases"].values()) / MB for turn in turns),
            target=at_most(MEMORY_MB),
        ),
    ]
    return Result(
        name=name,
        about=f"Two sets of {count:,} records, all messages of 65,500 bytes at most.",
        figures=figures,
    )


def of_case(case: str, turns: list[Turn]) -> Iterator[Figure]:
    count, place = case.split(":")
    what = f"{int(count):,} {place}" if int(count) else "equal"
    rounds, size_bytes, each_bytes = TARGETS.get(case, (None, None, None))
    yield Figure(
        what=f"{what}: rounds", spread=spread(turn["rounds"] for turn in turns), target=at_most(rounds)
    )
    yield Figure(
        what=f"{what}: bytes", spread=spread(turn["bytes"] for turn in turns), target=at_most(size_bytes)
    )
    if int(count) > 1:
        each = spread(turn["bytes"] / int(count) for turn in turns)
        yield Figure(what=f"{what}: bytes for each", spread=each, target=at_most(each_bytes))
    limit = at_most(CPU_S * 1_000 if case == "10000:anywhere" else None)
    for side, name in enumerate(("who asks", "who answers")):
        took = spread(turn["cpu_s"][side] * 1_000 for turn in turns)
        yield Figure(what=f"{what}: CPU of {name}", unit="ms", spread=took, target=limit)


def liar(course: Course) -> Result:
    count = course.size(1_000_000, 50_000)
    turns = [measure(count, "liar") for _ in range(course.repeat)]
    figures = [
        Figure(
            what="the dearest question", unit="ms", spread=spread(turn["answer_s"] * 1_000 for turn in turns)
        ),
        Figure(what="the dearest answer", unit="ms", spread=spread(turn["turn_s"] * 1_000 for turn in turns)),
        Figure(what="all of who never agrees", unit="s", spread=spread(turn["whole_s"] for turn in turns)),
        Figure(what="answers of it", spread=spread(turn["turns"] for turn in turns)),
        Figure(
            what="memory above the set",
            unit="MB",
            spread=spread(turn["above_bytes"] / MB for turn in turns),
            target=at_most(64.0),
        ),
    ]
    return Result(name="liar", about=f"A set of {count:,} records.", figures=figures)


def at_most(limit: float | None) -> Target | None:
    return None if limit is None else Target(at_most=limit)


def measure(count: int, *cases: str) -> Turn:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(count), *cases], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ScenarioFailed((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    found: Turn = json.loads(done.stdout)
    return found


SCENARIOS: dict[str, Scenario] = {
    "ten-thousand": ten_thousand,
    "hundred-thousand": hundred_thousand,
    "million": million,
    "liar": liar,
}
