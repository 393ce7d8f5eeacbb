"""Plain text. Spec: docs/spec/books.md, 7."""

import html
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from satchel.books.decoding import decode
from satchel.books.markup import SENT_AS, direction_of
from satchel.books.numbered import numbered
from satchel.books.passages import passages_of
from satchel.books.unfit import Why, unfit
from satchel.core.library.kinds import TEXT_TYPE
from satchel.errors import NothingToDo
from satchel.ports.books import Chapter, Facts, Opened, Resource
from satchel.ports.library import Passage

FILE_BYTES_MAX = 32 << 20  # of which a text is read
CHAPTER_CHARACTERS = 32_768


def examine(file: BinaryIO, _name: str) -> Iterator[Facts | Passage]:
    text = _read(file)
    yield Facts(media_type=TEXT_TYPE, direction=direction_of(text))
    for number, chapter in enumerate(_chapters(text), start=1):
        yield from passages_of(str(number), "", chapter, bytes_max=FILE_BYTES_MAX)


def open(file: BinaryIO) -> Opened:
    return _Text(_chapters(_read(file)))


class _Text:
    """Places are numbers of chapters, from 1: a text has none, so it is cut where lines end."""

    def __init__(self, chapters: Sequence[str]) -> None:
        self._chapters = chapters

    def outline(self) -> Sequence[Chapter]:
        return [
            Chapter(place=str(number), title=chapter.strip().partition("\n")[0][:60])
            for number, chapter in enumerate(self._chapters, start=1)
        ]

    def fetch(self, path: str) -> Resource:
        number = numbered(path, "chapter", len(self._chapters))
        if number is not None:
            body = "".join(map(_paragraph, self._chapters[number - 1].split("\n\n")))
            return Resource(media_type=SENT_AS, body=body.encode("utf-8", "replace"))
        raise NothingToDo("There is no such place in this book.")


def _read(file: BinaryIO) -> str:
    file.seek(0)
    text = decode(file.read(FILE_BYTES_MAX)).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise unfit(Why.EMPTY)
    return text


def _chapters(text: str) -> Sequence[str]:
    """Cut at the end of a paragraph, of a line or of a word, if there is one in the second half."""
    chapters: list[str] = []
    at = 0
    while at < len(text):
        end = min(at + CHAPTER_CHARACTERS, len(text))
        if end < len(text):
            middle = at + CHAPTER_CHARACTERS // 2
            ends = (text.rfind(mark, middle, end) + len(mark) for mark in ("\n\n", "\n", " "))
            end = next((one for one in ends if one > middle), end)
        chapters.append(text[at:end])
        at = end
    return chapters


def _paragraph(text: str) -> str:
    """Each in its own direction."""
    lines = "<br>".join(html.escape(line) for line in text.split("\n"))
    return f'<p dir="auto">{lines}</p>' if text.strip() else ""
