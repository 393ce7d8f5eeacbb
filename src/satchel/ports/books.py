"""Looking into books: what is asked of a format, and of the limited process around it.

A format runs in that process only, on one book, and may be taken over by it: who reads its answers trusts
none of them (B1). It raises UnfitBook.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from satchel.core.library.item import Direction, Heading
from satchel.core.library.kinds import Kind
from satchel.ports.library import Passage, Readable

COVER_PIXELS_MAX = (240, 320)  # width, height
RESOURCE_BYTES_MAX = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a book says of itself; None and () where it says nothing."""

    media_type: str  # by its content
    title: str | None = field(default=None, repr=False)
    authors: tuple[str, ...] = field(default=(), repr=False)
    languages: tuple[str, ...] = ()
    direction: Direction | None = None
    subjects: tuple[str, ...] = field(default=(), repr=False)
    pages: int | None = None
    duration_s: int | None = None
    contents: tuple[Heading, ...] = field(default=(), repr=False)
    cover: bytes | None = field(default=None, repr=False)  # JPEG, made here, at most COVER_PIXELS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A place that a reader without scripts opens."""

    place: str
    title: str = field(repr=False)
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something in a book. Of HTML: cleaned, without scripts, or (of ZIM alone) as it stands there."""

    media_type: str  # with its charset where it is a text
    body: bytes = field(repr=False)
    title: str = field(default="", repr=False)


class Format(Protocol):
    """One kind of book, in the limited process. Every call raises UnfitBook."""

    def examine(self, file: BinaryIO, name: str) -> Iterator[Facts | Passage]:
        """The facts first, then what can be found in it. `file` can seek; nothing is read of it at once that
        has no bound. `name`: of the file, where the book has no title."""
        ...

    def open(self, file: BinaryIO) -> "Opened": ...


class Opened(Protocol):
    """In the limited process. Raises UnfitBook; NothingToDo: nothing is at this path."""

    def outline(self) -> Sequence[Chapter]: ...
    def fetch(self, path: str) -> Resource:
        """`chapter/PLACE` (cleaned HTML, with links to `../file/PATH` and `PLACE`), `file/PATH` (a picture or
        style of an EPUB, an entry of a ZIM), `page/NUMBER` (a picture of a page, from 1: PDF and comics),
        `cover`: which of these there are depends on the kind."""
        ...


class OpenBook(Opened, Protocol):
    """The same, from the node's side: in a process of its own, which can die. Also raises EnvironmentProblem:
    it died, or took too long. From any thread, one call at a time."""

    def close(self) -> None:
        """Ends the process. May be repeated."""
        ...


class Opener(Protocol):
    """The node's side. From any thread; as many calls at a time as there are processes for, others wait."""

    def examine(self, content: Readable, name: str) -> Iterator[Facts | Passage]:
        """Raises UnfitBook: also where its process died or took too long. EnvironmentProblem: there can be no
        process, or the content cannot be read."""
        ...

    def open(self, content: Readable, kind: Kind) -> OpenBook:
        """Closes `content` with the book."""
        ...

    def close(self) -> None:
        """All of it ends."""
        ...
