"""What is shown of a passage: the text around what was found, and where in it that stands. Pure.

The index has folded words and not where each came from. So the text is folded again, in short stretches until
those are found, and word by word only where they are.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from satchel.core.library.query import Query
from satchel.core.library.words import fold

EXCERPT_CHARACTERS = 200
BEFORE_CHARACTERS = 60  # of what was found
_STRETCH = re.compile(rf"\S.{{0,{EXCERPT_CHARACTERS - 2}}}\S(?=\s|$)|\S.{{0,{EXCERPT_CHARACTERS - 1}}}", re.S)
_SPACES = re.compile(r"\s")
_Marks = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Word:
    folded: str
    first: int
    end: int


def excerpt(text: str, query: Query) -> tuple[str, _Marks]:
    """About EXCERPT_CHARACTERS of `text`, with the first places of what was looked for marked, if they are
    there; else its beginning."""
    near = _nearest(text, query)
    begin = max(0, near - BEFORE_CHARACTERS)
    words = list(_words(text, begin, min(len(text), near + 2 * EXCERPT_CHARACTERS)))
    found = sorted({place for term, is_last in _terms(query) for place in _places(words, term, is_last)})
    start = 0 if not found else max(0, found[0][0] - BEFORE_CHARACTERS)
    start = _at_a_space(text, start)
    end = min(len(text), start + EXCERPT_CHARACTERS)
    if end < len(text) and (space := text.rfind(" ", start + EXCERPT_CHARACTERS // 2, end)) > 0:
        end = space
    shown = _SPACES.sub(" ", text[start:end])
    return shown, tuple(_joined([(a - start, b - start) for a, b in found if start <= a and b <= end]))


def _nearest(text: str, query: Query) -> int:
    """Where the first of the stretches begins that have most of it."""
    best, best_at = 0, 0
    sought = [f" {' '.join(term)}" + ("" if is_last else " ") for term, is_last in _terms(query)]
    for stretch in _STRETCH.finditer(text):
        folded = f" {fold(stretch.group())} "
        count = sum(one in folded for one in sought)
        if count > best:
            best, best_at = count, stretch.start()
            if count == len(sought):
                break
    return best_at


def _terms(query: Query) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Each, and whether its last word may be the beginning of one."""
    last = len(query.terms) - 1
    for number, term in enumerate(query.terms):
        if term:
            yield term, query.is_prefix and number == last


def _words(text: str, first: int, end: int) -> Iterator[_Word]:
    """What runs of letters with their marks are folded to. One that gives nearly a word for each letter is of
    a script without spaces: those words are the letters. Another that gives several is each of them."""
    for start, stop in _runs(text, _at_a_space(text, first), end):
        folded = fold(text[start:stop]).split()
        letters = list(_letters(text, start, stop))
        if len(folded) > max(2, len(letters) // 2):
            for place, behind in letters:
                yield from (_Word(word, place, behind) for word in fold(text[place:behind]).split())
        else:
            yield from (_Word(word, start, stop) for word in folded)


def _runs(text: str, first: int, end: int) -> Iterator[tuple[int, int]]:
    r"""`\w+` would end before each vowel of Hindi or Thai: marks are no letters to it."""
    start = None
    for at in range(first, end):
        is_of_word = text[at].isalnum() or unicodedata.category(text[at])[0] == "M"
        if is_of_word and start is None:
            start = at
        elif not is_of_word and start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, end


def _letters(text: str, first: int, end: int) -> Iterator[tuple[int, int]]:
    """Each with its marks."""
    start = first
    for at in range(first + 1, end):
        if unicodedata.category(text[at])[0] != "M":
            yield start, at
            start = at
    yield start, end


def _places(words: list[_Word], term: tuple[str, ...], is_prefix: bool) -> Iterator[tuple[int, int]]:
    for at in range(len(words) - len(term) + 1):
        these = words[at : at + len(term)]
        last = these[-1].folded
        if all(word.folded == one for word, one in zip(these[:-1], term[:-1], strict=True)) and (
            last == term[-1] or (is_prefix and last.startswith(term[-1]))
        ):
            yield these[0].first, these[-1].end


def _at_a_space(text: str, at: int) -> int:
    """There, or a little behind it, where a word begins."""
    if at == 0:
        return 0
    space = _SPACES.search(text, at - 1, min(len(text), at + BEFORE_CHARACTERS // 2))
    return space.end() if space is not None else at


def _joined(marks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Ascending, where some may lie upon each other."""
    while marks:
        first, end = marks.pop(0)
        while marks and marks[0][0] <= end:
            end = max(end, marks.pop(0)[1])
        yield first, end
