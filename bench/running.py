"""Running the scenarios of a benchmark, and keeping what they found."""

import contextlib
import datetime
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.machine import this_machine, version
from bench.report import as_json, as_markdown
from bench.results import Report, Result, ScenarioFailed
from bench.track import Course, say
from bench.workspace import ON_DISK
from lab import LabError

Scenario = Callable[[Course], Result]


def run(benchmark: str, scenarios: Mapping[str, Scenario], course: Course, names: Sequence[str]) -> Report:
    """Run scenarios; one that fails does not keep the others from running."""
    machine = this_machine()
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d-%H%M%S")
    return Report(
        benchmark=benchmark,
        date=date,
        version=version(),
        quick=course.quick,
        repeat=course.repeat,
        machine=machine,
        results=[run_one(name, scenarios[name], course) for name in names],
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
