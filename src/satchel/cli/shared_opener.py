"""Who looks into books, for all commands of a node: made for the first of them, ended with the profile."""

import threading
from typing import TYPE_CHECKING

from satchel.node import clock

if TYPE_CHECKING:
    from satchel.books.opener import BookOpener


class SharedOpener:
    """From any thread. Has no process, and loads nothing, until the first book."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._opener: BookOpener | None = None

    def get(self) -> "BookOpener":
        with self._guard:
            if self._opener is None:
                from satchel.books.opener import BookOpener  # noqa: PLC0415 - other commands need none of it

                self._opener = BookOpener(now_s=clock.monotonic_s)
            return self._opener

    def close(self) -> None:
        with self._guard:
            if self._opener is not None:
                self._opener.close()
