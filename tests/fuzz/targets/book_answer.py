"""books/frames and books/cleaning: what the process of a book says, which the book may have taken over."""

from collections.abc import Iterator

from satchel.books.cleaning import clean_chapters, clean_facts, clean_passage
from satchel.books.frames import (
    BLOCK_BYTES,
    Answer,
    Chapters,
    Done,
    Head,
    Nothing,
    Piece,
    Read,
    Unfit,
    decode_answer,
    encode_answer,
)
from satchel.books.unfit import Why, unfit
from satchel.core.library.codec import encode_item
from satchel.core.library.item import Direction, Heading, Item, Part
from satchel.core.library.sealed import Root
from satchel.errors import PeerError
from satchel.ports.books import RESOURCE_BYTES_MAX, Chapter, Facts
from satchel.ports.library import PASSAGE_BYTES_MAX, Passage

PARTS = tuple(
    Part(root=Root(bytes([n]) * 32), size_bytes=1, media_type="application/octet-stream") for n in range(256)
)


def check(data: bytes) -> bool:
    try:
        answer = decode_answer(data)
    except PeerError:
        return False
    match answer:
        case Facts():
            fits_a_record(clean_facts(answer))
        case Passage():
            clean = clean_passage(answer)
            assert clean_passage(clean) == clean
            assert len(clean.text.encode()) <= PASSAGE_BYTES_MAX
            assert "\x1b" not in clean.place + clean.heading + clean.text + clean.words
        case Chapters(chapters):
            assert all(0 <= one.depth <= 7 and "\x1b" not in one.title for one in clean_chapters(chapters))
        case Read(_, count):
            assert 1 <= count <= BLOCK_BYTES
        case Head():
            assert answer.size_bytes <= RESOURCE_BYTES_MAX
        case Unfit(why):
            assert unfit(why).do
    assert encode_answer(decode_answer(encode_answer(answer))) == encode_answer(answer)
    return True


def fits_a_record(facts: Facts) -> None:
    """Beside as many parts as there may be."""
    assert clean_facts(facts) == facts
    encode_item(
        Item(
            revision=1,
            parts=PARTS,
            title=facts.title or "x",
            authors=facts.authors,
            languages=facts.languages,
            direction=facts.direction,
            subjects=facts.subjects,
            pages=facts.pages,
            duration_s=facts.duration_s,
            contents=facts.contents,
        )
    )


def seeds() -> Iterator[bytes]:
    answers: list[Answer] = [
        Read(0, 1),
        Facts(
            media_type="application/epub+zip",
            title="كتاب\x1b",
            authors=("a", "a", ""),
            languages=("EN_us", "x-", "ar"),
            direction=Direction.RIGHT_TO_LEFT,
            subjects=("s" * 256,) * 64,
            pages=7,
            duration_s=1 << 40,
            contents=(Heading(depth=7, title="t" * 300),) * 40,
            cover=b"\xff\xd8\xff",
        ),
        Passage(place="1", heading="h\n", text="t\x00", words="w"),
        Done(),
        Unfit(Why.LIED),
        Chapters([Chapter(place="1", title="t", depth=200)]),
        Head("text/html", "t", 1),
        Piece(b"x"),
        Nothing(),
    ]
    yield from map(encode_answer, answers)
    yield encode_answer(Done()) + b"\0"
    yield encode_answer(Piece(b"x"))[:-1]
