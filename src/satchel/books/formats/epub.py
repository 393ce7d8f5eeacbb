"""EPUB 2 and 3. Spec: docs/spec/books.md, 9."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO
from urllib.parse import quote

from satchel.books.archive import Archive, open_archive
from satchel.books.drawing import harmless_drawing
from satchel.books.formats import pictures
from satchel.books.formats.package import Package, read_package, resolve
from satchel.books.languages import tags_of
from satchel.books.markup import (
    PAGE_BYTES_MAX,
    SENT_AS,
    as_html,
    blocks,
    cleaned,
    fragment,
    parse_page,
)
from satchel.books.numbered import numbered
from satchel.books.sections import sections
from satchel.core.library.item import Direction, Heading
from satchel.core.library.kinds import EPUB_TYPE
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Chapter, Facts, Opened, Resource
from satchel.ports.library import Passage

PICTURE_BYTES_MAX = 32 << 20
DRAWING_TYPE = "image/svg+xml"
# What a page may load of its book, by what it is and not by what it says. A drawing only after drawing.py was
# through it; styles and fonts not at all.
PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})


def prepare() -> None:
    pictures.prepare()


def examine(file: BinaryIO, _name: str) -> Iterator[Facts | Passage]:
    archive = open_archive(file)
    package = read_package(archive)
    yield _facts(archive, package)
    titles = _titles(package)
    for number, path in enumerate(package.pages, start=1):
        try:
            root = parse_page(archive.read_beginning(path, PAGE_BYTES_MAX), is_xml=True)
        except UnfitBook:
            continue  # one bad page: the others can be read
        yield from sections(blocks(root), str(number), titles[number - 1])


def open(file: BinaryIO) -> Opened:
    archive = open_archive(file)
    return _Epub(archive, read_package(archive))


class _Epub:
    """Places are numbers of pages, from 1."""

    def __init__(self, archive: Archive, package: Package) -> None:
        self._archive = archive
        self._package = package
        self._numbers = {path: number for number, path in enumerate(package.pages, start=1)}

    def outline(self) -> Sequence[Chapter]:
        depths: dict[str, int] = {}
        for entry in self._package.contents:
            depths.setdefault(entry.path or "", entry.depth)
        titles = _titles(self._package)
        return [
            Chapter(place=str(number), title=titles[number - 1], depth=depths.get(path, 0))
            for path, number in self._numbers.items()
        ]

    def fetch(self, path: str) -> Resource:
        number = numbered(path, "chapter", len(self._package.pages))
        if number is not None:
            return self._chapter(number)
        if path.startswith("file/") and path[5:] in self._archive.entries:
            return self._file(path[5:])
        if path == "cover":
            picture = _cover(self._archive, self._package)
            if picture is not None:
                return Resource(media_type="image/jpeg", body=picture)
        raise NothingToDo("There is no such place in this book.")

    def _chapter(self, number: int) -> Resource:
        base = self._package.pages[number - 1]
        root = parse_page(self._archive.read_beginning(base, PAGE_BYTES_MAX), is_xml=True)

        def rewrite(link: str, is_picture: bool) -> str | None:
            found = resolve(self._archive, base, link)
            if found is None:
                return None
            path, name = found
            if is_picture:
                return f"../file/{quote(path)}"
            if path not in self._numbers:
                return None
            return fragment(name) if path == base and name else f"{self._numbers[path]}{fragment(name)}"

        body = cleaned(as_html(root), rewrite)
        title = _titles(self._package)[number - 1]
        return Resource(media_type=SENT_AS, body=body.encode("utf-8", "replace"), title=title)

    def _file(self, path: str) -> Resource:
        head = self._archive.read_beginning(path, 16)
        media_type = pictures.kind_of(head)
        if media_type in PICTURE_TYPES:
            return Resource(media_type=media_type, body=self._archive.read(path, PICTURE_BYTES_MAX))
        if self._package.types.get(path) == DRAWING_TYPE:
            drawing = harmless_drawing(self._archive.read(path, PICTURE_BYTES_MAX))
            return Resource(media_type=DRAWING_TYPE, body=drawing)
        raise NothingToDo("There is no picture at this place.")


def _facts(archive: Archive, package: Package) -> Facts:
    languages = tags_of(package.languages)
    direction = package.direction
    if direction is None and languages and languages[0].partition("-")[0] in _RIGHT_TO_LEFT:
        direction = Direction.RIGHT_TO_LEFT
    return Facts(
        media_type=EPUB_TYPE,
        title=package.titles[0] if package.titles else None,
        authors=tuple(package.authors),
        languages=languages,
        direction=direction,
        subjects=tuple(package.subjects),
        contents=tuple(Heading(depth=one.depth, title=one.title) for one in package.contents),
        cover=_cover(archive, package),
    )


def _cover(archive: Archive, package: Package) -> bytes | None:
    if package.cover is None:
        return None
    try:
        return pictures.cover(archive.read(package.cover, PICTURE_BYTES_MAX))
    except UnfitBook:
        return None


def _titles(package: Package) -> list[str]:
    """Of each page: the first in the table of contents that leads to it, or that of the page before."""
    first: dict[str, str] = {}
    for entry in package.contents:
        first.setdefault(entry.path or "", entry.title)
    titles: list[str] = []
    for path in package.pages:
        before = titles[-1] if titles else package.titles[0] if package.titles else ""
        titles.append(first.get(path, before))
    return titles
