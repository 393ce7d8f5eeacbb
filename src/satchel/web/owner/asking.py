"""What a request brings: bounded before it is read. Never a plain temporary file (architecture 2)."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from satchel.errors import MisuseError
from satchel.web.answers import read_body

FORM_BYTES_MAX = 4 << 20  # an answer may name each of many items
FIELDS_MAX = 200_000
OWN = "own"  # of several choices the one with a field to type into


class Form:
    """The fields of a form, in their order."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """Empty if it is not there."""
        return next((value for key, value in self._fields if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._fields if key == name]


def refuse_typed_beside(form: Form, field: str) -> None:
    """Where something own was typed, and another choice is marked: it would be thrown away without a word.

    Raises MisuseError.
    """
    if form.one("which") != OWN and form.one(field).strip():
        raise MisuseError(
            "Something was typed, but another choice was marked.",
            safe="Nothing was changed.",
            do="Mark what you want, and type it again if it is your own.",
        )


def own_passphrase(form: Form) -> str:
    """What was typed twice. Raises MisuseError: not the same."""
    own = form.one("passphrase")
    if own != form.one("again"):
        raise MisuseError("These were not the same.", safe="Nothing was changed.", do="Type it twice.")
    return own


async def form_of(request: Request, *, bytes_max: int = FORM_BYTES_MAX) -> Form:
    """Raises MisuseError: it is no form, or a longer one than any of ours."""
    data = await read_body(request, clause="page 4.1", bytes_max=bytes_max)
    try:
        fields = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as exc:
        raise MisuseError("page 4.1: this is no form.") from exc
    return Form(fields)


def given_by(form: Form) -> tuple[list[str], list[str]]:
    """The words of a command that sends it, and what is answered when it asks for the text.

    Raises MisuseError: there is nothing.
    """
    uploads, text = form.all("upload"), form.one("text").replace("\r\n", "\n")  # as forms end lines
    has_text = bool(text.strip())
    if not uploads and not has_text:
        raise MisuseError("There is nothing to send.", safe="Nothing was sent.", do="Choose files, or write.")
    words = [f"--upload={upload}" for upload in uploads]
    return [*words, *(["--text"] if has_text else [])], [text] if has_text else []


def address_in(form: Form) -> list[str]:
    """Where the other device listens, if a person typed it."""
    typed = form.one("address").strip()
    return [f"--at={typed}"] if typed else []


def one_line(typed: str) -> str:
    """As a person would have typed it."""
    return " ".join(typed.split())
