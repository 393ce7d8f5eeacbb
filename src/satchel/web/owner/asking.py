"""What a request brings: bounded before it is read. Never a plain temporary file (architecture 2)."""

from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from satchel.errors import MisuseError

FORM_BYTES_MAX = 4 << 20  # an answer may name each of many items
FIELDS_MAX = 200_000


class Form:
    """The fields of a form, in their order."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """Empty if it is not there."""
        return next((value for key, value in self._fields if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._fields if key == name]


async def form_of(request: Request) -> Form:
    """Raises MisuseError: it is no form, or a longer one than any of ours."""
    data = bytearray()
    try:
        async for part in request.stream():
            data += part
            if len(data) > FORM_BYTES_MAX:
                raise MisuseError(f"page 4.1: a form has {FORM_BYTES_MAX} bytes at most.")
        fields = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except (ClientDisconnect, ValueError) as exc:
        raise MisuseError("page 4.1: this is no form.") from exc
    return Form(fields)
