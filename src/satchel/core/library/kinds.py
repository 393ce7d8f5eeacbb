"""How a book is read: what its media type means to a library. Spec: docs/spec/library.md, 5.3."""

from enum import StrEnum


class Kind(StrEnum):
    """What opens it. The values are words of the command line and of addresses."""

    EPUB = "epub"
    PDF = "pdf"
    ZIM = "zim"
    AUDIO = "audio"
    COMIC = "comic"  # pages that are pictures
    PAGE = "page"  # of the web
    TEXT = "text"
    FILE = "file"  # anything else: kept and handed on, never opened


EPUB_TYPE = "application/epub+zip"
PDF_TYPE = "application/pdf"
ZIM_TYPE = "application/x-zim"
COMIC_TYPE = "application/vnd.comicbook+zip"
PAGE_TYPE = "text/html"
TEXT_TYPE = "text/plain"
FILE_TYPE = "application/octet-stream"
AUDIO_TYPES = frozenset({"audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac"})

_KINDS = {
    EPUB_TYPE: Kind.EPUB,
    PDF_TYPE: Kind.PDF,
    ZIM_TYPE: Kind.ZIM,
    COMIC_TYPE: Kind.COMIC,
    PAGE_TYPE: Kind.PAGE,
    TEXT_TYPE: Kind.TEXT,
    **dict.fromkeys(AUDIO_TYPES, Kind.AUDIO),
}


def kind_of(media_type: str) -> Kind:
    """Of the first part of a book. What is not known is a file, to be taken along and not opened (B1)."""
    return _KINDS.get(media_type, Kind.FILE)
