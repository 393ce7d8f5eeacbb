"""Why a file is no book. Spec: docs/spec/books.md, 5.

A process that was taken over may say what it likes: so it says a number, and the sentence that a person reads
stands here (B1). A new reason is added at the end.
"""

from enum import IntEnum

from satchel.errors import UnfitBook

_SAFE = "Your other books are as they were."
_KEPT = "It can still be kept and handed on as a file; or get another copy."


class Why(IntEnum):
    """A number of docs/spec/books.md, 5."""

    DAMAGED = 0
    TOO_MUCH = 1
    LOCKED = 2
    EMPTY = 3
    NOT_READ_HERE = 4
    ENDED = 5
    TOO_LONG = 6
    LIED = 7
    NOT_WHOLE = 8
    PART_TOO_LARGE = 9


_SENTENCES = {
    Why.DAMAGED: ("It is damaged, or not what it says it is.", "Get another copy of it."),
    Why.TOO_MUCH: ("It would become too large when unpacked, as a trap does.", _KEPT),
    Why.LOCKED: (
        "It is locked: only the program of its seller opens it, or only a password does.",
        "Get a copy without a lock.",
    ),
    Why.EMPTY: ("There is nothing in it.", "Get another copy of it."),
    Why.NOT_READ_HERE: ("It is of a kind that is not read here.", _KEPT),
    Why.ENDED: ("What looked into it broke down, and was ended.", _KEPT),
    Why.TOO_LONG: ("Looking into it took too long, and was ended.", _KEPT),
    Why.LIED: ("What looked into it said what cannot be, and was ended.", _KEPT),
    Why.NOT_WHOLE: ("It is not whole: its end is missing.", "Get the rest of it, or another copy."),
    Why.PART_TOO_LARGE: (
        "What stands at this place is too large to be shown here.",
        "Take the whole book along, and open it with a program of its kind.",
    ),
}
_BY_SENTENCE = {sentence: why for why, (sentence, _) in _SENTENCES.items()}


def unfit(why: Why) -> UnfitBook:
    """To be raised."""
    what, do = _SENTENCES[why]
    return UnfitBook(what, safe=_SAFE, do=do)


def why_of(problem: UnfitBook) -> Why:
    """The number that stands for it; DAMAGED for a sentence that is none of these."""
    return _BY_SENTENCE.get(problem.what, Why.DAMAGED)
