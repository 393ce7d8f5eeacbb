"""Greetings that run at this moment.

An honest host answers at once, so one is greeted after the other. But who lets us wait is not waited for
alone: another host is greeted meanwhile, or somebody who stalls, under many addresses, would keep the right
one away for as long as a code lives (P3).
"""

import asyncio
from collections.abc import Callable, Coroutine

from satchel.ports import Endpoint

PATIENCE_S = 1.5  # with one, before another is greeted as well
GREETINGS_MAX = 8


class Greetings:
    """Used from one asyncio loop. Times are those of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], tuple[object, Endpoint]] = {}
        self._next_s = 0.0

    @property
    def tasks(self) -> frozenset[asyncio.Task[None]]:
        """To be waited for."""
        return frozenset(self._running)

    def rest_s(self, now_s: float, *, alone: bool = False) -> float:
        """How long until another may begin; infinite: one of these has to end first. `alone`: any of them."""
        if not self._running:
            return 0.0
        full = alone or len(self._running) >= GREETINGS_MAX
        return float("inf") if full else max(0.0, self._next_s - now_s)

    def is_greeted(self, whose: object, endpoint: Endpoint) -> bool:
        """Whether somebody at this address is greeted for the same already."""
        return any(of is whose and end.address == endpoint.address for of, end in self._running.values())

    def begin(
        self, whose: object, endpoint: Endpoint, greeting: Coroutine[None, None, None], now_s: float
    ) -> None:
        """`whose`: for what it is; what it means for that is up to `greeting`."""
        self._running[asyncio.ensure_future(greeting)] = whose, endpoint
        self._next_s = now_s + PATIENCE_S

    def settle(self) -> None:
        """Forget those that are over; raises what one of them has raised."""
        ended = [task for task in self._running if task.done()]
        for task in ended:
            del self._running[task]
        problems = [task.exception() for task in ended if not task.cancelled()]
        for problem in filter(None, problems):
            raise problem

    def end_others(self, whose: object, but: Callable[[Endpoint], bool] = lambda _: False) -> None:
        """Called in one: nobody is needed any more for the same, `but` at such ends."""
        for task in self._others(whose):
            if not but(self._running[task][1]):
                task.cancel()

    def has_others(self, whose: object) -> bool:
        """Called in one: whether another is greeted for the same."""
        return bool(self._others(whose))

    def _others(self, whose: object) -> list[asyncio.Task[None]]:
        current = asyncio.current_task()
        others = [task for task, (of, _) in self._running.items() if of is whose and task is not current]
        return [task for task in others if not task.done()]

    async def stop(self) -> None:
        """End all of them."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()
