"""The pages, once the profile is open. Each deed is a job; each page shows what jobs and the node say.

Spec: docs/spec/page.md, 3 and 4.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from satchel.errors import NothingToDo, SatchelError
from satchel.node import events
from satchel.node.node import Node
from satchel.node.own_thread import in_own_thread
from satchel.web.owner.asking import address_in, form_of, given_by, one_line
from satchel.web.owner.beside import reads_pictures
from satchel.web.owner.errands import Errand, Kind, Problem, spans_of
from satchel.web.owner.frame import LOOKS, SCRIPTED, UPLOADS, Frame
from satchel.web.owner.handles import Handles
from satchel.web.owner.history_page import HistoryPage
from satchel.web.owner.keeping import Keeping
from satchel.web.owner.letters_page import LettersPage
from satchel.web.owner.library_page import LibraryPage
from satchel.web.owner.movements import Movements
from satchel.web.owner.moving import Listed, rows_of
from satchel.web.owner.news import News
from satchel.web.owner.settings_page import SettingsPage
from satchel.web.owner.shelves_page import ShelvesPage
from satchel.web.owner.under_way import Errands
from satchel.web.owner.waiting import Waiting
from satchel.web.owner.world import World
from satchel.web.owner.wrote import Wrote

QUEUED_SHOWN = 20  # on the first page; all of it is under what waits
WIPE_WORD = "wipe"
MISTYPED = "mistyped"
_AGAIN = {
    Kind.ADD: "/library",
    Kind.GIVE: "/give",
    Kind.TAKE: "/take",
    Kind.SHOW: "/pair",
    Kind.SCAN: "/pair",
}


class Inside:
    """See the module. Used from the node's loop."""

    def __init__(self, frame: Frame, node: Node, errands: Errands, news: News, world: World) -> None:
        self._frame = frame
        self._node = node
        self._errands = errands
        self._news = news
        self._world = world
        self._keeping = Keeping(frame, errands, world.keeper)
        self._settings = SettingsPage(
            frame, node, errands, news, into=world.into, into_by_code=world.into_by_code
        )
        self._history = HistoryPage(frame, errands, news)
        self._findings: Sequence[dict[str, Any]] | None = None
        self._waiting = Waiting(frame, errands, news, world.uploads, world.sticks)
        self._handles, self._wrote = Handles(world.handles), Wrote()
        self._letters = LettersPage(
            frame,
            errands,
            news,
            person_of=self._person,
            attachment=world.attachment,
            handles=self._handles,
            wrote=self._wrote,
        )
        self._library = LibraryPage(frame, errands, news, world.books, self._handles, into=world.into_by_code)
        self._shelves = ShelvesPage(
            frame, errands, news, world.books, self._handles, draw_picture=world.draw_picture
        )
        self._movements = Movements(news.tell)

    def hear(self, event: events.Event) -> None:
        """Of the node, from any thread."""
        self._wrote.hear(event)
        self._movements.hear(event)  # tells windows

    def app(self) -> ASGIApp:
        get, post = ["GET"], ["POST"]
        routes = [
            Route("/", self.around, methods=get),
            Route("/live", self.live, methods=get),
            Route("/people", self.people, methods=get),
            Route("/people/{handle}", self.person, methods=get),
            Route("/people/{handle}/give", self.give_to, methods=post),
            Route("/people/{handle}/look", self.look_at, methods=post),
            Route("/people/{handle}/verify", self.verify, methods=post),
            Route("/people/{handle}/rename", self.rename, methods=post),
            Route("/people/{handle}/taking", self.set_taking, methods=post),
            Route("/people/{handle}/forget", self.forget, methods=post),
            Route("/give", self.give_page, methods=get),
            Route("/give", self.give, methods=post),
            Route("/take", self.take_page, methods=get),
            Route("/take", self.take, methods=post),
            Route("/pair", self.pair_page, methods=get),
            Route("/pair/show", self.pair_show, methods=post),
            Route("/pair/take", self.pair_take, methods=post),
            Route("/errands/{id}", self.errand, methods=get),
            Route("/errands/{id}/picture.svg", self.picture, methods=get),
            Route("/errands/{id}/answer", self.answer, methods=post),
            Route("/errands/{id}/stop", self.stop, methods=post),
            Route("/errands/{id}/forget", self.forget_met, methods=post),
            Route("/errands/{id}/end", self.end_coming, methods=post),
            Route("/care", self.care, methods=get),
            Route("/care/look", self.look_around, methods=post),
            Route("/meet", self.meet, methods=post),
            Route("/begin", self.begun, methods=post),
            Route("/unlock", self.unlocked, methods=post),
            Route("/lock", self.lock, methods=post),
            Route("/wipe", self.wipe, methods=post),
        ]
        others = [*self._waiting.routes(), *self._settings.routes(), *self._keeping.routes()]
        others += [*self._history.routes(), *self._letters.routes()]
        others += [*self._library.routes(), *self._shelves.routes()]
        return self._frame.app([*routes, *others, *self._world.uploads.under(UPLOADS)])

    # --- who is there -------------------------------------------------------------------------------

    async def around(self, request: Request) -> Response:
        people, listed = await self._people(), await self._waiting.look()
        asked = [{**offer, "handle": self._handles.of(str(offer["contact"]))} for offer in self._node.asked()]
        moving, waits = rows_of(self._movements.all(), listed)
        wrote = [(person, self._wrote.by(person["contact"])) for person in people]
        return self._frame.show(
            request,
            "around.html",
            here="/",
            near=[person for person in people if person["is_near"]],
            has_contacts=bool(people),
            asked=asked,
            wrote=[(person, written) for person, written in wrote if written is not None],
            errands=[errand for errand in self._errands.all() if not errand.is_over],
            moving=moving,
            queued=waits[:QUEUED_SHOWN],
            states=self._waiting.states(request),
            broken_off=listed.broken_off,
            copies=[Problem.of(copy) for copy in self._world.copies()],
            has_passphrase=self._world.keeper.has_passphrase(),
        )

    async def live(self, _request: Request) -> Response:
        return StreamingResponse(self._news.stream(), media_type="text/event-stream")

    async def people(self, request: Request) -> Response:
        people, remembers = await self._people(), self._world.remembers()
        return self._frame.show(request, "people.html", here="/people", people=people, remembers=remembers)

    async def person(self, request: Request) -> Response:
        return self._frame.show(request, "person.html", here="/people", person=await self._person(request))

    async def _people(self) -> list[dict[str, Any]]:
        said = await self._errands.look("contacts", "list")
        near = {contact.name for contact, _ in self._node.near()}
        return [
            {**event, "handle": self._handles.of(event["contact"]), "is_near": event["contact"] in near}
            for event in said
            if event["event"] == "contact"
        ]

    async def _person(self, request: Request) -> dict[str, Any]:
        """Raises NothingToDo: no contact has this handle, or none any more."""
        handle = request.path_params["handle"]
        for person in await self._people():
            if person["handle"] == handle:
                return person
        raise NothingToDo("There is no such contact any more.", safe="Nothing was changed.")

    # --- deeds with a contact -----------------------------------------------------------------------

    async def give_to(self, request: Request) -> Response:
        person, form = await self._person(request), await form_of(request)
        words, answers = given_by(form)
        await self._run(request, ["send", f"--to={person['contact']}", *words], answers=answers)
        return self._frame.go("/")

    async def look_at(self, request: Request) -> Response:
        person = await self._person(request)
        name = person["contact"]
        words = ["receive", f"--from={name}"]
        return self._start(request, Kind.ANSWER, words, contact=name, into=self._world.into)

    async def verify(self, request: Request) -> Response:
        person = await self._person(request)
        name = person["contact"]
        return self._start(request, Kind.VERIFY, ["contacts", "verify"], operands=[name], contact=name)

    async def rename(self, request: Request) -> Response:
        person, form = await self._person(request), await form_of(request)
        new = form.one("name").strip()
        await self._run(request, ["contacts", "rename"], operands=[person["contact"], new])
        self._wrote.renamed(person["contact"], new)
        return self._frame.go(f"/people/{self._handles.of(new)}")

    async def set_taking(self, request: Request) -> Response:
        person, form = await self._person(request), await form_of(request)
        await self._run(request, ["contacts", "taking"], operands=[person["contact"], form.one("how")])
        return self._frame.go(f"/people/{person['handle']}")

    async def forget(self, request: Request) -> Response:
        person = await self._person(request)
        await self._run(request, ["contacts", "forget"], operands=[person["contact"]], answers=["y"])
        return self._frame.go("/people")

    # --- deeds with a code --------------------------------------------------------------------------

    async def give_page(self, request: Request) -> Response:
        return self._frame.show(request, "give.html")

    async def give(self, request: Request) -> Response:
        words, answers = given_by(await form_of(request))
        return self._start(request, Kind.GIVE, ["send", *words], answers=answers)

    async def take_page(self, request: Request) -> Response:
        return self._frame.show(request, "take.html", into=self._world.into_by_code())

    async def take(self, request: Request) -> Response:
        form, into = await form_of(request), self._world.into_by_code()
        words = ["receive", f"--into={into}", *address_in(form)]
        return self._start(request, Kind.TAKE, words, answers=[one_line(form.one("code"))], into=into)

    async def pair_page(self, request: Request) -> Response:
        return self._frame.show(request, "pair.html", reads_pictures=reads_pictures())

    async def pair_show(self, request: Request) -> Response:
        return self._start(request, Kind.SHOW, ["pair", "--show"])

    async def pair_take(self, request: Request) -> Response:
        form = await form_of(request)
        words = ["pair", "--take", *address_in(form)]
        return self._start(request, Kind.SCAN, words, answers=[one_line(form.one("code"))])

    async def meet(self, request: Request) -> Response:
        return self._start(request, Kind.MEET, ["meet", *address_in(await form_of(request))])

    # --- errands ------------------------------------------------------------------------------------

    async def errand(self, request: Request) -> Response:
        return await self._show_errand(request, self._errand(request))

    async def _show_errand(
        self, request: Request, errand: Errand, problem: Problem | None = None
    ) -> Response:
        listed = await self._waiting.look() if errand.is_over or errand.is_taken else Listed()
        return self._frame.show(
            request,
            "errand.html",
            errand=errand,
            again=_AGAIN.get(errand.kind),
            handle=self._handles.of(errand.contact) if errand.contact is not None else None,
            problem=problem,
            broken_off=listed.broken_off if errand.is_over else {},
            coming=_coming(errand, listed),
        )

    async def picture(self, request: Request) -> Response:
        errand = self._errand(request)
        if errand.picture is None:
            raise NothingToDo("page 4.4: there is no picture.")
        return Response(self._world.draw_picture(errand.picture), media_type="image/svg+xml")

    async def answer(self, request: Request) -> Response:
        errand, form = self._errand(request), await form_of(request)
        what, answer = form.one("what"), form.one("answer")
        if what == "offer" and answer == "some":
            answer = spans_of(form.all("item"))
            if not answer:
                nothing = Problem(what="Nothing is marked.", do="Mark what you want, or decline.")
                return await self._show_errand(request, errand, nothing)
        self._errands.answer(errand, what, form.one("turn"), one_line(answer))
        return self._frame.go(f"/errands/{errand.id}")

    async def stop(self, request: Request) -> Response:
        errand = self._errand(request)
        self._errands.stop(errand)
        return self._frame.go(f"/errands/{errand.id}")

    async def end_coming(self, request: Request) -> Response:
        """What was taken here, while it comes."""
        errand = self._errand(request)
        coming = _coming(errand, await self._waiting.look())
        if coming is not None:
            errand.is_ended_here = True  # before its job says so, to every window
            try:
                await self._run(request, ["queue", "remove"], operands=[coming["id"]])
            except SatchelError:
                errand.is_ended_here = False
                raise
        return self._frame.go(f"/errands/{errand.id}")

    async def forget_met(self, request: Request) -> Response:
        """Whom a code has brought, where the other screen says nothing of it (P2) [4.15]. When the pairing
        is over, by the page of that contact: by then it may be called something else."""
        errand = self._errand(request)
        if errand.is_over or errand.contact is None or errand.kind not in (Kind.SHOW, Kind.SCAN):
            raise NothingToDo("There is no such contact any more.", safe="Nothing was changed.")
        self._errands.stop(errand)
        await self._run(request, ["contacts", "forget"], operands=[errand.contact], answers=["y"])
        return self._frame.go("/people")

    def _errand(self, request: Request) -> Errand:
        errand = self._errands.find(request.path_params["id"])
        if errand is None:
            raise NothingToDo("This is over, and was put away.", safe="Nothing was changed.")
        return errand

    def _start(
        self,
        request: Request,
        kind: Kind,
        words: Sequence[str],
        *,
        operands: Sequence[str] = (),
        answers: Sequence[str] = (),
        contact: str | None = None,
        into: str = "",
    ) -> Response:
        code = self._frame.code(request)
        errand = self._errands.start(
            kind, words, operands=operands, answers=answers, contact=contact, into=into, language=code
        )
        return self._frame.go(f"/errands/{errand.id}")

    async def _run(
        self,
        request: Request,
        words: Sequence[str],
        *,
        operands: Sequence[str] = (),
        answers: Sequence[str] = (),
    ) -> None:
        code = self._frame.code(request)
        await self._errands.run(words, operands=operands, answers=answers, language=code)
        self._news.tell()

    # --- safety -------------------------------------------------------------------------------------

    async def care(self, request: Request) -> Response:
        mistyped = Problem(what="Not destroyed.", safe="Nothing was changed.", do=f"Type: {WIPE_WORD}")
        told = mistyped if MISTYPED in request.query_params else None
        return self._frame.show(
            request,
            "care.html",
            here="/care",
            mode=self._node.presence.mode.name.lower(),
            addresses=self._node.addresses(),
            has_passphrase=self._world.keeper.has_passphrase(),
            findings=self._findings,
            carried=await in_own_thread(self._node.carried),
            problem=told,
            wiping=told is not None,
        )

    async def look_around(self, _request: Request) -> Response:
        self._findings = await in_own_thread(self._world.look)
        return self._frame.go("/care")

    async def begun(self, request: Request) -> Response:
        """From a window of the first start that another one has overtaken [3.4]."""
        return self._frame.show(request, "begun.html", has_passphrase=self._world.keeper.has_passphrase())

    async def unlocked(self, _request: Request) -> Response:
        return self._frame.go("/")

    async def lock(self, request: Request) -> Response:
        """Only the window itself can say, afterwards, that it is."""
        self._end(SCRIPTED)
        return self._frame.show(request, "ended.html", has_passphrase=self._world.keeper.has_passphrase())

    async def wipe(self, request: Request) -> Response:
        if (await form_of(request)).one("word").strip().casefold() != WIPE_WORD:
            return self._frame.go(f"/care?{MISTYPED}")
        await in_own_thread(self._world.wipe)  # the page says so only when it is true
        self._end(LOOKS)
        return self._frame.show(request, "wiped.html")

    def _end(self, beside: frozenset[str]) -> None:
        """When the browser has the last page, and these files beside it."""
        self._errands.later(lambda: self._frame.last_page_left(beside), self._world.lock)


def _coming(errand: Errand, listed: Listed) -> dict[str, Any] | None:
    """What was taken in this errand, as far as it is known and not all there."""
    if not errand.is_taken:
        return None
    return listed.coming_from(errand.contact, errand.amounts)
