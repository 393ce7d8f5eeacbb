"""What can be found in a book, from its record and from who looks into it."""

from collections.abc import Callable, Generator, Iterator

from satchel.core.library.item import Item
from satchel.core.library.words import fold
from satchel.errors import UnfitBook
from satchel.ports.books import Facts
from satchel.ports.library import HEADING_BYTES_MAX, PASSAGE_BYTES_MAX, WHOLE, Passage


def of_record(item: Item) -> Passage:
    """Title, authors and subjects."""
    text = "; ".join((*item.authors, *item.subjects))
    text = _cut(text, PASSAGE_BYTES_MAX)
    heading = _cut(item.title, HEADING_BYTES_MAX)  # a title may be longer: all of its words are found
    return Passage(place=WHOLE, heading=heading, text=text, words=fold(f"{item.title}\n{text}"))


def _cut(text: str, bytes_max: int) -> str:
    return text.encode()[:bytes_max].decode(errors="ignore")


def of_content(looked_at: Iterator[Facts | Passage], check: Callable[[], None]) -> Iterator[Passage]:
    """What comes of it: to the end, or until who looks into it breaks down. `check`: raises, to stop."""
    try:
        for found in looked_at:
            check()
            if isinstance(found, Passage) and found.place != WHOLE:
                yield found
    except UnfitBook:
        return  # what was read of it can be found; the book can still be opened, or taken along
    finally:
        end(looked_at)


def end(looked_at: Iterator[object]) -> None:
    """Its process ends now, and not when somebody has forgotten of it."""
    if isinstance(looked_at, Generator):
        looked_at.close()
