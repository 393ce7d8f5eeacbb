"""What went wrong comes as an English sentence, from wherever it happened. Here its form is recognised.

`There is no file 'x'.` has the form `There is no file %(path)s.` Nothing but our own words decides: what
stands in a field is never looked at, unless it can only be words of ours, too (`said_...`). Pure. Whatever
comes, a sentence costs no more than two looks along it for each form. Spec: docs/spec/page.md, 5.4.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SENTENCE_CHARACTERS_MAX = (
    20_000  # a longer one is none of ours: a path has 4096 bytes, at most 4 shown for each
)
DEPTH_MAX = 3  # of what is said inside of a sentence
SAID = "said_"  # how fields begin that are sentences, or parts of one
_FIELD = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Put:
    """What stands in a field."""

    field: str
    text: str
    found: "Found | None" = None  # where it is said in our words, too


@dataclass(frozen=True, slots=True)
class Found:
    """The form of a sentence, and what stands in its fields."""

    form: "Form"
    puts: tuple[Put, ...] = ()

    def parts(self) -> Iterator[str | Put]:
        """In the order of the other language: our words, and what is put in."""
        by_field = {put.field: put for put in self.puts}
        for place, text in enumerate(_FIELD.split(self.form.other)):
            yield by_field[text] if place % 2 else text


@dataclass(frozen=True, slots=True)
class Form:
    """A sentence with fields."""

    words: tuple[str, ...]  # in front of each field, and behind the last
    fields: tuple[str, ...]
    other: str  # the same in another language

    @classmethod
    def of(cls, english: str, other: str) -> "Form":
        split = _FIELD.split(english)
        return cls(tuple(split[::2]), tuple(split[1::2]), other)

    @property
    def english(self) -> str:
        """With its fields as they are named."""
        named = [f"%({field})s" for field in self.fields]
        return "".join(text for pair in zip(self.words, [*named, ""], strict=True) for text in pair)

    @property
    def weight(self) -> int:
        """How much of it is our own words."""
        return sum(map(len, self.words))

    def values(self, sentence: str) -> tuple[tuple[str, ...], ...]:
        """What may stand in its fields: with the words between them as far in front, and as far behind, as
        can be. Empty: it has not this form."""
        first, last = self.words[0], self.words[-1]
        if len(sentence) < self.weight or not (sentence.startswith(first) and sentence.endswith(last)):
            return ()
        inner = sentence[len(first) : len(sentence) - len(last)]
        ways = {_in_front(inner, self.words[1:-1]), _behind(inner, self.words[1:-1])}
        return tuple(sorted(way for way in ways if way and all(way)))


def _in_front(inner: str, between: tuple[str, ...]) -> tuple[str, ...]:
    values = []
    for words in between:
        value, found, inner = inner.partition(words)
        if not found:
            return ()
        values.append(value)
    return (*values, inner)


def _behind(inner: str, between: tuple[str, ...]) -> tuple[str, ...]:
    values = []
    for words in reversed(between):
        inner, found, value = inner.rpartition(words)
        if not found:
            return ()
        values.append(value)
    return (inner, *reversed(values))


class Sentences:
    """All of them, in one other language."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """`pairs`: English and the other language, with the same fields."""
        forms = [Form.of(english, other) for english, other in pairs]
        self._whole = {form.words[0]: form for form in forms if not form.fields}
        self._open = sorted((form for form in forms if form.fields), key=lambda form: -form.weight)

    def find(self, sentence: str, depth: int = DEPTH_MAX) -> Found | None:
        """None: it is none of these, or what stands in its fields makes it look like several."""
        if len(sentence) > SENTENCE_CHARACTERS_MAX or not depth:
            return None
        if sentence in self._whole:
            return Found(self._whole[sentence])
        fitting = [(form, ways) for form in self._open if (ways := form.values(sentence))]
        if not fitting:
            return None
        (form, ways), others = fitting[0], fitting[1:]
        if not all(other.values(form.english) for other, _ in others):
            return None  # a name could make one look like the other; a wider form says the same, though less
        read = [self._read(form, values, depth) for values in ways]
        return max(read, key=lambda found: sum(put.found is not None for put in found.puts))

    def _read(self, form: Form, values: tuple[str, ...], depth: int) -> Found:
        return Found(
            form,
            tuple(
                Put(field, value, self.find(value, depth - 1) if field.startswith(SAID) else None)
                for field, value in zip(form.fields, values, strict=True)
            ),
        )
