"""How much is done: the first bytes are told at once, then at most five times a second."""

import threading
from collections.abc import Callable

from satchel.node import events

PERIOD_S = 0.2


class Meter:
    """Counts bytes and files of one connection; used by several threads."""

    def __init__(self, report: events.Report, now_s: Callable[[], float]) -> None:
        self._report = report
        self._now_s = now_s
        self._lock = threading.Lock()
        self._bytes_of = self._files_of = 0
        self._moved = self._skipped = 0
        self._files_done = 0
        self._told_s = float("-inf")
        self._begun = False

    def begin(self, bytes_of: int, files_of: int) -> None:
        with self._lock:
            self._bytes_of, self._files_of = bytes_of, files_of
            self._begun = True
            event = self._due(at_once=True)
        self._tell(event)

    def move(self, count: int) -> None:
        """`count` bytes of file content went over the connection. The first of them are told at once."""
        with self._lock:
            first = not self._moved
            self._moved += count
            event = self._due(at_once=first)
        self._tell(event)

    def skip(self, count: int) -> None:
        """`count` bytes need not go: they are there already, or will not come."""
        with self._lock:
            self._skipped += count
            event = self._due()
        self._tell(event)

    def file_done(self) -> None:
        self.files_done(1)

    def files_done(self, count: int) -> None:
        with self._lock:
            self._files_done += count
            event = self._due()
        self._tell(event)

    def close(self) -> None:
        """Tell the last state."""
        with self._lock:
            event = self._due(at_once=True)
        self._tell(event)

    def _due(self, *, at_once: bool = False) -> events.Progress | None:
        """What is to be told now, if anything."""
        now_s = self._now_s()
        if not self._begun or (now_s - self._told_s < PERIOD_S and not at_once):
            return None
        self._told_s = now_s
        return events.Progress(
            bytes_done=min(self._moved + self._skipped, self._bytes_of),
            bytes_of=self._bytes_of,
            files_done=self._files_done,
            files_of=self._files_of,
            bytes_moved=self._moved,
        )

    def _tell(self, event: events.Progress | None) -> None:
        if event is not None:
            self._report(event)
