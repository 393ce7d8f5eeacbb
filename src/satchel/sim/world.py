"""A virtual clock, chance with a seed, and air that loses, repeats and delays.

After the simulator of TigerBeetle (VOPR). No waiting: an hour of many nodes passes in a second or so.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What happens to each packet on its way."""

    loss: float = 0.0  # part of them
    repeat: float = 0.0
    delay_s_mean: float = 0.002


class World:
    """Runs actions in the order of their time."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        self.now_s = 0.0
        self.chance = random.Random(seed)
        self.weather = weather or Weather()
        self._serial = 0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, when_s: float, action: Callable[[], None]) -> None:
        self._serial += 1  # ties break by insertion order, so a run never depends on hashing
        heapq.heappush(self._queue, (max(when_s, self.now_s), self._serial, action))

    def carry(self, deliver: Callable[[], None]) -> None:
        """Through the air: never, once or twice, a little later."""
        copies = 2 if self.chance.random() < self.weather.repeat else 1
        for _ in range(copies):
            if self.chance.random() >= self.weather.loss:
                self.at(self.now_s + self.chance.expovariate(1 / self.weather.delay_s_mean), deliver)

    def run(self, until_s: float, check: Callable[[], None] = lambda: None) -> None:
        """Until then. `check` looks at the world after every single event."""
        while self._queue and self._queue[0][0] <= until_s:
            self.now_s, _, action = heapq.heappop(self._queue)
            action()
            check()
        self.now_s = until_s
