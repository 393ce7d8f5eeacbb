"""What was handed over, where the person has switched that on. Its end is a job, after a second question.

Spec: docs/spec/page.md, 4.13; docs/spec/cli.md, 1.15.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.web.owner.frame import Frame
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands

PAGE_PASTS = 100
_HERE = "/people"


class HistoryPage:
    """Used from the node's loop."""

    def __init__(self, frame: Frame, errands: Errands, news: News) -> None:
        self._frame = frame
        self._errands = errands
        self._news = news

    def routes(self) -> list[Route]:
        return [
            Route("/history", self._show, methods=["GET"]),
            Route("/history/clear", self._clear, methods=["POST"]),
            Route("/history/{page:int}", self._show, methods=["GET"]),
        ]

    async def _show(self, request: Request) -> Response:
        number = request.path_params.get("page", 0)
        said = await self._errands.look("history", "list")
        kept = [event for event in said if event["event"] == "past"]
        first = number * PAGE_PASTS
        return self._frame.show(
            request,
            "history.html",
            here=_HERE,
            is_on=said[-1]["on"],
            kept=kept[first : first + PAGE_PASTS],
            older=number + 1 if len(kept) > first + PAGE_PASTS else None,
        )

    async def _clear(self, request: Request) -> Response:
        code = self._frame.code(request)
        await self._errands.run(["history", "clear"], answers=["y"], language=code)
        self._news.tell()
        return self._frame.go("/history")
