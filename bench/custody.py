"""The benchmark `custody`: the store of bundles with a million of them in it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.figures import Figure, Target, spread
from bench.report import MB
from bench.results import Result, ScenarioFailed
from bench.running import Scenario
from bench.track import Course
from bench.workspace import ON_DISK, workspace

ABOUT = "a store with a million bundles of others: its start, storing, finding and evicting"
PROGRAM = Path(__file__).parent / "inside" / "custody.py"
DISK_BYTES_EACH = 2_600  # of a bundle of 2 KiB, with its row and five indices
GROUPS = 60
START_S, MEMORY_MB, STORE_MS = 3.0, 150.0, 2.0


def million(course: Course) -> Result:
    """On a disk: filled once, and started and used anew in each turn."""
    count = course.size(1_000_000, 50_000)
    with workspace(ON_DISK, count * DISK_BYTES_EACH) as home:
        filled = measure("fill", home, count)
        turns = [(measure("start", home), measure("use", home, GROUPS)) for _ in range(course.repeat)]
    starts, uses = ([turn[place] for turn in turns] for place in (0, 1))
    figures = [
        Figure(
            what="start: opened, and all records for reconciliation in memory",
            unit="s",
            spread=spread(turn["start_s"] for turn in starts),
            target=Target(at_most=START_S),
        ),
        Figure(
            what="peak memory of that process",
            unit="MB",
            spread=spread(turn["rss_bytes"] / MB for turn in starts),
            target=Target(at_most=MEMORY_MB),
        ),
        Figure(
            what="storing one, in groups of 64, each durable",
            unit="ms",
            spread=spread(turn["store_ms"] for turn in uses),
            target=Target(at_most=STORE_MS),
        ),
        Figure(what="evicting one", unit="ms", spread=spread(turn["evicted_ms"] for turn in uses)),
        *(
            Figure(
                what=f"finding by {what}", unit="µs", spread=spread(turn["found_us"][what] for turn in uses)
            )
            for what in ("id", "tag", "commitment")
        ),
        Figure(
            what="finding nothing", unit="µs", spread=spread(turn["found_us"]["nothing"] for turn in uses)
        ),
        Figure(what="reading one", unit="µs", spread=spread(turn["found_us"]["body"] for turn in uses)),
    ]
    return Result(
        name="million",
        about=f"{count:,} bundles of 2 KiB in {filled['disk_bytes'] / MB:,.0f} MB, on a disk.",
        figures=figures,
        notes=["The kernel has read the file before. Filled in groups of 2,000."],
    )


def measure(*words: object) -> dict[str, Any]:
    command = [sys.executable, str(PROGRAM), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ScenarioFailed(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


SCENARIOS: dict[str, Scenario] = {"million": million}
