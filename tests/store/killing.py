"""A process that uses a profile step after step, killed at random instants, again and again.

Each process goes on where the one before was killed. Steps are of some kinds, in turns.
"""

import os
import random
import select
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator

INTO_STEP_S_MAX = 0.002  # how far into a step a kill comes that is meant for its kind


class Killing:
    """Iterate: each time one more was killed, and `done` steps are known to be done. Who finds that one more
    is done counts it there."""

    def __init__(
        self, use: Callable[[int, int], None], *, kinds: int, kills: int, pause_s_max: float
    ) -> None:
        """use: does steps from the first argument on, in a process of its own, for ever; writes a byte to the
        descriptor that is the second one after each."""
        self._use = use
        self._kinds = kinds
        self._kills = kills
        self._pause_s_max = pause_s_max
        self._chance = random.Random(7)
        self._hits: Counter[int] = Counter()
        self.done = 0
        self.kill = 0  # which one it is, from 1

    @property
    def kinds_hit(self) -> int:
        return len(self._hits)

    def __iter__(self) -> Iterator[None]:
        """On a busy machine a kill comes late and misses the short steps: then there are more, up to twice as
        many."""
        while self.kill < self._kills or (self.kinds_hit < self._kinds and self.kill < 2 * self._kills):
            self.kill += 1
            self._kill_one()
            self._hits[self.done % self._kinds] += 1
            yield

    def _kill_one(self) -> None:
        told, telling = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            try:
                self._use(self.done, telling)
            finally:
                os._exit(3)
        os.close(telling)
        time.sleep(self._chance.uniform(0, self._pause_s_max))
        if self.kill % 2:  # a short step is seldom hit by chance alone: each second kill waits for the rarest
            wanted = min(range(self._kinds), key=lambda kind: self._hits[kind])
            while select.select([told], [], [], 0)[0] and (part := os.read(told, 4096)):
                self.done += len(part)
            while self.done % self._kinds != wanted and (part := os.read(told, 1)):
                self.done += len(part)
            time.sleep(self._chance.uniform(0, INTO_STEP_S_MAX))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, "the program ended by itself"
        while part := os.read(told, 4096):
            self.done += len(part)
        os.close(told)
