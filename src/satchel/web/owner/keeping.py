"""The passphrase and the backup, on the page. Each deed is a job.

What is said to be done is durable by then. Spec: docs/spec/page.md, 4.11 and 4.12.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.errors import MisuseError, SatchelError
from satchel.web.owner.asking import OWN, Form, form_of, own_passphrase, refuse_typed_beside
from satchel.web.owner.errands import Event, Problem
from satchel.web.owner.frame import Frame
from satchel.web.owner.under_way import Errands

PATIENCE_S = 600.0  # a slow disk, a slow processor; whoever waits sees that it goes on
_HERE = "/care"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What these pages need from outside."""

    has_passphrase: Callable[[], bool]
    offer: Callable[[], str]  # random words for a passphrase, new ones each time
    backups: Callable[[], str]  # the folder for them, as a path in an event


class Keeping:
    """Used from the node's loop."""

    def __init__(self, frame: Frame, errands: Errands, keeper: Keeper) -> None:
        self._frame = frame
        self._errands = errands
        self._keeper = keeper
        self._turn = asyncio.Lock()  # one at a time: each takes seconds and much memory
        self._offered = keeper.offer()
        self._is_changed = False
        self._made: str | None = None  # the backup that was made last

    def routes(self) -> list[Route]:
        return [
            Route("/care/passphrase", self._passphrase, methods=["GET"]),
            Route("/care/passphrase", self._change, methods=["POST"]),
            Route("/care/backup", self._backup, methods=["GET"]),
            Route("/care/backup", self._back_up, methods=["POST"]),
        ]

    async def _passphrase(self, request: Request) -> Response:
        is_done, self._is_changed = self._is_changed, False
        return self._show(request, "passphrase.html", is_done=is_done)

    async def _change(self, request: Request) -> Response:
        form = await form_of(request)
        try:
            answers = [form.one("old")] if self._keeper.has_passphrase() else []
            await self._run(request, ["passphrase"], answers=[*answers, self._chosen(form)])
        except SatchelError as problem:
            return self._show(request, "passphrase.html", problem, form, is_done=False)
        self._offered, self._is_changed = self._keeper.offer(), True
        return self._frame.go("/care/passphrase")

    async def _backup(self, request: Request) -> Response:
        made, self._made = self._made, None
        return self._show(request, "backup.html", made=made)

    async def _back_up(self, request: Request) -> Response:
        form = await form_of(request)
        try:
            answers = [] if self._keeper.has_passphrase() else [self._chosen(form)]
            said = await self._run(request, ["backup"], operands=[self._keeper.backups()], answers=answers)
        except SatchelError as problem:
            return self._show(request, "backup.html", problem, form, made=None)
        self._made = next(str(event["file"]) for event in said if event["event"] == "done")
        if answers:
            self._offered = self._keeper.offer()
        return self._frame.go("/care/backup")

    def _chosen(self, form: Form) -> str:
        """A new passphrase. Raises MisuseError.

        Words that are offered are those that this person has seen: another window may have taken them, and
        new ones stand here. Nothing typed would be the words of the command, which nobody has seen.
        """
        refuse_typed_beside(form, "passphrase")
        if form.one("which") == "offered":
            if form.one("offered") != self._offered:
                raise MisuseError(
                    "These words were taken in another window.",
                    safe="Nothing was changed.",
                    do="Write down the ones that are offered now.",
                )
            return self._offered
        if not form.one("passphrase"):
            raise MisuseError("No new passphrase was typed.", safe="Nothing was changed.", do="Type one.")
        return own_passphrase(form)

    async def _run(
        self, request: Request, words: Sequence[str], *, answers: Sequence[str], operands: Sequence[str] = ()
    ) -> list[Event]:
        code = self._frame.code(request)
        async with self._turn:
            return await self._errands.run(
                words, operands=operands, answers=answers, language=code, within_s=PATIENCE_S
            )

    def _show(
        self,
        request: Request,
        template: str,
        problem: SatchelError | None = None,
        form: Form | None = None,
        **fields: Any,
    ) -> Response:
        return self._frame.show(
            request,
            template,
            here=_HERE,
            status=200 if problem is None else 403,
            problem=Problem.of(problem) if problem is not None else None,
            has_passphrase=self._keeper.has_passphrase(),
            offered=self._offered,
            which=OWN if form is not None and form.one("passphrase") else "offered",
            folder=self._keeper.backups(),
            **fields,
        )
