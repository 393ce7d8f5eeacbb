"""The first record of a book, from what it says of itself, or what a name says: whatever comes, it can be
written. Nothing that comes is trusted (B1). Spec: docs/spec/library.md, 5.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from satchel.core.library.codec import (
    COVER_BYTES_MAX,
    DEPTH_MAX,
    DURATION_MAX_S,
    HEADINGS_MAX,
    LANGUAGES_MAX,
    NAME_BYTES_MAX,
    NAMES_MAX,
    PAGES_MAX,
    RECORD_BYTES_MAX,
    TITLE_BYTES_MAX,
    encode_item,
    is_media_type,
)
from satchel.core.library.item import Content, Direction, Heading, Item, Part
from satchel.core.library.kinds import FILE_TYPE, Kind, kind_of
from satchel.core.library.languages import canonical_tag
from satchel.errors import MisuseError

COVER_TYPE = "image/jpeg"
_COVER_BEGINS = b"\xff\xd8\xff"
_RUN = re.compile(r"[\s\x00-\x20\x7f-\xa0]+")
_EXTENSION = re.compile(r"(?<=.)\.[A-Za-z0-9]{1,8}$")
_NAMELESS = "?"
_CHARACTERS_READ = 4 * TITLE_BYTES_MAX  # of a text, before anything is done with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a book says of itself."""

    title: str | None = field(default=None, repr=False)
    authors: Sequence[str] = field(default=(), repr=False)
    languages: Sequence[str] = ()
    direction: Direction | None = None
    subjects: Sequence[str] = field(default=(), repr=False)
    pages: int | None = None
    duration_s: int | None = None
    contents: Sequence[Heading] = field(default=(), repr=False)


def describe(
    said: Described, parts: Sequence[Part], *, name: str, cover: Content | None, added_s: int | None
) -> Item:
    """What is too long is cut, what cannot be is left out; of a record that is too large headings go first.

    Args:
        parts: whose media types `media_type` has made.
        name: of the file, for a book without a title.
    """
    item = Item(
        revision=1,
        parts=tuple(parts),
        title=one_line(said.title or "", TITLE_BYTES_MAX) or title_of(name, kind_of(parts[0].media_type)),
        authors=_each_once((one_line(one, NAME_BYTES_MAX) for one in said.authors), NAMES_MAX),
        languages=_each_once((canonical_tag(tag) or "" for tag in said.languages), LANGUAGES_MAX),
        direction=said.direction,
        subjects=_each_once((one_line(one, NAME_BYTES_MAX) for one in said.subjects), NAMES_MAX),
        pages=_within(said.pages, PAGES_MAX),
        duration_s=_within(said.duration_s, DURATION_MAX_S),
        cover=cover,
        contents=_headings(said.contents),
        added_s=added_s,
    )
    while not _fits(item):
        if item.contents:
            item = replace(item, contents=item.contents[: len(item.contents) // 2])
        elif item.subjects or item.authors:
            item = replace(item, subjects=item.subjects[: len(item.subjects) // 2], authors=item.authors[:8])
        else:
            raise MisuseError("a record of parts alone that is too large")
    return item


def is_cover(data: bytes) -> bool:
    """Whether it can be the cover of a record; it is looked into by no one here."""
    return len(data) <= COVER_BYTES_MAX and data.startswith(_COVER_BEGINS)


def media_type(said: str) -> str:
    """One that can be written; of what nothing here opens, where that was none."""
    return said if is_media_type(said) else FILE_TYPE


def title_of(name: str, kind: Kind) -> str:
    """Of a file that has no other. Of what nothing here opens, its ending is all that says what it is."""
    stem = name if kind is Kind.FILE else _EXTENSION.sub("", name)
    return one_line(stem.replace("_", " "), TITLE_BYTES_MAX) or one_line(name, TITLE_BYTES_MAX) or _NAMELESS


def one_line(text: str, bytes_max: int) -> str:
    """Without control characters or spaces in a row, and cut between characters."""
    text = _RUN.sub(" ", text[:_CHARACTERS_READ]).strip()
    text = "".join(one for one in text if not "\ud800" <= one <= "\udfff")
    encoded = text.encode()
    if len(encoded) <= bytes_max:
        return text
    cut = encoded[:bytes_max].decode(errors="ignore")
    while cut and unicodedata.combining(text[len(cut)]):  # a letter goes with its marks
        text, cut = cut, cut[:-1]
    return cut.rstrip()


def _each_once(texts: Iterable[str], count_max: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        if len(found) == count_max:
            break
        if text:
            found[text] = None
    return tuple(found)


def _within(number: int | None, most: int) -> int | None:
    return number if number is not None and 1 <= number <= most else None


def _headings(said: Sequence[Heading]) -> tuple[Heading, ...]:
    read: list[Heading] = []
    for one in said[:HEADINGS_MAX]:
        title = one_line(one.title, NAME_BYTES_MAX)
        if title:
            deepest = min(DEPTH_MAX, read[-1].depth + 1) if read else 0
            read.append(Heading(depth=max(0, min(one.depth, deepest)), title=title))
    return tuple(read)


def _fits(item: Item) -> bool:
    try:
        return len(encode_item(item)) <= RECORD_BYTES_MAX
    except MisuseError:
        return False
