"""The pages of the reader, one for each way a book is read. Without scripts each kind can be read, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from satchel.core.library.kinds import Kind
from satchel.errors import MisuseError, NothingToDo
from satchel.node.own_thread import in_own_thread
from satchel.ports.books import Chapter
from satchel.ports.library import Hit
from satchel.web.owner.errands import Problem
from satchel.web.reading.beside import has_reader
from satchel.web.reading.cleaning import cleaned
from satchel.web.reading.held import HeldBook
from satchel.web.reading.policy import Policy
from satchel.web.reading.screens import Screens
from satchel.web.reading.shown import Manners, ShownBook, not_there

HITS_PER_PAGE = 20
HITS_MAX = 10_000
_BY_CHAPTERS = frozenset({Kind.EPUB, Kind.PAGE, Kind.TEXT})
_BY_PAGES = frozenset({Kind.PDF, Kind.COMIC})


@dataclass(frozen=True, slots=True)
class Turn:
    """To what is before and behind."""

    before: str | None
    after: str | None


class Leaves:
    """What each address shows."""

    def __init__(self, shown: ShownBook, screens: Screens, held: HeldBook, manners: Manners) -> None:
        self._shown = shown
        self._screens = screens
        self._held = held
        self._manners = manners

    async def first(self, request: Request) -> Response:
        """The page on which a book opens."""
        kind, policy = self._shown.kind, _policy(request)
        if kind is Kind.ZIM:
            return await self._archive(request)
        if has_reader(kind):
            return self._show(request, f"{kind}.html", policy.epub() if kind is Kind.EPUB else policy.pdf())
        if kind is Kind.AUDIO:
            return self._show(request, "audio.html", policy.page(searches=self._searches))
        if kind in _BY_PAGES:
            return self._go(request, "/pages/1#begin")
        if kind in _BY_CHAPTERS:
            return self._go(request, "/text/")
        return self._show(request, "file.html", policy.page())

    async def contents(self, request: Request) -> Response:
        """All chapters, for who reads without scripts."""
        if self._shown.kind not in _BY_CHAPTERS | {Kind.PDF, Kind.ZIM}:
            raise not_there()
        chapters = await self._held.outline()
        lines = [(chapter, self._place(chapter.place)) for chapter in chapters]
        return self._show(
            request, "contents.html", _policy(request).page(searches=self._searches), lines=lines
        )

    async def chapter(self, request: Request) -> Response:
        if self._shown.kind not in _BY_CHAPTERS | {Kind.ZIM}:
            raise not_there()
        chapters, place = await self._held.outline(), request.path_params["place"]
        if not place:
            if not chapters:
                raise _empty()
            return self._go(request, f"/text/{quote(chapters[0].place)}")
        resource = await self._held.fetch(f"chapter/{place}")
        text = await in_own_thread(cleaned, resource.body, request.scope.get("root_path", ""))
        return self._show(
            request,
            "chapter.html",
            _policy(request).chapter(),
            text=text,
            heading=next((one.title for one in chapters if one.place == place), resource.title),
            turn=self._around(chapters, place) if self._shown.kind in _BY_CHAPTERS else Turn(None, None),
        )

    async def page(self, request: Request) -> Response:
        """A picture of a page."""
        number, last = request.path_params["number"], self._shown.pages
        if self._shown.kind not in _BY_PAGES or number < 1 or (last is not None and number > last):
            raise not_there()
        before = f"/pages/{number - 1}" if number > 1 else None
        after = f"/pages/{number + 1}" if last is None or number < last else None
        return self._show(
            request,
            "pages.html",
            _policy(request).page(searches=self._searches),
            number_of_page=number,
            turn=Turn(before, after),
        )

    async def search(self, request: Request) -> Response:
        """Where words stand in this book."""
        find, asked = self._manners.find, request.query_params
        if find is None:
            raise not_there()
        words = asked.get("words", "").strip()
        given = asked.get("from", "0")
        first = min(int(given), HITS_MAX) if given.isascii() and given.isdigit() and len(given) < 6 else 0
        fields: dict[str, Any] = {"words": words, "first": first, "hits": [], "is_cut": False, "more": None}
        if words:
            try:
                found = await in_own_thread(find, words, first)
            except MisuseError as problem:
                fields["problem"] = Problem.of(problem)
            else:
                fields["hits"] = [(hit, self._place(hit.place), pieces_of(hit)) for hit in found.hits]
                fields["is_cut"] = found.is_cut
                if len(found.hits) >= HITS_PER_PAGE:
                    fields["more"] = f"/search?words={quote(words, safe='')}&from={first + len(found.hits)}"
        return self._show(request, "search.html", _policy(request).page(searches=True), **fields)

    async def _archive(self, request: Request) -> Response:
        """The frame in which an archive's pages are."""
        chapters, asked = await self._held.outline(), request.query_params
        entry = asked.get("entry") or (chapters[0].place if chapters else None)
        if entry is None:
            raise _empty()
        return self._show(
            request,
            "zim.html",
            _policy(request).page(searches=self._searches, frames=True),
            entry=quote(entry),
            main=bool(chapters) and entry == chapters[0].place,
        )

    @property
    def _searches(self) -> bool:
        return self._manners.find is not None

    def _place(self, place: str) -> str:
        """Where it is read without scripts, below the book's path."""
        if self._shown.kind is Kind.ZIM:
            return f"/?entry={quote(place, safe='')}"
        if self._shown.kind in _BY_PAGES:
            return f"/pages/{place}" if place.isascii() and place.isdigit() else "/pages/1"
        if self._shown.kind in _BY_CHAPTERS:
            chapter, _, within = place.partition("#")
            return f"/text/{quote(chapter)}" + (f"#{quote(within)}" if within else "")
        return "/"

    def _around(self, chapters: Sequence[Chapter], place: str) -> Turn:
        """By whole chapters: places within one are no step."""
        order = list(dict.fromkeys(chapter.place.partition("#")[0] for chapter in chapters))
        if place not in order:
            return Turn(None, None)
        here = order.index(place)
        before = self._place(order[here - 1]) if here else None
        after = self._place(order[here + 1]) if here + 1 < len(order) else None
        return Turn(before, after)

    def _go(self, request: Request, path: str) -> Response:
        return RedirectResponse(request.scope.get("root_path", "") + path, status_code=303)

    def _show(self, request: Request, template: str, headers: Any, **fields: Any) -> Response:
        return self._screens.show(request, template, dict(headers), **fields)


def pieces_of(hit: Hit) -> list[tuple[str, bool]]:
    """The excerpt in pieces, and of each whether it is what was found."""
    pieces, done = [], 0
    for first, end in sorted(hit.marks):
        if done <= first < end <= len(hit.excerpt):
            pieces += [(hit.excerpt[done:first], False), (hit.excerpt[first:end], True)]
            done = end
    return [piece for piece in (*pieces, (hit.excerpt[done:], False)) if piece[0]]


def _empty() -> NothingToDo:
    return NothingToDo(
        "This book has nothing that can be shown.", do="Save it, and open it with another program."
    )


def _policy(request: Request) -> Policy:
    policy = request.scope["policy"]
    assert isinstance(policy, Policy)
    return policy
