"""A guest at an open door: real sockets, no browser."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from satchel.web.guests.crowd import Crowd
from satchel.web.guests.door import Door, Opening
from satchel.web.guests.reads import NoReader, Reader
from satchel.web.guests.serving import Serving, listen
from web.guests.shelved import BEGAN_S, Shelved

BASE = "/abcdefghijklmnopqrstuvwxyz"
SECRET = b"s" * 32
HTML, ATOM, JSON = "text/html", "application/atom+xml", "application/opds+json"
FORMS = (HTML, ATOM, JSON)


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(slots=True)
class Guest:
    """Asks below the base of one door; each time on a connection of its own."""

    port: int
    base: str = BASE
    headers: dict[str, str] = field(default_factory=dict)
    serving: Serving | None = None

    def get(self, path: str, **headers: str) -> Got:
        return self.ask("GET", self.base + path, **headers)

    def head(self, path: str, **headers: str) -> Got:
        return self.ask("HEAD", self.base + path, **headers)

    def follow(self, url: str, **headers: str) -> Got:
        """A whole address, as it stood in an answer."""
        parts = urlsplit(url)
        assert parts.scheme == "http"
        assert parts.netloc == f"127.0.0.1:{self.port}"
        return self.ask("GET", parts.path + (f"?{parts.query}" if parts.query else ""), **headers)

    def ask(self, method: str, target: str, **headers: str) -> Got:
        """The target as it is, whatever stands in it."""
        return self._ask(method, target, None, headers)

    def send(self, method: str, target: str, body: bytes) -> Got:
        return self._ask(method, target, body, {})

    def _ask(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> Got:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_host="host" in headers, skip_accept_encoding=True)
            for name, value in {**self.headers, **headers}.items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Got(response.status, found, response.read())
        finally:
            connection.close()


@contextmanager
def open_door(
    shelved: Shelved,
    *,
    base: str = BASE,
    reader: Callable[[Executor], Reader] = NoReader,
    connections_max: int = 192,
) -> Iterator[Guest]:
    door = Door(
        shelved.library,
        Opening(base=base, secret=SECRET, opened_s=BEGAN_S),
        reader=reader,
        now_s=lambda: shelved.clock_s,
    )
    listening = listen()
    port = listening[0].getsockname()[1]
    crowd = Crowd(admits=lambda _address: True, now_s=time.monotonic, connections_max=connections_max)
    serving = Serving(door, listening, crowd=crowd, is_over=lambda: False)
    serving.start()
    try:
        yield Guest(port, base, serving=serving)
    finally:
        serving.stop()


def a_school() -> Shelved:
    """Two open shelves, and one that nobody may see."""
    shelved = Shelved()
    shelved.put(
        "Algebra",
        languages=("en",),
        authors=("Ann Ames", "Bo"),
        subjects=("Maths",),
        pages=321,
        cover=True,
        inside="the quick brown fox",
    )
    shelved.put("كتاب الحساب", languages=("ar",), authors=("أمينة",), subjects=("حساب",))
    shelved.put(
        "Songs", shelf="Music", media_type="audio/mpeg", parts=3, languages=("pt-BR",), duration_s=4000
    )
    shelved.put("Map", shelf="Music", media_type="application/pdf")
    shelved.put(
        "Forbidden",
        shelf="Private",
        languages=("x-hidden",),
        authors=("Nobody Known",),
        subjects=("Treason",),
        cover=True,
        media_type="application/x-zim",
        inside="the quick brown secret",
    )
    shelved.open("School", "Music")
    return shelved
