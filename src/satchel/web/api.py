"""The control API of a running node: JSON over HTTP, for who may open its socket. Spec: docs/spec/api.md."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from satchel.errors import MisuseError, NothingToDo, SatchelError
from satchel.node import clock, events
from satchel.node.node import Node
from satchel.node.own_thread import in_own_thread
from satchel.ports.contacts import Contact
from satchel.web.answers import json_answer, read_object, refused
from satchel.web.uploads import UploadRoutes

EVENTS_HELD_MAX = 1000  # for a reader that is slow; one that is slower is left behind
LINES = "application/jsonl"


class Job(Protocol):
    """A command that runs inside the node, for who asked for it. Used from the node's loop."""

    @property
    def id(self) -> str: ...
    def frames(self) -> AsyncIterator[bytes]:
        """What it says, to the end."""
        ...

    def answer(self, line: str | None) -> bool:
        """A line that it has asked for, None: there is none. False: it asked for nothing."""
        ...

    def stop(self) -> None:
        """As Ctrl-C. May be repeated."""
        ...

    def leave(self) -> None:
        """Nobody follows any more: it is stopped."""
        ...


class Jobs(Protocol):
    ended: Callable[[], object]  # told on the loop of each that is over, but for those that only look

    def start(self, asked: dict[str, Any]) -> Job:
        """Raises MisuseError: not a command for here; EnvironmentProblem: too many run."""
        ...

    def look(self, asked: dict[str, Any]) -> Job:
        """One that only reads, and is soon over: it takes no place of others. Who asks bounds how many."""
        ...

    def find(self, id: str) -> Job | None: ...


class Api:
    """Used from the node's loop."""

    def __init__(
        self,
        node: Node,
        jobs: Jobs,
        uploads: UploadRoutes,
        lock: Callable[[], object],
        *,
        guests: Callable[[], dict[str, object] | None] = lambda: None,
    ) -> None:
        """`lock`: end the node. `guests`: how their door stands; None: it is closed."""
        self._guests = guests
        self._uploads = uploads
        self._node = node
        self._jobs = jobs
        self._lock = lock

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/v1/status", self.status, methods=["GET"]),
                Route("/v1/events", self.events, methods=["GET"]),
                Route("/v1/lock", self.lock, methods=["POST"]),
                Route("/v1/jobs", self.start, methods=["POST"]),
                Route("/v1/jobs/{id}/line", self.answer, methods=["POST"]),
                Route("/v1/jobs/{id}/stop", self.stop, methods=["POST"]),
                *self._uploads.under("/v1/uploads"),
            ],
            exception_handlers={SatchelError: refused},
        )

    async def status(self, _request: Request) -> Response:
        now_s = clock.awake_and_asleep_s()
        waiting, carried = await in_own_thread(lambda: (self._node.waits(), self._node.carried()))
        return json_answer(
            {
                "mode": self._node.presence.mode.name.lower(),
                "for_s": round(now_s - self._node.presence.since_s),
                "addresses": self._node.addresses(),
                "near": [_near(contact, now_s - since_s) for contact, since_s in self._node.near()],
                "copies": self._node.copies(),
                "asked": self._node.asked(),
                "waiting": [one.told() for one in waiting],
                "carried": carried,
                "guests": self._guests(),
            }
        )

    async def events(self, _request: Request) -> Response:
        return StreamingResponse(self._news(), media_type=LINES)

    async def _news(self) -> AsyncIterator[bytes]:
        held: asyncio.Queue[events.Event] = asyncio.Queue(EVENTS_HELD_MAX)
        loop = asyncio.get_running_loop()

        def put(event: events.Event) -> None:
            with suppress(asyncio.QueueFull):
                held.put_nowait(event)

        def keep(event: events.Event) -> None:  # from any thread
            loop.call_soon_threadsafe(put, event)

        with self._node.presence.listening(keep):
            for contact, _ in self._node.near():
                yield _line("peer", contact=contact.name, verified=contact.pair.proof.is_verified)
            while not held.full():
                for line in _told(await held.get(), self._node.addresses()):
                    yield line

    async def lock(self, _request: Request) -> Response:
        asyncio.get_running_loop().call_later(0.1, self._lock)  # the answer leaves first
        return Response(status_code=204)

    async def start(self, request: Request) -> Response:
        job = self._jobs.start(await read_object(request))
        return _Following(job)

    async def answer(self, request: Request) -> Response:
        line = (await read_object(request)).get("line")
        if line is not None and not isinstance(line, str):
            raise MisuseError("api 3.4: a line is a string, or null.")
        return Response(status_code=204 if self._job(request).answer(line) else 409)

    async def stop(self, request: Request) -> Response:
        self._job(request).stop()
        return Response(status_code=204)

    def _job(self, request: Request) -> Job:
        job = self._jobs.find(request.path_params["id"])
        if job is None:
            raise NothingToDo("api 3.2: no such job runs.")
        return job


class _Following(StreamingResponse):
    """What a job says, to who started it; who goes away has stopped it [3.5]."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.frames(), media_type=LINES)
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._job.leave()


def _line(event: str, **fields: object) -> bytes:
    return json.dumps({"event": event, **fields}).encode() + b"\n"


def _told(event: events.Event, addresses: list[str]) -> Iterator[bytes]:
    match event:
        case events.Reachable():
            yield _line("address", address=addresses[0] if addresses else None, addresses=addresses)
        case events.PeerMet(name=name, verified=verified):
            yield _line("peer", contact=name, verified=verified)
        case events.PeerGone(name=name, broke=broke):
            yield _line("gone", contact=name, broke=broke)
        case events.Asked(name=name, is_verified=verified, files=files, size_bytes=size, has_text=text):
            yield _line("asked", contact=name, verified=verified, files=files, bytes=size, text=text)
        case _:
            pass


def _near(contact: Contact, for_s: float) -> dict[str, object]:
    verified = contact.pair.proof.is_verified
    return {"contact": contact.name, "verified": verified, "for_s": round(for_s)}
