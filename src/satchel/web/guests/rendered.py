"""Answers that were written already, as long as nothing has changed: bounded, and of no reader in
particular."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from satchel.web.guests.open_shelves import State

BYTES_MAX = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One document."""

    body: bytes = field(repr=False)
    media_type: str
    etag: str = field(repr=False)
    modified_s: int  # since 1970


class Rendered:
    """From any thread. What was asked for longest ago leaves first."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._turn = threading.Lock()
        self._state: State | None = None
        self._written: OrderedDict[Hashable, Written] = OrderedDict()

    def find(self, key: Hashable, state: State) -> Written | None:
        with self._turn:
            if self._state is not state:
                return None
            if (written := self._written.get(key)) is not None:
                self._written.move_to_end(key)
            return written

    def keep(self, key: Hashable, state: State, written: Written) -> None:
        """`state`: as it was before that was written."""
        with self._turn:
            if self._state is not state:
                self._written.clear()
                self._bytes, self._state = 0, state
            if (before := self._written.pop(key, None)) is not None:
                self._bytes -= len(before.body)
            self._written[key] = written
            self._bytes += len(written.body)
            while self._bytes > self._bytes_max:
                _, oldest = self._written.popitem(last=False)
                self._bytes -= len(oldest.body)
