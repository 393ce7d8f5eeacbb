"""A number of places, given to who has waited longest."""

import threading
from collections import deque


class Turns:
    """From any thread."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def take(self, within_s: float | None = None) -> bool:
        """Waits; False: none became free in time. Who got one gives it back."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(within_s):
            return True
        with self._lock:
            if turn.is_set():  # in the last moment
                return True
            self._waiting.remove(turn)
            return False

    def give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)
