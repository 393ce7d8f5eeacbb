"""Who may see the page: the one who can read a file in the profile, through the browser that opened it.

Nothing else on this machine or on the web may: not a page of another origin (CSRF, cross-origin reads,
foreign frames), not one whose name was turned to 127.0.0.1 (DNS rebinding), not who has a copied address
(G, T1).
Spec: docs/spec/page.md, 2.
"""

import hmac
from collections.abc import Callable
from enum import Enum

from satchel.core.crypto.kdf import digest
from satchel.errors import MisuseError

ADDRESS = "127.0.0.1"
COOKIE = "satchel"
SESSIONS_MAX = 8  # browsers and their windows; the one opened longest ago leaves
SECRET_BYTES = 32
BASE_BYTES = 8

HEADERS = (
    # Nothing from elsewhere, nothing inline, in nobody's frame. A form goes nowhere but here.
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),  # without any, a browser sends the origin of a form as "null"
    ("x-content-type-options", "nosniff"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
CAMERA_PAGE = "/pair"  # the only one that may ask for a camera [6.1]


class Refusal(Enum):
    """Why a request gets nothing, and the status that says so."""

    WRONG_HOST = 421
    NOT_OURS = 404
    FOREIGN = 403
    STRANGER = 401


class Gate:
    """One for a process, from its start to its end."""

    def __init__(self, *, port: int, draw: Callable[[int], bytes]) -> None:
        """`draw`: so many random bytes."""
        self._draw = draw
        self.host = f"{ADDRESS}:{port}"
        self.origin = f"http://{self.host}"
        # Cookies are sent to all ports of a machine, so also to a server of another user of it: never to a
        # path that it cannot know.
        self.base = f"/{draw(BASE_BYTES).hex()}"
        self._token = draw(SECRET_BYTES).hex()
        self._sessions: list[bytes] = []  # digests, the oldest first

    def headers(self, path: str) -> tuple[tuple[str, str], ...]:
        """On every answer, also where a request is refused."""
        camera = "(self)" if path == self.base + CAMERA_PAGE else "()"
        allowed = f"camera={camera}, microphone=(), geolocation=(), display-capture=()"
        return (*HEADERS, ("permissions-policy", allowed))

    @property
    def token(self) -> str:
        """What the file in the profile brings."""
        return self._token

    def enter(self, token: str) -> str:
        """The value of a cookie for who has read the file. Raises MisuseError: it has not."""
        if not hmac.compare_digest(digest(token.encode()), digest(self._token.encode())):
            raise MisuseError("page 2.2: this is not what the file in the profile says.")
        cookie = self._draw(SECRET_BYTES).hex()
        self._sessions = [*self._sessions[1 - SESSIONS_MAX :], digest(cookie.encode())]
        return cookie

    def refusal(
        self, *, method: str, path: str, host: str, origin: str | None, site: str | None, cookies: str
    ) -> Refusal | None:
        """None: it may be answered.

        Args:
            host, origin: as in the headers; `site`: Sec-Fetch-Site.
            cookies: the header of that name, or empty.
        """
        if host != self.host:
            return Refusal.WRONG_HOST
        if not (path + "/").startswith(self.base + "/"):
            return Refusal.NOT_OURS
        if path == self.base + "/enter":
            # From the file, which has no origin; its token is looked at instead.
            return None if method == "POST" and origin in ("null", self.origin) else Refusal.FOREIGN
        if method not in ("GET", "HEAD") and origin != self.origin:
            return Refusal.FOREIGN
        if site == "cross-site":
            return Refusal.FOREIGN
        return None if self._knows(cookies) else Refusal.STRANGER

    def _knows(self, cookies: str) -> bool:
        """Among those of all other servers at 127.0.0.1, of whatever form and name: a browser sends all."""
        for pair in cookies.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                told = digest(value.encode())
                if any(hmac.compare_digest(told, session) for session in self._sessions):
                    return True
        return False

    def set_cookie(self, value: str) -> str:
        """The header that gives it to the browser: for this host and path, for no script, until it ends."""
        return f"{COOKIE}={value}; Path={self.base}/; HttpOnly; SameSite=Strict"
