"""Makes of what a book says of itself what a record takes (library 5), whatever it says. Spec: books.md, 6.

Done twice: in the limited process, so that its answers have their size, and behind it, since that process may
say anything (B1).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from satchel.core.library.codec import (
    COVER_BYTES_MAX,
    DEPTH_MAX,
    DURATION_MAX_S,
    HEADINGS_MAX,
    LANGUAGES_MAX,
    NAME_BYTES_MAX,
    NAMES_MAX,
    PAGES_MAX,
    TITLE_BYTES_MAX,
)
from satchel.core.library.item import Heading
from satchel.core.library.kinds import FILE_TYPE
from satchel.core.library.languages import canonical_tag
from satchel.ports.books import Chapter, Facts
from satchel.ports.library import HEADING_BYTES_MAX, PASSAGE_BYTES_MAX, PLACE_BYTES_MAX, Passage

# So that all of it fits one record, and leaves 20 KiB of it to the parts (library 5.1).
NAMES_BYTES_MAX = 8 << 10  # of all authors, and of all subjects
CONTENTS_BYTES_MAX = 24 << 10
HEADING_OVERHEAD_BYTES = 8
WORDS_BYTES_MAX = 65_536  # NFKD makes a character to 18 of them at most

_SAYS_NOTHING = frozenset({"und", "zxx", "mul", "mis", "root"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")
_SPACES = re.compile(r"\s+")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_JPEG = b"\xff\xd8\xff"


def one_line(text: str, bytes_max: int) -> str:
    """Without control characters, with single spaces, and cut where a character ends."""
    part = text[: 4 * bytes_max]  # nothing long is looked through
    return cut(_SPACES.sub(" ", _CONTROL.sub(" ", part)).strip(), bytes_max).strip()


def cut(text: str, bytes_max: int) -> str:
    """At most so many bytes of it; not between a letter and its marks, if that can be helped."""
    encoded = text[: bytes_max + 1].encode("utf-8", "replace")
    if len(encoded) <= bytes_max:
        return encoded.decode()
    left = encoded[:bytes_max].decode("utf-8", "ignore")
    following = encoded.decode("utf-8", "ignore")[len(left) : len(left) + 1]
    if following and unicodedata.combining(following):
        base = left.rstrip("".join({one for one in left[-16:] if unicodedata.combining(one)}))[:-1]
        return base if len(base) > len(left) - 16 else left
    return left


def clean_facts(facts: Facts) -> Facts:
    """The same facts, as far as a record takes them."""
    media_type = facts.media_type
    return Facts(
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else FILE_TYPE,
        title=one_line(facts.title or "", TITLE_BYTES_MAX) or None,
        authors=_names(facts.authors),
        languages=_languages(facts.languages),
        direction=facts.direction,
        subjects=_names(facts.subjects),
        pages=_in_bounds(facts.pages, PAGES_MAX),
        duration_s=_in_bounds(facts.duration_s, DURATION_MAX_S),
        contents=_contents(facts.contents),
        cover=facts.cover if _is_cover(facts.cover) else None,
    )


def clean_passage(passage: Passage) -> Passage:
    """Its text has lines, and no other control characters."""
    return Passage(
        place=one_line(passage.place, PLACE_BYTES_MAX),
        heading=one_line(passage.heading, HEADING_BYTES_MAX),
        text=cut(_CONTROL_BUT_LINES.sub(" ", passage.text[: PASSAGE_BYTES_MAX + 1]), PASSAGE_BYTES_MAX),
        words=cut(_CONTROL.sub(" ", passage.words[: WORDS_BYTES_MAX + 1]), WORDS_BYTES_MAX),
    )


def clean_chapters(chapters: Iterable[Chapter]) -> Sequence[Chapter]:
    return [
        replace(
            one,
            place=one_line(one.place, PLACE_BYTES_MAX),
            title=one_line(one.title, HEADING_BYTES_MAX),
            depth=max(0, min(one.depth, DEPTH_MAX)),
        )
        for one in chapters
    ]


def _names(names: Sequence[str]) -> tuple[str, ...]:
    taken: dict[str, None] = {}
    left = NAMES_BYTES_MAX
    for name in names[: 4 * NAMES_MAX]:
        clean = one_line(name, NAME_BYTES_MAX)
        if clean and clean not in taken:
            left -= len(clean.encode())
            if left < 0 or len(taken) == NAMES_MAX:
                break
            taken[clean] = None
    return tuple(taken)


def _languages(tags: Sequence[str]) -> tuple[str, ...]:
    spelled = (canonical_tag(tag.strip().replace("_", "-")) for tag in tags[: 4 * LANGUAGES_MAX])
    known = (tag for tag in spelled if tag is not None and tag not in _SAYS_NOTHING)
    return tuple(dict.fromkeys(known))[:LANGUAGES_MAX]


def _in_bounds(number: int | None, most: int) -> int | None:
    return number if number is not None and 1 <= number <= most else None


def _is_cover(cover: bytes | None) -> bool:
    return cover is not None and len(cover) <= COVER_BYTES_MAX and cover.startswith(_JPEG)


def _contents(headings: Sequence[Heading]) -> tuple[Heading, ...]:
    """Of more than fit, the deepest go first."""
    few = headings[: 20 * HEADINGS_MAX]
    clean = [Heading(depth=max(0, one.depth), title=one_line(one.title, NAME_BYTES_MAX)) for one in few]
    kept = _stepwise([one for one in clean if one.title])
    for depth in range(DEPTH_MAX, -1, -1):
        if _fits(kept):
            break
        kept = tuple(one for one in kept if one.depth < max(depth, 1))
    while not _fits(kept):
        kept = kept[: len(kept) * 7 // 8]
    return kept


def _fits(headings: Sequence[Heading]) -> bool:
    if len(headings) > HEADINGS_MAX:
        return False
    total = sum(len(one.title.encode()) + HEADING_OVERHEAD_BYTES for one in headings)
    return total <= CONTENTS_BYTES_MAX


def _stepwise(headings: Sequence[Heading]) -> tuple[Heading, ...]:
    """None more than one deeper than the one before it (library 5.8)."""
    steps: list[Heading] = []
    for one in headings:
        deepest = min(DEPTH_MAX, steps[-1].depth + 1) if steps else 0
        steps.append(Heading(depth=min(one.depth, deepest), title=one.title))
    return tuple(steps)
