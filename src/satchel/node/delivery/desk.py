"""Offers of contacts that wait for a person's word, and the words that were given.

Contacts come and go; the person may answer when nobody is here any more. So the last question of a contact,
or the word on it, is kept for the moment when the same is offered again.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from satchel.core.handover.messages import Entry
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError
from satchel.node.receiving import Numbers

Offered = tuple[tuple[Entry, ...], str | None]  # what is offered, and a text with it
Key = tuple[ContactId, bytes]  # whose it is, and its id there


class Unanswered(Exception):
    """Whoever asked has gone, or asks again on another connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to take of this? A text with it is read by answering."""

    number: int  # from 1; of this run of the program
    contact: ContactId
    name: str  # as the person called them when it was asked
    is_verified: bool  # and then
    entries: tuple[Entry, ...] = field(repr=False)
    note: str | None = field(repr=False)
    theirs: bytes = field(repr=False)  # the id that the contact has given it


@dataclass(slots=True)
class _Asked:
    question: Question
    turn: object  # of who asked last
    is_answered: bool = False
    word: Numbers | None = None
    waits: bool = True  # somebody is on the line for it


class Desk:
    """Used from any thread."""

    def __init__(self) -> None:
        self.tell: Callable[[Question], None] = lambda _question: None  # each new one; must not block
        self._asked: dict[Key, _Asked] = {}
        self._numbers = 0
        self._news = threading.Condition()

    def questions(self) -> list[Question]:
        """Those without an answer, of who is here; the oldest first."""
        with self._news:
            return [one.question for one in self._asked.values() if one.waits and not one.is_answered]

    def ask(
        self,
        key: Key,
        offered: Offered,
        *,
        name: str,
        is_verified: bool,
        has_gone: Callable[[], bool],
    ) -> Numbers | None:
        """What the person wants of it; None: nothing. Blocks. The word stays, for when it is not heard over
        there, until it `was_heard`, or the contact offers something else.

        Args:
            has_gone: whether who asks has gone; `withdraw` comes after that.
        Raises:
            Unanswered.
        """
        turn = object()
        with self._news:
            asked = self._asked.get(key)
            if asked is None or (asked.question.entries, asked.question.note) != offered:
                asked = self._put(key, offered, name, is_verified=is_verified)
            asked.turn, asked.waits = turn, True
            self._news.notify_all()
            while not asked.is_answered:
                if asked.turn is not turn or self._asked.get(key) is not asked:
                    raise Unanswered
                if has_gone():
                    asked.waits = False
                    raise Unanswered
                self._news.wait()
            if asked.turn is not turn:
                raise Unanswered
            return asked.word

    def answer(self, number: int, word: Numbers | None) -> Question:
        """`word`: numbers of entries; None: nothing of it. Returns what was asked.

        Raises MisuseError: there is no such question (any more).
        """
        with self._news:
            for asked in self._asked.values():
                if asked.question.number == number and not asked.is_answered:
                    asked.is_answered, asked.word = True, word
                    self._news.notify_all()
                    return asked.question
        raise MisuseError(
            f"There is no question {number} (any more).",
            safe="Nothing was accepted.",
            do="See what is asked now: satchel status",
        )

    def was_heard(self, key: Key) -> None:
        """The contact knows the word, if there is one: it was for that once."""
        with self._news:
            asked = self._asked.get(key)
            if asked is not None and asked.is_answered:
                del self._asked[key]

    def withdraw(self, contact: ContactId) -> None:
        """It has gone. What was asked for it is asked again when it comes back."""
        with self._news:
            for (whose, _), asked in self._asked.items():
                if whose == contact:
                    asked.waits = False
            self._news.notify_all()

    def keep(self, contacts: Collection[ContactId]) -> None:
        """The others are no contacts any more."""
        with self._news:
            for key in [key for key in self._asked if key[0] not in contacts]:
                del self._asked[key]
            self._news.notify_all()

    def _put(self, key: Key, offered: Offered, name: str, *, is_verified: bool) -> _Asked:
        self._numbers += 1
        entries, note = offered
        question = Question(
            number=self._numbers,
            contact=key[0],
            name=name,
            is_verified=is_verified,
            entries=entries,
            note=note,
            theirs=key[1],
        )
        # One of each contact: it may offer one thing after the other, each with 200,000 names, and go (M3).
        for other in [other for other in self._asked if other[0] == key[0]]:
            del self._asked[other]
        asked = self._asked[key] = _Asked(question, None)
        self.tell(question)
        return asked
