"""Text of a book, cut into what is found and shown as one."""

from collections.abc import Iterator

from satchel.core.library.words import fold
from satchel.ports.library import PASSAGE_BYTES_MAX, Passage

CHARACTERS_MAX = PASSAGE_BYTES_MAX // 4  # whatever they are: none has more than four bytes


def passages_of(place: str, heading: str, text: str, *, bytes_max: int) -> Iterator[Passage]:
    """Of one place: at least one, with the heading; then as much of the text as `bytes_max` has room for.

    Each but the first has words of its text alone, so that nobody finds one heading many times.
    """
    at, left, is_first = 0, bytes_max, True
    while is_first or (at < len(text) and left > 0):
        piece = _piece(text, at) if left > 0 else ""
        at += len(piece)
        left -= len(piece.encode("utf-8", "replace"))
        words = fold(f"{heading} {piece}" if is_first else piece)
        yield Passage(place=place, heading=heading, text=piece.strip(), words=words)
        is_first = False


def _piece(text: str, at: int) -> str:
    """From `at`, at most CHARACTERS_MAX of it: to the end of a line or of a word, if there is one."""
    piece = text[at : at + CHARACTERS_MAX]
    if at + len(piece) == len(text):
        return piece
    for end in ("\n", " "):
        cut = piece.rfind(end, len(piece) // 2)
        if cut >= 0:
            return piece[: cut + 1]
    return piece
