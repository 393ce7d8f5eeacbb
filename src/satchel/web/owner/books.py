"""What the pages of the library need from outside, and what they show of a book: events, put in order.

Pure, but for what is given from outside. Spec: docs/spec/page.md, 8.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol

from satchel.core.library.item import Item
from satchel.core.library.kinds import Kind
from satchel.ports.library import BookNumber, Library
from satchel.web.owner.errands import Event

PAGE_BOOKS = 30
WORDS_CHARACTERS_MAX = 1_000  # of what is looked for
HEADINGS_MAX = 200  # of the contents of a book, on its page
NAMED = ("shelf", "language", "author", "subject", "kind", "order")  # options of list and search


class Reading(Protocol):
    """Books in a browser, on an origin of their own (reading 4)."""

    async def open(self, number: BookNumber, language: str) -> str:
        """Where this one is read. Raises SatchelError: NothingToDo if it is not here any more."""
        ...

    async def close(self, number: BookNumber) -> None:
        """It cannot be read any more. May be repeated."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor:
    """The door for guests, as it is open now."""

    urls: Sequence[str] = field(repr=False)  # the one that is typed most easily first
    lan_open: bool  # whoever is on this network gets in
    left_s: float | None  # until it closes by itself; None: when Satchel ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Given by who starts the pages."""

    library: Callable[[], Library]  # blocks; raises SatchelError
    reading: Reading
    file_names: Callable[[Item, Kind], Sequence[str]]  # one for each part
    door: Callable[[], OpenDoor | None]  # None: it is closed; blocks
    threads: Executor  # in which content is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody looks for: words, and what else all of it must have."""

    words: str = ""
    shelf: str = ""
    language: str = ""
    author: str = ""
    subject: str = ""
    kind: str = ""
    order: str = ""

    @classmethod
    def of(cls, one: Callable[[str], str]) -> "Asked":
        """`one`: a field of a form."""
        fields = {name: one(name) for name in NAMED}
        if not fields["shelf"] and fields["order"] == "shelf":
            fields["order"] = ""
        return cls(words=" ".join(one("words").split())[:WORDS_CHARACTERS_MAX], **fields)

    @property
    def is_narrow(self) -> bool:
        """Something beside words."""
        return any(getattr(self, name) for name in NAMED)

    def options(self) -> list[str]:
        """Of the command; each stands behind its own `=`, whatever it begins with."""
        has_order = not self.words  # the best comes first
        return [
            f"--{name}={value}"
            for name in NAMED
            if (value := getattr(self, name)) and (name != "order" or has_order)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Of an excerpt."""

    text: str
    is_found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A book in a list."""

    number: int
    title: str
    authors: Sequence[str] = ()
    languages: Sequence[str] = ()
    kind: str = ""
    size_bytes: int = 0
    has_cover: bool = False
    heading: str = ""  # under which its words were found
    pieces: Sequence[Piece] = ()
    place: int = 0  # on its shelf, from 1


def rows_of(said: Sequence[Event], *, first: int = 0) -> list[Row]:
    """Books and hits, in their order. `first`: how many stand before them."""
    books = [event for event in said if event["event"] in ("book", "hit")]
    return [_row(event, first + place) for place, event in enumerate(books, 1)]


def _row(event: Event, place: int) -> Row:
    if event["event"] == "hit":
        pieces = pieces_of(event["excerpt"], event["marks"]) if event["place"] else ()
        return Row(number=event["number"], title=event["title"], heading=event["heading"], pieces=pieces)
    return Row(
        number=event["number"],
        title=event["title"],
        authors=event["authors"],
        languages=event["languages"],
        kind=event["kind"],
        size_bytes=event["bytes"],
        has_cover=event["cover"],
        place=place,
    )


def pieces_of(excerpt: str, marks: Sequence[Sequence[int]]) -> list[Piece]:
    """What was found in it, and what stands around that."""
    pieces, at = [], 0
    for first, after in sorted((first, after) for first, after in marks):
        first = max(first, at)
        if after <= first:
            continue
        pieces.append(Piece(text=excerpt[at:first], is_found=False))
        pieces.append(Piece(text=excerpt[first:after], is_found=True))
        at = after
    pieces.append(Piece(text=excerpt[at:], is_found=False))
    return [piece for piece in pieces if piece.text]


def tally_of(said: Sequence[Event]) -> dict[str, list[tuple[str, int]]]:
    """By what one may look around: values, and how many books have each."""
    found: dict[str, list[tuple[str, int]]] = {name: [] for name in ("language", "author", "subject", "kind")}
    for event in said:
        if event["event"] == "facet":
            found[event["of"]].append((event["value"], event["books"]))
    return found


def done_of(said: Sequence[Event]) -> dict[str, Any]:
    return next((event for event in reversed(said) if event["event"] == "done"), {})
