"""The door's own listener: on all addresses of this machine, in a thread and a loop of its own, so that no
crowd of guests holds up what the node does. Spec: docs/spec/guests.md, 2 and 6.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from satchel.errors import EnvironmentProblem
from satchel.problems import problem_with
from satchel.web.guests.crowd import Crowd

HEADERS_BYTES_MAX = 16 << 10
REQUESTS_MAX = 1000  # of one connection
BACKLOG = 128
SWEEP_S = 1.0
STARTS_S = 5.0
ENDS_S = 3.0
ACCEPTING_TURNS = 16  # of the loop: who was being let in when the door was closed is shown out
_TRIES = 16  # for a port that is free in both families


def listen(port: int = 0) -> list[socket.socket]:
    """On every address of IPv4, and of IPv6 where there is any, at one port. Raises EnvironmentProblem."""
    try:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(_Taken):
                return _listen_both(port)
        return _listen_both(port)
    except OSError as exc:
        raise problem_with(exc, "open the door for guests") from exc


class _Taken(OSError):
    """The port that the kernel chose for one family is another program's in the other."""


def _listen_both(port: int) -> list[socket.socket]:
    # By name: asyncio sends small pieces at once only of what it knows to be TCP, else each page waits 40 ms.
    with contextlib.ExitStack() as opened:
        four = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        four.bind(("0.0.0.0", port))  # noqa: S104 - who is from elsewhere is refused: see Crowd
        listening = [four]
        try:
            six = opened.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP))
            six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            six.bind(("::", four.getsockname()[1]))
            listening.append(six)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise _Taken(*exc.args) from exc  # else there is no IPv6 here
        for one in listening:
            one.listen(BACKLOG)
        opened.pop_all()
        return listening


class _Guest(H11Protocol):
    """One connection."""

    def __init__(self, *, crowd: Crowd, **given: Any) -> None:
        super().__init__(**given)
        self._crowd = crowd
        self.requests = 0

    @property
    def address(self) -> str:
        return self.client[0] if self.client else ""

    @property
    def is_answered(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def is_closing(self) -> bool:
        return self.transport.is_closing()

    @property
    def unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def end(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._crowd.enter(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave(self)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self.requests += 1
        self._crowd.answered(self)
        super().on_response_complete()
        self._announce_end()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._announce_end()

    def _announce_end(self) -> None:
        """The last answer of a connection says that it is."""
        if self.requests >= REQUESTS_MAX - 1 and self.is_answered and CLOSE_HEADER not in self.headers:
            self.headers.append(CLOSE_HEADER)  # as if it had been asked for


class Serving:
    """A door that is open, from `start` until `stop`, or until its time is over. From any thread."""

    def __init__(
        self,
        app: ASGIApp,
        listening: Sequence[socket.socket],
        *,
        crowd: Crowd,
        is_over: Callable[[], bool],
    ) -> None:
        """Takes the sockets over. `is_over`: asked each second."""
        self._app = app
        self._listening = listening
        self._crowd = crowd
        self._is_over = is_over
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._ended = threading.Event()
        self._problem: BaseException | None = None

    def start(self) -> None:
        """Returns when it is served. Raises EnvironmentProblem."""
        threading.Thread(target=self._run, name="satchel-guests", daemon=True).start()
        self._started.wait(STARTS_S)
        if self._problem is not None:
            raise EnvironmentProblem(
                "The door for guests could not be opened.", safe="Nothing is shown.", do="Try again."
            ) from self._problem

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def stop(self) -> None:
        """When it returns nobody is connected any more. May be repeated."""
        with contextlib.suppress(RuntimeError):  # its loop is over
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
        self._ended.wait(ENDS_S)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended by then."""
        return self._ended.wait(seconds)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:  # noqa: BLE001 - told by `start`
            self._problem = problem
        finally:
            self._started.set()
            self._ended.set()
            for one in self._listening:
                one.close()

    async def _serve(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).disabled = True  # what is asked for is nobody's business
        config = Config(
            self._app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            h11_max_incomplete_event_size=HEADERS_BYTES_MAX,
        )
        config.load()
        state = ServerState()

        def guest() -> _Guest:
            return _Guest(crowd=self._crowd, config=config, server_state=state, app_state={})

        servers = [await loop.create_server(guest, sock=one, backlog=BACKLOG) for one in self._listening]
        self._started.set()
        try:
            while not self._stop.is_set() and not self._is_over():
                self._crowd.sweep()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_S):
                        await self._stop.wait()
        finally:
            for one in self._listening:
                loop.remove_reader(one)  # before it is closed: else asyncio forgets whom it is letting in
            self._crowd.end()
            for _ in range(ACCEPTING_TURNS):
                await asyncio.sleep(0)
            for server in servers:
                server.close()
            for task in [*state.tasks]:
                task.cancel()
            await asyncio.gather(*state.tasks, return_exceptions=True)
            if (close := getattr(self._app, "close", None)) is not None:
                await close()
