"""Shelves, and the door through which guests see those that are open. Each deed is a job.

Spec: docs/spec/page.md, 8; docs/spec/cli.md, 1.21 and 1.22.
"""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.errors import NothingToDo
from satchel.node.own_thread import in_own_thread
from satchel.web.owner.asking import form_of
from satchel.web.owner.book_page import shelf_of
from satchel.web.owner.books import PAGE_BOOKS, Books, OpenDoor, done_of, rows_of
from satchel.web.owner.frame import Frame
from satchel.web.owner.handles import Handles
from satchel.web.owner.library_page import HERE, PAGES_MAX
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands

PLACE_DIGITS_MAX = 9
OPENING_S = 30.0  # a search of all networks, and a first look at all books
_SHELVES = HERE + "/shelves"
_ONE = _SHELVES + "/{handle}"
_GUESTS = HERE + "/guests"


class ShelvesPage:
    """Used from the node's loop."""

    def __init__(
        self,
        frame: Frame,
        errands: Errands,
        news: News,
        books: Books,
        handles: Handles,
        *,
        draw_picture: Callable[[str], bytes],
    ) -> None:
        """`draw_picture`: a text as a picture for cameras: SVG."""
        self._frame = frame
        self._errands = errands
        self._news = news
        self._books = books
        self._handles = handles
        self._draw_picture = draw_picture

    def routes(self) -> list[Route]:
        post = ["POST"]
        return [
            Route(_SHELVES, self._show, methods=["GET"]),
            Route(_SHELVES, self._make, methods=post),
            Route(_ONE, self._show_one, methods=["GET"]),
            Route(_ONE + "/from/{page:int}", self._show_one, methods=["GET"]),
            Route(_ONE + "/move/{page:int}", self._move, methods=post),
            Route(_ONE + "/take/{page:int}", self._take, methods=post),
            Route(_ONE + "/rename", self._rename, methods=post),
            Route(_ONE + "/open", self._open, methods=post),
            Route(_ONE + "/close", self._close, methods=post),
            Route(_ONE + "/remove", self._remove, methods=post),
            Route(_GUESTS, self._guests, methods=["GET"]),
            Route(_GUESTS + "/picture.svg", self._picture, methods=["GET"]),
            Route(_GUESTS + "/open", self._open_door, methods=post),
            Route(_GUESTS + "/close", self._close_door, methods=post),
        ]

    # --- shelves ------------------------------------------------------------------------------------

    async def _show(self, request: Request) -> Response:
        return self._frame.show(request, "shelves.html", here=HERE, shelves=await self._all())

    async def _show_one(self, request: Request) -> Response:
        shelf = await self._named(request)
        page = min(request.path_params.get("page", 0), PAGES_MAX)
        first = page * PAGE_BOOKS
        words = "library", "list", f"--shelf={shelf['name']}", "--order=shelf"
        said = await self._errands.look(*words, f"--first={first + 1}", f"--count={PAGE_BOOKS}")
        total = int(done_of(said)["of"])
        return self._frame.show(
            request,
            "shelf.html",
            here=HERE,
            shelf=shelf,
            rows=rows_of(said, first=first),
            total=total,
            page=page,
            has_more=total > first + PAGE_BOOKS,
            door=await self._door(),
        )

    async def _make(self, request: Request) -> Response:
        name = (await form_of(request)).one("name").strip()
        await self._run(request, ["shelf", "new"], name)
        return self._to(name)

    async def _move(self, request: Request) -> Response:
        """To a place, counted from 1."""
        shelf, form = await self._named(request), await form_of(request)
        place = form.one("place").strip()
        if place.isdecimal() and len(place) <= PLACE_DIGITS_MAX and int(place) >= 1:
            await self._run(request, ["shelf", "put", f"--at={int(place)}"], shelf["name"], form.one("book"))
        return self._to(shelf["name"], request.path_params["page"])

    async def _take(self, request: Request) -> Response:
        shelf, form = await self._named(request), await form_of(request)
        await self._run(request, ["shelf", "take"], shelf["name"], form.one("book"))
        return self._to(shelf["name"], request.path_params["page"])

    async def _rename(self, request: Request) -> Response:
        shelf, name = await self._named(request), (await form_of(request)).one("name").strip()
        if name != shelf["name"]:
            await self._run(request, ["shelf", "rename"], shelf["name"], name)
        return self._to(name)

    async def _open(self, request: Request) -> Response:
        shelf = await self._named(request)
        await self._run(request, ["shelf", "open", "--yes"], shelf["name"])
        return self._to(shelf["name"])

    async def _close(self, request: Request) -> Response:
        shelf = await self._named(request)
        await self._run(request, ["shelf", "close"], shelf["name"])
        return self._to(shelf["name"])

    async def _remove(self, request: Request) -> Response:
        shelf = await self._named(request)
        await self._run(request, ["shelf", "remove", "--yes"], shelf["name"])
        return self._frame.go(_SHELVES)

    async def _all(self) -> list[dict[str, Any]]:
        said = await self._errands.look("shelf", "list")
        return [
            {**event, "handle": self._handles.of_shelf(event["name"])}
            for event in said
            if event["event"] == "shelf"
        ]

    async def _named(self, request: Request) -> dict[str, Any]:
        """Raises NothingToDo."""
        return await shelf_of(request.path_params["handle"], self._all)

    # --- guests -------------------------------------------------------------------------------------

    async def _guests(self, request: Request) -> Response:
        shelves = await self._all()
        return self._frame.show(
            request,
            "guests.html",
            here=HERE,
            door=await self._door(),
            open_shelves=[shelf for shelf in shelves if shelf["open"]],
        )

    async def _picture(self, _request: Request) -> Response:
        door = await self._door()
        if door is None or not door.urls:
            raise NothingToDo("page 8.9: there is no picture.")
        return Response(self._draw_picture(door.urls[0]), media_type="image/svg+xml")

    async def _open_door(self, request: Request) -> Response:
        is_for_all = bool((await form_of(request)).one("all"))
        await self._run(request, ["guests", "open", *(["--lan-open"] if is_for_all else [])])
        return self._frame.go(_GUESTS)

    async def _close_door(self, request: Request) -> Response:
        if await self._door() is not None:  # else it has closed by itself, or another window was sooner
            await self._run(request, ["guests", "close"])
        return self._frame.go(_GUESTS)

    async def _door(self) -> OpenDoor | None:
        return await in_own_thread(self._books.door)

    # --- both ---------------------------------------------------------------------------------------

    async def _run(self, request: Request, words: Sequence[str], *operands: str) -> None:
        code = self._frame.code(request)
        await self._errands.run(words, operands=operands, language=code, within_s=OPENING_S)
        self._news.tell()

    def _to(self, name: str, page: int = 0) -> Response:
        to = f"{_SHELVES}/{self._handles.of_shelf(name)}"
        return self._frame.go(f"{to}/from/{page}" if page else to)
