"""The blocks of a page as what is found: a piece for each heading, with the nearest title."""

from collections.abc import Iterable, Iterator

from satchel.books.markup import Block
from satchel.books.passages import passages_of
from satchel.ports.library import Passage

SECTION_BYTES_MIN = 512  # shorter ones go with what follows
TEXT_BYTES_MAX = 64 << 20


def sections(blocks: Iterable[Block], place: str, title: str) -> Iterator[Passage]:
    """`title`: where no heading came yet."""
    heading, parts, count = title, list[str](), 0
    for block in blocks:
        if block.level is not None and count >= SECTION_BYTES_MIN:
            yield from passages_of(place, heading, "\n".join(parts), bytes_max=TEXT_BYTES_MAX)
            heading, parts, count = block.text, [], 0
        elif block.level is not None and not parts:
            heading = block.text
            continue
        parts.append(block.text)
        count += len(block.text.encode("utf-8", "replace"))
    if parts:
        yield from passages_of(place, heading, "\n".join(parts), bytes_max=TEXT_BYTES_MAX)
