"""Text as it is looked for: the same word, however it is written. Spec: docs/spec/search.md.

Only `unicodedata` and tables: no dictionary, no language to be named. A word keeps all that tells it from
another one in its script, and loses what people leave out when they type.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

_TABLE_END = 0x3100  # above, only what `_LATE` names is dropped
_DROPPED = (
    (0x00AD, 0x00AD), (0x0300, 0x036F), (0x0483, 0x0489),  # marks of Latin, Greek, Cyrillic: NFKD parts them
    (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5), (0x05C7, 0x05C7),  # Hebrew points
    (0x0610, 0x061A), (0x061C, 0x061C), (0x0640, 0x0640), (0x064B, 0x065F),  # Arabic vowels, hamza on a seat
    (0x0670, 0x0670), (0x06D6, 0x06DC), (0x06DF, 0x06E4), (0x06E7, 0x06E8), (0x06EA, 0x06ED),
    (0x08CA, 0x08E1), (0x08E3, 0x08FF), (0x180B, 0x180F),  # of the Quran; variants of Mongolian letters
    (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
    (0x200D, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F),  # joiner; marks of direction
)  # fmt: skip
_SAME = {
    "ى": "ی", "ي": "ی", "ٱ": "ا", "ك": "ک", "ڪ": "ک",
    "ة": "ه", "ہ": "ه", "ھ": "ه", "ۃ": "ه", "ە": "ه",
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe",
    "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y",  # Hausa and Fula, on keyboards without them
}  # fmt: skip
_BETWEEN = "_\u02b9\u02bb\u02bc\u200b\u200c"  # apostrophes that count as letters; no width, but an end
_LATE = re.compile("[\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\U000e0100-\U000e01ef]")

# Written without spaces. A cluster is a letter with its marks.
_UNSPACED = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf"  # Thai, Lao
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e"
    "\ua9e0-\ua9e4\ua9e7-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a\uaa7e\uaa7f"  # Burmese
    "\u1780-\u17b3\u17d7\u17dc"  # Khmer
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Kana
    "\u2e80-\u2fd5\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f"  # Han; more Kana
)
# Where a table of small code points, and spaces, are not all that is needed; Hangul stands for itself.
_CLOSER = re.compile(f"[{_UNSPACED}\u3100-\uabff\ud7a4-\U0010ffff]")
_HAN_BEYOND = "\U00020000-\U0003fffd"
_ASCII_WORDS = re.compile("[0-9a-z]+")
_ARTICLE = "ال"
_ARTICLE_MERGED = "لل"  # ل + ال
_ONE_LETTER = frozenset("وبکلف")
_ARABIC = re.compile(rf"\b(?:{_ARTICLE}|{_ARTICLE_MERGED}|[وبکلف]{_ARTICLE}|و)\w{{3}}")
_STEM_MIN = 3  # shorter, it would be another word: الله
_STEM_MIN_AND = 4  # behind a bare و, with which many words begin


def fold(text: str) -> str:
    """Words as the index has them, with a space between; forms without an Arabic article behind them all.

    So a phrase finds what stands together, and a word what stands with its article. Folded again, it is the
    same [2, 3].
    """
    folded = plain(text)
    if folded.isascii() or _ARABIC.search(folded) is None:
        return folded
    words = dict.fromkeys(folded.split(" "))
    more: dict[str, None] = {}
    waiting = list(words)
    for word in waiting:  # grows: a form may have forms
        for form in _without_article(word):
            if form not in words and form not in more:
                more[form] = None
                waiting.append(form)
    return " ".join((folded, *more)) if more else folded


def plain(text: str) -> str:
    """Words as they are asked for: what `fold` begins with [2]."""
    if text.isascii():
        return " ".join(_ASCII_WORDS.findall(text.lower()))
    # Small letters of what NFKD has taken apart may be such that it takes apart once more.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = _LATE.sub("", text.translate(_table()))
    words = unicodedata.normalize("NFC", text).split()
    return " ".join(words if _CLOSER.search(text) is None else _looked_at_closely(words))


def _looked_at_closely(words: list[str]) -> Iterator[str]:
    find = _words().findall
    for word in words:
        if _CLOSER.search(word) is None:
            yield word
        else:
            yield from find(word)


def _without_article(word: str) -> tuple[str, ...]:
    if word.startswith(_ARTICLE) and len(word) >= len(_ARTICLE) + _STEM_MIN:
        return (word[2:],)
    if word.startswith(_ARTICLE_MERGED) and len(word) >= len(_ARTICLE_MERGED) + _STEM_MIN:
        return (_ARTICLE + word[2:], word[2:])
    if word[:1] in _ONE_LETTER and word.startswith(_ARTICLE, 1) and len(word) >= 1 + 2 + _STEM_MIN:
        return (word[1:], word[3:])
    if word.startswith("و") and len(word) >= 1 + _STEM_MIN_AND:
        return (word[1:],)
    return ()


@cache
def _table() -> list[int | str | None]:
    """By code point, which is several times faster than a mapping that lacks most of them. What belongs to no
    word is a space."""
    table: list[int | str | None] = list(range(_TABLE_END))
    for first, last in _DROPPED:
        table[first : last + 1] = [None] * (last + 1 - first)
    for letter, same in _SAME.items():
        table[ord(letter)] = same
    for letter in _BETWEEN:
        table[ord(letter)] = " "
    for point in range(_TABLE_END):
        digit = unicodedata.decimal(chr(point), None)
        if digit is not None:
            table[point] = str(digit)
        elif table[point] is not None and not _is_of_words(unicodedata.category(chr(point))):
            table[point] = " "
    return table


@cache
def _words() -> re.Pattern[str]:
    """A cluster of a script without spaces, or letters, numbers and marks without one.

    Characters of the basic plane stand in the sets one by one, so that each is one look into a table.
    """
    unspaced = re.compile(f"[{_UNSPACED}]")
    alone, joined, marks = _Ranges(), _Ranges(), _Ranges()
    for point in range(0x30, 0x20000):
        letter = chr(point)
        category = unicodedata.category(letter)
        if category in ("Mn", "Mc"):
            marks.add(point)
            joined.add(point)
        elif unspaced.match(letter):
            alone.add(point)
        elif _is_of_words(category):
            joined.add(point)
    return re.compile(rf"[{alone}{_HAN_BEYOND}][{marks}]*|[{joined}]+")


def _is_of_words(category: str) -> bool:
    return category[0] in "LN" or category in ("Mn", "Mc", "Co")


class _Ranges:
    """Growing code points, as a set of a pattern names them."""

    def __init__(self) -> None:
        self._ends: list[list[int]] = []

    def add(self, point: int) -> None:
        if self._ends and self._ends[-1][1] == point - 1:
            self._ends[-1][1] = point
        else:
            self._ends.append([point, point])

    def __str__(self) -> str:
        return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in self._ends)
