"""What went wrong, as the page says it: in its language, and with what others wrote isolated (G).

Spec: docs/spec/page.md, 4.5 and 5.4.
"""

import re
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup, escape

from satchel.web.owner import speech
from satchel.web.owner.sentences import Found, Put, Sentences

ENGLISH = "en"
# What begins so cites a clause: a rule that was broken by the other side, or by a part of ours (errors.py).
_CLAUSE = re.compile(r"([a-z-]{1,40}) [0-9]{1,2}(\.[0-9]{1,2})?: ", re.ASCII)
_OUR_PAGES = ("page", "api")
_NUMBER = re.compile(r"[0-9]{1,3}(,?[0-9]{3}){0,6}|[0-9]{1,18}", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,6}(?:\.[0-9])?) (B|kB|MB|GB|TB|PB)", re.ASCII)
_POWERS = ("B", "kB", "MB", "GB", "TB", "PB")
_FIELD = "%(rule)s"


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence, twice: for a page, and where no mark-up can stand."""

    code: str  # the language that it is in
    html: Markup
    plain: str

    @property
    def tag(self) -> str:
        return speech.tag(self.code)

    @property
    def direction(self) -> str:
        return speech.language(self.code).direction


def tell(code: str, sentence: str) -> Told:
    """`code`: the language of the page. A sentence that is none of ours stays as it is."""
    language = speech.language(code)
    found = _sentences(code).find(sentence)  # first: a name may begin like a clause
    if found is None and (clause := _CLAUSE.match(sentence)) is not None:
        return _tell_rule(language, sentence, is_ours=clause[1] in _OUR_PAGES)
    if found is None:
        shown = speech.shown_text(sentence)
        return Told(ENGLISH, escape(shown), shown if code == ENGLISH else f"\u2066{shown}\u2069")
    parts = list(_parts(language, found))
    return Told(code, Markup("").join(html for html, _ in parts), "".join(plain for _, plain in parts))


@cache
def _sentences(code: str) -> Sentences:
    return Sentences(speech.sentences(code))


def _tell_rule(language: speech.Language, sentence: str, *, is_ours: bool) -> Told:
    _ = language.catalogue.gettext
    said = (
        _("This page and Satchel did not understand each other: %(rule)s")
        if is_ours
        else _("The other device does not keep to the rules of Satchel: %(rule)s")
    )
    before, _field, behind = said.partition(_FIELD)
    html, plain = _english(sentence)
    return Told(language.code, escape(before) + html + escape(behind), before + plain + behind)


def _parts(language: speech.Language, found: Found) -> list[tuple[Markup, str]]:
    parts: list[tuple[Markup, str]] = []
    for part in found.parts():
        if isinstance(part, str):
            parts += _words(part)
        elif part.found is not None:
            parts += _parts(language, part.found)
        else:
            parts.append(_put(language, part))
    return parts


def _words(said: str) -> list[tuple[Markup, str]]:
    """Our own; what is to be typed stands between backticks, and is read from left to right everywhere."""
    parts: list[tuple[Markup, str]] = []
    for place, text in enumerate(said.split("`")):
        if place % 2:
            parts.append((Markup('<code dir="ltr">{}</code>').format(text), f"\u2066{text}\u2069"))
        else:
            parts.append((escape(text), text))
    return parts


def _put(language: speech.Language, put: Put) -> tuple[Markup, str]:
    """What others wrote, a number, or what we have in English only."""
    kind = put.field.partition("_")[0]
    if kind == "number" and _NUMBER.fullmatch(put.text):
        number = language.number(int(put.text.replace(",", "")))
        return Markup("<bdi>{}</bdi>").format(number), f"\u2068{number}\u2069"
    if kind == "size" and (size := _SIZE.fullmatch(put.text)):
        shown = language.size(round(float(size[1]) * 1000 ** _POWERS.index(size[2])))
        return shown, f"\u2068{shown.striptags()}\u2069"
    if kind == "said":
        return _english(put.text)
    return speech.isolated(put.text), f"\u2068{speech.shown_text(put.text)}\u2069"


def _english(text: str) -> tuple[Markup, str]:
    shown = speech.shown_text(text)
    html = Markup('<bdi lang="{}" dir="ltr">{}</bdi>').format(ENGLISH, shown)
    return html, f"\u2066{shown}\u2069"
