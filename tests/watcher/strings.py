"""Common strings of two texts. Pure."""

from collections.abc import Iterable, Sequence


def windows(texts: Iterable[bytes], length: int) -> set[bytes]:
    """Every piece of so many bytes."""
    return {text[at : at + length] for text in texts for at in range(len(text) - length + 1)}


def without(texts: Iterable[bytes], known: set[bytes], length: int) -> list[bytes]:
    """The texts in pieces, cut wherever one of the known windows of that length stands, and the window gone.

    Gone, not only left out: beside it the next byte agrees by chance once in 256 times.
    """
    pieces = []
    for text in texts:
        begin = at = 0
        while at <= len(text) - length:
            if text[at : at + length] in known:
                pieces.append(text[begin:at])
                while text[at : at + length] in known and at <= len(text) - length:
                    at += 1
                at = begin = at + length - 1
            else:
                at += 1
        pieces.append(text[begin:])
    return pieces


def longest_common(one: Sequence[bytes], other: Sequence[bytes], *, at_least: int) -> bytes:
    """The longest string of both of at least so many bytes, or one of them; empty: none."""
    found, length = b"", at_least
    while common := windows(one, length) & windows(other, length):
        found, length = min(common), length + 1
    return found
