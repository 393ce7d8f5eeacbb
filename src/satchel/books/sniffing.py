"""What a file is: by its bytes first, and by its name only where they leave it open.

Says a media type (`kind_of` makes a kind of it). Whoever opens it looks again.
Spec: docs/spec/books.md, 2.
"""

import codecs
import re
from typing import BinaryIO

from satchel.books.archive import entry_names, is_zip
from satchel.core.library.kinds import (
    COMIC_TYPE,
    EPUB_TYPE,
    FILE_TYPE,
    PAGE_TYPE,
    PDF_TYPE,
    TEXT_TYPE,
    ZIM_TYPE,
)
from satchel.errors import UnfitBook

LOOKED_AT_BYTES = 65_536
APK_TYPE = "application/vnd.android.package-archive"

_MAGIC = (
    (b"ZIM\x04", ZIM_TYPE),
    (b"fLaC", "audio/flac"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b", "application/gzip"),
    (b"{\\rtf", "application/rtf"),
)
_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})
_OGG_SOUND = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
_OGG_PICTURES = (b"\x80theora",)
# Of files that are no book: only said to who takes them along.
_BY_NAME = {
    "apk": APK_TYPE,
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "mobi": "application/x-mobipocket-ebook",
    "azw3": "application/vnd.amazon.ebook",
    "djvu": "image/vnd.djvu",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "zip": "application/zip",
}
_PICTURE_NAMES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".jxl")
_BESIDE_PICTURES = ("comicinfo.xml", ".nfo", ".txt", "thumbs.db", ".ds_store", ".xml", ".json")
_TEXT_NAMES = frozenset({"txt", "text", "md", "markdown", "rst", "csv", "log", "srt"})
_PAGE_NAMES = frozenset({"html", "htm", "xhtml"})
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}>")
_PAGE_START = re.compile(r"<(?:!doctype\s+html|html|head|body|title)", re.IGNORECASE)
_DRIVING_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DRIVING = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(file: BinaryIO, name: str) -> str:
    """The media type. `name`: of the file; only its ending counts. Raises what reading raises."""
    file.seek(0)
    head = file.read(LOOKED_AT_BYTES)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if b"%PDF-" in head[:1024]:
        return PDF_TYPE
    if is_zip(head):
        return _of_zip(file, head, ending)
    return _of_sound(head, ending) or _of_text(head, ending) or _BY_NAME.get(ending, FILE_TYPE)


def _of_zip(file: BinaryIO, head: bytes, ending: str) -> str:
    if head[30:58] == b"mimetype" + EPUB_TYPE.encode():
        return EPUB_TYPE
    try:
        names = entry_names(file)
    except UnfitBook:
        return {"epub": EPUB_TYPE, "cbz": COMIC_TYPE}.get(ending, _BY_NAME.get(ending, "application/zip"))
    if "META-INF/container.xml" in names:
        return EPUB_TYPE
    if "AndroidManifest.xml" in names:
        return APK_TYPE
    files = [one.lower() for one in names if not one.endswith("/") and not one.startswith("__MACOSX/")]
    pictures = [one for one in files if one.endswith(_PICTURE_NAMES)]
    if pictures and all(one.endswith((*_PICTURE_NAMES, *_BESIDE_PICTURES)) for one in files):
        return COMIC_TYPE
    if ending == "cbz" and pictures:
        return COMIC_TYPE
    return _BY_NAME.get(ending, "application/zip")


def _of_sound(head: bytes, ending: str) -> str | None:
    if head.startswith(b"ID3") or _is_mpeg_audio(head):
        return "audio/mpeg"
    if head[4:8] == b"ftyp":
        is_sound = head[8:12] in _AUDIO_BRANDS or ending in ("m4a", "m4b")
        return "audio/mp4" if is_sound else "video/mp4"
    if head.startswith(b"OggS"):
        page = head[:512]
        if any(mark in page for mark in _OGG_SOUND) and not any(mark in page for mark in _OGG_PICTURES):
            return "audio/ogg"
        return "video/ogg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio/wav"
    return None


def _is_mpeg_audio(head: bytes) -> bool:
    """A header of a frame, MPEG 1, 2 or 2.5, layer III (ISO 11172-3, 2.4.1.3), without reserved values."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bitrate not in (0, 15) and rate != 3


def _of_text(head: bytes, ending: str) -> str | None:
    text = _decoded(head, is_named=ending in _TEXT_NAMES | _PAGE_NAMES)
    if text is None or not head:
        return None
    if _PAGE_START.match(_behind_comments(text)) or (ending in _PAGE_NAMES and "<" in text):
        return PAGE_TYPE
    return TEXT_TYPE


def _decoded(head: bytes, *, is_named: bool) -> str | None:
    """None: no text. `is_named`: its name says that it is one, so an old encoding is believed, too."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if head.startswith(mark):
            text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
            return None if _DRIVING.search(text) else text
    if _DRIVING_BYTES.search(head):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return head.decode("latin-1") if is_named else None


def _behind_comments(text: str) -> str:
    """From the first tag on. By hand: a pattern for it takes for ever with ten thousand comments."""
    declaration = _DECLARATION.match(text)
    rest = text[declaration.end() if declaration else 0 :].lstrip()
    at = 0
    while rest.startswith("<!--", at):
        end = rest.find("-->", at + 4)
        if end < 0:
            return ""
        at = end + 3
        while at < len(rest) and rest[at].isspace():
            at += 1
    return rest[at : at + 64]
