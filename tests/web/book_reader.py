"""A browser without a screen, for one book that is open below a path."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from satchel.web.reading import Reading

HOST = "localhost:4000"
PATH = "/0123456789abcdef"
PLACE = f"http://{HOST}{PATH}"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def policy(self) -> dict[str, list[str]]:
        parts = [part.split() for part in self.headers["content-security-policy"].split(";")]
        return {name: values for name, *values in parts}


@dataclass
class Reader:
    app: Reading
    given: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, method: str = "GET", host: str = HOST, **headers: str) -> Answer:
        return asyncio.run(self.ask(path, method=method, host=host, **headers))

    async def ask(self, path: str, *, method: str = "GET", host: str = HOST, **headers: str) -> Answer:
        asked = urlsplit(path)
        lines = {
            "host": host,
            **self.given,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        scope: dict[str, Any] = {
            "type": "http",
            "scheme": "http",
            "method": method,
            "path": PATH + unquote(asked.path),
            "raw_path": (PATH + asked.path).encode(),
            "root_path": PATH,
            "query_string": asked.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
        }
        told: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            told.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        await self.app(scope, receive, send)
        start = told[0]
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], found, b"".join(one.get("body", b"") for one in told[1:]))
