"""How books, languages and files are called at the door. Pure."""

import re
import unicodedata
from functools import lru_cache
from mimetypes import MimeTypes
from urllib.parse import quote

from babel.core import Locale, UnknownLocaleError

from satchel.core.library.item import Item
from satchel.core.library.kinds import (
    COMIC_TYPE,
    EPUB_TYPE,
    FILE_TYPE,
    PAGE_TYPE,
    PDF_TYPE,
    TEXT_TYPE,
    ZIM_TYPE,
    Kind,
)
from satchel.web.owner import speech

NAME_CHARACTERS_MAX = 80
_ENDINGS = {
    EPUB_TYPE: "epub",
    PDF_TYPE: "pdf",
    ZIM_TYPE: "zim",
    COMIC_TYPE: "cbz",
    PAGE_TYPE: "html",
    TEXT_TYPE: "txt",
    FILE_TYPE: "bin",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4b",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "application/vnd.android.package-archive": "apk",
}
_OTHERS = MimeTypes(filenames=())  # what Python knows, and not what this machine does
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|%;]+')
_OF_LINES = frozenset({"Cc", "Zl", "Zp"})
_WRITTEN = "\u200c\u200d\u200e\u200f"  # joiners, and marks of direction that turn nothing
_SHOWN_AS_TEXT = frozenset({TEXT_TYPE, PAGE_TYPE})


def shown(said: str) -> str:
    """What others wrote, without what would turn or drive the line around it (G).

    Joiners stay: words of Persian and of many languages of India are written with them.
    """
    return "".join(map(_shown, said))


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _OF_LINES:
        return " "
    return "" if category in ("Cf", "Cs") and character not in _WRITTEN else character


def kind_name(kind: Kind, code: str) -> str:
    """In the language `code`."""
    _ = speech.language(code).catalogue.gettext
    return {
        Kind.EPUB: "EPUB",
        Kind.PDF: "PDF",
        Kind.ZIM: "ZIM",
        Kind.AUDIO: _("Recording"),
        Kind.COMIC: _("Comic"),
        Kind.PAGE: _("Web page"),
        Kind.TEXT: _("Text"),
        Kind.FILE: _("Other file"),
    }[kind]


@lru_cache(maxsize=1024)
def language_name(tag: str) -> str:
    """In that language itself: who reads it finds it. A tag that nobody knows is its own name."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return tag
    return (locale.get_display_name(locale) if locale is not None else None) or tag


def ending(media_type: str) -> str:
    """Of a file of this type, without a dot. Small letters and digits."""
    if (known := _ENDINGS.get(media_type)) is not None:
        return known
    guessed = _OTHERS.guess_extension(media_type) or ".bin"
    return guessed.removeprefix(".") if re.fullmatch(r"\.[a-z0-9]{1,8}", guessed) else "bin"


def file_type(media_type: str) -> str:
    """As a header has it: texts here are UTF-8, or say themselves what they are."""
    return f"{media_type}; charset=utf-8" if media_type in _SHOWN_AS_TEXT else media_type


def disposition(item: Item, part: int) -> str:
    """How a file is called when it is taken: in ASCII for old readers, and as it is (RFC 6266, RFC 8187).

    Always as an attachment: no browser shows what is in it as a page of ours (B1).
    """
    one = item.parts[part]
    title = item.title
    if len(item.parts) > 1:
        title = f"{title[:60]} - {part + 1:0{len(str(len(item.parts)))}} {one.title or ''}"
    name = _file_name(title)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip(" .-_")
    suffix = f".{ending(one.media_type)}"
    said = quote(name + suffix, safe="")
    return f"attachment; filename=\"{plain or 'book'}{suffix}\"; filename*=UTF-8''{said}"


def _file_name(title: str) -> str:
    """Of any text: nothing in it drives a screen, or names a place, or cannot be written on some disk."""
    said = "".join(
        " " if unicodedata.category(character)[0] == "Z" else character
        for character in _NOT_IN_NAMES.sub(" ", shown(title))
    )
    name = " ".join(said.split())[:NAME_CHARACTERS_MAX].strip(" .")
    return name or "book"
