"""The benchmark `letters`: what two who meet for half a minute bring each other of what they carry."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import sub
from pathlib import Path
from typing import Any

from bench.figures import Figure, Target, spread
from bench.report import MB
from bench.results import Result, ScenarioFailed
from bench.running import Scenario
from bench.track import STARTED_S, Course, Track, say, track
from bench.workspace import ON_DISK, random_file, workspace
from end_to_end.acquainted import made, pair_up
from end_to_end.programs import Person
from lab import Dialogue, Radio
from satchel.core.bundles.lifetime import hour_of

ABOUT = "what two who meet for half a minute bring each other of what they carry, and what a cut costs"
INSIDE = Path(__file__).parent / "inside"
MEETING_S = 30.0
AIR_BPS = 16e6  # 2 MB/s
DELAY_S = 0.005
PATIENCE_S = 120.0
MOVED_MB = 45.0
INVENTORY_KIB = {"newest": 64.0, "anywhere": 192.0}
RESENT_KIB = 64.0
CUTS = 12
CUT_S = (0.3, 2.5)  # a cut comes so long after the session has begun
NEEDED_BYTES = 1 << 30


@dataclass(slots=True, kw_only=True)
class Stores:
    """Two people whose stores are filled."""

    pair: Track
    folder: Path
    plan: tuple[object, ...]
    hour: int = field(default_factory=lambda: hour_of(int(time.time())))
    people: list[Person] = field(init=False)

    def __post_init__(self) -> None:
        self.people = [made(Person(host)) for host in (self.pair.sender, self.pair.receiver)]
        pair_up(*self.people)
        for side in (0, 1):
            self._run("fill", side)

    def look(self) -> list[dict[str, Any]]:
        one, other = (self._run("look", side) for side in (0, 1))
        if not set(one["gone"]) <= set(other["whole"]) or not set(other["gone"]) <= set(one["whole"]):
            raise ScenarioFailed("a bundle was handed on, and is not there")
        return [one, other]

    def inventory(self) -> int:
        return int(inside("letters", "inventory", *(person.profile for person in self.people))["bytes"])

    def _run(self, what: str, side: int) -> dict[str, Any]:
        return inside("letters", what, self.people[side].profile, side, *self.plan, self.hour)

    def meet(self) -> list[Dialogue]:
        """Both begin; in a session when this returns. What each hears is noted."""
        nodes = []
        for person in self.people:
            noted = ["up", "--accept", "none", "--json", "--home", str(person.profile)]
            program = [sys.executable, str(INSIDE / "noted.py"), str(self.notes(person)), *noted]
            nodes.append(person.host.talk(program))
        for node in nodes:
            node.expect_event("ready", STARTED_S)
        for node in nodes:
            node.expect_event("peer", PATIENCE_S)
        return nodes

    def cut(self, nodes: list[Dialogue]) -> None:
        for person in self.people:
            person.host.crash()
        for node in nodes:
            node.wait(STARTED_S)

    def notes(self, person: Person) -> Path:
        return self.folder / f"{person.host.name}.heard"

    def heard_again(self) -> list[int]:
        """By each of them: bytes of blocks that were heard once more, in all meetings so far."""
        again = []
        for person in self.people:
            path = self.notes(person)
            heard = Counter(path.read_text().splitlines()) if path.exists() else Counter()
            again.append(sum(int(line.split()[2]) * (times - 1) for line, times in heard.items()))
        return again


def inside(program: str, *words: object) -> dict[str, Any]:
    command = [sys.executable, str(INSIDE / f"{program}.py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ScenarioFailed((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def stores(course: Course, place: str, *, rate_bps: float = AIR_BPS) -> Iterator[Stores]:
    """On a disk. `rate_bps`: of each direction."""
    plan = (course.size(20_000, 2_000), course.size(500, 200), place)
    with (
        workspace(ON_DISK, NEEDED_BYTES) as folder,
        track(folder, timeout_s=PATIENCE_S, offload=False) as pair,
    ):
        pair.lab.shape(pair.sender, Radio(rate_bps=rate_bps, delay_s=DELAY_S))
        yield Stores(pair=pair, folder=folder, plan=plan)


def met(name: str, course: Course, *, rate_bps: float, about: str) -> Result:
    """30 s, and then both are killed."""
    found: list[dict[str, Any]] = []
    for number in range(course.repeat):
        with stores(course, ("newest", "anywhere")[number % 2], rate_bps=rate_bps) as both:
            plain = both.pair.plain(random_file(both.folder / "plain", int(rate_bps / 8 * 10)))
            nodes = both.meet()
            time.sleep(MEETING_S)
            both.cut(nodes)
            looks = both.look()
        moved_mb = sum(look["moved_bytes"] for look in looks) / MB
        plain_mb = 2 * MEETING_S * plain.size_bytes / plain.payload_s / MB
        found.append(
            {"moved": moved_mb, "of": moved_mb / plain_mb, "lacks": sum(look["lacks"] for look in looks)}
        )
        say(f"  {number + 1}/{course.repeat}: {moved_mb:.1f} MB, plain {plain_mb:.1f} MB")
    figures = [
        Figure(
            what=f"moved in {MEETING_S:.0f} s, and there after kill -9",
            unit="MB",
            spread=spread(one["moved"] for one in found),
            target=None if course.quick else Target(at_least=MOVED_MB),
        ),
        Figure(
            what="the same, of what one plain TCP stream in each direction moves",
            spread=spread(one["of"] for one in found),
        ),
        Figure(what="bundles that are still lacked", spread=spread(one["lacks"] for one in found)),
    ]
    return Result(name=name, about=about, figures=figures)


def meeting(course: Course) -> Result:
    about = f"2 MB/s in each direction, {DELAY_S * 1e3:.0f} ms each way; 65 MB in all are lacked."
    return met("meeting", course, rate_bps=AIR_BPS, about=about)


def shared_air(course: Course) -> Result:
    about = f"2 MB/s for both directions together, half for each; {DELAY_S * 1e3:.0f} ms each way."
    return met("shared-air", course, rate_bps=AIR_BPS / 2, about=about)


def inventory(course: Course) -> Result:
    """The messages that tell the two sets apart, before anything has moved."""
    figures = []
    for place, most_kib in INVENTORY_KIB.items():
        with stores(course, place) as both:
            size_kib = both.inventory() / 1024
        figures.append(
            Figure(
                what=f"inventory, differences {place}",
                unit="KiB",
                spread=spread([size_kib]),
                target=Target(at_most=most_kib),
            )
        )
    return Result(name="inventory", about="The messages of both sides, whoever asks.", figures=figures)


def cuts(course: Course) -> Result:
    """At any instant of meetings that go on where the last one was cut."""
    chance = random.Random(1)
    again: list[float] = []
    moved = [0]
    with stores(course, "anywhere") as both:
        for number in range(course.size(CUTS, 3)):
            before = both.heard_again()
            nodes = both.meet()
            time.sleep(chance.uniform(*CUT_S))
            both.cut(nodes)
            looks = both.look()
            moved.append(sum(look["moved_bytes"] for look in looks))
            again.append(max(map(sub, both.heard_again(), before)) / 1024)
            if moved[-1] < moved[-2]:
                raise ScenarioFailed("something that had come is not there any more")
            say(f"  cut {number + 1}: {moved[-1] / MB:.2f} MB are there, {again[-1]:.0f} KiB came again")
    figures = [
        Figure(
            what="came whole to one side, and again after a cut",
            unit="KiB",
            spread=spread([max(again)]),
            target=Target(at_most=RESENT_KIB),
        ),
        Figure(what="there after the last cut", unit="MB", spread=spread([moved[-1] / MB])),
    ]
    return Result(
        name="cuts",
        about=f"{len(again)} meetings, both killed {CUT_S[0]} to {CUT_S[1]} s after they began.",
        figures=figures,
    )


SCENARIOS: dict[str, Scenario] = {
    "meeting": meeting,
    "shared-air": shared_air,
    "inventory": inventory,
    "cuts": cuts,
}
