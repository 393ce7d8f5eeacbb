"""Two hosts and a cable; on it run the hand-over, the limits and the peers, one after the other."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Sample
from bench.programs import Program, Usage
from bench.results import ScenarioFailed
from bench.workspace import digest, empty, take_and_give_back
from lab import Host, Lab
from workshop.running import ROOT

SATCHEL = [sys.executable, "-m", "satchel.cli.main"]
LIGHT_PYTHON = [sys.executable, "-S"]  # the limits need no installed package
PORT = 7000
STARTED_S = 20.0

Contestant = Callable[[], Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a benchmark was asked for."""

    repeat: int
    quick: bool

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full


class Track:
    """What all contestants of a scenario share: hosts, a folder, a limit of time."""

    def __init__(self, lab: Lab, folder: Path, *, timeout_s: float) -> None:
        self.lab, self.folder, self.timeout_s = lab, folder, timeout_s
        self.sender, self.receiver = lab.host("amina"), lab.host("bilal")
        self.into = folder / "received"

    # Our own program

    def satchel(self, host: Host, command: str, *arguments: str | Path) -> Program:
        line = [*SATCHEL, command, "--json", "--home", host.home / "profile", *arguments]
        return Program(host, line)

    def receive(self, host: Host, into: Path) -> Program:
        return self.satchel(host, "receive", "--yes", "--into", into)

    def hand_over(self, path: Path) -> Sample:
        """Both are started at once, the sender first; the code is typed as soon as it is shown."""
        empty(self.into)
        sending = self.satchel(self.sender, "send", path)
        receiving = self.receive(self.receiver, self.into)
        receiving.type(sending.expect("code", STARTED_S)["code"])
        received = receiving.wait(self.timeout_s)
        sent = sending.wait(self.timeout_s)
        return sample(size_of(path), sent, received, payload_s(receiving))

    # Limits and peers

    def plain(self, path: Path) -> Sample:
        return self._race("plain", path, [], [])

    def tls(self, path: Path, certificate: Path, key: Path) -> Sample:
        return self._race("tls", path, [certificate], [certificate, key])

    def bound(self, path: Path) -> Sample:
        return self._race("bound", path, [], [], python=[sys.executable])

    def bound_of_tree(self, path: Path) -> Sample:
        """`path`: a folder of files that are small."""
        return self._race("bound_tree", path, [], [], python=[sys.executable])

    def promised_tree(self, path: Path) -> Sample:
        """The same, with what we promise for each file."""
        return self._race("promised_tree", path, [], [], python=[sys.executable])

    def tar(self, path: Path, *, synced: bool = False) -> Sample:
        """`tar c | TCP | tar x`; `synced`: and then one syncfs of the receiver's disk."""
        into = empty(self.into)
        unpack = ["tar", "-x", *TAR, "-f", "-", "-C", str(into)]
        if synced:
            unpack = ["sh", "-c", '"$@" && sync -f "$0"', str(into), *unpack]
        piped = [*LIGHT_PYTHON, "-m", "bench.inside.piped"]
        pack: list[str | Path] = ["tar", "-c", *TAR, "-f", "-", "-C", path.parent, path.name]
        receiving = Program(self.receiver, [*piped, "from", str(PORT), *unpack], path=str(ROOT))
        sending = Program(self.sender, [*piped, "into", self.receiver.ip, str(PORT), *pack], path=str(ROOT))
        received, sent = receiving.wait(self.timeout_s), sending.wait(self.timeout_s)
        first = receiving.expect("first")["at_s"]
        return sample(size_of(path), sent, received, received.ended_s - first)

    def _race(
        self,
        module: str,
        path: Path,
        giving: Sequence[Path],
        taking: Sequence[Path],
        python: Sequence[str] = tuple(LIGHT_PYTHON),
    ) -> Sample:
        out = empty(self.into) / path.name
        line = [*python, "-m", f"bench.inside.{module}"]
        receiving = Program(self.receiver, [*line, "receive", str(PORT), out, *taking], path=str(ROOT))
        sending = Program(
            self.sender, [*line, "send", self.receiver.ip, str(PORT), path, *giving], path=str(ROOT)
        )
        received, sent = receiving.wait(self.timeout_s), sending.wait(self.timeout_s)
        first, last = receiving.expect("first")["at_s"], receiving.expect("last")["at_s"]
        return sample(size_of(path), sent, received, last - first)

    def compare(self, path: Path) -> None:
        """What arrived is what was sent."""
        if digest(self.into / path.name) != digest(path):
            raise ScenarioFailed(f"what arrived of {path.name} is not what was sent")


TAR = ["-b", "512"]  # records of 256 KiB; the 10 KiB that it takes by itself are slower


@contextlib.contextmanager
def track(
    folder: Path, *, timeout_s: float, offload: bool = True, congestion_fixed: bool = False
) -> Iterator[Track]:
    """Homes, with the profiles in them, lie on the same disk as what is handed over."""
    with Lab(folder / "lab", offload=offload, congestion_fixed=congestion_fixed) as lab:
        yield Track(lab, folder, timeout_s=timeout_s)


def alternate(
    course: Course,
    contestants: Mapping[str, Contestant],
    *,
    warm_up: bool = True,
    settle: bool = False,
    memory_bytes: int = 0,
) -> dict[str, list[Sample]]:
    """Each once, then each once more: what slows the machine for a while slows all of them.

    Args:
        warm_up: run the first of them once without counting it: memory that a virtual machine never
            used before is slow, and the files are to be in the cache.
        settle: what was written before is brought to the disk first, so that nobody pays for another.
        memory_bytes: so much is taken and given back before each turn. A virtual machine lends what nobody
            uses to others, and has to fetch it again: that took up to 3 s for 2 GiB, of whoever came next.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    if warm_up:
        next(iter(contestants.values()))()
    for number in range(course.repeat):
        for name, run in contestants.items():
            if settle:
                os.sync()
            if memory_bytes:
                take_and_give_back(memory_bytes)
            got = run()
            samples[name].append(got)
            say(f"  {name} {number + 1}/{course.repeat}: {got.whole_s:.2f} s, payload {got.payload_s:.2f} s")
    return samples


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def sample(size_bytes: int, sent: Usage, received: Usage, payload: float) -> Sample:
    began_s = min(sent.started_s, received.started_s)
    return Sample(
        size_bytes=size_bytes,
        whole_s=max(sent.ended_s, received.ended_s) - began_s,
        payload_s=payload,
        sender=sent.side,
        receiver=received.side,
    )


def payload_s(receiving: Program) -> float:
    """From the first payload byte to the last name in place, as the receiver told it.

    The first `progress` with bytes moved comes with the first frame of them, so the time after it
    is scaled up to all of them. Where it came with the last byte, the meeting is taken as the start.
    """
    moves = [(at_s, event["moved"]) for at_s, event in receiving.events("progress") if event["moved"] > 0]
    placed, met = receiving.events("placed"), receiving.events("met")
    if not moves or not placed or not met:
        raise receiving.failure("it told no progress, or placed nothing")
    (first_s, first), (_, moved) = moves[0], moves[-1]
    last_s = placed[-1][0]
    if first >= moved:
        return last_s - met[0][0]
    return (last_s - first_s) * float(moved) / float(moved - first)


def size_of(path: Path) -> int:
    """All bytes of a file, or of the files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
