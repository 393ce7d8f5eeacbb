"""What stays set: language, quiet, what is taken from contacts, where it goes, history, room for others.

Each change is a job.

Spec: docs/spec/page.md, 5.6 and 5.7; docs/spec/cli.md, 1.14.
"""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.errors import MisuseError, SatchelError
from satchel.node.node import Node
from satchel.web.owner.asking import OWN, form_of, refuse_typed_beside
from satchel.web.owner.errands import Problem
from satchel.web.owner.frame import Frame
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands

_HERE = "/settings"
_CHOSEN_BY_LIST = ("language", "quiet", "accept", "history", "carry")
_ROOMS_MB = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)  # for letters of others


class SettingsPage:
    """Used from the node's loop."""

    def __init__(
        self,
        frame: Frame,
        node: Node,
        errands: Errands,
        news: News,
        *,
        into: str,
        into_by_code: Callable[[], str],
    ) -> None:
        """Folders: see inside.World."""
        self._frame = frame
        self._node = node
        self._errands = errands
        self._news = news
        self._into = into
        self._into_by_code = into_by_code

    def routes(self) -> list[Route]:
        return [
            Route("/settings", self._show, methods=["GET"]),
            Route("/settings/into", self._set_folder, methods=["POST"]),
            Route("/settings/{name}", self._set, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return await self._page(request)

    async def _page(
        self, request: Request, problem: SatchelError | None = None, *, typed: str = ""
    ) -> Response:
        """`typed`: as a folder, and not used."""
        said = await self._errands.look("settings", "list")
        stored = {event["name"]: event["value"] for event in said if event["event"] == "setting"}
        return self._frame.show(
            request,
            "settings.html",
            here=_HERE,
            status=200 if problem is None else 400,
            problem=Problem.of(problem) if problem is not None else None,
            stored=stored,
            running=self._running(),
            rooms=_rooms(int(stored["carry"])),
            folder=typable(stored["into"]),
            typed=typed,
        )

    def _running(self) -> dict[str, Any]:
        """What counts at this moment: Satchel may have been started in another way than is set."""
        return {
            "quiet": self._node.presence.mode.name == "QUIET",
            "accept": self._node.accept.value,
            "takes": self._node.taking is not None,
            "into": self._into,
            "into_by_code": self._into_by_code(),
        }

    async def _set(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _CHOSEN_BY_LIST:
            raise MisuseError("page 5.6: there is no such setting.")
        value = (await form_of(request)).one("value")
        return await self._do(request, ["set"], [name, value]) if value else await self._reset(request, name)

    async def _set_folder(self, request: Request) -> Response:
        form = await form_of(request)
        typed = form.one("value").strip()
        try:
            if typed != form.one("before"):
                refuse_typed_beside(form, "value")
        except MisuseError as unclear:
            return await self._page(request, unclear, typed=typed)
        if form.one("which") != OWN:
            return await self._reset(request, "into")
        if not typed.startswith("/"):
            return await self._page(
                request,
                MisuseError(
                    "This is no whole path.",
                    safe="Nothing was changed.",
                    do="Name the folder from the root on: it begins with a slash.",
                ),
                typed=typed,
            )
        return await self._do(request, ["set"], ["into", typed], typed=typed)

    async def _reset(self, request: Request, name: str) -> Response:
        return await self._do(request, ["reset"], [name])

    async def _do(
        self, request: Request, words: Sequence[str], operands: Sequence[str], *, typed: str = ""
    ) -> Response:
        code = self._frame.code(request)
        try:
            await self._errands.run(["settings", *words], operands=operands, language=code)
        except SatchelError as problem:
            return await self._page(request, problem, typed=typed)
        self._news.tell()
        return self._frame.go(_HERE)


def _rooms(now_bytes: int) -> list[int]:
    """To choose from: what is set now among them, wherever it was set."""
    return sorted({now_bytes, *(size * 1_000_000 for size in _ROOMS_MB)})


def typable(path: str | None) -> str:
    """As it stands in a field; nothing, where the field would say another one, or not all of it (G)."""
    return path if path is not None and path == path.strip() and path.isprintable() else ""
