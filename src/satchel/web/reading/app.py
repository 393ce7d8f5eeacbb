"""One book in a browser: its pages, its bytes and the files beside it, below one path, and nothing else.

Spec: docs/spec/reading.md, 2.
"""

from concurrent.futures import Executor

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from satchel.errors import SatchelError
from satchel.ports.books import Opener
from satchel.web.answers import status_of
from satchel.web.owner.errands import Problem
from satchel.web.reading.beside import foreign_file, own_file
from satchel.web.reading.bytes_of import BytesOf
from satchel.web.reading.held import HeldBook
from satchel.web.reading.leaves import Leaves
from satchel.web.reading.policy import Policy
from satchel.web.reading.screens import Screens
from satchel.web.reading.shown import Manners, ShownBook

METHODS = ("GET", "HEAD")


class Reading:
    """An ASGI application, to be mounted where nobody finds it who was not sent there. Used from one loop."""

    def __init__(
        self, shown: ShownBook, opener: Opener, *, threads: Executor, manners: Manners | None = None
    ) -> None:
        """`threads`: in which content is read as it leaves."""
        self._held = HeldBook(opener, shown.kind, shown.parts[0].read)
        self._kind = shown.kind
        self._screens = Screens(shown, manners or Manners())
        leaves = Leaves(shown, self._screens, self._held, manners or Manners())
        content = BytesOf(shown, self._held, threads)
        self._inside = Starlette(
            routes=[
                Route("/", leaves.first),
                Route("/contents", leaves.contents),
                Route("/text/{place:path}", leaves.chapter),
                Route("/pages/{number:int}", leaves.page),
                Route("/search", leaves.search),
                Route("/page/{number:int}", content.page),
                Route("/cover", content.cover),
                Route("/file/{path:path}", content.file),
                Route("/zim/{path:path}", content.entry),
                Route("/content/{part:int}", content.part),
                Route("/sha1", content.sha1),
                Route("/static/{name}", self._own),
                Route("/foreign/{name:path}", self._foreign),
            ],
            exception_handlers={SatchelError: self._refused},
        )
        self._inside.router.redirect_slashes = False  # where to would be taken from a header

    async def close(self) -> None:
        """Nothing more of it can be read. May be repeated."""
        await self._held.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        asked = Headers(scope=scope)
        policy = Policy.of(scope["scheme"], asked.get("host", ""), scope.get("root_path", ""))
        if policy is None:
            await Response(status_code=421)(scope, receive, send)
            return
        scope["policy"] = policy

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in policy.raw().items():
                    headers.setdefault(name, value)
            await send(message)

        answer: ASGIApp = self._inside if is_from_here(scope, asked) else Response(status_code=403)
        if scope["method"] not in METHODS:
            answer = Response(status_code=405)
        await answer(scope, receive, send_with_headers)

    async def _own(self, request: Request) -> Response:
        content, kind = own_file(request.path_params["name"])
        return Response(content, media_type=kind, headers=dict(policy_of(request).script()))

    async def _foreign(self, request: Request) -> Response:
        content, kind = foreign_file(request.path_params["name"], self._kind)
        return Response(content, media_type=kind, headers=dict(policy_of(request).script()))

    async def _refused(self, request: Request, problem: Exception) -> Response:
        assert isinstance(problem, SatchelError)
        return self._screens.refused(request, Problem.of(problem), status_of(problem))


def is_from_here(scope: Scope, asked: Headers) -> bool:
    """A page of another origin gets nothing, even if it knows the way: neither by a script nor in a frame.

    Browsers say whence a request comes, to this machine and over TLS; elsewhere the way itself is the key.
    An archive's pages have no origin, and what they ask for comes from elsewhere to a browser.
    """
    place = scope["path"].removeprefix(scope.get("root_path", ""))
    if place.startswith("/zim/") or asked.get("sec-fetch-site") in (None, "same-origin"):
        return True
    return asked.get("sec-fetch-dest") in (None, "document")


def policy_of(request: Request) -> Policy:
    policy = request.scope["policy"]
    assert isinstance(policy, Policy)
    return policy
