"""The limited process of a book that is being read: begun when it is asked for something, ended when nobody
has asked for a while, since others wait for its place."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from satchel.core.library.kinds import Kind
from satchel.errors import EnvironmentProblem, NothingToDo, SatchelError
from satchel.node.own_thread import in_own_thread
from satchel.ports.books import Chapter, OpenBook, Opener, Resource
from satchel.ports.library import Readable

IDLE_S = 10.0
T = TypeVar("T")


class HeldBook:
    """Used from one loop."""

    def __init__(self, opener: Opener, kind: Kind, read: Callable[[], Readable]) -> None:
        self._opener = opener
        self._kind = kind
        self._read = read
        self._book: OpenBook | None = None
        self._outline: Sequence[Chapter] | None = None
        self._turn = asyncio.Lock()  # one call at a time
        self._ending: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def fetch(self, path: str) -> Resource:
        """Raises UnfitBook, NothingToDo, EnvironmentProblem."""
        return await self._asked(lambda book: book.fetch(path))

    async def outline(self) -> Sequence[Chapter]:
        """As `fetch`."""
        if self._outline is None:
            self._outline = await self._asked(lambda book: book.outline())
        return self._outline

    async def close(self) -> None:
        """Its process ends; nothing can be asked any more. May be repeated."""
        self._is_closed = True
        async with self._turn:
            await self._end()

    async def _asked(self, ask: Callable[[OpenBook], T]) -> T:
        async with self._turn:
            if self._is_closed:
                raise NothingToDo("This book is not open any more.", do="Open it again in the library.")
            if self._ending is not None:
                self._ending.cancel()
            try:
                if self._book is None:
                    self._book = await in_own_thread(self._opened)
                return await in_own_thread(ask, self._book)
            except NothingToDo:
                raise
            except SatchelError:
                await self._end()  # it may have died: who asks again gets another one
                raise
            finally:
                self._ending = asyncio.get_running_loop().call_later(IDLE_S, self._idle)

    def _opened(self) -> OpenBook:
        content = self._read()
        try:
            return self._opener.open(content, self._kind)
        except BaseException:
            content.close()
            raise

    def _idle(self) -> None:
        self._closing = asyncio.ensure_future(self._end_in_turn())  # kept: a loop forgets what nobody holds

    async def _end_in_turn(self) -> None:
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
        book, self._book = self._book, None
        if book is not None:
            with suppress(EnvironmentProblem):
                await in_own_thread(book.close)
