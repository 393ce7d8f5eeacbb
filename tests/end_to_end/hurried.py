"""Satchel whose post office lives faster, so that hours pass in a test: the clock port, and nothing else.

Run as a program: `python hurried.py WORDS`, with RATE and SINCE_S in the environment. No user can reach this.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from satchel.cli import main, post
from satchel.core.identity.clocks import Reading
from satchel.node.letters.stores import Clock, World

RATE, SINCE_S = "SATCHEL_TEST_RATE", "SATCHEL_TEST_SINCE_S"
PROGRAM = [sys.executable, str(Path(__file__))]


class Hurried:
    """Node time as it is at `since_s`, and faster from then on."""

    def __init__(self, clock: Clock, rate: float, since_s: int) -> None:
        self._clock, self._rate, self._since_s = clock, rate, since_s

    def read(self) -> Reading:
        reading = self._clock.read()
        return replace(reading, time_s=self._faster(reading.time_s))

    def best_s(self) -> int | None:
        best_s = self._clock.best_s()
        return None if best_s is None else self._faster(best_s)

    def _faster(self, time_s: int) -> int:
        return self._since_s + int((time_s - self._since_s) * self._rate)


def hurry(rate: float, since_s: int) -> None:
    def world(**given: Any) -> World:
        now_s = given["now_s"]
        clock = Hurried(given["clock"], rate, since_s)
        return World(**given | {"clock": clock, "now_s": lambda: now_s() * rate})

    setattr(post, "World", world)  # noqa: B010 - no seam of the program: it has none for this


if __name__ == "__main__":
    hurry(float(os.environ[RATE]), int(os.environ[SINCE_S]))
    sys.exit(main.main())
