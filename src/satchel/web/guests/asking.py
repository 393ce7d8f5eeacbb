"""What a guest asks for: the path below the door, in which form, in which language. Pure; anybody may send
anything. Spec: docs/spec/guests.md, 3."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from satchel.web.owner import speech

PATH_BYTES_MAX = 2048
QUERY_BYTES_MAX = 2048
FIELDS_MAX = 16
ACCEPT_CHARACTERS_MAX = 1000
PAGES_MAX = 1_000_000
_RANGE = re.compile(r"\s*([a-z*]+/[a-z0-9.+*-]+)\s*((?:;[^,]*)?)", re.IGNORECASE | re.ASCII)
_WEIGHT = re.compile(r";\s*q=([01](?:\.[0-9]{0,3})?)", re.ASCII | re.IGNORECASE)


class Form(Enum):
    """How a list is written. The values are those of `?v=`."""

    PAGE = "html"
    OPDS_1 = "1"
    OPDS_2 = "2"


_FORMS = {
    "text/html": Form.PAGE,
    "application/xhtml+xml": Form.PAGE,
    "application/atom+xml": Form.OPDS_1,
    "application/xml": Form.OPDS_1,
    "text/xml": Form.OPDS_1,
    "application/opds+json": Form.OPDS_2,
    "application/opds-publication+json": Form.OPDS_2,
    "application/json": Form.OPDS_2,
}
_BY_CHOICE = {form.value: form for form in Form}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request that came through the door."""

    root: str = field(repr=False)  # of all addresses: scheme, host, port and base, without a slash behind
    path: tuple[str, ...] = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    form: Form
    code: str  # the language: one of speech.CODES
    kept: tuple[tuple[str, str], ...] = ()  # what was chosen, and stays so in the addresses of the answer

    def to(self, *path: str, **fields: str | int | None) -> str:
        """The whole address of something: some readers know no other."""
        said = [(name, str(value)) for name, value in fields.items() if value is not None]
        said += self.kept
        return f"{self.root}/{'/'.join(path)}{'?' + urlencode(said) if said else ''}"

    def bare(self, *path: str) -> str:
        """The same of what is no list: it has one form and no language."""
        return f"{self.root}/{'/'.join(path)}"

    def choosing(self, **kept: str) -> "Ask":
        """As if this had been chosen."""
        return replace(self, kept=tuple({**dict(self.kept), **kept}.items()))

    @property
    def page(self) -> int:
        """From 1. 0: not a number."""
        said = self.fields.get("page", "1")
        if not (said.isascii() and said.isdecimal() and len(said) < 8):
            return 0
        return int(said) if int(said) <= PAGES_MAX else 0

    @property
    def key(self) -> tuple[object, ...]:
        """Two with the same one get the same answer, as long as nothing has changed."""
        return self.root, self.path, tuple(sorted(self.fields.items())), self.form, self.code, self.kept


def split_path(raw_path: bytes) -> tuple[str, ...] | None:
    """Its parts, each decoded once. None: no path of ours, as it has a part that is empty, or climbs."""
    if len(raw_path) > PATH_BYTES_MAX or not raw_path.startswith(b"/"):
        return None
    parts = raw_path[1:].split(b"/")
    if parts[-1] == b"":
        parts.pop()  # `/new/` is `/new`
    decoded = []
    for part in parts:
        try:
            text = unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            return None
        if not text or text in (".", "..") or any(character in text for character in "/\\\0"):
            return None
        decoded.append(text)
    return tuple(decoded)


def read_fields(query: bytes, known: frozenset[str]) -> dict[str, str]:
    """Those that mean something here; of several of one name the first."""
    if len(query) > QUERY_BYTES_MAX:
        return {}
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in known:
            found.setdefault(name, value)
    return found


def form_of(chosen: str | None, accept: str) -> tuple[Form, bool]:
    """In which form, and whether it was chosen in the address (`?v=`).

    What asks for nothing particular is no browser: those ask for text/html. It gets what the oldest readers
    know.
    """
    if chosen in _BY_CHOICE:
        return _BY_CHOICE[chosen], True
    best, weight_of_best = Form.OPDS_1, 0.0
    for part in accept[:ACCEPT_CHARACTERS_MAX].split(","):
        found = _RANGE.fullmatch(part)
        form = _FORMS.get(found[1].lower()) if found is not None else None
        if found is None or form is None:
            continue
        weight = float(said[1]) if (said := _WEIGHT.search(found[2])) is not None else 1.0
        if weight > weight_of_best:
            best, weight_of_best = form, weight
    return best, False


def language_of(chosen: str | None, accept_language: str) -> tuple[str, bool]:
    """In which language, and whether it was chosen in the address (`?hl=`)."""
    if chosen in speech.CODES:
        return chosen, True
    return speech.wanted(accept_language), False
