"""Five receivers of one offer, on a sender's link that is too narrow for all of them at once."""

import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Sample, Side, Target, ratio, spread
from bench.programs import Program, Usage
from bench.results import Result, ScenarioFailed
from bench.track import SATCHEL, STARTED_S, Course, Track, payload_s, say, track
from bench.workspace import IN_MEMORY, digest, empty, random_file, workspace
from lab import Host
from lab.host import NIC

MIB = 1 << 20
PEOPLE = 5
RATE = "800mbit"  # what two cores can carry five times at once, with room to spare
SHAPE = ["tc", "qdisc", "add", "dev", NIC, "root", "tbf", "rate", RATE, "burst", "256k", "latency", "50ms"]
TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One offer to several people: who ended well, and what the sender read to serve them."""

    sample: Sample
    source_bytes: int


class Crowd:
    """A sender and its five people."""

    def __init__(self, pair: Track, path: Path) -> None:
        self.pair, self.path = pair, path
        self.size = path.stat().st_size
        more = [pair.lab.host(f"guest{number}") for number in range(2, PEOPLE + 1)]
        self.people: list[Host] = [pair.receiver, *more]
        pair.sender.run(SHAPE)

    def offer(
        self,
        people: Sequence[Host],
        options: Sequence[str] = (),
        trouble: Callable[[int], None] | None = None,
        path: Path | None = None,
    ) -> Group:
        """Hand over to all of `people` at once; `trouble` befalls the first of them half-way."""
        path = path or self.path
        into = {host.name: empty(self.pair.into / host.name) for host in people}
        sending = self.pair.satchel(self.pair.sender, "send", *options, path)
        receiving = [self.pair.receive(host, into[host.name]) for host in people]
        code = sending.expect("code", STARTED_S)["code"]
        for program in receiving:
            program.type(code)
        if trouble:
            victim, half = receiving.pop(0), self.size // 2
            victim.expect("progress", TIMEOUT_S, lambda event: bool(event["bytes"] >= half))
            trouble(victim.pid())
        received = [program.wait(TIMEOUT_S) for program in receiving]
        for host in people[1 if trouble else 0 :]:
            if digest(into[host.name] / path.name) != digest(path):
                raise ScenarioFailed(f"what arrived at {host.name} is not what was sent")
        if trouble:
            with contextlib.suppress(ScenarioFailed):
                os.kill(victim.pid(), signal.SIGKILL)
            os.kill(sending.pid(), signal.SIGTERM)  # it may wait for the one who is gone
            victim.wait(STARTED_S, code=None)
        sent = sending.wait(TIMEOUT_S, code=None if trouble else 0)
        return Group(sample=self._sample(sent, received, receiving), source_bytes=sent.read_bytes)

    def _sample(self, sent: Usage, received: Sequence[Usage], receiving: Sequence[Program]) -> Sample:
        """Until the last receiver has ended; one receiver's memory, the CPU of all."""
        return Sample(
            size_bytes=self.size * len(received),
            whole_s=max(usage.ended_s for usage in received) - sent.started_s,
            payload_s=max(payload_s(program) for program in receiving),
            sender=sent.side,
            receiver=together([usage.side for usage in received]),
        )

    def singles(self) -> Sample:
        """One after another, each with an offer of its own."""
        ones = [self.offer([host]).sample for host in self.people]
        return Sample(
            size_bytes=sum(one.size_bytes for one in ones),
            whole_s=sum(one.whole_s for one in ones),
            payload_s=sum(one.payload_s for one in ones),
            sender=together([one.sender for one in ones]),
            receiver=together([one.receiver for one in ones]),
        )


def together(sides: Sequence[Side]) -> Side:
    return Side(cpu_s=sum(side.cpu_s for side in sides), rss_bytes=max(side.rss_bytes for side in sides))


def crowd(course: Course) -> Result:
    size = course.size(512 * MIB, 64 * MIB)
    for_all = ["--for", str(PEOPLE)]
    troubles = {
        "one killed": lambda pid: os.kill(pid, signal.SIGKILL),
        "one stopped": lambda pid: os.kill(pid, signal.SIGSTOP),
    }
    samples: dict[str, list[Sample]] = {name: [] for name in ("one after another", "five at once", *troubles)}
    read_shares = []
    with workspace(IN_MEMORY, (PEOPLE + 1) * size) as folder, track(folder, timeout_s=TIMEOUT_S) as pair:
        if "--for" not in pair.sender.run([*SATCHEL, "send", "--help"]).stdout:
            raise ScenarioFailed("no --for: this Satchel makes an offer to one person only")
        gathered = Crowd(pair, random_file(folder / "one.bin", size))
        tiny = random_file(folder / "tiny.bin", 1000)
        start_bytes = gathered.offer([pair.receiver], path=tiny).source_bytes
        for number in range(course.repeat):
            samples["one after another"].append(gathered.singles())
            five = gathered.offer(gathered.people, for_all)
            samples["five at once"].append(five.sample)
            read_shares.append((five.source_bytes - start_bytes) / size)
            for name, trouble in troubles.items():
                samples[name].append(gathered.offer(gathered.people, for_all, trouble).sample)
            times = ", ".join(f"{name} {runs[-1].whole_s:.1f} s" for name, runs in samples.items())
            say(f"  {number + 1}/{course.repeat}: {times}")
    about = f"{size // MIB} MiB to {PEOPLE} people, from a link of {RATE[:-4]} Mbit/s, in memory."
    return Result(name="crowd", about=about, contestants=samples, figures=figures_of(samples, read_shares))


def figures_of(samples: dict[str, list[Sample]], read_shares: Sequence[float]) -> list[Figure]:
    whole = {name: [one.whole_s for one in runs] for name, runs in samples.items()}
    singles, five = whole.pop("one after another"), whole.pop("five at once")
    slower = Target(at_most=1.1)
    return [
        Figure(
            what="read of the source, of its size", spread=spread(read_shares), target=Target(at_most=1.05)
        ),
        Figure(
            what="time of five at once, of one after another",
            spread=ratio(five, singles),
            target=slower,
        ),
        *(
            Figure(
                what=f"time of the other four, {name} half-way, of five at once",
                spread=ratio(times, five),
                target=slower,
            )
            for name, times in whole.items()
        ),
    ]
