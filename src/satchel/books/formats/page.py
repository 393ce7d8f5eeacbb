"""A page of the web, saved as one file. Spec: docs/spec/books.md, 7 and 8.

What it would load is not in it, and would come from a network if it were loaded: so it is read without.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from lxml import etree

from satchel.books.languages import tags_of
from satchel.books.markup import (
    PAGE_BYTES_MAX,
    SENT_AS,
    as_html,
    blocks,
    cleaned,
    declared_direction,
    direction_of,
    fragment,
    parse_page,
    text_in,
)
from satchel.books.numbered import numbered
from satchel.books.sections import sections
from satchel.core.library.item import Direction
from satchel.core.library.kinds import PAGE_TYPE
from satchel.errors import NothingToDo
from satchel.ports.books import Chapter, Facts, Opened, Resource
from satchel.ports.library import Passage

CHAPTER_CHARACTERS = 65_536
_WORDS = {Direction.RIGHT_TO_LEFT: "rtl", Direction.LEFT_TO_RIGHT: "ltr"}


def examine(file: BinaryIO, _name: str) -> Iterator[Facts | Passage]:
    root = _read(file)
    title = _title(root)
    yield Facts(
        media_type=PAGE_TYPE,
        title=title or None,
        authors=tuple(_said(root, "author")),
        languages=tags_of([root.get("lang") or ""]),
        direction=_direction(root),
        subjects=tuple(word.strip() for one in _said(root, "keywords") for word in one.split(",")),
    )
    for number, part in enumerate(_parts(root), start=1):
        yield from sections(blocks(part), str(number), title)


def open(file: BinaryIO) -> Opened:
    return _Page(_read(file))


class _Page:
    """Places are numbers of its parts, from 1."""

    def __init__(self, root: etree._Element) -> None:
        self._title = _title(root)
        self._attributes = {"dir": _WORDS[direction]} if (direction := _direction(root)) is not None else {}
        if root.get("lang"):
            self._attributes["lang"] = root.get("lang") or ""
        self._parts = _parts(root)
        self._places: dict[str, int] = {}
        for number, part in enumerate(self._parts, start=1):
            for one in part.iter(etree.Element):
                if one.get("id"):
                    self._places.setdefault(one.get("id") or "", number)

    def outline(self) -> Sequence[Chapter]:
        titles = [next((one.text for one in blocks(part) if one.level), "") for part in self._parts]
        return [
            Chapter(place=str(number), title=title or self._title)
            for number, title in enumerate(titles, start=1)
        ]

    def fetch(self, path: str) -> Resource:
        number = numbered(path, "chapter", len(self._parts))
        if number is not None:
            return self._chapter(number)
        raise NothingToDo("There is no such place in this book.")

    def _chapter(self, number: int) -> Resource:
        def rewrite(link: str, is_picture: bool) -> str | None:
            place = self._places.get(link[1:]) if link.startswith("#") and not is_picture else None
            if place is None:
                return None
            return fragment(link[1:]) if place == number else f"{place}{fragment(link[1:])}"

        part = self._parts[number - 1]
        for name, value in self._attributes.items():
            part.set(name, value)
        body = cleaned(as_html(part), rewrite)
        return Resource(media_type=SENT_AS, body=body.encode("utf-8", "replace"), title=self._title)


def _read(file: BinaryIO) -> etree._Element:
    file.seek(0)
    return parse_page(file.read(PAGE_BYTES_MAX))


def _title(root: etree._Element) -> str:
    return text_in(root.find(".//title")) or text_in(root.find(".//h1"))


def _said(root: etree._Element, name: str) -> Iterator[str]:
    for one in root.iter("meta"):
        if (one.get("name") or "").lower() == name and one.get("content"):
            yield one.get("content") or ""


def _direction(root: etree._Element) -> Direction | None:
    declared = declared_direction(root)
    if declared is not None:
        return declared
    first = next((block.text for block in blocks(root)), "")
    return direction_of(first)


def _parts(root: etree._Element) -> Sequence[etree._Element]:
    """What stands in its body, in pieces that a telephone takes: cut between elements, where there are many
    beside each other."""
    body = root.find("body")
    around = root if body is None else body
    while len(around) == 1 and not (around.text or "").strip() and not (around[0].tail or "").strip():
        around = around[0]
    parts = [etree.Element("div")]
    parts[0].text = around.text
    size = len(around.text or "")
    for one in list(around):
        if size > CHAPTER_CHARACTERS:
            parts.append(etree.Element("div"))
            size = 0
        size += _size(one, CHAPTER_CHARACTERS)
        parts[-1].append(one)
    return parts


def _size(element: etree._Element, most: int) -> int:
    """Of its text, in characters, roughly."""
    size = len(element.tail or "")
    for text in element.itertext():
        size += len(text)
        if size > most:
            break
    return size
