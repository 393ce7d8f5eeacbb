"""The letters of a contact and to it, as one conversation. Each deed is a job.

Spec: docs/spec/page.md, 7; docs/spec/cli.md, 1.16 to 1.18.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.errors import NoSuchLetter, NothingToDo, SatchelError
from satchel.node.own_thread import in_own_thread
from satchel.web.answers import status_of
from satchel.web.owner.asking import Form, form_of
from satchel.web.owner.correspondence import LIFETIMES_DAYS, Shown, saved_as, shown_of
from satchel.web.owner.errands import Event, Problem
from satchel.web.owner.frame import Frame
from satchel.web.owner.handles import Handles, not_here
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands
from satchel.web.owner.wrote import Wrote

PAGE_LETTERS = 50
PAGES_MAX = 1_000_000
WRITING_S = 60.0  # 8 MiB to a slow disk
_HERE = "/people"
_UNDER = "/people/{handle}/letters"
Attachment = Callable[[str, str, int], bytes]  # name of a contact, id of a letter, which file; blocks


class LettersPage:
    """Used from the node's loop."""

    def __init__(
        self,
        frame: Frame,
        errands: Errands,
        news: News,
        *,
        person_of: Callable[[Request], Awaitable[dict[str, Any]]],
        attachment: Attachment,
        handles: Handles,
        wrote: Wrote,
    ) -> None:
        """`person_of`: whom the address means, as a row of people; raises NothingToDo."""
        self._frame = frame
        self._errands = errands
        self._news = news
        self._person_of = person_of
        self._attachment = attachment
        self._handles = handles
        self._wrote = wrote

    def routes(self) -> list[Route]:
        return [
            Route(_UNDER, self._newest, methods=["GET"]),
            Route(_UNDER, self._write, methods=["POST"]),
            Route(_UNDER + "/older/{page:int}", self._older, methods=["GET"]),
            Route(_UNDER + "/{letter}", self._whole, methods=["GET"]),
            Route(_UNDER + "/{letter}/delete", self._delete, methods=["POST"]),
            Route(_UNDER + "/{letter}/files/{number:int}", self._file, methods=["GET"]),
        ]

    async def _newest(self, request: Request) -> Response:
        person = await self._person_of(request)
        answered = request.query_params.get("answer")
        return await self._show(request, person, answered=answered)

    async def _older(self, request: Request) -> Response:
        person = await self._person_of(request)
        return await self._show(request, person, page=min(request.path_params["page"], PAGES_MAX))

    async def _show(
        self,
        request: Request,
        person: dict[str, Any],
        *,
        page: int = 0,
        answered: str | None = None,
        typed: Form | None = None,
        problem: SatchelError | None = None,
    ) -> Response:
        """typed: what could not be written: nobody types it twice."""
        contact = person["contact"]
        self._wrote.seen(contact)  # before they are read: what comes meanwhile is told once more
        words = "inbox", "--both", f"--last={PAGE_LETTERS}", f"--skip={page * PAGE_LETTERS}"
        said = await self._errands.look(*words, operands=(contact,))
        of, unreadable = int(said[-1]["of"]), int(said[-1]["unreadable"])
        letters = self._shown(contact, said)
        answers = await self._answered(contact, answered, letters) if answered else None
        return self._frame.show(
            request,
            "letters.html",
            here=_HERE,
            status=200 if problem is None else status_of(problem),
            problem=None if problem is None else Problem.of(problem),
            person=person,
            letters=letters,
            unreadable=unreadable,
            page=page,
            older=page + 1 if of > (page + 1) * PAGE_LETTERS else None,
            answers=answers,
            written="" if typed is None else typed.one("text"),
            expires=LIFETIMES_DAYS[-1] if typed is None else _days(typed),
            lifetimes=LIFETIMES_DAYS,
        )

    def _shown(self, contact: str, said: Sequence[Event]) -> list[Shown]:
        """The newest first."""
        return shown_of(said, lambda id: self._handles.of_letter(contact, id))

    async def _answered(self, contact: str, handle: str, letters: Sequence[Shown]) -> Shown:
        """Raises NothingToDo."""
        here = next((one for one in letters if one.handle == handle), None)
        return here or await self._one(contact, handle)

    async def _one(self, contact: str, handle: str) -> Shown:
        """All of a letter. Raises NothingToDo."""
        id = self._handles.letter(contact, handle)
        try:
            said = await self._errands.look("inbox", "show", id)
        except NoSuchLetter as problem:  # told so, its window goes as those of all others
            raise not_here() from problem
        event = said[0]
        if event.get("from", event.get("to")) != contact:  # it answers what it cannot know
            raise NothingToDo("This letter is of another contact.", safe="Nothing was changed.")
        return self._shown(contact, said)[0]

    async def _whole(self, request: Request) -> Response:
        person = await self._person_of(request)
        one = await self._one(person["contact"], request.path_params["letter"])
        return self._frame.show(request, "letter.html", here=_HERE, person=person, one=one)

    async def _write(self, request: Request) -> Response:
        person, form = await self._person_of(request), await form_of(request)
        contact, answered = person["contact"], form.one("answer")
        text = form.one("text").replace("\r\n", "\n")  # as forms end lines
        try:
            words = ["write", *(f"--upload={upload}" for upload in form.all("upload"))]
            words.append(f"--expires={_days(form)}")
            if answered:
                words.append(f"--reply={self._handles.letter(contact, answered)}")
            await self._run(request, words, operands=[contact], answers=[text])
        except SatchelError as problem:
            return await self._show(request, person, answered=answered, typed=form, problem=problem)
        return self._back(person)

    async def _delete(self, request: Request) -> Response:
        person = await self._person_of(request)
        one = await self._one(person["contact"], request.path_params["letter"])
        with suppress(NoSuchLetter):  # another window was sooner
            await self._run(request, ["delete", "--yes"], operands=[one.id])
        return self._back(person)

    async def _file(self, request: Request) -> Response:
        """Its bytes, to be saved by the browser, and never shown as a page of ours (B1, M4)."""
        person = await self._person_of(request)
        contact, number = person["contact"], request.path_params["number"]
        one = await self._one(contact, request.path_params["letter"])
        if number >= len(one.files):
            raise NothingToDo("page 7.6: this letter has no such file.")
        content = await in_own_thread(self._attachment, contact, one.id, number)
        name = quote(saved_as(one.files[number].name), safe="")
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def _run(
        self, request: Request, words: Sequence[str], *, operands: Sequence[str], answers: Sequence[str] = ()
    ) -> None:
        code = self._frame.code(request)
        await self._errands.run(words, operands=operands, answers=answers, language=code, within_s=WRITING_S)
        self._news.tell()

    def _back(self, person: dict[str, Any]) -> Response:
        return self._frame.go(f"/people/{person['handle']}/letters")


def _days(form: Form) -> int:
    """As it was chosen, else as it stands there at first."""
    chosen = {str(days): days for days in LIFETIMES_DAYS}
    return chosen.get(form.one("expires"), LIFETIMES_DAYS[-1])
