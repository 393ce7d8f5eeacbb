"""How a page of the reader is made: in the language of who reads, with what a book says as text (G)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from satchel.core.library.item import Direction
from satchel.web.owner import speech
from satchel.web.owner.errands import Problem
from satchel.web.owner.rendering import environment
from satchel.web.reading.policy import IMPORT_MAP, Policy
from satchel.web.reading.shown import Manners, ShownBook

PACKAGE = "satchel.web.reading"


class Screens:
    def __init__(self, shown: ShownBook, manners: Manners) -> None:
        self._shown = shown
        self._manners = manners

    def code(self, request: Request) -> str:
        """The language: as chosen, else as the browser is set."""
        return self._manners.language() or speech.wanted(request.headers.get("accept-language", ""))

    def show(
        self, request: Request, template: str, headers: dict[str, str], *, status: int = 200, **fields: Any
    ) -> Response:
        """`headers`: of `Policy`."""
        page = (
            environment(self.code(request), PACKAGE)
            .get_template(template)
            .render(
                base=request.scope.get("root_path", ""),
                book=self._shown,
                tongue=self._shown.languages[0] if self._shown.languages else None,
                way="rtl" if self._shown.direction is Direction.RIGHT_TO_LEFT else "ltr",
                back=self._manners.back,
                keeps=self._manners.keeps_places,
                searches=self._manners.find is not None,
                import_map=IMPORT_MAP,
                **fields,
            )
        )
        return HTMLResponse(page, status_code=status, headers=headers)

    def refused(self, request: Request, problem: Problem, status: int) -> Response:
        policy: Policy = request.scope["policy"]
        return self.show(request, "refused.html", dict(policy.page()), status=status, problem=problem)
