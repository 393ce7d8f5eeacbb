"""A browser without a screen: it keeps its cookie, follows what a form leads to, and reads pages as text."""

import html
import http.client
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cli.node_kit import LIMIT_S
from satchel.cli.owner_page import OwnerPage


@dataclass(frozen=True, slots=True)
class Answer:
    path: str  # where it led to
    status: int
    headers: dict[str, str]
    body: str

    @property
    def text(self) -> str:
        """What stands on the page."""
        content = self.body.partition('<main id="main" tabindex="-1">')[2].partition("</main>")[0]
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())

    def links(self, pattern: str) -> list[str]:
        return re.findall(rf'(?:href|action)="[^"]*?({pattern})"', self.body)


class Browser:
    """Of the owner, who has opened the file in the profile."""

    def __init__(self, page: OwnerPage, *, language: str = "en") -> None:
        self.gate = page.gate
        self.headers = {"accept-language": language}
        entered = self.post("/enter", {"token": self.gate.token}, origin="null")
        assert entered.status == 200
        self.headers["cookie"] = entered.headers["set-cookie"].partition(";")[0]

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
        """As a form of ours is sent; where it leads to a page, that page."""
        answer = self.hand_in(path, fields, **headers)
        if answer.status != 303:
            return answer
        return self.get(answer.headers["location"].removeprefix(self.gate.base))

    def hand_in(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
        """As `post`, and it is not looked where it leads."""
        body = urlencode(fields or {}).encode()
        given = {"origin": self.gate.origin, "content-type": "application/x-www-form-urlencoded", **headers}
        return self._ask("POST", path, body, given)

    def send(self, method: str, path: str, body: object, **headers: str) -> Any:
        """As a script of ours asks: what is answered, None without an answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self._ask(method, path, data, {"origin": self.gate.origin, **headers})
        return json.loads(answer.body) if answer.body else None

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        host, port = self.gate.host.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=LIMIT_S)
        try:
            connection.request(method, self.gate.base + path, body=body, headers={**self.headers, **headers})
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(path, response.status, names, response.read().decode())
        finally:
            connection.close()
