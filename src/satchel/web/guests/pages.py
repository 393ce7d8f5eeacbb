"""Lists and books as pages for phones: whole, without a script, in six languages.

Spec: docs/spec/guests.md, 5.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from satchel.core.library.kinds import Kind
from satchel.web.guests.asking import Ask
from satchel.web.guests.feed import Entry, Feed, Publication
from satchel.web.guests.names import kind_name, language_name, shown
from satchel.web.owner import speech
from satchel.web.owner.rendering import environment

TYPE = "text/html; charset=utf-8"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_STYLE, _ICON = "page.css", "icon.svg"
_BESIDE = {_STYLE: ("satchel.web.guests", "text/css"), _ICON: ("satchel.web.owner", "image/svg+xml")}


def show_feed(ask: Ask, feed: Feed, *, newest: Sequence[Publication] = ()) -> bytes:
    """`newest`: books on the first page."""
    return _render(ask, "list.html", feed=feed, newest=newest)


def show_book(ask: Ask, entry: Entry) -> bytes:
    return _render(ask, "book.html", book=entry.book, listens=entry.book.kind is Kind.AUDIO)


def show_nothing(ask: Ask) -> bytes:
    """What is asked for is not here, or not any more: nobody is told which of the two."""
    return _render(ask, "nothing.html")


def show_busy(ask: Ask) -> bytes:
    """Too many look for something at the same time."""
    return _render(ask, "busy.html")


@cache
def beside(name: str) -> tuple[bytes, str] | None:
    """A file beside the pages, and its media type."""
    if name not in _BESIDE:
        return None
    package, media_type = _BESIDE[name]
    return files(package).joinpath("static", name).read_bytes(), media_type


def _render(ask: Ask, template: str, **fields: Any) -> bytes:
    page = environment(ask.code, "satchel.web.guests").get_template(template)
    spoken = speech.language(ask.code)
    return page.render(
        ask=ask,
        foreign=_foreign,
        plain=shown,
        kind=lambda kind: kind_name(kind, ask.code),
        called=language_name,
        tongue=_tongue,
        length=lambda seconds: _length(spoken, seconds),
        words=ask.fields.get("query", ask.fields.get("q", "")),
        **fields,
    ).encode("utf-8", "replace")


def _foreign(text: str) -> Markup:
    """What stands in books: as it is, with a direction of its own, and nothing in it that turns a line."""
    return Markup('<bdi dir="auto">{}</bdi>').format(shown(text))


def _tongue(tag: str) -> str:
    """A tag as an attribute has it; what nobody knows is marked as that (BCP 47)."""
    return tag or "und"


def _length(spoken: speech.Language, seconds: int) -> str:
    _ = spoken.catalogue.gettext
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min") % {"minutes": spoken.number(rest)}
    return _("%(hours)s h %(minutes)s min") % {"hours": spoken.number(hours), "minutes": spoken.number(rest)}
