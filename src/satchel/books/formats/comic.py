"""Comics: zip archives of pictures (CBZ), in the order in which a person would count them. Spec:
docs/spec/pictures-and-sound.md, 3.
"""

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import BinaryIO

from lxml import etree

from satchel.books.archive import Archive, open_archive
from satchel.books.formats import pictures
from satchel.books.languages import tags_of
from satchel.books.numbered import numbered
from satchel.books.passages import passages_of
from satchel.books.unfit import Why, unfit
from satchel.core.library.item import Direction, Heading
from satchel.core.library.kinds import COMIC_TYPE
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Chapter, Facts, Opened, Resource
from satchel.ports.library import WHOLE, Passage

PICTURE_BYTES_MAX = pictures.FILE_BYTES_MAX
INFO_BYTES_MAX = 1 << 20
SUMMARY_BYTES_MAX = 64 << 10

_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_INFO = "comicinfo.xml"
_DIGITS = re.compile(r"(\d+)")
_AUTHORS = ("Writer", "Penciller", "Inker", "CoverArtist", "Translator")
_SUBJECTS = ("Series", "Genre", "Tags")


def examine(file: BinaryIO, _name: str) -> Iterator[Facts | Passage]:
    """As ports.books.Format."""
    comic = Comic(file)
    info = comic.info()
    manga = info.get("Manga", "").lower()
    directions = {"yesandrighttoleft": Direction.RIGHT_TO_LEFT, "no": Direction.LEFT_TO_RIGHT}
    yield Facts(
        media_type=COMIC_TYPE,
        title=_title(info),
        authors=_listed(info, _AUTHORS),
        languages=tags_of([info.get("LanguageISO", "")]),
        direction=directions.get(manga),
        subjects=_listed(info, _SUBJECTS),
        pages=len(comic.pages),
        contents=tuple(Heading(depth=0, title=title) for _, title in comic.marks()),
        cover=comic.cover(),
    )
    if info.get("Summary"):
        yield from passages_of(WHOLE, _title(info) or "", info["Summary"], bytes_max=SUMMARY_BYTES_MAX)


def open(file: BinaryIO) -> Opened:
    """As ports.books.Format."""
    return OpenedComic(Comic(file))


def prepare() -> None:
    """Load what is loaded when it is first needed."""
    pictures.prepare()
    _read_info(b"<ComicInfo/>")


def natural(name: str) -> tuple[object, ...]:
    """By it names are ordered as a person counts: 2 before 10."""
    parts = [part for part in _DIGITS.split(name.casefold()) if part]
    counted = ((0, int(part)) if part.isdecimal() and len(part) < 40 else (1, part) for part in parts)
    return (*counted, (2, name))


class Comic:
    def __init__(self, file: BinaryIO) -> None:
        """Raises UnfitBook."""
        self._archive: Archive = open_archive(file)
        names = [name for name in self._archive.entries if _is_page(name)]
        self.pages: Sequence[str] = sorted(names, key=natural)
        if not self.pages:
            raise unfit(Why.EMPTY)

    def info(self) -> dict[str, str]:
        """What ComicInfo.xml says; empty: there is none that can be read."""
        root = self._info_root()
        if root is None:
            return {}
        texts = ((one.tag, one.text) for one in root if isinstance(one.tag, str) and one.text)
        return {tag: text.strip() for tag, text in texts}

    def marks(self) -> Sequence[tuple[int, str]]:
        """Pages at which something begins, and what."""
        root = self._info_root()
        if root is None:
            return []
        found = []
        for page in root.iterfind("Pages/Page"):
            title, number = page.get("Bookmark", "").strip(), page.get("Image", "")
            if title and number.isascii() and number.isdigit() and len(number) < 8:
                index = int(number)
                if index < len(self.pages):
                    found.append((index + 1, title))
        return found[:1000]

    def cover(self) -> bytes | None:
        """Of the first page that can be opened, of the first three."""
        for name in self.pages[:3]:
            try:
                made = pictures.cover(self._archive.read(name, PICTURE_BYTES_MAX))
            except UnfitBook:
                continue
            if made is not None:
                return made
        return None

    def page(self, number: int) -> Resource:
        """From 1; as it lies there, if a browser shows it. Raises UnfitBook: it is none of those pictures."""
        body = self._archive.read(self.pages[number - 1], PICTURE_BYTES_MAX)
        media_type = pictures.kind_of(body[:12])
        if media_type is None or not pictures.is_sound(body):
            raise unfit(Why.DAMAGED)
        return Resource(media_type=media_type, body=body)

    def _info_root(self) -> "etree._Element | None":
        name = next((name for name in self._archive.entries if name.lower() == _INFO), None)
        if name is None:
            return None
        try:
            return _read_info(self._archive.read(name, INFO_BYTES_MAX))
        except UnfitBook:
            return None


class OpenedComic:
    """As ports.books.Opened."""

    def __init__(self, comic: Comic) -> None:
        self._comic = comic

    def outline(self) -> Sequence[Chapter]:
        return [Chapter(place=str(number), title=title) for number, title in self._comic.marks()]

    def fetch(self, path: str) -> Resource:
        """`page/NUMBER` and `cover`."""
        if path == "cover":
            cover = self._comic.cover()
            if cover is not None:
                return Resource(media_type="image/jpeg", body=cover)
        number = numbered(path, "page", len(self._comic.pages))
        if number is not None:
            return self._comic.page(number)
        raise NothingToDo("There is nothing at this place of the book.")


def _is_page(name: str) -> bool:
    """Not what other systems leave beside pictures."""
    parts = name.split("/")
    return (
        name.lower().endswith(_ENDINGS)
        and "__MACOSX" not in parts
        and not any(one.startswith(".") for one in parts)
    )


def _read_info(data: bytes) -> "etree._Element | None":
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.parse(BytesIO(data), parser).getroot()
    except (etree.LxmlError, ValueError):
        return None


def _title(info: dict[str, str]) -> str | None:
    """With its series, and its number in that."""
    number = f" {info['Number']}" if info.get("Number") else ""
    series = f"{info['Series']}{number}" if info.get("Series") else ""
    return " – ".join(one for one in (series, info.get("Title", "")) if one) or None


def _listed(info: dict[str, str], names: Sequence[str]) -> tuple[str, ...]:
    found = (part.strip() for name in names for part in info.get(name, "")[:4096].split(","))
    return tuple(dict.fromkeys(part for part in found if part))
