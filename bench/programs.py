"""Programs on hosts: started measured, read line by line with the time of arrival, waited for.

What is printed is stored as it comes, in a thread that does nothing else: what reads 100,000 lines
must not slow what prints them.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Side
from bench.results import ScenarioFailed
from lab import Host
from lab.namespace import children

MEASURED = Path(__file__).parent / "inside" / "measured.py"
BARE_PYTHON = [sys.executable, "-I", "-S"]
READ_BYTES = 1 << 18
SHOWN_MAX = 800
POLL_S = 0.01

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What `measured.py` wrote down. Times are those of the machine's monotonic clock."""

    started_s: float
    ended_s: float
    user_s: float
    system_s: float
    rss_bytes: int
    read_bytes: int

    @property
    def side(self) -> Side:
        return Side(cpu_s=self.user_s + self.system_s, rss_bytes=self.rss_bytes)


class Program:
    """One measured program."""

    def __init__(self, host: Host, command: Sequence[str | Path], *, path: str = "") -> None:
        """Start it. `path`: where it looks for Python modules, besides those that are installed."""
        self.name = f"{host.name}: {' '.join(map(str, command[:6]))}"
        # A name that no earlier program of this host had.
        number = len(list(host.home.glob("*.stderr")))
        self._report = host.home / f"{number}.usage"
        self._complaints = host.home / f"{number}.stderr"
        self._lines: list[tuple[float, bytes]] = []
        self._passed = 0
        self._closed = False
        self._arrived = threading.Condition()
        with self._complaints.open("wb") as stderr:
            self.process = host.popen(
                [*BARE_PYTHON, MEASURED, self._report, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={"PYTHONPATH": path},
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, line: str) -> None:
        """Type a line and Return."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hang_up(self) -> None:
        """Close the program's input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def pid(self) -> int:
        """Of the program itself, not of what measures it."""
        measuring = self.process.inner()
        found = children(measuring) if measuring else []
        if not found:
            raise self.failure("it has ended too early")
        return found[0]

    def expect(
        self, name: str, timeout_s: float = 20.0, where: Callable[[Event], bool] = lambda _: True
    ) -> Event:
        """Wait for an event, after those that were waited for before."""
        limit_s = time.monotonic() + timeout_s
        while True:
            with self._arrived:
                while self._passed == len(self._lines):
                    left_s = limit_s - time.monotonic()
                    if self._closed or left_s <= 0:
                        raise self.failure(f"no {name!r} {'before its end' if self._closed else 'in time'}")
                    self._arrived.wait(left_s)
                line = self._lines[self._passed][1]
                self._passed += 1
            event = json.loads(line)
            if event["event"] == name and where(event):
                return dict(event)

    def events(self, *names: str) -> list[tuple[float, Event]]:
        """All of these kinds that came so far, each with its time of arrival."""
        marks = [f'"event": "{name}"'.encode() for name in names]
        with self._arrived:
            lines = list(self._lines)
        return [(at_s, json.loads(line)) for at_s, line in lines if any(mark in line for mark in marks)]

    def wait(self, timeout_s: float, *, code: int | None = 0) -> Usage:
        """What it used, once it has ended well (with `code`; None: however)."""
        try:
            ended = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise self.failure(f"still running after {timeout_s:.0f} s") from None
        self._reader.join(timeout_s)
        if code is not None and ended != code:
            raise self.failure(f"ended with {ended}")
        try:
            return Usage(**json.loads(self._report.read_text(encoding="ascii")))
        except OSError:
            raise self.failure("what measures it was killed") from None

    def failure(self, reason: str) -> ScenarioFailed:
        """`reason` with the last words of the program."""
        with self._arrived:
            last = b"\n".join(line for _, line in self._lines[-5:]).decode(errors="replace")
        words = (self._complaints.read_text(errors="replace") + last).strip()[-SHOWN_MAX:]
        return ScenarioFailed(f"{self.name}: {reason}: {words or '(it said nothing)'}")

    def _read(self) -> None:
        assert self.process.stdout is not None
        source, rest = self.process.stdout.fileno(), b""
        while data := os.read(source, READ_BYTES):
            now_s = time.monotonic()
            *whole, rest = (rest + data).split(b"\n")
            with self._arrived:
                self._lines += [(now_s, line) for line in whole]
                self._arrived.notify_all()
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()
