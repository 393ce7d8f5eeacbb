"""The benchmark `meet`: from the moment a network is there until what waited for a contact has arrived."""

import math
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.figures import Figure, Target, spread
from bench.results import Result, ScenarioFailed
from bench.running import Scenario
from bench.track import STARTED_S, Course, say
from bench.workspace import IN_MEMORY, workspace
from end_to_end.acquainted import befriend_absent, made, pair_up, queue_for_absent
from end_to_end.programs import SATCHEL, Person
from lab import Dialogue, Lab
from lab.clock import Clock

ABOUT = "how long contacts who come to another network take until what waited is there"
SIDE_BY_SIDE = 4  # couples at a time: more, and two cores are what is measured
CONTACTS = (1, 60, 300)
WAITING = 63  # others for whom something waits, where there are so many contacts
NEEDED_BYTES = 256 << 20
PATIENCE_S = 400.0
PLUGGING = threading.Lock()  # a laboratory is put together by one hand


@dataclass(slots=True)
class Couple:
    """Amina has something for Bilal."""

    amina: Person
    bilal: Person
    here: Dialogue
    there: Dialogue


def trial(lab: Lab, number: int, clock: Clock | None, *, meets: bool, contacts: int) -> tuple[float, float]:
    """Seconds from the network until it is there; and until it is there where both have been all the time."""
    couple = together(lab, number, clock, contacts, meets=meets)
    beside_s = sent(couple)
    with PLUGGING:
        for person in (couple.amina, couple.bilal):
            lab.leave(person.host)
    couple.here.expect_event("gone", PATIENCE_S)
    couple.there.expect_event("gone", PATIENCE_S)
    path = couple.amina.host.home / "queued"
    path.write_bytes(os.urandom(10_000))
    run(couple.amina, "send", str(path), "--to", couple.bilal.host.name)
    with PLUGGING:
        for person in (couple.amina, couple.bilal):
            lab.move(person.host, "cafe")
    began_s = time.monotonic()
    if meets:
        couple.bilal.satchel("meet")
    couple.there.expect_event("delivered", PATIENCE_S)
    took_s = time.monotonic() - began_s
    for person, node in ((couple.amina, couple.here), (couple.bilal, couple.there)):
        person.host.crash()
        node.wait(STARTED_S)
    return took_s, beside_s


def together(lab: Lab, number: int, clock: Clock | None, contacts: int, *, meets: bool) -> Couple:
    """Both in one network, and met; where a clock needs it, by `meet`."""
    with PLUGGING:
        amina = made(Person(lab.host(f"amina{number}")))
        bilal = made(Person(lab.host(f"bilal{number}"), clock))
    pair_up(amina, bilal)
    first = [person.satchel("up", "--accept", "none") for person in (amina, bilal)]
    for node in first:
        node.expect_event("ready", STARTED_S)
    if meets:
        bilal.satchel("meet")
    for node in first:  # before there are so many others: two with 300 each may take minutes (0085)
        node.expect_event("peer", PATIENCE_S)
    for person, node in zip((amina, bilal), first, strict=True):
        person.host.crash()
        node.wait(STARTED_S)
        befriend_absent(person, contacts - 1)
    queue_for_absent(amina, WAITING)
    path = amina.host.home / "first"
    path.write_bytes(b"first")
    run(amina, "send", str(path), "--to", bilal.host.name, "--later")
    here = amina.satchel("up")
    there = bilal.satchel("up", "--accept", "verified", "--into", str(bilal.into))
    there.expect_event("ready", STARTED_S)
    if meets:
        bilal.satchel("meet")
    there.expect_event("delivered", PATIENCE_S)
    return Couple(amina, bilal, here, there)


def sent(couple: Couple) -> float:
    path = couple.amina.host.home / "beside"
    path.write_bytes(os.urandom(10_000))
    began_s = time.monotonic()
    run(couple.amina, "send", str(path), "--to", couple.bilal.host.name)
    couple.there.expect_event("delivered", PATIENCE_S)
    return time.monotonic() - began_s


def run(person: Person, command: str, *words: str) -> None:
    done = person.host.run([*SATCHEL, command, *words, "--home", str(person.profile)])
    if done.returncode:
        raise ScenarioFailed(f"satchel {command} ended with {done.returncode}: {done.stderr}")


def measured(name: str, clocks: Sequence[Clock | None], *, within_s: float, meets: bool = False) -> Result:
    """`clocks`: that of the one who is given something, in each trial."""
    found: list[tuple[float, float]] = []
    for first in range(0, len(clocks), SIDE_BY_SIDE):
        some = clocks[first : first + SIDE_BY_SIDE]
        with (
            workspace(IN_MEMORY, NEEDED_BYTES) as folder,
            Lab(folder / "lab") as lab,
            ThreadPoolExecutor(len(some)) as pool,
        ):
            begun = [
                pool.submit(trial, lab, number, clock, meets=meets, contacts=CONTACTS[number % len(CONTACTS)])
                for number, clock in enumerate(some)
            ]
            found += [one.result() for one in begun]
        say(f"  {len(found)}/{len(clocks)}: {', '.join(f'{took_s:.1f}' for took_s, _ in found[first:])} s")
    took_s, beside_s = sorted(took for took, _ in found), [beside for _, beside in found]
    p95_s = took_s[math.ceil(0.95 * len(took_s)) - 1]
    figures = [
        Figure(
            what="until it is there, 19 of 20",
            unit="s",
            spread=spread([p95_s]),
            target=Target(at_most=within_s),
        ),
        Figure(what="until it is there", unit="s", spread=spread(took_s)),
        Figure(what="the same, where both have been there all the time", unit="s", spread=spread(beside_s)),
    ]
    about = (
        f"{len(took_s)} trials, {SIDE_BY_SIDE} at a time; {', '.join(map(str, CONTACTS))} contacts in turn,"
        f" something waits for up to {WAITING} others. Both come to the second network at once, with other"
        " addresses."
    )
    return Result(name=name, about=about, figures=figures)


def right(course: Course) -> Result:
    return measured("right", [None] * course.size(20, 4), within_s=60)


def hours(course: Course) -> Result:
    return measured("hours", ["+23h", "-23h"] * course.size(10, 1), within_s=60)


def decades(course: Course) -> Result:
    clocks = ["1970-01-02 00:00:00", "2100-01-01 00:00:00"] * course.size(10, 1)
    return measured("decades", clocks, within_s=180)


def weeks(course: Course) -> Result:
    """The one whose clock is wrong says `meet`, once it is there."""
    return measured("weeks", ["+21d", "-21d"] * course.size(4, 1), within_s=360, meets=True)


SCENARIOS: dict[str, Scenario] = {"right": right, "hours": hours, "decades": decades, "weeks": weeks}
