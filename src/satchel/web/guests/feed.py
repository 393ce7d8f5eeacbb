"""What a list of books is, before it is written as a page, as OPDS 1.2 or as OPDS 2.0. Pure.

Every text in it is one, and no mark-up; every address is whole. Spec: docs/spec/guests.md, 4.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from satchel.core.library.kinds import Kind


class Rel(StrEnum):
    """What another list is to this one."""

    SUBSECTION = "subsection"
    NEWEST = "http://opds-spec.org/sort/new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """To another list."""

    title: str = field(repr=False)
    href: str = field(repr=False)
    leads_to_books: bool  # or to more ways
    count: int | None = None  # of books
    rel: Rel = Rel.SUBSECTION
    language: str | None = None  # of the title, if it is none of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Of a facet."""

    title: str = field(repr=False)
    href: str = field(repr=False)
    count: int | None = None
    is_active: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """A facet: by what the list can be made narrower, or ordered."""

    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An author or a subject, and the list of what has it."""

    name: str = field(repr=False)
    href: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Of a book, to be taken along."""

    href: str = field(repr=False)
    media_type: str
    size_bytes: int
    title: str | None = field(default=None, repr=False)  # where there are several


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where something was found, in pieces: each is a part of it, or what was looked for."""

    heading: str = field(repr=False)
    pieces: tuple[tuple[str, bool], ...] = field(repr=False)

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A book as guests see it."""

    id: str = field(repr=False)  # urn:uuid, as long as the door is open
    href: str = field(repr=False)
    title: str = field(repr=False)
    authors: tuple[Named, ...] = field(default=(), repr=False)
    languages: tuple[str, ...] = ()
    subjects: tuple[Named, ...] = field(default=(), repr=False)
    kind: Kind
    is_rtl: bool | None = None
    pages: int | None = None
    duration_s: int | None = None
    updated_s: int
    cover: str | None = field(default=None, repr=False)  # an address; JPEG
    files: tuple[File, ...] = field(default=(), repr=False)
    read: str | None = field(default=None, repr=False)  # where it is read in a browser
    found: Excerpt | None = field(default=None, repr=False)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """RFC 5005, 3; None: there is none."""

    first: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    next: str | None = field(default=None, repr=False)
    last: str | None = field(default=None, repr=False)
    number: int
    per_page: int
    total: int | None  # None: nobody has counted

    @property
    def pages(self) -> int | None:
        return None if self.total is None else max(1, -(-self.total // self.per_page))


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is the same on all lists."""

    door: str  # what the door calls itself
    start: str = field(repr=False)
    opensearch: str = field(repr=False)
    search: str = field(repr=False)  # the page, and the beginning of the template of OPDS 2.0
    code: str  # the language of what we say


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One list: of ways, of books, or of both."""

    id: str = field(repr=False)
    title: str = field(repr=False)
    href: str = field(repr=False)
    updated_s: int
    up: str | None = field(default=None, repr=False)
    around: Around
    ways: tuple[Way, ...] = ()
    has_books: bool = False  # it is a list of books, if an empty one
    books: tuple[Publication, ...] = ()
    facets: tuple[Choices, ...] = ()
    paging: Paging | None = None
    is_cut: bool = False  # a search whose time was over before all was looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One book alone."""

    book: Publication
    around: Around
