"""Those who wait for their turn at a code: one guess at a time, from one asyncio loop."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

from satchel.node.door import CodeDoor
from satchel.ports import Arrival, Pipe

WAITING_MAX = 16

T = TypeVar("T")


class Knocking(Generic[T]):
    """The queue before one door. `is_open`, where it is asked for: whether there is a place behind it."""

    def __init__(self, door: CodeDoor[T]) -> None:
        self._door = door
        self._waiting: deque[Arrival] = deque()
        self.guess: asyncio.Task[tuple[Pipe, T] | None] | None = None  # the one that is made now

    def come(self, arrival: Arrival, *, is_open: bool) -> None:
        """Nothing is answered unless the flight speaks of our channel."""
        if is_open and len(self._waiting) < WAITING_MAX and self._door.is_meant(arrival):
            self._waiting.append(arrival)
        else:
            arrival.drain()

    def let_the_next_in(self, *, is_open: bool) -> None:
        """The others wait, for as long as their connection may."""
        while self.guess is None and self._waiting:
            arrival = self._waiting.popleft()
            if not is_open:
                arrival.drain()
            elif arrival.is_waiting and (guess := self._door.knock(arrival)):
                self.guess = asyncio.ensure_future(guess)

    def take_guess(self) -> tuple[Pipe, T] | None:
        """What came of the guess, which is over; None: it was wrong."""
        assert self.guess is not None
        guess, self.guess = self.guess, None
        return guess.result()

    def stop(self) -> None:
        """The guess that is made now is not waited for."""
        if self.guess is not None:
            self.guess.cancel()
