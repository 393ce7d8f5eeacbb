"""Our door, and other servers of books, on a host of the laboratory."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.libraries.adding import add_all
from bench.programs import Program
from bench.results import ScenarioFailed
from bench.track import SATCHEL
from lab import Dialogue, Host
from lab.namespace import children
from workshop.peers import COPYPARTY, KIWIX

PORT = 8000
STARTED_S = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs. `pid`: of the program whose time counts, with all that it started."""

    url: str
    pid: int

    def used_s(self) -> float:
        return sum(_used_s(pid) for pid in _family(self.pid))

    def held_bytes(self) -> int:
        """Its share of what it and its children hold now."""
        return sum(_share_bytes(pid) for pid in _family(self.pid))


@contextlib.contextmanager
def door(host: Host, books: Path) -> Iterator[Server]:
    """Ours, with all of it on an open shelf."""
    profile = host.home / "profile"
    if not profile.exists():
        _, _, done = add_all(host, books, "--shelf", "All")
        if not done["new"]:
            raise ScenarioFailed("nothing was put in")
        opening: list[str | Path] = [*SATCHEL, "shelf", "open", "--yes", "--json", "--home", profile, "All"]
        Program(host, opening).wait(60)
    talk = host.talk([*SATCHEL, "up", "--guests", "--no-browser", "--json", "--home", str(profile)])
    try:
        url = talk.expect_event("ready", STARTED_S)["guest_url"]
        yield Server(url, _pid(talk))
    finally:
        talk.process.end()


@contextlib.contextmanager
def copyparty(host: Host, books: Path) -> Iterator[Server]:
    line = [sys.executable, "-m", "copyparty", "-q", "-p", str(PORT), "--opds", "-v", f"{books}::r"]
    talk = host.talk(line, env={"PYTHONPATH": str(COPYPARTY)})
    try:
        yield Server(_answering(host, talk), _pid(talk))
    finally:
        talk.process.end()


@contextlib.contextmanager
def kiwix(host: Host, archives: Path) -> Iterator[Server]:
    files = sorted(str(path) for path in archives.glob("*.zim"))
    talk = host.talk([KIWIX, "--port", str(PORT), *files])
    try:
        yield Server(_answering(host, talk), _pid(talk))
    finally:
        talk.process.end()


def _answering(host: Host, talk: Dialogue) -> str:
    """Its address, once it takes connections."""
    until_s = time.monotonic() + STARTED_S
    probe = f"import socket; socket.create_connection(({host.ip!r}, {PORT}), 1)"
    while host.run([sys.executable, "-c", probe], check=False).returncode:
        if time.monotonic() > until_s or talk.process.poll() is not None:
            raise ScenarioFailed(f"it does not answer: {talk.text[-500:]}{talk.complaints[-500:]}")
        time.sleep(0.2)
    return f"http://{host.ip}:{PORT}/"


def _pid(talk: Dialogue) -> int:
    pid = talk.process.inner()
    if pid is None:
        raise ScenarioFailed(f"the server has ended: {talk.text[-500:]}{talk.complaints[-500:]}")
    return pid


def _family(pid: int) -> list[int]:
    return [pid, *(other for child in children(pid) for other in _family(child))]


def _used_s(pid: int) -> float:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")  # with children that have ended
    return 0.0


def _share_bytes(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0
