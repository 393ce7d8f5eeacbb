"""The page's languages: gettext catalogues, read as they are written. Numbers and sizes as each language has
them. Spec: docs/spec/page.md, 5."""

import gettext
import io
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.resources import files

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit
from markupsafe import Markup

from satchel.escape import show_name, show_path, show_text
from satchel.web.owner.reworded import ON_THE_PAGE

CODES = ("en", "fr", "es", "ar", "fa", "zh")
NAMES = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية", "fa": "فارسی", "zh": "中文"}
DEFAULT = "en"
TOLD = "told"  # the context of sentences that are made outside of the page
_OTHER = "fr"
_TAGS = {"zh": "zh-Hans"}  # of the others the code says enough
HEADER_CHARACTERS_MAX = 200
_UNITS = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte")
_WRITTEN_JOINED = "\u0600-\u07ff\u08a0-\u0dff"  # from Arabic to Sinhala
_JOINERS = re.compile(f"(?<=[{_WRITTEN_JOINED}])([\u200c\u200d])(?=[{_WRITTEN_JOINED}])")
_DIGITS = {  # of CLDR's numbering systems; Babel has their separators alone
    "arab": str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    "arabext": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
}
_RANGE = re.compile(
    r"([a-z]{1,8})(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the page."""

    code: str
    catalogue: gettext.NullTranslations
    locale: Locale

    @property
    def direction(self) -> str:
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    @property
    def digits(self) -> str:
        """As CLDR names them: for numbers that a script shows."""
        return self.locale.default_numbering_system

    def number(self, value: float) -> str:
        return self._in_digits(format_decimal(value, locale=self.locale, numbering_system="default"))

    def size(self, count: int) -> Markup:
        """Bytes with a decimal unit, rounded as in cli/units; kept together whatever stands around it."""
        value, power = float(count), 0
        while value >= 999.5 and power < len(_UNITS) - 1:
            value, power = value / 1000, power + 1
        shown = format_unit(
            round(value, 1) if power and value < 99.95 else round(value),
            f"digital-{_UNITS[power]}",
            length="short" if power else "long",
            locale=self.locale,
            numbering_system="default",
        )
        return Markup("<bdi>{}</bdi>").format(self._in_digits(shown.replace(" ", "\N{NO-BREAK SPACE}")))

    def moment(self, when_s: int) -> Markup:
        """Seconds since 1970 as day and time, in the time of this machine."""
        here = datetime.fromtimestamp(when_s, UTC).astimezone()
        day = format_date(here, "medium", locale=self.locale)
        hour = format_time(here, "short", tzinfo=here.tzinfo, locale=self.locale)
        return Markup("<bdi>{} {}</bdi>").format(self._in_digits(day), self._in_digits(hour))

    def named(self, tag: str) -> Markup:
        """A language by its tag, as it is called in this one; a tag that nobody knows is its own name."""
        return Markup("<bdi>{}</bdi>").format(called(self.code, tag))

    def _in_digits(self, formatted: str) -> str:
        return formatted.translate(_DIGITS.get(self.digits, {}))


def tag(code: str) -> str:
    """What `lang` says of our words (BCP 47): by it a browser chooses the shapes of Chinese characters."""
    return _TAGS.get(code, code)


@cache
def language(code: str) -> Language:
    """`code`: one of CODES."""
    if code == DEFAULT:
        return Language(code, gettext.NullTranslations(), Locale.parse(code))
    compiled = io.BytesIO()
    write_mo(compiled, _written(code))
    compiled.seek(0)
    return Language(code, gettext.GNUTranslations(compiled), Locale.parse(code))


def sentences(code: str) -> list[tuple[str, str]]:
    """Those that come from the rest of Satchel, and what they are on the page in that language.

    English has no catalogue: each of the others has all of its sentences.
    """
    told = [message for message in _written(_OTHER if code == DEFAULT else code) if message.context == TOLD]
    pairs = [(str(message.id), str(message.id if code == DEFAULT else message.string)) for message in told]
    reworded = language(code).catalogue.gettext
    pairs += [(said, reworded(instead)) for said, instead in ON_THE_PAGE.items()]
    return [(english, other) for english, other in pairs if other]


@lru_cache(maxsize=2_048)
def called(code: str, tag: str) -> str:
    """The language of this tag (BCP 47), in the language `code`."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name(code)
    except (UnknownLocaleError, ValueError, TypeError):
        name = None
    return name or shown_text(tag)


@cache
def _written(code: str) -> Catalog:
    written = files("satchel.web.owner").joinpath(f"words/{code}.po").read_bytes()
    return read_po(io.BytesIO(written), locale=code)


def wanted(accept_language: str) -> str:
    """The first of our languages that a browser asks for (RFC 9110, 12.5.4). Any text is a header."""
    asked: list[tuple[float, str]] = []
    for part in accept_language[:HEADER_CHARACTERS_MAX].split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is not None:
            asked.append((float(found[2] or 1), found[1].lower()))
    for weight, code in sorted(asked, key=lambda one: -one[0]):
        if weight > 0 and code in CODES:  # 0: not this one
            return code
    return DEFAULT


def name(text: str) -> Markup:
    """What somebody else wrote, as text of its own direction: it changes nothing around it (G)."""
    return Markup('<bdi dir="auto">{}</bdi>').format(plain_name(text))


def plain_name(text: str) -> str:
    """The same where no mark-up can stand, as in a field."""
    return show_name(os.fsencode(text))


def path(text: str) -> Markup:
    """Names with `/` between them, as an event has them (cli 4.2)."""
    return Markup('<bdi dir="auto">{}</bdi>').format(show_path(os.fsencode(text).split(b"/")))


def isolated(said: str) -> Markup:
    """A part of a sentence that others may have written."""
    return Markup('<bdi dir="auto">{}</bdi>').format(shown_text(said))


def text(written: str) -> Markup:
    """A text of several lines."""
    return Markup('<div class="text" dir="auto">{}</div>').format(shown_text(written))


def shown_text(written: str) -> str:
    """What would turn or drive a line stands there as its number (G)."""
    return show_text(written)


def joined(written: str) -> str:
    """As shown_text; but what joins or parts two letters of a script that is written so stays (U+200C and
    U+200D): without it Persian and Sinhala cannot be read, and between such letters it drives nothing."""
    pieces = _JOINERS.split(written)
    return "".join(piece if place % 2 else shown_text(piece) for place, piece in enumerate(pieces))


def book_text(written: str) -> Markup:
    """What stands in a book or about it, in one line."""
    return Markup('<bdi dir="auto">{}</bdi>').format(joined(written))
