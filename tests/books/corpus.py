"""Texts of many languages, cut into books: what generators make EPUBs of. From workshop/corpus.py."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import cast

from lxml import html

from workshop.corpus import DEBIAN, KJV, QURAN

HANDBOOK = DEBIAN / "usr/share/doc/debian-handbook/html"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "ur"})
_BLOCKS = "//body//*[self::p or self::pre or self::dt or self::li[not(.//p)]]"
_KJV_BOOKS = 66


@dataclass(frozen=True)
class Text:
    """A book before it has a format."""

    title: str
    authors: tuple[str, ...]
    language: str
    subjects: tuple[str, ...]
    chapters: list[tuple[str, list[str]]] = field(repr=False)  # title, paragraphs

    @property
    def is_right_to_left(self) -> bool:
        return self.language.partition("-")[0] in RIGHT_TO_LEFT

    @property
    def characters(self) -> int:
        return sum(len(line) for _, paragraphs in self.chapters for line in paragraphs)


def texts() -> Iterator[Text]:
    """All there are, about 1,850, in a mixed and always equal order."""
    kinds = [handbook(), king_james(), quran()]
    yield from (one for row in zip_longest(*kinds) for one in row if one is not None)


def handbook() -> Iterator[Text]:
    """A book for each chapter in each language: some 20 of 26."""
    of_languages = [_handbook_in(folder) for folder in sorted(HANDBOOK.iterdir()) if folder.is_dir()]
    yield from (one for row in zip_longest(*of_languages) for one in row if one is not None)


def _handbook_in(folder: Path) -> Iterator[Text]:
    sections: dict[str, list[Path]] = {}
    chapters: list[Path] = []
    for page in sorted(folder.glob("*.html")):
        name = page.stem
        (sections.setdefault("sections", []) if name.startswith("sect.") else chapters).append(page)
    left = sections.get("sections", [])
    each = max(1, len(left) // max(1, len(chapters)))
    for place, page in enumerate(chapters):
        pages = [page, *left[place * each : (place + 1) * each]]
        read = [chapter for chapter in map(_read_page, pages) if chapter[1]]
        if read:
            yield Text(read[0][0], ("Raphaël Hertzog", "Roland Mas"), folder.name, ("Debian",), read)


def _read_page(page: Path) -> tuple[str, list[str]]:
    tree = html.fromstring(page.read_bytes())
    blocks = cast("list[html.HtmlElement]", tree.xpath(_BLOCKS))
    lines = (" ".join(str(block.text_content()).split()) for block in blocks)
    return (tree.findtext(".//title") or page.stem).strip(), [line for line in lines if line]


def king_james() -> Iterator[Text]:
    """66 books."""
    verses: dict[str, dict[str, list[str]]] = {}
    for line in KJV.read_text(encoding="latin-1").splitlines():
        place, _, text = line.partition(" ")
        chapter, separator, _verse = place.partition(":")
        if separator and text:
            book = chapter.rstrip("0123456789")
            verses.setdefault(book, {}).setdefault(chapter, []).append(text)
    assert len(verses) == _KJV_BOOKS
    for name, chapters in verses.items():
        yield Text(f"King James: {name}", (), "en", ("Bible",), list(chapters.items()))


def quran() -> Iterator[Text]:
    """114 chapters in Arabic, and in ten other languages."""
    of_languages = [_quran_in(path) for path in sorted((QURAN / "dist").glob("*.json"))]
    yield from chain.from_iterable(zip(*of_languages, strict=True))


def _quran_in(path: Path) -> Iterator[Text]:
    language = path.stem.partition("_")[2] or "ar"
    for chapter in json.loads(path.read_text(encoding="utf-8")):
        title = f"{chapter['name']} ({chapter.get('translation', chapter['transliteration'])})"
        lines = [verse.get("translation", verse["text"]) for verse in chapter["verses"]]
        yield Text(title, (), language, ("Quran",), [(chapter["transliteration"], lines)])


def many(count: int, *, joined: int = 1) -> Iterator[Text]:
    """So many, each another one, of chapters of `joined` texts; when all are through, other ones together."""
    known = list(texts())
    for number in range(count):
        one, turn = known[number % len(known)], number // len(known)
        others = [known[(number * 7 + turn * 31 + step * 3) % len(known)] for step in range(1, joined + turn)]
        chapters = list(chain(one.chapters, *(other.chapters for other in others)))
        title = one.title if not turn else f"{one.title} / {turn}"
        yield Text(title, one.authors, one.language, one.subjects, chapters)
