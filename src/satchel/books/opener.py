"""Looks into books, each in a process of its own, whose every answer is as hostile as the book (B1).

Implements `Opener` of ports/books.py. Spec: docs/spec/books.md.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from satchel.books.child import CHAPTERS_MAX, PASSAGES_MAX, TEXT_BYTES_MAX
from satchel.books.cleaning import clean_chapters, clean_facts, clean_passage, cut, one_line
from satchel.books.frames import (
    ANSWER_BYTES_MAX,
    LENGTH_BYTES,
    NAME_BYTES_MAX,
    Answer,
    Ask,
    Chapters,
    Done,
    Head,
    Nothing,
    Piece,
    Read,
    Unfit,
    decode_answer,
    encode_examine,
    encode_fetch,
    encode_open,
    encode_outline,
)
from satchel.books.launcher import BookProcess, Ended, Launcher
from satchel.books.turns import Turns
from satchel.books.unfit import Why, unfit
from satchel.core.library.kinds import Kind
from satchel.errors import EnvironmentProblem, NothingToDo, PeerError
from satchel.ports.books import Chapter, Facts, OpenBook, Resource
from satchel.ports.library import Passage, Readable

FORMATS = "satchel.books.formats"
READING_MAX = 16  # books that are open at a time
_SENT_TYPE = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}(; ?charset=utf-8)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the node waits. Only the time in which it waits is counted, not what it does meanwhile."""

    step_s: float = 60.0  # for the next thing that is found
    examining_s: float = 600.0  # for all of them
    call_s: float = 30.0  # for a chapter, a page
    turn_s: float = 30.0  # until a book may be opened: others have to be closed


PATIENCE = Patience()


class BookOpener:
    """From any thread.

    Args:
        now_s: a clock that never goes back.
        formats: the module that has them.
        examining: how many are examined at a time; None: one for each core.
    """

    def __init__(
        self,
        *,
        now_s: Callable[[], float],
        formats: str = FORMATS,
        examining: int | None = None,
        reading: int = READING_MAX,
        patience: Patience = PATIENCE,
    ) -> None:
        self._now_s = now_s
        self._patience = patience
        self._launcher = Launcher(formats)
        self._examining = Turns(examining or os.cpu_count() or 1)
        self._reading = Turns(reading)

    def examine(self, content: Readable, name: str) -> Iterator[Facts | Passage]:
        """Facts first. See ports.books.Opener; `content` stays open."""
        self._examining.take()
        try:
            talk = Talk(self._launcher.start(Ask.EXAMINE), content, self._now_s)
            try:
                talk.begin(encode_examine(_name(name), content.size_bytes), self._patience.step_s)
                yield from _found(talk, self._patience)
            finally:
                talk.close()
        finally:
            self._examining.give()

    def open(self, content: Readable, kind: Kind) -> OpenBook:
        """See ports.books.Opener. Raises EnvironmentProblem also where too many books are open."""
        if not self._reading.take(self._patience.turn_s):
            content.close()
            raise EnvironmentProblem(
                "Too many books are open at a time.",
                safe="All books are as they were.",
                do="Wait until others have closed theirs, then try again.",
            )
        book: _OpenBook | None = None
        try:
            talk = Talk(self._launcher.start(Ask.OPEN), content, self._now_s)
            book = _OpenBook(talk, content, self._reading.give, self._patience.call_s)
            book.begin(kind)
        except BaseException:
            if book is not None:
                book.close()
            else:
                self._reading.give()
                content.close()
            raise
        return book

    def close(self) -> None:
        self._launcher.close()

    @property
    def zygote_id(self) -> int | None:
        """The process id of the zygote, if it runs: for measuring."""
        return self._launcher.zygote_id


class Talk:
    """With one process. What it does wrong ends it, and is an UnfitBook."""

    def __init__(self, process: BookProcess, content: Readable, now_s: Callable[[], float]) -> None:
        self._process = process
        self._content = content
        self._now_s = now_s
        self.waited_s = 0.0  # in all

    def begin(self, request: bytes, within_s: float) -> None:
        self._guarded(lambda: self._process.send(request, within_s))

    def next(self, within_s: float) -> Answer:
        """What it says next; until then it is given what it reads."""
        started = self._now_s()
        answer: list[Answer] = []
        self._guarded(lambda: answer.append(self._next(started + within_s)))
        self.waited_s += self._now_s() - started
        if isinstance(answer[0], Unfit):
            raise unfit(answer[0].why)
        return answer[0]

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.close()

    def lied(self) -> "Exception":
        """To be raised: an answer that does not belong there."""
        self._process.kill()
        return unfit(Why.LIED)

    def _next(self, until_s: float) -> Answer:
        def left_s() -> float:
            left = until_s - self._now_s()
            if left <= 0:
                raise TimeoutError
            return left

        while True:
            length = int.from_bytes(self._process.receive(LENGTH_BYTES, left_s), "big")
            if length > ANSWER_BYTES_MAX:
                raise PeerError(f"books 4.2: a frame of {length} bytes")
            answer = decode_answer(bytes(self._process.receive(length, left_s)))
            if not isinstance(answer, Read):
                return answer
            self._process.send(self._block(answer), left_s())

    def _block(self, asked: Read) -> bytes:
        count = max(0, min(asked.count, self._content.size_bytes - asked.offset))
        buffer = bytearray(count)
        view = memoryview(buffer)
        filled = 0
        while filled < count:
            got = self._content.read_into(asked.offset + filled, view[filled:])
            if got == 0:
                break
            filled += got
        return bytes(view[:filled])

    def _guarded(self, job: Callable[[], object]) -> None:
        try:
            job()
        except (TimeoutError, Ended, PeerError) as exc:
            self._process.kill()
            reasons = {TimeoutError: Why.TOO_LONG, Ended: Why.ENDED}
            raise unfit(reasons.get(type(exc), Why.LIED)) from exc
        except BaseException:
            self._process.kill()
            raise


def _found(talk: Talk, patience: Patience) -> Iterator[Facts | Passage]:
    """The bounds of the process once more, on this side of it."""
    first = True
    left_bytes, left = TEXT_BYTES_MAX, PASSAGES_MAX
    while True:
        within_s = min(patience.step_s, patience.examining_s - talk.waited_s)
        match talk.next(within_s):
            case Facts() as facts if first:
                yield clean_facts(facts)
            case Passage() as passage if not first:
                left_bytes -= len(passage.text.encode()) + len(passage.heading.encode())
                left -= 1
                if left_bytes < 0 or left < 0:
                    raise talk.lied()
                yield clean_passage(passage)
            case Done() if not first:
                return
            case _:
                raise talk.lied()
        first = False


class _OpenBook:
    """See ports.books.OpenBook."""

    def __init__(self, talk: Talk, content: Readable, give_back: Callable[[], None], call_s: float) -> None:
        self._talk = talk
        self._content = content
        self._give_back: Callable[[], None] | None = give_back
        self._call_s = call_s
        self._lock = threading.Lock()

    def begin(self, kind: Kind) -> None:
        with self._lock:
            self._talk.begin(encode_open(kind, self._content.size_bytes), self._call_s)
            if not isinstance(self._talk.next(self._call_s), Done):
                raise self._talk.lied()

    def outline(self) -> Sequence[Chapter]:
        with self._lock:
            self._ask(encode_outline())
            found: list[Chapter] = []
            while True:
                match self._talk.next(self._call_s):
                    case Chapters(chapters) if len(found) + len(chapters) <= CHAPTERS_MAX:
                        found += clean_chapters(chapters)
                    case Done():
                        return found
                    case _:
                        raise self._talk.lied()

    def fetch(self, path: str) -> Resource:
        if len(path.encode("utf-8", "replace")) > NAME_BYTES_MAX:
            raise _nothing()
        with self._lock:
            self._ask(encode_fetch(path))
            match self._talk.next(self._call_s):
                case Head() as head if _SENT_TYPE.fullmatch(head.media_type):
                    body = self._pieces(head.size_bytes)
                    return Resource(media_type=head.media_type, body=body, title=one_line(head.title, 1024))
                case Nothing():
                    raise _nothing()
                case _:
                    raise self._talk.lied()

    def close(self) -> None:
        self._talk.kill()  # a call that is under way ends by that
        with self._lock:
            self._talk.close()
            self._content.close()
            if self._give_back is not None:
                self._give_back()
                self._give_back = None

    def _ask(self, request: bytes) -> None:
        if self._give_back is None:
            raise unfit(Why.ENDED)
        self._talk.begin(request, self._call_s)

    def _pieces(self, size_bytes: int) -> bytes:
        """No more room is made than came."""
        body = bytearray()
        while len(body) < size_bytes:
            match self._talk.next(self._call_s):
                case Piece(content) if len(content) <= size_bytes - len(body):
                    body += content
                case _:
                    raise self._talk.lied()
        return bytes(body)


def _name(name: str) -> str:
    return cut(name[-NAME_BYTES_MAX // 4 :], NAME_BYTES_MAX)


def _nothing() -> NothingToDo:
    return NothingToDo(
        "There is no such place in this book.",
        safe="The book is as it was.",
        do="Go back to its beginning, and choose from its contents.",
    )
