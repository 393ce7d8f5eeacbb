"""Names for files that books become: such as any file system takes, on any computer. Pure."""

import re

from satchel.core.library.item import Item
from satchel.core.library.kinds import Kind

_NAME_BYTES_MAX = 180  # of 255, or 143 on some encrypted disks; " (2)" and the ending go behind
_ELSEWHERE = re.compile(r'[\x00-\x1f\x7f-\x9f\\/:*?"<>|\u202a-\u202e\u2066-\u2069\u200e\u200f]+')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
_ENDINGS = {
    "application/epub+zip": ".epub",
    "application/pdf": ".pdf",
    "application/x-zim": ".zim",
    "application/vnd.comicbook+zip": ".cbz",
    "text/html": ".html",
    "text/plain": ".txt",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
}


def file_names(item: Item, kind: Kind) -> list[str]:
    """One for each part."""
    if len(item.parts) == 1:
        return [_named(item.title, item.parts[0].media_type, kind)]
    digits = len(str(len(item.parts)))
    return [
        _named(f"{item.title} {number:0{digits}} {part.title or ''}", part.media_type, kind)
        for number, part in enumerate(item.parts, 1)
    ]


def _named(title: str, media_type: str, kind: Kind) -> str:
    """What is only kept has its ending in its title."""
    ending = "" if kind is Kind.FILE else _ENDINGS.get(media_type, "")
    name = _ELSEWHERE.sub(" ", title)
    name = " ".join(name.split()).strip(". ")
    if ending and name.lower().endswith(ending):
        name = name[: -len(ending)].rstrip(". ")
    stem, dot, old = name.rpartition(".") if kind is Kind.FILE else (name, "", "")
    if dot and len(old) <= 8:
        name, ending = stem.rstrip(". "), f".{old}"
    name = _cut(name, _NAME_BYTES_MAX - len(ending.encode()))
    if not name or _RESERVED.fullmatch(name.split(".")[0].strip()):
        name = f"book {name}".strip()
    return name + ending


def _cut(name: str, bytes_max: int) -> str:
    return name.encode()[:bytes_max].decode(errors="ignore").rstrip(". ")
