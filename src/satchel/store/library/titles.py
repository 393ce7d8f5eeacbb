"""In which order titles stand: pure, and the same on every machine."""

import re
import unicodedata

SORT_CHARACTERS_MAX = 200  # what differs only behind these stands in the order in which it came
_NUMBER = re.compile(r"\d+")
_KEPT = "LNM"  # letters, numbers, and marks: vowels of Indic scripts are some
_MARKS_LEFT_OUT = (range(10, 37), range(202, 241))  # combining classes: points of Semitic scripts, accents


def sort_key(title: str) -> str:
    """Compared by code points, so script by script: Latin, Greek, Cyrillic, Hebrew, Arabic, others, Han.
    Large and small letters, accents and signs count for nothing, and 2 stands before 10."""
    bare = "".join(
        one if unicodedata.category(one)[0] in _KEPT else " "
        for one in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", title).casefold())
        if not any(unicodedata.combining(one) in marks for marks in _MARKS_LEFT_OUT)
    )
    words = " ".join(bare.split()) or title  # signs alone are better than nothing
    return _NUMBER.sub(_by_length, words[:SORT_CHARACTERS_MAX])


def _by_length(found: re.Match[str]) -> str:
    digits = "".join(str(unicodedata.decimal(one)) for one in found.group()).lstrip("0") or "0"
    return f"{len(digits):03}{digits}"
