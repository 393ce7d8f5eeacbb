"""Before the profile is open: the first start, and the passphrase. The person is done in a minute.

What is decided about passphrases is given from outside (`Opener`): it is the same as on the command line.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from satchel.errors import AccessDenied, MisuseError, SatchelError
from satchel.node.own_thread import in_own_thread
from satchel.web.owner import speech
from satchel.web.owner.asking import OWN, form_of, own_passphrase, refuse_typed_beside
from satchel.web.owner.errands import Problem
from satchel.web.owner.frame import Frame

CLOSES_S = 0.25


class Opener(Protocol):
    """Blocks for about a second."""

    @property
    def is_new(self) -> bool:
        """There is no profile yet."""
        ...

    @property
    def has_passphrase(self) -> bool:
        """The profile that is there has one."""
        ...

    def offer(self) -> str:
        """Random words for a passphrase; the same ones until one was taken."""
        ...

    def speak(self, language: str) -> None:
        """The language that was chosen: one of the page's."""
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
        self._begun_with: tuple[str | None] | None = None  # what `begin` was given; None: nothing yet
        self.opened = asyncio.Event()

    def app(self) -> ASGIApp:
        return self._frame.app(
            [
                Route("/", self._show, methods=["GET"]),
                Route("/language", self._choose_language, methods=["POST"]),
                Route("/begin", self._begin, methods=["POST"]),
                Route("/unlock", self._unlock, methods=["POST"]),
                Route("/live", self._live, methods=["GET"]),
            ]
        )

    async def _live(self, _request: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[bytes]:
        """A window that is still open when this has ended asks for no passphrase any more [2.8]."""
        yield b":\n\n"
        await self.opened.wait()
        yield b"event: opened\ndata:\n\n"

    async def _show(self, request: Request) -> Response:
        return await self._open() if self.opened.is_set() else self._page(request)

    def _page(
        self, request: Request, problem: SatchelError | None = None, *, which: str = "offered"
    ) -> Response:
        told = Problem.of(problem) if problem is not None else None
        status = 200 if problem is None else 403
        if self._opener.is_new:
            fields = {"offered": self._opener.offer(), "which": which}
            return self._frame.show(request, "welcome.html", status=status, problem=told, **fields)
        return self._frame.show(request, "unlock.html", status=status, problem=told)

    async def _choose_language(self, request: Request) -> Response:
        code = (await form_of(request)).one("language")
        if code not in speech.CODES:
            raise MisuseError("page 5.1: this page does not speak that language.")
        self._opener.speak(code)
        return self._frame.go("/")

    async def _begin(self, request: Request) -> Response:
        form = await form_of(request)
        which = form.one("which")
        try:
            refuse_typed_beside(form, "passphrase")
            own = own_passphrase(form) if which == OWN else None
            chosen = {"offered": self._opener.offer(), OWN: own, "none": None}[which]
            async with self._turn:
                if not self._opener.is_new:
                    return await self._begin_too_late(request, chosen)
                await in_own_thread(self._opener.begin, chosen)
                self._begun_with = (chosen,)
        except KeyError:
            raise MisuseError("page 3.1: this is no choice.") from None
        except MisuseError as weak:
            return self._page(request, weak, which=OWN if form.one("passphrase") else which)
        return await self._open()

    async def _begin_too_late(self, request: Request, chosen: str | None) -> Response:
        """Another window was first. Nobody may believe that what they chose here protects anything [3.4]."""
        if self._begun_with == (chosen,):  # who clicks twice
            return await self._open()
        return self._frame.show(request, "begun.html", has_passphrase=self._opener.has_passphrase)

    async def _unlock(self, request: Request) -> Response:
        typed = (await form_of(request)).one("passphrase")
        try:
            async with self._turn:
                if not self.opened.is_set():
                    await in_own_thread(self._opener.open, typed)
        except (AccessDenied, MisuseError) as wrong:
            return self._page(request, wrong)
        return await self._open()

    async def _open(self) -> Response:
        """On to the pages behind this door: who asks for them is kept waiting until they are served. Who asks
        while this one is still answered comes here again."""
        self.opened.set()
        await asyncio.sleep(CLOSES_S)
        return RedirectResponse(self._frame.gate.base + "/", status_code=303, headers={"connection": "close"})
