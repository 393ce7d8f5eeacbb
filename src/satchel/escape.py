"""How names and texts of other people are shown, in a terminal and on a page: escaped once, here, only here.

A name may hold control characters that drive a terminal, and bidi characters that turn a harmless
ending into an executable's (CVE-2022-46165, CVE-2023-43620). Neither reaches the screen, and no two
names are shown by the same characters, not even by characters that Unicode calls equivalent. (Letters
of two alphabets that look alike stay what they are.) On disk a name stays as it is.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

NAME_CHARACTERS_MAX = 200
DIGEST_BYTES = 16  # of what is left out of a longer one: nobody finds two names with the same

# Cc control, Cf format (bidi, zero width), Cs lone surrogates, Co private use, Cn unassigned, Zl Zp lines
_DRIVING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN_IN_NAMES = _DRIVING | {"Zs"}  # spaces that look like the usual one
_HIDDEN_IN_TEXTS = _DRIVING - {"Co", "Cn"}  # the newest emoji are unassigned to an older Python
# Joiners, without which Persian and Indic words and many emoji are wrong, and marks of direction, which turn
# nothing around that stands apart: texts have them where something stands that they belong to.
_JOINERS = frozenset("\u200c\u200d")
_HELD_IN_TEXTS = _JOINERS | frozenset("\u200e\u200f\u061c")
# Drawn as nothing although they count as letters, marks or symbols: fillers, variation selectors.
_FILLERS = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)
_INVISIBLE = frozenset((*_FILLERS, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))


def show_name(name: bytes) -> str:
    """One name for a terminal line; a long one is cut in its middle."""
    characters = name.decode("utf-8", "surrogateescape")
    parts = _parts(characters, composing=False)
    if not unicodedata.is_normalized("NFC", "".join(parts)):
        parts = _parts(characters, composing=True)
    if not unicodedata.is_normalized("NFC", "".join(parts)):
        parts = [part if part.isascii() else _code(part) for part in parts]
    if sum(map(len, parts)) > NAME_CHARACTERS_MAX:
        return _cut(parts, name)
    return "".join(parts)


def show_path(path: Sequence[bytes]) -> str:
    return "/".join(map(show_name, path))


def show_text(text: str) -> str:
    """A text of several lines for a terminal; line ends and tabs stay."""
    return "".join(
        character if _may_stand(character, before) else _code(character)
        for before, character in pairwise(f"\n{text}")
    )


def _may_stand(character: str, before: str) -> bool:
    """In a text, behind the character `before`."""
    if character in _HELD_IN_TEXTS:
        return unicodedata.category(before)[0] in ("LMNS" if character in _JOINERS else "LMNPS")
    return character in "\n\t" or unicodedata.category(character) not in _HIDDEN_IN_TEXTS


def _parts(name: str, *, composing: bool) -> list[str]:
    """Each character as it is shown. `composing`: also escape what melts with its neighbour, since the
    name has two spellings that look the same (an é of one character, or of two)."""
    parts: list[str] = []
    for place, character in enumerate(name):
        code = ord(character)
        if character == "\\":
            parts.append("\\\\")
        elif 0xDC80 <= code <= 0xDCFF:
            parts.append(f"\\x{code - 0xDC00:02x}")  # a byte that is not UTF-8
        elif character == " ":
            lost = place in (0, len(name) - 1) or name[place - 1] == " "  # nobody sees how many
            parts.append("\\x20" if lost else " ")
        elif _is_hidden(character) or (composing and _may_compose(character)):
            parts.append(_code(character))
        elif place == 0 and unicodedata.category(character)[0] == "M":
            parts.append(_code(character))  # would change what stands before the name
        else:
            parts.append(character)
    return parts


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN_IN_NAMES or ord(character) in _INVISIBLE


def _may_compose(character: str) -> bool:
    mark = unicodedata.category(character)[0] == "M"
    return mark or not unicodedata.is_normalized("NFC", character)


def _code(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def _cut(parts: Sequence[str], name: bytes) -> str:
    """Both ends, whole characters of them, and a digest of all. No name can imitate it: in one, a
    backslash stands before a backslash, x or u."""
    digest = hashlib.sha256(name).digest()[:DIGEST_BYTES].hex()
    middle = f"\\[... {digest} ...]"
    half = (NAME_CHARACTERS_MAX - len(middle)) // 2
    return "".join([*_fitting(parts, half), middle, *reversed(_fitting(parts[::-1], half))])


def _fitting(parts: Sequence[str], characters_max: int) -> list[str]:
    """As many of the first parts as fit."""
    taken: list[str] = []
    for part in parts:
        characters_max -= len(part)
        if characters_max < 0:
            break
        taken.append(part)
    return taken
