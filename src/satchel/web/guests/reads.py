"""Books that are read in the browser of a guest: each has an app of its own, below its handle, and knows no
other book. What it does is decided elsewhere (web/reading); here it is kept for as long as it is asked for.

Spec: docs/spec/guests.md, 5.4.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol

from starlette.types import Receive, Scope, Send

from satchel.core.library.kinds import Kind
from satchel.ports.library import Book, Readable

OPEN_MAX = 8  # processes that look into books; the book that was asked for longest ago is closed


class ReadBook(Protocol):
    """One book, in HTTP: an ASGI app below its `root_path`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...
    async def close(self) -> None:
        """What it holds ends. May be repeated."""
        ...


class Reader(Protocol):
    """Opens books for guests."""

    def is_for(self, kind: Kind) -> bool:
        """Whether books of this kind open in a browser."""
        ...

    def open(self, book: Book, read: Callable[[int], Readable], *, back: str) -> ReadBook:
        """`read`: a part of it, by its number from 0; raises NothingToDo when it is on no open shelf any
        more. `back`: the address of its page."""
        ...


class NoReader:
    """Books are taken along only."""

    def __init__(self, _threads: Executor) -> None:
        pass

    def is_for(self, _kind: Kind) -> bool:
        return False

    def open(self, _book: Book, _read: Callable[[int], Readable], *, back: str) -> ReadBook:
        raise AssertionError(f"nothing leads there: {back}")


class Reads:
    """Used from one loop."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._open: OrderedDict[str, ReadBook] = OrderedDict()
        self._ending: set[asyncio.Task[None]] = set()

    def of(self, handle: str, book: Book, read: Callable[[int], Readable], *, back: str) -> ReadBook:
        if handle not in self._open:
            self._open[handle] = self._reader.open(book, read, back=back)
            if len(self._open) > OPEN_MAX:
                self._end(self._open.popitem(last=False)[1])
        self._open.move_to_end(handle)
        return self._open[handle]

    def _end(self, book: ReadBook) -> None:
        task = asyncio.get_running_loop().create_task(book.close())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        books = [*self._open.values()]
        self._open.clear()
        await asyncio.gather(*(book.close() for book in books), *self._ending, return_exceptions=True)
