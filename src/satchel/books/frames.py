"""What is said between the node and the process of a book, as bytes. Spec: docs/spec/books.md, 4.

A frame is its length in four bytes, and one record. The node reads answers as it reads a stranger's: their
length first, then each field with its bounds (B1). Pure: no socket here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from satchel.books.unfit import Why
from satchel.core.library.codec import COVER_BYTES_MAX, HEADINGS_MAX, NAMES_MAX
from satchel.core.library.item import Direction, Heading
from satchel.core.library.kinds import Kind
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields, begin_message
from satchel.errors import PeerError
from satchel.ports.books import RESOURCE_BYTES_MAX, Chapter, Facts
from satchel.ports.library import HEADING_BYTES_MAX, PASSAGE_BYTES_MAX, PLACE_BYTES_MAX, Passage

LENGTH_BYTES = 4
ANSWER_BYTES_MAX = 512 << 10
REQUEST_BYTES_MAX = 64 << 10
BLOCK_BYTES = 256 << 10  # most that is read at a time, and of a piece of a resource
CHAPTERS_PER_FRAME = 128
NAME_BYTES_MAX = 4096
_TEXT_BYTES_MAX = 65_536
_OFFSET_MAX = 1 << 62


class Say(IntEnum):
    """What the process says; field 0."""

    READ = 0
    FACTS = 1
    PASSAGE = 2
    DONE = 3
    UNFIT = 4
    CHAPTERS = 5
    RESOURCE = 6
    PIECE = 7
    NOTHING = 8


class Ask(IntEnum):
    """What the node asks for; field 0."""

    EXAMINE = 0
    OPEN = 1
    OUTLINE = 2
    FETCH = 3


@dataclass(frozen=True, slots=True)
class Read:
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Done:
    pass


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing at this path."""


@dataclass(frozen=True, slots=True)
class Unfit:
    why: Why


@dataclass(frozen=True, slots=True)
class Chapters:
    """Some of them; more may follow, and then Done."""

    chapters: Sequence[Chapter]


@dataclass(frozen=True, slots=True)
class Head:
    """Of a resource. Pieces follow, until there is all of it."""

    media_type: str
    title: str = field(repr=False)
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Piece:
    content: bytes = field(repr=False)


Answer = Read | Facts | Passage | Done | Unfit | Chapters | Head | Piece | Nothing
_PAGES = {int(say): f"books 4.{5 + say}" for say in Say}


def encode_answer(answer: Answer) -> bytes:
    """In the limited process; what is in it was cleaned."""
    match answer:
        case Read(offset, count):
            fields: dict[int, cbor.Writable] = {0: Say.READ, 1: offset, 2: count}
        case Facts():
            fields = {0: Say.FACTS, **_of_facts(answer)}
        case Passage():
            fields = {0: Say.PASSAGE, 1: answer.place, 2: answer.heading, 3: answer.text, 4: answer.words}
        case Done():
            fields = {0: Say.DONE}
        case Unfit(why):
            fields = {0: Say.UNFIT, 1: why}
        case Chapters(chapters):
            fields = {0: Say.CHAPTERS, 1: [[one.place, one.title, one.depth] for one in chapters]}
        case Head(media_type, title, size_bytes):
            fields = {0: Say.RESOURCE, 1: media_type, 2: title, 3: size_bytes}
        case Piece(content):
            fields = {0: Say.PIECE, 1: content}
        case Nothing():
            fields = {0: Say.NOTHING}
    return cbor.encode({key: value for key, value in fields.items() if value is not None})


def decode_answer(body: bytes) -> Answer:
    """Raises PeerError: any deviation from section 4. Nothing else."""
    kind, fields = begin_message(body, _PAGES, clause="books 4.2", bytes_max=ANSWER_BYTES_MAX)
    answer: Answer
    match Say(kind):
        case Say.READ:
            answer = Read(fields.uint(1, _OFFSET_MAX), fields.integer(2, 1, BLOCK_BYTES))
        case Say.FACTS:
            answer = _read_facts(fields)
        case Say.PASSAGE:
            answer = Passage(
                place=fields.text(1, PLACE_BYTES_MAX),
                heading=fields.text(2, HEADING_BYTES_MAX),
                text=fields.text(3, PASSAGE_BYTES_MAX),
                words=fields.text(4, _TEXT_BYTES_MAX),
            )
        case Say.DONE:
            answer = Done()
        case Say.UNFIT:
            answer = Unfit(Why(fields.uint(1, max(Why))))
        case Say.CHAPTERS:
            answer = Chapters([_chapter(one) for one in fields.array(1, CHAPTERS_PER_FRAME, minimum=1)])
        case Say.RESOURCE:
            size = fields.uint(3, RESOURCE_BYTES_MAX)
            answer = Head(fields.text(1, 255), fields.text(2, 1024), size)
        case Say.PIECE:
            answer = Piece(fields.bytes(1, 1, BLOCK_BYTES))
        case Say.NOTHING:
            answer = Nothing()
    fields.done()
    return answer


def encode_examine(name: str, size_bytes: int) -> bytes:
    return cbor.encode({0: Ask.EXAMINE, 1: name, 2: size_bytes})


def encode_open(kind: Kind, size_bytes: int) -> bytes:
    return cbor.encode({0: Ask.OPEN, 1: kind.value, 2: size_bytes})


def encode_outline() -> bytes:
    return cbor.encode({0: Ask.OUTLINE})


def encode_fetch(path: str) -> bytes:
    return cbor.encode({0: Ask.FETCH, 1: path})


def decode_request(body: bytes) -> tuple[Ask, Fields]:
    """In the limited process, from the node, which it trusts. Raises PeerError."""
    pages = {int(ask): "books 4.3" for ask in Ask}
    kind, fields = begin_message(body, pages, clause="books 4.3", bytes_max=REQUEST_BYTES_MAX)
    return Ask(kind), fields


def _of_facts(facts: Facts) -> dict[int, cbor.Writable]:
    return {
        1: facts.media_type,
        2: facts.title,
        3: facts.authors or None,
        4: facts.languages or None,
        5: None if facts.direction is None else int(facts.direction),
        6: facts.subjects or None,
        7: facts.pages,
        8: facts.duration_s,
        9: [[one.depth, one.title] for one in facts.contents] or None,
        10: facts.cover,
    }


def _read_facts(fields: Fields) -> Facts:
    return Facts(
        media_type=fields.text(1, 255),
        title=fields.text(2, 1024) if fields.has(2) else None,
        authors=_texts(fields, 3),
        languages=_texts(fields, 4),
        direction=Direction(fields.uint(5, 1)) if fields.has(5) else None,
        subjects=_texts(fields, 6),
        pages=fields.uint(7) if fields.has(7) else None,
        duration_s=fields.uint(8) if fields.has(8) else None,
        contents=tuple(_heading(one) for one in fields.array(9, HEADINGS_MAX)) if fields.has(9) else (),
        cover=fields.bytes(10, 1, COVER_BYTES_MAX) if fields.has(10) else None,
    )


def _texts(fields: Fields, key: int) -> tuple[str, ...]:
    if not fields.has(key):
        return ()
    texts = fields.array(key, NAMES_MAX)
    if not all(isinstance(one, str) for one in texts):
        raise PeerError("books 4.6: not a text")
    return tuple(one for one in texts if isinstance(one, str))


def _heading(value: cbor.Value) -> Heading:
    match value:
        case [int(depth), str(title)]:
            return Heading(depth=min(max(depth, 0), 255), title=title)
    raise PeerError("books 4.6: not a heading")


def _chapter(value: cbor.Value) -> Chapter:
    match value:
        case [str(place), str(title), int(depth)]:
            return Chapter(place=place, title=title, depth=depth)
    raise PeerError("books 4.10: not a chapter")
