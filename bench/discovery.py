"""The benchmark `discovery`: what it costs to recognise contacts among many devices."""

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

ABOUT = "recognising contacts by their beacons among many devices, beside bare MACs"
PROGRAM = Path(__file__).parent / "inside" / "nonces.py"
CONTACTS, NEARBY, FRIENDS = 500, 500, 50


def nonces(course: Course) -> Result:
    """The state machine alone, without sockets: virtual time, real work."""
    minutes = course.size(30, 3)
    turns = [measure(minutes) for _ in range(course.repeat)]
    if any(turn["dials"] < FRIENDS for turn in turns):
        raise ScenarioFailed("not all contacts nearby were recognised")
    figures = [
        Figure(
            what="for each new nonce",
            unit="ms",
            spread=spread(turn["nonce_ms"] for turn in turns),
            target=Target(at_most=3.0),
            bound=spread(turn["bare_ms"] for turn in turns),
        ),
        Figure(
            what="the dearest nonce",
            unit="ms",
            spread=spread(turn["nonce_most_ms"] for turn in turns),
        ),
        Figure(
            what="share of a core",
            unit="%",
            spread=spread(100 * turn["share"] for turn in turns),
            target=Target(at_most=3.0),
        ),
        Figure(
            what="peak memory",
            unit="MB",
            spread=spread(turn["rss_bytes"] / MB for turn in turns),
            target=Target(at_most=120.0),
        ),
    ]
    about = (
        f"{CONTACTS} contacts, {NEARBY} devices nearby, {FRIENDS} of them contacts; {minutes} minutes, "
        f"{turns[0]['packets']:,} packets, {turns[0]['nonces']:,} nonces."
    )
    notes = ["The state machine alone: sockets and the database come on top. The bound: as many bare HMACs."]
    return Result(name="nonces", about=about, figures=figures, notes=notes)


def measure(minutes: int) -> dict[str, Any]:
    command = [sys.executable, str(PROGRAM), *map(str, (CONTACTS, NEARBY, FRIENDS, minutes))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ScenarioFailed(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


SCENARIOS: dict[str, Scenario] = {"nonces": nonces}
