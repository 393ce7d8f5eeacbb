"""Text as it is looked for: the same word, however it is written."""

import re
import unicodedata

_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """Words as the index has them, with a space between."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKD", text).casefold()))
