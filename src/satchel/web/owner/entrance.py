"""How the owner's browser comes in: by a file in the profile that only the owner can read, and its token.

A form in it sends the token here, so that it stands in no address, no history and no list of processes. The
answer gives the cookie, and goes on from a page of our own: a cookie of SameSite=Strict is not sent with
what a foreign page (the file) has begun. Spec: docs/spec/page.md, 2.
"""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from satchel.errors import MisuseError
from satchel.web.owner.asking import form_of
from satchel.web.owner.gate import Gate

FORM_BYTES_MAX = 256  # of who has shown nothing yet
_FILE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Satchel</title><meta name="referrer" content="no-referrer"></head>
<body onload="document.forms[0].submit()">
<form method="post" action="{origin}{base}/enter"><input type="hidden" name="token" value="{token}">
<button>Open Satchel</button></form>
</body>
</html>
"""
_INSIDE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Satchel</title>
<link rel="icon" href="{base}/static/icon.svg"><meta http-equiv="refresh" content="0;url={base}/"></head>
<body><a href="{base}/">Open Satchel</a></body>
</html>
"""


def file_content(gate: Gate) -> bytes:
    """What the file says. For its owner only."""
    return _FILE.format(origin=gate.origin, base=gate.base, token=gate.token).encode()


async def enter(gate: Gate, request: Request) -> Response:
    """Raises MisuseError: no token of ours. Whoever guesses has 2^256 to try."""
    try:
        cookie = gate.enter((await form_of(request, bytes_max=FORM_BYTES_MAX)).one("token"))
    except MisuseError:
        return Response(status_code=403)
    response = HTMLResponse(_INSIDE.format(base=gate.base))
    response.headers["set-cookie"] = gate.set_cookie(cookie)
    return response
