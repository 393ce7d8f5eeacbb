"""The benchmark `handover`: which scenarios there are, and running them."""

import contextlib
import datetime
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.bulk import bulk
from bench.crowd import crowd
from bench.machine import this_machine, version
from bench.memory import many, memory
from bench.probers import probers
from bench.radio import radio, radio_bbr, radio_small
from bench.report import as_json, as_markdown
from bench.results import Report, Result, ScenarioFailed
from bench.small import small, small_disk
from bench.track import Course, say
from bench.workspace import ON_DISK
from lab import LabError

Scenario = Callable[[Course], Result]

SCENARIOS: dict[str, Scenario] = {
    "bulk": bulk,
    "small": small,
    "small-disk": small_disk,
    "radio": radio,
    "radio-small": radio_small,
    "radio-bbr": radio_bbr,
    "memory": memory,
    "many": many,
    "crowd": crowd,
    "probers": probers,
}


def run(course: Course, names: Sequence[str]) -> Report:
    """Run scenarios; one that fails does not keep the others from running."""
    machine = this_machine()
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d-%H%M%S")
    return Report(
        benchmark="handover",
        date=date,
        version=version(),
        quick=course.quick,
        repeat=course.repeat,
        machine=machine,
        results=[run_one(name, SCENARIOS[name], course) for name in names],
    )


def run_one(name: str, scenario: Scenario, course: Course) -> Result:
    say(f"{name}:")
    began_s = time.monotonic()
    try:
        result = scenario(course)
    except (ScenarioFailed, LabError, OSError, ValueError, LookupError, subprocess.SubprocessError) as reason:
        result = Result(name=name, failure=" ".join(str(reason).split()) or type(reason).__name__)
        say(f"  failed: {result.failure}")
    result.took_s = time.monotonic() - began_s
    return result


def keep(report: Report) -> Path:
    """Write both forms down; the Markdown file."""
    ON_DISK.mkdir(parents=True, exist_ok=True)
    path = ON_DISK / f"{report.benchmark}-{report.date}.md"
    path.write_text(as_markdown(report), encoding="utf-8")
    path.with_suffix(".json").write_text(as_json(report), encoding="utf-8")
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return path
