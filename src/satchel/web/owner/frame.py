"""What is common to all pages of the owner: how one is answered, in which language, the files beside it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from satchel.errors import SatchelError
from satchel.web.answers import status_of, told
from satchel.web.owner import entrance, speech
from satchel.web.owner.beside import file_beside
from satchel.web.owner.errands import Problem
from satchel.web.owner.gate import Gate
from satchel.web.owner.guard import Guard
from satchel.web.owner.rendering import render
from satchel.web.owner.telling import tell

UPLOADS = "/uploads"
LAST_PAGE_S = 1.0
ANSWER_LEAVES_S = 0.1
LOOKS = frozenset({"page.css", "icon.svg"})  # what a page without a script asks for beside itself
SCRIPTED = LOOKS | {"page.js"}


class Frame:
    """What all pages behind one gate have around them: the language, the way an answer is given."""

    def __init__(
        self,
        gate: Gate,
        *,
        chosen: Callable[[], str | None],
        asks: Callable[[], int] = lambda: 0,
        live: str = "live.js",
    ) -> None:
        """`chosen`: the language that the person has chosen, if any. `asks`: how many questions wait for the
        person's word. `live`: see rendering.render."""
        self.gate = gate
        self._chosen = chosen
        self._asks = asks
        self._live = live
        self._left: set[str] = set()  # of the files beside a last page, those that have been asked for
        self._one_left = asyncio.Event()

    def code(self, request: Request) -> str:
        """The language: as chosen, else as the browser is set."""
        return self._chosen() or speech.wanted(request.headers.get("accept-language", ""))

    def show(
        self, request: Request, template: str, *, status: int = HTTPStatus.OK, **fields: Any
    ) -> Response:
        code, base = self.code(request), self.gate.base
        page = render(
            template,
            code=code,
            base=base,
            live=self._live,
            asks=self._asks(),
            renews=request.method == "GET" and status == HTTPStatus.OK,
            **fields,
        )
        return HTMLResponse(page, status_code=status)

    async def last_page_left(self, beside: frozenset[str]) -> None:
        """Until a page that is the last one has got the files beside it, too; at most a second."""
        self._left.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_PAGE_S):
                while not self._left >= beside:
                    self._one_left.clear()
                    await self._one_left.wait()
        await asyncio.sleep(ANSWER_LEAVES_S)

    def go(self, path: str) -> Response:
        """After something was done: a page that may be renewed without doing it again."""
        return RedirectResponse(self.gate.base + path, status_code=303)

    def app(self, routes: Sequence[BaseRoute]) -> ASGIApp:
        async def enter(request: Request) -> Response:
            return await entrance.enter(self.gate, request)

        inside = Starlette(
            routes=[
                Mount(
                    self.gate.base,
                    routes=[
                        Route("/enter", enter, methods=["POST"]),
                        Route("/static/{name:path}", self._static, methods=["GET"]),
                        *routes,
                    ],
                )
            ],
            exception_handlers={SatchelError: self._refused},
        )
        return Guard(self.gate, inside)

    async def _refused(self, request: Request, problem: Exception) -> Response:
        if request.url.path.startswith(self.gate.base + UPLOADS):  # a script asks, not a window
            return told(
                problem, lambda sentence: tell(self.code(request), sentence).plain if sentence else ""
            )
        assert isinstance(problem, SatchelError)
        said = Problem.of(problem)
        return self.show(request, "refused.html", status=status_of(problem), problem=said)

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        content, kind = file_beside(name)
        self._left.add(name)
        self._one_left.set()
        return Response(content, media_type=kind)
