"""How much is done, told at most five times a second."""

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
        self._bytes_of, self._files_of = bytes_of, files_of
        self._begun = True
        self._tell(at_once=True)

    def move(self, count: int) -> None:
        """`count` bytes of file content went over the connection."""
        with self._lock:
            self._moved += count
        self._tell()

    def skip(self, count: int) -> None:
        """`count` bytes need not go: they are there already, or will not come."""
        with self._lock:
            self._skipped += count
        self._tell()

    def file_done(self) -> None:
        with self._lock:
            self._files_done += 1
        self._tell()

    def close(self) -> None:
        """Tell the last state."""
        if self._begun:
            self._tell(at_once=True)

    def _tell(self, *, at_once: bool = False) -> None:
        with self._lock:
            now_s = self._now_s()
            if not self._begun or (now_s - self._told_s < PERIOD_S and not at_once):
                return
            self._told_s = now_s
            event = events.Progress(
                bytes_done=min(self._moved + self._skipped, self._bytes_of),
                bytes_of=self._bytes_of,
                files_done=self._files_done,
                files_of=self._files_of,
                bytes_moved=self._moved,
            )
        self._report(event)
