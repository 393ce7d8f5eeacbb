"""The owner's books in the owner's browser: an origin of their own, which knows nothing of the owner's page.

A listener of its own on this machine, at a port that the kernel chooses, with no cookies. Each open book
has a path that nobody can guess, and that leads nowhere when the node has ended or nobody has read for hours.
Spec: docs/spec/reading.md, 4.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from satchel.ports.books import Opener
from satchel.problems import disk_problems
from satchel.web.reading.app import Reading
from satchel.web.reading.policy import COMMON
from satchel.web.reading.shown import Manners, ShownBook
from satchel.web.serving import serve

HOST = "localhost"  # another site than 127.0.0.1 to a browser: its pages share no process with the owner's
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
PATH_BYTES = 16
BOOKS_MAX = 16  # open at the same time; the one read longest ago is closed
IDLE_S = 6 * 3600.0
BACKLOG = 64
TRIES = 20
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
_REFUSED = {**COMMON, "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}


@dataclass(slots=True)
class _Open:
    reading: Reading
    book: Hashable
    used_at_s: float


class BookOrigin:
    """An ASGI application that serves itself, from when a book is opened. Used from the node's loop."""

    def __init__(
        self,
        opener: Opener,
        *,
        threads: Executor,
        draw: Callable[[int], bytes],
        now_s: Callable[[], float],
    ) -> None:
        """`threads`: see Reading; `draw`: so many random bytes; `now_s`: a clock that is never set."""
        self._opener = opener
        self._threads = threads
        self._draw = draw
        self._now_s = now_s
        self._open: dict[str, _Open] = {}  # by its path, without a slash
        self._host: str | None = None
        self._serving: list[asyncio.Task[None]] = []

    @property
    def origin(self) -> str | None:
        """None: no book was opened yet."""
        return f"http://{self._host}" if self._host is not None else None

    async def open_book(self, book: Hashable, shown: ShownBook, manners: Manners) -> str:
        """Where it is read, for this person's browser alone: who has it reads the book. One that is open
        already, by `book`, stays where it is. Raises EnvironmentProblem: there can be no listener."""
        if self._host is None:
            self._listen()
        await self._sweep()
        now_s = self._now_s()
        for path, one in self._open.items():
            if one.book == book:
                one.used_at_s = now_s
                return f"{self.origin}/{path}/"
        while len(self._open) >= BOOKS_MAX:
            oldest = min(self._open, key=lambda path: self._open[path].used_at_s)
            await self._open.pop(oldest).reading.close()
        reading = Reading(shown, self._opener, threads=self._threads, manners=manners)
        path = self._draw(PATH_BYTES).hex()
        self._open[path] = _Open(reading, book, now_s)
        return f"{self.origin}/{path}/"

    async def close_book(self, book: Hashable) -> None:
        """As where it was removed: it cannot be read any more. One that is not open is no matter."""
        for path in [path for path, one in self._open.items() if one.book == book]:
            await self._open.pop(path).reading.close()

    async def close(self) -> None:
        """Nothing is open, and nobody listens. May be repeated."""
        serving, self._serving, self._host = self._serving, [], None
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for path in list(self._open):
            await self._open.pop(path).reading.close()

    def _listen(self) -> None:
        with disk_problems("make a listener for books"):
            sockets = listening()
        self._host = f"{HOST}:{sockets[0].getsockname()[1]}"
        self._serving = [asyncio.ensure_future(serve(self, one)) for one in sockets]

    async def _sweep(self) -> None:
        limit_s = self._now_s() - IDLE_S
        for path in [path for path, one in self._open.items() if one.used_at_s < limit_s]:
            await self._open.pop(path).reading.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope)
        await self._sweep()
        path = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        one = self._open.get(path)
        answer: ASGIApp
        if asked.get("host") != self._host or len(asked.getlist("host")) != 1:
            answer = Response(status_code=421, headers=_REFUSED)  # a name was turned to this machine
        elif one is None or not scope["path"].startswith(f"/{path}/"):
            answer = Response(status_code=404, headers=_REFUSED)
        else:
            one.used_at_s = self._now_s()
            scope, answer = {**scope, "root_path": f"/{path}"}, one.reading
        await answer(scope, receive, send)


def listening() -> list[socket.socket]:
    """At one port of both addresses that `localhost` may be: else another person of this machine could listen
    at the other one, and be told the way to each book. Raises OSError."""
    for _ in range(TRIES):
        sockets: list[socket.socket] = []
        try:
            for family, address in LOOPBACKS:
                port = sockets[0].getsockname()[1] if sockets else 0
                try:
                    sockets.append(_bound(family, address, port))
                except OSError as problem:
                    if family != socket.AF_INET6 or problem.errno not in _NO_IPV6:
                        raise  # without IPv6 nobody listens there
        except OSError as taken:
            for one in sockets:
                one.close()
            if taken.errno != errno.EADDRINUSE:
                raise
            continue
        return sockets
    raise OSError(errno.EADDRINUSE, "no port is free on both 127.0.0.1 and ::1")


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made
