"""What is known of a book, and which book it is.

A book is its content: put in twice, by whomever, it is one. What is known of it may be corrected. Spec:
docs/spec/library.md, 5 and 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NewType

from satchel.core.crypto.kdf import digest
from satchel.core.library.sealed import Root
from satchel.core.wire.cbor import Value

ItemId = NewType("ItemId", bytes)  # 32 bytes; names the content, so it is as secret as the record


class Direction(IntEnum):
    """How pages follow each other."""

    LEFT_TO_RIGHT = 0
    RIGHT_TO_LEFT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes that lie sealed under an address of each shelf."""

    root: Root = field(repr=False)
    size_bytes: int
    media_type: str  # as whoever put it in says; who opens it looks for itself (B1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Content):
    """One file of a book, such as a chapter of an audio book. Most books have one."""

    title: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A line of the table of contents."""

    depth: int  # 0: outermost
    title: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A book: a text, a recording, an archive of pages. Bounds: section 5; texts are escaped where shown."""

    revision: int  # of this record: from 1, one more with each correction
    parts: tuple[Part, ...]  # in the order in which they are read
    title: str = field(repr=False)
    authors: tuple[str, ...] = field(default=(), repr=False)
    languages: tuple[str, ...] = ()  # tags as languages.canonical_tag spells them
    direction: Direction | None = None
    subjects: tuple[str, ...] = field(default=(), repr=False)
    pages: int | None = None
    duration_s: int | None = None
    cover: Content | None = None
    contents: tuple[Heading, ...] = field(default=(), repr=False)
    added_s: int | None = None  # since 1970, by the clock of who put it in: for showing
    replaces: tuple[ItemId, ...] = ()  # older editions
    others: Mapping[int, Value] = field(
        default_factory=dict, repr=False
    )  # fields of later versions, as they came

    @property
    def id(self) -> ItemId:
        return item_id(self.parts)


def item_id(parts: tuple[Content, ...]) -> ItemId:
    """Of the content alone, so that no other title makes another book of it [6.1]."""
    return ItemId(digest(b"satchel item id 1" + b"".join(part.root for part in parts)))
