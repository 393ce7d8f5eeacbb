"""The errands of the page: starts jobs, follows what they say, answers what they ask. Used from the loop."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from satchel.errors import EnvironmentProblem, MisuseError, NoSuchLetter, NothingToDo, SatchelError
from satchel.web.api import Job, Jobs
from satchel.web.owner.errands import Errand, Event, Kind, Problem
from satchel.web.owner.news import News
from satchel.web.owner.speech import DEFAULT

KEPT_MAX = 24  # of those that are over: the longest ago leaves
QUICK_S = 10.0
DECLINED = "n"
DEEDS_MAX = 4  # quick ones at the same time; more wait, in the order they came
LOOKS_MAX = 4  # and of those that only read
_SCREEN = {"typed": False, "result": False, "notes": False, "columns": 80}
T = TypeVar("T")
_Look = tuple[tuple[str, ...], tuple[str, ...]]  # words of a command, and what a person wrote


@dataclass(slots=True)
class _Running:
    errand: Errand
    job: Job | None = None
    answers: list[str | None] = field(default_factory=list)


class Errands:
    """See the module."""

    def __init__(self, jobs: Jobs, news: News, *, folder: str) -> None:
        """`folder`: what a relative path would be relative to; the page names none."""
        self._jobs = jobs
        self._news = news
        self._folder = folder
        self._errands: dict[str, _Running] = {}
        self._following: set[asyncio.Task[Any]] = set()
        self._places = asyncio.Semaphore(DEEDS_MAX)
        self._looks = asyncio.Semaphore(LOOKS_MAX)
        self._turns: defaultdict[_Look, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._next_looks: dict[_Look, asyncio.Task[list[Event]]] = {}  # none of them has begun

    def all(self) -> list[Errand]:
        """The newest first."""
        return [running.errand for running in reversed(self._errands.values())]

    def find(self, id: str) -> Errand | None:
        running = self._errands.get(id)
        return running.errand if running is not None else None

    def asks(self) -> int:
        """How many questions wait for the person's word, but for what contacts offer: the node says those."""
        errands = (running.errand for running in self._errands.values())
        return sum(errand.is_asking and errand.kind is not Kind.ANSWER for errand in errands)

    def start(
        self,
        kind: Kind,
        words: Sequence[str],
        *,
        operands: Sequence[str] = (),
        answers: Iterable[str] = (),
        contact: str | None = None,
        into: str = "",
        language: str,
    ) -> Errand:
        """Begin it.

        Args:
            words: of the command, and its options; what a person wrote follows an option's `=`.
            operands: what else a person wrote: never an option, whatever it begins with.
            answers: to its first questions.
        Raises SatchelError: it cannot be begun.
        """
        job = self._jobs.start(_asked(words, operands, self._folder, language))
        errand = Errand(id=job.id, kind=kind, contact=contact, into=into)
        self._errands[errand.id] = running = _Running(errand, job, list(answers))
        self._keep(asyncio.ensure_future(self._follow(running, job)))
        self._leave_old_ones()
        return errand

    async def run(
        self,
        words: Sequence[str],
        *,
        operands: Sequence[str] = (),
        answers: Iterable[str] = (),
        language: str,
        within_s: float = QUICK_S,
    ) -> list[Event]:
        """A quick command, as `start`: all that it says. Raises NoSuchLetter; NothingToDo;
        EnvironmentProblem: what else went wrong."""
        async with self._places:
            job = self._jobs.start(_asked(words, operands, self._folder, language))
            return await _said_by(job, answers, within_s)

    async def look(
        self, *words: str, operands: tuple[str, ...] = (), within_s: float = QUICK_S
    ) -> list[Event]:
        """All that a quick command says which only reads. Raises as `run`.

        One of a kind runs at a time. The next one is for all who ask meanwhile: what it reads is as new as
        each of them, and twenty windows cost as much as two.
        """
        one = words, operands
        if one not in self._next_looks:
            self._next_looks[one] = self._keep(asyncio.ensure_future(self._look_in_turn(one, within_s)))
        return await asyncio.shield(self._next_looks[one])

    async def _look_in_turn(self, one: "_Look", within_s: float) -> list[Event]:
        words, operands = one
        try:
            async with self._turns[one], self._looks:
                del self._next_looks[one]  # who asks from now on may know of something newer
                looking = self._jobs.look(_asked(words, operands, self._folder, DEFAULT))
                return await _said_by(looking, (), within_s)
        finally:
            if one not in self._next_looks:  # nobody waits for a turn; there are as many as letters
                self._turns.pop(one, None)

    def answer(self, errand: Errand, what: str, turn: str, answer: str | None) -> None:
        """To a question that is still open: the one of that kind and turn.

        When the other device comes once more there are other words: who clicks twice on the first ones would
        else say, unseen, that these are the same, too (P2).
        Raises MisuseError: another one is open, or none.
        """
        running = self._errands[errand.id]
        if (
            (errand.asks, str(errand.turn)) != (what, turn)
            or running.job is None
            or not running.job.answer(answer)
        ):
            raise MisuseError(
                "This is not asked any more.", safe="Nothing was changed.", do="See what is asked now."
            )
        if what in ("offer", "text"):
            errand.is_ended_here, errand.is_taken = answer == DECLINED, answer != DECLINED
        errand.answered()
        self._news.tell()

    def stop(self, errand: Errand) -> None:
        """May be repeated."""
        running = self._errands[errand.id]
        if running.job is not None:
            errand.is_ended_here = True
            running.job.stop()

    def later(self, first: Callable[[], Awaitable[None]], deed: Callable[[], object]) -> None:
        """When `first` is over."""

        async def wait() -> None:
            await first()
            deed()

        self._keep(asyncio.ensure_future(wait()))

    def _keep(self, task: "asyncio.Task[T]") -> "asyncio.Task[T]":
        self._following.add(task)
        task.add_done_callback(self._following.discard)
        return task

    async def _follow(self, running: _Running, job: Job) -> None:
        code = 1
        try:
            async for line in _lines(job):
                if line.get("job") == "read":
                    self._asked(running, job, line)
                elif line.get("job") == "over":
                    code = int(line["code"])
                elif "event" in line:
                    running.errand.hear(line)
                self._news.tell()
        except SatchelError as problem:
            running.errand.problem = Problem.of(problem)
        finally:
            running.job = None
            running.errand.over(code)
            job.leave()
            self._news.tell()

    def _asked(self, running: _Running, job: Job, line: dict[str, Any]) -> None:
        if running.answers:
            job.answer(running.answers.pop(0))
            running.errand.answered()
        elif running.errand.asks is None:
            running.errand.ask(str(line["what"]))

    def _leave_old_ones(self) -> None:
        over = [id for id, running in self._errands.items() if running.errand.is_over]
        for id in over[:-KEPT_MAX]:
            del self._errands[id]


def _asked(words: Sequence[str], operands: Sequence[str], folder: str, language: str) -> dict[str, Any]:
    """What api 3.1 says."""
    return {
        "words": [*words, "--json", *(["--", *operands] if operands else [])],
        "folder": folder,
        "screen": _SCREEN,
        "locale": {"LANG": f"{language}.UTF-8"},
    }


async def _said_by(job: Job, answers: Iterable[str], within_s: float) -> list[Event]:
    """To its end. Raises as Errands.run."""
    left, code = list(answers), 0
    said: list[Event] = []
    try:
        async with asyncio.timeout(within_s):
            async for line in _lines(job):
                if line.get("job") == "read":
                    job.answer(left.pop(0) if left else None)
                elif line.get("job") == "over":
                    code = int(line["code"])
                elif "event" in line:
                    said.append(line)
    except TimeoutError:
        raise EnvironmentProblem(
            "It took too long.", safe="Satchel goes on running.", do="Try again."
        ) from None
    finally:
        job.leave()
    for event in said:
        if event["event"] == "error":
            kind: type[SatchelError] = NothingToDo if code == NothingToDo.exit_code else EnvironmentProblem
            if event.get("reason") == NoSuchLetter.reason:
                kind = NoSuchLetter
            raise kind(event["what"], safe=event["safe"], do=event["do"])
    return said


async def _lines(job: Job) -> AsyncIterator[dict[str, Any]]:
    """Lines of JSON, however they come."""
    held = b""
    async for part in job.frames():
        held += part
        *whole, held = held.split(b"\n")
        for line in whole:
            yield json.loads(line)
