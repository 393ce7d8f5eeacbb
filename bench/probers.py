"""A hand-over while two hundred strangers knock at the sender's door."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Sample, Target, ratio, spread
from bench.programs import Program
from bench.report import MB
from bench.results import Result, ScenarioFailed
from bench.track import LIGHT_PYTHON, PORT, STARTED_S, Course, Track, payload_s, sample, say, size_of, track
from bench.workspace import IN_MEMORY, empty, random_file, workspace
from lab import Host
from workshop.running import ROOT

MIB = 1 << 20
STRANGERS = 200
PLACES = 130  # that the sender has for strangers (128), and two that are on their way in or out
GROWTH_MB = STRANGERS * 65536 / MB
LOOK_EVERY_S = 0.05
TIMEOUT_S = 180.0
PROBER = [*LIGHT_PYTHON, "-m", "bench.inside.prober"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A hand-over, and what the strangers got and cost."""

    sample: Sample
    sockets_most: int
    answer_bytes: int = 0
    knocks: int = 0
    open_most: int = 0
    prober_cpu_s: float = 0.0


def probers(course: Course) -> Result:
    size = course.size(1024 * MIB, 128 * MIB)
    alone: list[Probed] = []
    probed: list[Probed] = []
    with workspace(IN_MEMORY, 2 * size) as folder, track(folder, timeout_s=TIMEOUT_S) as pair:
        path = random_file(folder / "one.bin", size)
        stranger = pair.lab.host("stranger")
        flight = recorded_flight(pair, stranger, path)
        pair.hand_over(path)
        pair.compare(path)
        for number in range(course.repeat):
            alone.append(hand_over(pair, path))
            probed.append(hand_over(pair, path, stranger, flight))
            times = f"{alone[-1].sample.whole_s:.2f} s, probed {probed[-1].sample.whole_s:.2f} s"
            say(f"  {number + 1}/{course.repeat}: {times}")
    samples = {"alone": [one.sample for one in alone], "probed": [one.sample for one in probed]}
    about = f"One file of {size // MIB} MiB, in memory, with {STRANGERS} strangers at the sender's door."
    return Result(name="probers", about=about, contestants=samples, figures=figures_of(alone, probed))


def figures_of(alone: list[Probed], probed: list[Probed]) -> list[Figure]:
    whole = ratio([p.sample.whole_s for p in probed], [a.sample.whole_s for a in alone])
    payload = ratio([p.sample.payload_s for p in probed], [a.sample.payload_s for a in alone])
    cpu = ratio([p.sample.sender.cpu_s for p in probed], [a.sample.sender.cpu_s for a in alone])
    pairs = list(zip(alone, probed, strict=True))
    return [
        Figure(what="time, of alone", spread=whole, target=Target(at_most=1.1)),
        Figure(what="time from the first byte, of alone", spread=payload),
        Figure(what="the sender's CPU, of alone", spread=cpu),
        Figure(
            what="bytes answered to strangers",
            spread=spread([max(p.answer_bytes for p in probed)]),
            target=Target(at_most=0),
        ),
        Figure(
            what="the sender's peak memory, more than alone",
            unit="MB",
            spread=spread((p.sample.sender.rss_bytes - a.sample.sender.rss_bytes) / MB for a, p in pairs),
            target=Target(at_most=GROWTH_MB),
        ),
        Figure(
            what="what the sender had open at most, more than alone",
            spread=spread(p.sockets_most - a.sockets_most for a, p in pairs),
            target=Target(at_most=PLACES),
        ),
        Figure(what="connections of strangers, open at most", spread=spread(p.open_most for p in probed)),
        Figure(what="connections of strangers, in all", spread=spread(p.knocks for p in probed)),
        Figure(what="CPU of the strangers", unit="s", spread=spread(p.prober_cpu_s for p in probed)),
    ]


def recorded_flight(pair: Track, stranger: Host, path: Path) -> str:
    """What a receiver says first, to somebody who is not the sender; in hexadecimal."""
    recording = Program(stranger, [*PROBER, "record", str(PORT)], path=str(ROOT))
    recording.expect("ready")
    sending = pair.satchel(pair.sender, "send", path)
    code = sending.expect("code", STARTED_S)["code"]
    at = f"{stranger.ip}:{PORT}"
    into = empty(pair.into)
    misled = pair.satchel(pair.receiver, "receive", "--yes", "--into", into, "--at", at)
    misled.type(code)
    flight = str(recording.expect("flight", STARTED_S)["hex"])
    recording.wait(STARTED_S)
    for program in (misled, sending):
        os.kill(program.pid(), signal.SIGKILL)
        program.wait(STARTED_S, code=None)
    return flight


def hand_over(pair: Track, path: Path, stranger: Host | None = None, flight: str = "") -> Probed:
    """The strangers are ready before, and knock as soon as the sender listens."""
    into = empty(pair.into)
    probing = None
    if stranger:
        probing = Program(stranger, [*PROBER, "probe", str(STRANGERS)], path=str(ROOT))
        probing.expect("ready")
    sending = pair.satchel(pair.sender, "send", path)
    receiving = pair.receive(pair.receiver, into)
    shown = sending.expect("code", STARTED_S)
    if probing:
        probing.type(f"{door(shown['addresses'], pair.sender)} {flight}")
    receiving.type(shown["code"])
    sockets_most = most_open(sending, receiving)
    received, sent = receiving.wait(TIMEOUT_S), sending.wait(TIMEOUT_S)
    ours = sample(size_of(path), sent, received, payload_s(receiving))
    if not probing:
        return Probed(sample=ours, sockets_most=sockets_most)
    probing.hang_up()
    found = probing.expect("result")
    return Probed(
        sample=ours,
        sockets_most=sockets_most,
        answer_bytes=found["answer_bytes"],
        knocks=found["knocks"],
        open_most=found["open_most"],
        prober_cpu_s=probing.wait(STARTED_S).side.cpu_s,
    )


def most_open(sending: Program, receiving: Program) -> int:
    """How many files and sockets the sender has open at most, until the receiver has ended."""
    most, folder = 0, f"/proc/{sending.pid()}/fd"
    limit_s = time.monotonic() + TIMEOUT_S
    while receiving.process.poll() is None and time.monotonic() < limit_s:
        try:
            most = max(most, len(os.listdir(folder)))
        except OSError:  # it has ended
            return most
        time.sleep(LOOK_EVERY_S)
    return most


def door(addresses: list[str], host: Host) -> str:
    """Where the host listens, as two words."""
    for address in addresses:
        name, _, port = address.rpartition(":")
        if name == host.ip:
            return f"{name} {port}"
    raise ScenarioFailed(f"the sender does not say where it listens on {host.ip}")
