"""What each part of the API reads and answers: JSON objects, and errors as three sentences. api.md, 1."""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo, SatchelError
from satchel.ports.uploads import NotAtThatPlace, OvertakenError

BODY_BYTES_MAX = 4 << 20
_STATUS_OF = (
    *((NotAtThatPlace, 409), (OvertakenError, 409)),
    *((MisuseError, 400), (NothingToDo, 404), (EnvironmentProblem, 503)),
)


async def read_object(request: Request) -> dict[str, Any]:
    """Raises MisuseError: it is no object, or larger than any that is asked for."""
    data = await read_body(request, clause="api 1.4", bytes_max=BODY_BYTES_MAX)
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise MisuseError("api 1.4: the body is no JSON object.")
    return body


async def read_body(request: Request, *, clause: str, bytes_max: int) -> bytes:
    """In memory: no more than that is kept, whatever comes. Empty if who sent it has gone.

    Raises MisuseError: it is longer.
    """
    data = bytearray()
    try:
        async for part in request.stream():
            data += part
            if len(data) > bytes_max:
                raise MisuseError(f"{clause}: a body has {bytes_max} bytes at most.")
    except ClientDisconnect:
        return b""
    return bytes(data)


def status_of(problem: Exception) -> int:
    """How an error is told in HTTP [1.6]."""
    return next((number for kind, number in _STATUS_OF if isinstance(problem, kind)), 500)


async def refused(_request: Request, problem: Exception) -> Response:
    """For Starlette: how an error is told [1.6]."""
    return told(problem, str)


def told(problem: Exception, tell: Callable[[str], str]) -> Response:
    """The same; `tell`: a sentence as it is to be read."""
    assert isinstance(problem, SatchelError)
    parts = {"what": problem.what, "safe": problem.safe, "do": problem.do}
    body: dict[str, object] = {part: sentence and tell(sentence) for part, sentence in parts.items()}
    if isinstance(problem, NotAtThatPlace):
        body["have"] = problem.have
    return json_answer(body, status_of(problem))


def json_answer(body: dict[str, object], status: int = 200) -> Response:
    """ASCII: a path that is no UTF-8 has lone surrogates."""
    return Response(json.dumps(body), status_code=status, media_type="application/json")
