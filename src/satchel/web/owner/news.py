"""That something on the page has changed: told to all windows that show it, at most a few times a second."""

import asyncio
from collections.abc import AsyncIterator, Callable

PAUSE_S = 0.2
BEAT_S = 20.0  # without a word for so long a browser may think that the connection is dead


class News:
    """Used from the node's loop; `tell` from any thread."""

    def __init__(self, asks: Callable[[], int]) -> None:
        """`asks`: how many questions wait for the person's word."""
        self._asks = asks
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._version = 0

    def tell(self) -> None:
        """Something has changed."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def stream(self) -> AsyncIterator[bytes]:
        """Server-sent events (WHATWG HTML, 9.2): each says that what is shown is old, and how many questions
        wait: the title of a window that nobody looks at says so, too."""
        told = -1
        while True:
            if told != self._version:
                told = self._version
                yield b"event: changed\ndata: %d\n\n" % self._asks()
                await asyncio.sleep(PAUSE_S)
                continue
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._changed.wait()
            except TimeoutError:
                yield b":\n\n"
