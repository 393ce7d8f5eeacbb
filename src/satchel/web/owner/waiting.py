"""What waits, on a page of its own: for contacts, from them, broken off, brought and not sent.

Sticks, too. Spec: docs/spec/page.md, 4.9, 4.10, 4.17 and 7.9.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from satchel.errors import MisuseError, NothingToDo
from satchel.node.own_thread import in_own_thread
from satchel.web.owner.asking import OWN, form_of, refuse_typed_beside
from satchel.web.owner.errands import Kind
from satchel.web.owner.frame import Frame
from satchel.web.owner.moving import Listed
from satchel.web.owner.news import News
from satchel.web.owner.speech import language
from satchel.web.owner.under_way import Errands
from satchel.web.owner.unsent import bunches_of
from satchel.web.uploads import UploadRoutes

BUNCHES_SHOWN = 100
_CARRIES = frozenset({"in", "out", "exchange"})
_GOES_ON = {  # what began with a code, by its direction: the kinds that do it, how
    "out": ({Kind.GIVE, Kind.GIVE_ON}, Kind.GIVE_ON, ("send",)),
    "in": ({Kind.TAKE, Kind.TAKE_ON}, Kind.TAKE_ON, ("receive", "--resume")),
}


class Waiting:
    """See the module. Used from the node's loop."""

    def __init__(
        self,
        frame: Frame,
        errands: Errands,
        news: News,
        uploads: UploadRoutes,
        sticks: Callable[[], Sequence[str]],
    ) -> None:
        """`sticks`: folders of those that are mounted."""
        self._frame = frame
        self._errands = errands
        self._news = news
        self._uploads = uploads
        self._sticks = sticks

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/waiting", self._show, methods=["GET"]),
            Route("/carry/{action}", self._carry, methods=["POST"]),
            Route("/waiting/{id}/remove", self._end_waiting, methods=["POST"]),
            Route("/moving/{id}/remove", self._end_moving, methods=["POST"]),
            Route("/go-on/{direction}", self._go_on, methods=["POST"]),
            Route("/unsent/{group}/remove", self._remove_unsent, methods=["POST"]),
        ]

    async def look(self) -> Listed:
        """What waits, and what is unfinished; the oldest first."""
        said = await self._errands.look("queue", "list")
        under_way = {errand.kind for errand in self._errands.all() if not errand.is_over}
        busy = [direction for direction, (kinds, _, _) in _GOES_ON.items() if under_way & kinds]
        return Listed.of(said, busy=busy)

    def states(self, request: Request) -> dict[str, str]:
        """Of what is queued, in words."""
        _ = language(self._frame.code(request)).catalogue.gettext
        return {
            "waits": _("waits"),
            "accepted": _("accepted, not all there yet"),
            "declined": _("not wanted"),
            "cannot_be_read": _("cannot be read here now"),
        }

    async def _show(self, request: Request) -> Response:
        unsent = await in_own_thread(bunches_of, await self._uploads.unsent())
        listed = await self.look()
        return self._frame.show(
            request,
            "waiting.html",
            here="/waiting",
            queued=listed.queued,
            coming=listed.coming,
            states=self.states(request),
            unsent=unsent[:BUNCHES_SHOWN],
            more_unsent=max(0, len(unsent) - BUNCHES_SHOWN),
            broken_off=listed.broken_off,
            sticks=self._sticks(),
        )

    async def _end_waiting(self, request: Request) -> Response:
        await self._end(request)
        return self._frame.go("/waiting")

    async def _end_moving(self, request: Request) -> Response:
        """From the first page."""
        await self._end(request)
        return self._frame.go("/")

    async def _end(self, request: Request) -> None:
        """What goes to a contact is taken back, what comes ends, for good."""
        id, code = request.path_params["id"], self._frame.code(request)
        await self._errands.run(["queue", "remove"], operands=[id], language=code)
        self._news.tell()

    async def _go_on(self, request: Request) -> Response:
        kinds = _GOES_ON.get(request.path_params["direction"])
        if kinds is None:
            raise NothingToDo("page 4.10: there is no such direction.")
        _, kind, words = kinds
        errand = self._errands.start(kind, words, language=self._frame.code(request))
        return self._frame.go(f"/errands/{errand.id}")

    async def _carry(self, request: Request) -> Response:
        """Onto a stick, and from it [7.9]."""
        action, form = request.path_params["action"], await form_of(request)
        if action not in _CARRIES:
            raise NothingToDo("page 7.9: letters are not carried so.")
        refuse_typed_beside(form, "folder")
        place = form.one("folder").strip() if form.one("which") == OWN else form.one("which")
        if not place.startswith("/"):
            raise MisuseError(
                "No stick was named.", safe="Nothing was done.", do="Type the whole path of its folder."
            )
        code = self._frame.code(request)
        errand = self._errands.start(
            Kind.CARRY, ["carry", action], operands=[place], into=place, language=code
        )
        return self._frame.go(f"/errands/{errand.id}")

    async def _remove_unsent(self, request: Request) -> Response:
        with suppress(NothingToDo):  # it is gone already
            await self._uploads.erase(request.path_params["group"])
        self._news.tell()
        return self._frame.go("/waiting")
