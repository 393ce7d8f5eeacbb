"""Whose turn it is at a database of the index: who searches waits for one batch, not for a whole book."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAIT_S_MAX = 1.0  # that who writes lets others go first: endless searches must not end all writing


class Turns:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._searching = 0  # that wait

    @contextmanager
    def searching(self, within_s: float) -> Iterator[bool]:
        """False: it was not to be had in that time."""
        with self._changed:
            self._searching += 1
            try:
                is_mine = self._changed.wait_for(lambda: not self._is_taken, max(0.0, within_s))
                self._is_taken = self._is_taken or is_mine
            finally:
                self._searching -= 1
                self._changed.notify_all()
        try:
            yield is_mine
        finally:
            if is_mine:
                self._leave()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._searching and not self._is_taken, WAIT_S_MAX)
            self._changed.wait_for(lambda: not self._is_taken)
            self._is_taken = True
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._is_taken = False
            self._changed.notify_all()
