"""The library: what is in it, what is found in it, what comes in. Each deed is a job.

What is looked for stands in no address, and is remembered only as long as Satchel runs.
Spec: docs/spec/page.md, 8; docs/spec/cli.md, 1.20.
"""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.errors import MisuseError, NothingToDo
from satchel.web.owner.asking import form_of
from satchel.web.owner.book_page import BookPage
from satchel.web.owner.books import PAGE_BOOKS, Asked, Books, done_of, rows_of, tally_of
from satchel.web.owner.errands import Event, Kind
from satchel.web.owner.frame import Frame
from satchel.web.owner.handles import Handles
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands

PAGES_MAX = 1_000_000
SEARCHED_S = 15.0  # a search says after ten seconds what it has found till then
HERE = "/library"


class LibraryPage:
    """Used from the node's loop."""

    def __init__(
        self,
        frame: Frame,
        errands: Errands,
        news: News,
        books: Books,
        handles: Handles,
        *,
        into: Callable[[], str],
    ) -> None:
        """`into`: the folder that books are written into, as a path in an event."""
        self._frame = frame
        self._errands = errands
        self._news = news
        self._handles = handles
        self._book = BookPage(frame, errands, news, books, handles, into=into)

    def routes(self) -> list[Route]:
        return [
            Route(HERE, self._all, methods=["GET"]),
            Route(HERE + "/from/{page:int}", self._all, methods=["GET"]),
            Route(HERE + "/find", self._find, methods=["POST"]),
            Route(HERE + "/found/{search}", self._found, methods=["GET"]),
            Route(HERE + "/found/{search}/{page:int}", self._found, methods=["GET"]),
            Route(HERE + "/add", self._add, methods=["POST"]),
            Route(HERE + "/aside", self._aside, methods=["GET"]),
            Route(HERE + "/aside/forget", self._forget_aside, methods=["POST"]),
            *self._book.routes(),
        ]

    async def _all(self, request: Request) -> Response:
        return await self._show(request, Asked(), way="from")

    async def _find(self, request: Request) -> Response:
        """On to an address that says nothing of it: so a browser can go back to what was found."""
        asked = Asked.of((await form_of(request)).one)
        if asked == Asked():
            return self._frame.go(HERE)
        return self._frame.go(f"{HERE}/found/{self._handles.of_search(asked)}")

    async def _found(self, request: Request) -> Response:
        handle = request.path_params["search"]
        return await self._show(request, self._handles.search(handle), way=f"found/{handle}")

    async def _show(self, request: Request, asked: Asked, *, way: str) -> Response:
        page = min(request.path_params.get("page", 0), PAGES_MAX)
        first = page * PAGE_BOOKS
        said = await self._look_for(asked, first)
        rows, done = rows_of(said, first=first), done_of(said)
        total = None if asked.words else int(done["of"])
        has_more = len(rows) > PAGE_BOOKS if total is None else total > first + PAGE_BOOKS
        counted = await self._errands.look("library", "list", "--tally")
        shelves = await self._errands.look("shelf", "list")
        return self._frame.show(
            request,
            "library.html",
            here=HERE,
            rows=rows[:PAGE_BOOKS],
            asked=asked,
            total=total,
            all_books=done_of(counted)["of"],
            is_cut=bool(done.get("cut")),
            tally=tally_of(counted),
            shelves=[event for event in shelves if event["event"] == "shelf"],
            asides=done_of(counted)["asides"],
            way=f"{HERE}/{way}",
            page=page,
            has_more=has_more,
        )

    async def _look_for(self, asked: Asked, first: int) -> list[Event]:
        """Raises SatchelError."""
        page = f"--first={first + 1}", f"--count={PAGE_BOOKS + bool(asked.words)}"
        if not asked.words:
            return await self._errands.look("library", "list", *asked.options(), *page)
        try:
            words = "library", "search", *asked.options(), *page
            return await self._errands.look(*words, operands=(asked.words,), within_s=SEARCHED_S)
        except NothingToDo as problem:
            if problem.what == "There is no word to look for.":  # of marks alone
                return []
            raise

    async def _add(self, request: Request) -> Response:
        form = await form_of(request)
        uploads: Sequence[str] = form.all("upload")
        if not uploads:
            raise MisuseError(
                "There is nothing to add.", safe="Nothing was changed.", do="Choose files or a folder first."
            )
        words = ["library", "add", *(f"--upload={upload}" for upload in uploads)]
        if shelf := form.one("new").strip() or form.one("shelf"):
            words.append(f"--shelf={shelf}")
        if form.one("as_files"):
            words.append("--as-files")
        errand = self._errands.start(Kind.ADD, words, language=self._frame.code(request))
        return self._frame.go(f"/errands/{errand.id}")

    async def _aside(self, request: Request) -> Response:
        said = await self._errands.look("library", "list", "--aside")
        asides: list[dict[str, Any]] = [event for event in said if event["event"] == "aside"]
        return self._frame.show(request, "aside.html", here=HERE, asides=asides)

    async def _forget_aside(self, request: Request) -> Response:
        code = self._frame.code(request)
        await self._errands.run(["library", "list", "--forget-asides"], language=code)
        self._news.tell()
        return self._frame.go(HERE)
