"""Before the profile is open: the first start, and the passphrase. The person is done in a minute.

What is decided about passphrases is given from outside (`Opener`): it is the same as on the command line.
"""

import asyncio
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from satchel.errors import AccessDenied, MisuseError, SatchelError
from satchel.node.own_thread import in_own_thread
from satchel.web.owner.asking import form_of
from satchel.web.owner.errands import Problem
from satchel.web.owner.frame import Frame


class Opener(Protocol):
    """Blocks for about a second."""

    @property
    def is_new(self) -> bool:
        """There is no profile yet."""
        ...

    def offer(self) -> str:
        """Random words for a passphrase; the same ones until one was taken."""
        ...

    def begin(self, passphrase: str | None) -> None:
        """Make the profile; None: without a passphrase. Raises MisuseError: too short."""
        ...

    def open(self, passphrase: str) -> None:
        """Raises AccessDenied."""
        ...


class Door:
    """Until somebody has opened it: then `opened` is set."""

    def __init__(self, frame: Frame, opener: Opener) -> None:
        self._frame = frame
        self._opener = opener
        self._turn = asyncio.Lock()  # one try at a time: each takes a second and much memory
        self._opening: asyncio.Task[None] | None = None
        self.opened = asyncio.Event()

    def app(self) -> ASGIApp:
        return self._frame.app(
            [
                Route("/", self._show, methods=["GET"]),
                Route("/begin", self._begin, methods=["POST"]),
                Route("/unlock", self._unlock, methods=["POST"]),
            ]
        )

    async def _show(self, request: Request) -> Response:
        return self._page(request) if self._opening is None else self._open(request)

    def _page(self, request: Request, problem: SatchelError | None = None) -> Response:
        told = Problem.of(problem) if problem is not None else None
        status = 200 if problem is None else 403
        if self._opener.is_new:
            offered = self._opener.offer()
            return self._frame.show(request, "welcome.html", status=status, problem=told, offered=offered)
        return self._frame.show(request, "unlock.html", status=status, problem=told)

    async def _begin(self, request: Request) -> Response:
        form = await form_of(request)
        which, own = form.one("which"), form.one("passphrase")
        try:
            if which == "own" and own != form.one("again"):
                raise MisuseError(
                    "These were not the same.", safe="Nothing was changed.", do="Type it twice."
                )
            chosen = {"offered": self._opener.offer(), "own": own, "none": None}[which]
            async with self._turn:
                if self._opening is None:
                    await in_own_thread(self._opener.begin, chosen)
        except KeyError:
            raise MisuseError("page 3.1: this is no choice.") from None
        except MisuseError as weak:
            return self._page(request, weak)
        return self._open(request)

    async def _unlock(self, request: Request) -> Response:
        typed = (await form_of(request)).one("passphrase")
        try:
            async with self._turn:
                if self._opening is None:
                    await in_own_thread(self._opener.open, typed)
        except (AccessDenied, MisuseError) as wrong:
            return self._page(request, wrong)
        return self._open(request)

    def _open(self, request: Request) -> Response:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open_soon())
        return self._frame.show(request, "opening.html")

    async def _open_soon(self) -> None:
        await self._frame.last_page_left()
        self.opened.set()
