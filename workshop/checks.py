"""The steps of `check` and `test`, and how they are counted; `bench`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from workshop.running import DEV, PYTHON, ROOT, VENV, run_quietly

REPORTS = DEV / "reports"
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")


@dataclass(frozen=True)
class Tally:
    """What a step found, in the words of the closing line."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


STATIC_STEPS = {  # each counts as one passed or failed in the closing line
    "types": ["mypy"],
    "lint": ["ruff", "check", "--quiet"],
    "format": ["ruff", "format", "--check", "--quiet"],
    "imports": ["importlinter.cli", "lint"],
}


def check() -> Tally:
    """What needs no root and no network; the steps do not depend on each other, so two run at a time."""
    total = Tally()
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        steps = {pool.submit(run_tests, "unit", "not lab and not slow"): "tests"}
        for name, module in STATIC_STEPS.items():
            steps[pool.submit(run_static, name, module)] = name
        for step in as_completed(steps):
            tally, output, seconds = step.result()
            mark = "FAILED" if tally.failed else "ok"
            print(f"{steps[step]:>8}  {mark:<6}  {seconds:5.1f} s  {tally}", flush=True)
            if tally.failed:
                print(output, flush=True)
            total += tally
    return total


def run_static(name: str, module: Sequence[str]) -> tuple[Tally, str, float]:
    started_s = time.monotonic()
    result = run_quietly(tool_command(module), tool_environment())
    tally = Tally(failed=1) if result.returncode else Tally(passed=1)
    return tally, f"--- {name}\n{result.stdout}", time.monotonic() - started_s


def run_tests(name: str, marks: str, *, show: bool = False) -> tuple[Tally, str, float]:
    """Run the tests that `marks` selects; `show` lets their output through as it comes."""
    started_s = time.monotonic()
    if not list((ROOT / "tests" / "__pycache__").glob("conftest.*-pytest-*.pyc")):
        # What pytest makes of the tests is kept. At the first time one process does it for all: 7 s for each.
        run_quietly([*tool_command(["pytest"]), "--collect-only", "-q"], tool_environment())
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = [*tool_command(["pytest"]), "-m", marks, f"--junitxml={report}", "-o", "junit_family=xunit2"]
    # One file that cannot be imported is a failure, and no reason to try nothing else.
    command += ["--continue-on-collection-errors", "-v" if show else "-q"]
    # On all cores, and the unit tests twice as many at a time, since half of their time is waiting (0180). Of
    # the laboratory a file at a time: some files share recordings. They keep the order of tests/conftest.py:
    # else files of few tests come last, and these take longest.
    cores = min(4, os.cpu_count() or 1)
    command += ["-n", str(cores), *BY_FILE] if show else ["-n", str(2 * cores)]
    if show:
        code, output = subprocess.run(command, cwd=ROOT, env=tool_environment(), check=False).returncode, ""
    else:
        result = run_quietly(command, tool_environment())
        code, output = result.returncode, result.stdout
    return read_report(report, code), output, time.monotonic() - started_s


def read_report(report: Path, code: int) -> Tally:
    """Count what pytest wrote down; a run that ended badly counts as a failure whatever it wrote.

    A run that found no test at all is such a failure, too: it would else pass for ever.
    """
    tally = Tally()
    with contextlib.suppress(OSError, ElementTree.ParseError):
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            tests, failures, errors, skipped = (
                int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
            )
            # A test that passes and then errs while it is torn down is one test and two cases.
            failed = failures + errors
            tally += Tally(max(0, tests - failed - skipped), failed, skipped)
    if code != 0 and tally.failed == 0:
        tally += Tally(failed=1)
    return tally


def bench(arguments: Sequence[str]) -> int:
    """Run a benchmark, with its output to the screen; its exit code."""
    environment = tool_environment() | {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT)])}
    command = [*tool_command(["bench"]), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def tool_command(module: Sequence[str]) -> list[str]:
    if module[0] == "importlinter.cli":
        return [str(PYTHON), "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    # By module, never by script: the first line of a script cannot hold a path with spaces.
    return [str(PYTHON), "-m", *module]


def tool_environment() -> dict[str, str]:
    # Without SATCHEL_HOME and its like, so that no test ever meets the profile of who runs it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SATCHEL_")}
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    environment["SATCHEL_DEV_DIR"] = str(DEV)  # a tool that looks for it finds the one it runs in
    return environment
