"""The verb `fuzz`: each target in a process of its own, on all cores, and what they found in one line each.

Which targets there are, and what they check, is in tests/fuzz; which decoder has which, in docs/fuzzing.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from workshop.checks import Tally, tool_environment
from workshop.environment import install_group
from workshop.running import DEV, PYTHON, ROOT, Stopped, run_quietly

SECONDS = 60
INPUT_S_MAX = 5  # for one input: what takes longer is a finding
MEMORY_MB_MAX = 512  # of the whole process, which takes some 60 by itself
STARTING_S_MAX = 120  # to load the target and what is kept
SHOWN_LINES = 30  # of what a target printed that did not even start

TARGETS = ROOT / "tests" / "fuzz" / "targets"
WORKING = DEV / "fuzz"  # what was tried with success, kept from run to run


@dataclass(frozen=True)
class Outcome:
    """How one target went."""

    name: str
    code: int
    output: str
    seconds: float

    @property
    def finding(self) -> str:
        """Where the input lies that broke the target; empty if there is none."""
        written = re.findall(r"Test unit written to (.+)$", self.output, re.MULTILINE)
        return written[-1] if written else ""

    @property
    def reason(self) -> str:
        """What was raised, or what libFuzzer says of a hang or of memory; else the end of what was said."""
        raised = re.search(r"=== Uncaught Python exception: ===\n(.*?)\n\n", self.output, re.DOTALL)
        if raised:
            return raised[1]
        said = re.findall(r"^.*ERROR: (libFuzzer: .+)$", self.output, re.MULTILINE)
        return "\n".join(said or self.output.splitlines()[-SHOWN_LINES:])

    def __str__(self) -> str:
        runs = re.findall(r"^#(\d+)", self.output, re.MULTILINE)
        state = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)/(\w+)", self.output)
        coverage, features, inputs, size = state[-1] if state else ("0", "0", "0", "0b")
        mark = "ok" if self.code == 0 else f"FINDING {self.finding}" if self.finding else "FAILED"
        return (
            f"{self.name:>18}  {int(runs[-1]) if runs else 0:>9} runs  {coverage:>4} places"
            f"  {features:>5} features  {inputs:>4} inputs of {size:>6}  {self.seconds:5.1f} s  {mark}"
        )


def target_names() -> list[str]:
    return sorted(path.stem for path in TARGETS.glob("*.py"))


def refuse_unknown(wanted: Sequence[str]) -> None:
    """Before anything is installed."""
    unknown = sorted(set(wanted) - set(target_names()))
    if unknown:
        raise Stopped(
            f"There is no target {', '.join(unknown)}. Nothing was run. "
            f"The targets are: {', '.join(target_names())}."
        )


def fuzz(wanted: Sequence[str], seconds: int, *, keep: bool) -> Tally:
    """Run these targets, or all; each counts as passed or failed."""
    install_group("fuzz", module="atheris")
    total = Tally()
    pool = ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)))
    try:
        running = [pool.submit(run_target, name, seconds) for name in wanted or target_names()]
        for step in as_completed(running):
            outcome = step.result()
            print(outcome, flush=True)
            if outcome.code != 0:
                print(outcome.reason, flush=True)
            elif keep:
                print(keep_new(outcome.name), end="", flush=True)
            total += Tally(failed=1) if outcome.code else Tally(passed=1)
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, which the targets get, too
    return total


def run_target(name: str, seconds: int) -> Outcome:
    started_s = time.monotonic()
    command = [str(PYTHON), "-m", "fuzz.engine", name, str(WORKING / name)]
    command += [f"-max_total_time={seconds}", f"-timeout={INPUT_S_MAX}", f"-rss_limit_mb={MEMORY_MB_MAX}"]
    try:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=fuzzing_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds + STARTING_S_MAX,
        )
    except subprocess.TimeoutExpired:
        return Outcome(name, 1, "It did not end in time.", time.monotonic() - started_s)
    return Outcome(name, result.returncode, result.stdout, time.monotonic() - started_s)


def keep_new(name: str) -> str:
    """Put what reached new places into the checkout; says how many inputs, and where."""
    command = [str(PYTHON), "-m", "fuzz.keep", name, str(WORKING / name / "corpus")]
    return run_quietly(command, fuzzing_environment()).stdout


def fuzzing_environment() -> dict[str, str]:
    return {**tool_environment(), "PYTHONPATH": str(ROOT / "tests")}
