"""What a person looks for. Spec: docs/spec/search.md, 4."""

import re
from dataclasses import dataclass, field

from satchel.core.library.words import plain

CHARACTERS_MAX = 200
TERMS_MAX = 16
WORDS_MAX = 200  # in all terms: some characters stand for many

_OPENING = '"“„«「『＂'
_CLOSING = '"”“»」』＂'
_INSIDE = re.compile(r'(?<=\w)["״](?=\w)')  # צה"ל is one word
_PIECE = re.compile(
    rf"[{_OPENING}](?P<phrase>[^{_CLOSING}]*)(?P<end>[{_CLOSING}]?)|(?P<word>[^\s{_OPENING}{_CLOSING}]+)"
)


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that all have to stand in one passage; each is a phrase of folded words."""

    terms: tuple[tuple[str, ...], ...] = field(repr=False)
    is_prefix: bool = True  # the last word may be the beginning of one


def parse_query(text: str) -> Query:
    """Any text is a query; without terms where there is no word in it.

    What is longer than CHARACTERS_MAX, TERMS_MAX or WORDS_MAX is cut [4.4]. There are no other signs than
    quotes: no text can be anything but words [4.1].
    """
    terms: dict[tuple[str, ...], None] = {}
    words_left = WORDS_MAX
    is_prefix = True
    for piece in _PIECE.finditer(_INSIDE.sub("'", text[:CHARACTERS_MAX])):
        words = tuple(plain(piece["word"] or piece["phrase"] or "").split())[:words_left]
        if not words:
            continue
        if len(terms) == TERMS_MAX and words not in terms:
            break
        words_left -= len(words)
        terms.pop(words, None)  # the last one counts: it may be unfinished
        terms[words] = None
        is_prefix = not piece["end"]
    return Query(tuple(terms), is_prefix=is_prefix)
