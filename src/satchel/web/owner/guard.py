"""The gate, in front of every request; and its headers, on every answer. Spec: docs/spec/page.md, 2."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from satchel.web.owner.gate import Gate


class Guard:
    """ASGI, around the page."""

    def __init__(self, gate: Gate, app: ASGIApp) -> None:
        self._gate = gate
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._gate.headers(scope["path"]):
                    headers[name] = value
            await send(message)

        asked = Headers(scope=scope)
        refusal = self._gate.refusal(
            method=scope["method"],
            path=scope["path"],
            host=asked.get("host", ""),
            origin=asked.get("origin"),
            site=asked.get("sec-fetch-site"),
            cookies="; ".join(asked.getlist("cookie")),
        )
        answer = self._app if refusal is None else Response(status_code=refusal.value)
        await answer(scope, receive, send_with_headers)
