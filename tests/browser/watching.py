"""What a page does that it must not, seen from outside of it: nothing is put into the page's own world.

Requests, the console and exceptions are seen for the page and for every page that it opens. Violations of its
policy are seen twice: as events, by a listener in a world that the page cannot reach, and on the console.
What leaves all the same, as a question for a name, is on the cable, where the laboratory sees it.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError, WebSocket

WORLD = "laboratory"
TELL = "laboratoryTell"
LATECOMERS_MS = 50  # what a page did just before the end still arrives
# What has no origin and leaves nothing: the page's own bytes, and the page before the first.
INSIDE = ("about:", "data:")
# Headless Chromium does not follow hints where to connect ahead, so they are looked for.
LISTENER = f"""
const tell = (kind, text) => {TELL}(JSON.stringify([kind, text]));
document.addEventListener("securitypolicyviolation", (event) => {{
    const where = `${{event.effectiveDirective}} in ${{event.documentURI}}`;
    tell("POLICY", `${{where}} blocked ${{event.blockedURI}} ${{event.sample}}`);
}});
const hints = "link[rel~=dns-prefetch i], link[rel~=preconnect i]";
new MutationObserver((changes) => {{
    for (const node of changes.flatMap((change) => [...change.addedNodes]))
        if (node.matches?.(hints) && new URL(node.href).origin !== location.origin) tell("HINT", node.href);
}}).observe(document, {{childList: true, subtree: true}});
"""


class Kind(Enum):
    """What a page may not do; the value is how a failed test says it."""

    FOREIGN = "a request to another origin"
    HINT = "a hint to connect to another origin"
    POLICY = "a violation of the content security policy"
    CONSOLE = "an error on the console"
    EXCEPTION = "an uncaught exception"
    CRASH = "a crash"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a page did."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.text}"


def is_within(url: str, origin: str, besides: Sequence[str] = ()) -> bool:
    """Whether a request to `url` stays with `origin` (scheme, host and port) or is one of `besides`."""
    if url.startswith(INSIDE) or url in besides:
        return True
    parts = urlsplit(url.removeprefix("blob:"))
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc}" == origin


class PageWatch:
    """Made by `Chromium.page`, before the page goes anywhere."""

    def __init__(self, context: "BrowserContext", page: "Page", origin: str, besides: Sequence[str]) -> None:
        """`origin`: where all requests must go; `besides`: whole addresses that are allowed, too."""
        self.page = page
        self._origin, self._besides = origin, tuple(besides)
        self._faults: list[Fault] = []
        context.on("request", lambda request: self._asked_for(request.url))
        context.on("console", self._said)
        context.on("weberror", self._thrown)
        context.on("page", self._opened)
        self._opened(page)
        self._session = context.new_cdp_session(page)
        self._session.on("Runtime.bindingCalled", self._told)
        for method, arguments in (
            ("Page.enable", {}),
            ("Runtime.enable", {}),
            ("Runtime.addBinding", {"name": TELL, "executionContextName": WORLD}),
            ("Page.addScriptToEvaluateOnNewDocument", {"source": LISTENER, "worldName": WORLD}),
        ):
            self._session.send(method, arguments)

    def take(self) -> list[Fault]:
        """All faults so far, which are then forgotten: for a test that expects some."""
        self._wait_for_latecomers()
        taken, self._faults = self._faults, []
        return taken

    def slow_down(self, times: float) -> None:
        """Let the page's processor be that many times slower than this machine's."""
        self._session.send("Emulation.setCPUThrottlingRate", {"rate": times})

    def _wait_for_latecomers(self) -> None:
        from playwright.sync_api import Error  # noqa: PLC0415 - only `dev.py test` has installed it

        if not self.page.is_closed():
            with contextlib.suppress(Error):  # it has crashed, which is a fault of its own
                self.page.wait_for_timeout(LATECOMERS_MS)

    def _opened(self, page: "Page") -> None:
        page.on("websocket", self._connected)
        page.on("crash", lambda crashed: self._add(Kind.CRASH, crashed.url))

    def _asked_for(self, url: str) -> None:
        if not is_within(url, self._origin, self._besides):
            self._add(Kind.FOREIGN, url)

    def _connected(self, socket: "WebSocket") -> None:
        self._asked_for(socket.url)

    def _said(self, message: "ConsoleMessage") -> None:
        if message.type in ("error", "assert"):
            self._add(Kind.CONSOLE, f"{message.text} ({message.location['url']})")

    def _thrown(self, error: "WebError") -> None:
        self._add(Kind.EXCEPTION, str(error.error))

    def _told(self, event: dict[str, Any]) -> None:
        if event["name"] == TELL:
            kind, text = json.loads(event["payload"])
            self._add(Kind[kind], text)

    def _add(self, kind: Kind, text: str) -> None:
        self._faults.append(Fault(kind, text))
