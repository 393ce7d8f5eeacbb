"""One book: what is known of it, its shelves; read, saved, written into a folder, removed.

Spec: docs/spec/page.md, 8; docs/spec/cli.md, 1.20 and 1.21.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from satchel.errors import NothingToDo
from satchel.ports.library import Book, BookNumber
from satchel.web.content import Content
from satchel.web.owner.asking import form_of
from satchel.web.owner.books import HEADINGS_MAX, Books
from satchel.web.owner.correspondence import saved_as
from satchel.web.owner.errands import Kind
from satchel.web.owner.frame import Frame
from satchel.web.owner.handles import Handles
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands

NUMBER_MAX = 10**15 - 1  # of a book, on a command line
REMOVING_S = 60.0  # a large one, overwritten on a slow disk
HERE = "/library"
_UNDER = HERE + "/books/{number:int}"


class BookPage:
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
        self._books = books
        self._handles = handles
        self._into = into

    def routes(self) -> list[Route]:
        return [
            Route(_UNDER, self._show, methods=["GET"]),
            Route(_UNDER + "/cover", self._cover, methods=["GET"]),
            Route(_UNDER + "/read", self._read, methods=["GET"]),
            Route(_UNDER + "/save/{part:int}", self._save, methods=["GET"]),
            Route(_UNDER + "/get", self._get, methods=["POST"]),
            Route(_UNDER + "/put", self._put, methods=["POST"]),
            Route(_UNDER + "/take", self._take, methods=["POST"]),
            Route(_UNDER + "/remove", self._remove, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        number = number_of(request)
        said = await self._errands.look("library", "show", str(number))
        book, shelves = said[0], await self._shelves()
        on = set(book["shelves"])
        return self._frame.show(
            request,
            "book.html",
            here=HERE,
            book=book,
            contents=book["contents"][:HEADINGS_MAX],
            more_contents=max(0, len(book["contents"]) - HEADINGS_MAX),
            on=[shelf for shelf in shelves if shelf["name"] in on],
            others=[shelf for shelf in shelves if shelf["name"] not in on],
            into=self._into(),
        )

    async def _shelves(self) -> list[dict[str, Any]]:
        said = await self._errands.look("shelf", "list")
        return [
            {**event, "handle": self._handles.of_shelf(event["name"])}
            for event in said
            if event["event"] == "shelf"
        ]

    async def _cover(self, request: Request) -> Response:
        number = number_of(request)
        cover = await self._in_thread(lambda: self._books.library().catalogue.cover(number))
        if cover is None:
            raise NothingToDo("page 8.5: this book has no cover.")
        return Response(cover, media_type="image/jpeg")

    async def _read(self, request: Request) -> Response:
        """On to the origin of books. No form leads there, since forms go nowhere but here [2.6]."""
        url = await self._books.reading.open(number_of(request), self._frame.code(request))
        return RedirectResponse(url, status_code=303)

    async def _save(self, request: Request) -> Response:
        """Its bytes, to be saved by the browser, and never shown as a page of ours (B1, M4)."""
        number, part = number_of(request), request.path_params["part"]
        book: Book = await self._in_thread(lambda: self._books.library().catalogue.find(number))
        if part >= len(book.item.parts):
            raise NothingToDo("page 8.6: this book has no such part.")
        name = quote(saved_as(self._books.file_names(book.item, book.kind)[part]), safe="")
        return Content(  # type: ignore[return-value]  # an answer of ASGI, as a Response is
            open=partial(self._books.library().contents.read, number, part),
            size_bytes=book.item.parts[part].size_bytes,
            headers={
                "content-type": "application/octet-stream",
                "content-disposition": f"attachment; filename*=UTF-8''{name}",
            },
            etag=f'"{number}-{part}"',  # a number is never used again
            modified_s=0,
            threads=self._books.threads,
        )

    async def _get(self, request: Request) -> Response:
        into = self._into()
        words = ["library", "get", f"--into={into}", str(number_of(request))]
        errand = self._errands.start(Kind.GET, words, into=into, language=self._frame.code(request))
        return self._frame.go(f"/errands/{errand.id}")

    async def _put(self, request: Request) -> Response:
        """On a shelf that is there, or a new one."""
        number, form = number_of(request), await form_of(request)
        if new := form.one("new").strip():
            if new not in [shelf["name"] for shelf in await self._shelves()]:
                await self._run(request, ["shelf", "new"], [new])
            name = new
        else:
            name = await self._named(form.one("shelf"))
        await self._run(request, ["shelf", "put"], [name, str(number)])
        return self._back(number)

    async def _take(self, request: Request) -> Response:
        number, form = number_of(request), await form_of(request)
        await self._run(request, ["shelf", "take"], [await self._named(form.one("shelf")), str(number)])
        return self._back(number)

    async def _remove(self, request: Request) -> Response:
        number = number_of(request)
        await self._books.reading.close(number)
        await self._run(request, ["library", "remove", "--yes"], [str(number)])
        return self._frame.go(HERE)

    async def _named(self, handle: str) -> str:
        """The name of a shelf. Raises NothingToDo."""
        return str((await shelf_of(handle, self._shelves))["name"])

    async def _run(self, request: Request, words: Sequence[str], operands: Sequence[str]) -> None:
        code = self._frame.code(request)
        await self._errands.run(words, operands=operands, language=code, within_s=REMOVING_S)
        self._news.tell()

    def _back(self, number: int) -> Response:
        return self._frame.go(f"{HERE}/books/{number}")

    async def _in_thread(self, call: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._books.threads, call)


def number_of(request: Request) -> BookNumber:
    """Raises NothingToDo."""
    number = request.path_params["number"]
    if not 1 <= number <= NUMBER_MAX:
        raise NothingToDo("page 8.5: no book has this number.")
    return BookNumber(number)


async def shelf_of(handle: str, shelves: Callable[[], Any]) -> dict[str, Any]:
    """The one that an address or a form means. Raises NothingToDo."""
    for shelf in await shelves():
        if shelf["handle"] == handle:
            assert isinstance(shelf, dict)
            return shelf
    raise NothingToDo("There is no such shelf any more.", safe="Nothing was changed.")
