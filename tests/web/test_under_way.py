"""What the page starts, and what it answers (page 1.1, 4.3)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from satchel.errors import EnvironmentProblem, MisuseError, NoSuchLetter
from satchel.web.owner.errands import Kind
from satchel.web.owner.news import News
from satchel.web.owner.under_way import DEEDS_MAX, Errands


class PretendJob:
    """Says what it is given to say; keeps what it is answered."""

    def __init__(self, id: str = "1") -> None:
        self.id = id
        self.says: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.answers: list[str | None] = []

    async def frames(self) -> AsyncIterator[bytes]:
        while (line := await self.says.get()) is not None:
            yield json.dumps(line).encode() + b"\n"

    def answer(self, line: str | None) -> bool:
        self.answers.append(line)
        return True

    def stop(self) -> None: ...

    def leave(self) -> None: ...

    def over(self, number: int) -> None:
        """It says a number, and ends."""
        self.says.put_nowait({"event": "done", "number": number})
        self.says.put_nowait(None)


class PretendJobs:
    def __init__(self) -> None:
        self.ended: Callable[[], object] = lambda: None
        self.begun: list[PretendJob] = []
        self.looks: list[PretendJob] = []

    def start(self, _asked: dict[str, Any]) -> PretendJob:
        self.begun.append(PretendJob(str(len(self.begun))))
        return self.begun[-1]

    def look(self, _asked: dict[str, Any]) -> PretendJob:
        self.looks.append(PretendJob())
        return self.looks[-1]

    def find(self, id: str) -> PretendJob | None: ...


async def shows_words(job: PretendJob, *words: str) -> None:
    """As `pair` compares them."""
    job.says.put_nowait({"event": "words", "words": words, "language": "en"})
    job.says.put_nowait({"event": "ask", "what": "words"})
    job.says.put_nowait({"job": "read", "what": "line", "question": ""})
    await asyncio.sleep(0.01)


def test_a_letter_that_is_gone_is_known_by_its_word_and_not_by_a_sentence() -> None:
    """Whatever the sentence says, in whatever language (cli 4, `error`)."""

    async def look(reason: dict[str, str]) -> None:
        jobs = PretendJobs()
        looking = asyncio.ensure_future(Errands(jobs, News(lambda: 0), folder="/").look("inbox", "show", "1"))
        await asyncio.sleep(0.01)
        jobs.looks[0].says.put_nowait({"event": "error", "what": "x", "safe": "y", "do": "z", **reason})
        jobs.looks[0].says.put_nowait(None)
        await looking

    with pytest.raises(NoSuchLetter, match="x"):
        asyncio.run(look({"reason": "no_letter"}))
    with pytest.raises(EnvironmentProblem, match="x"):
        asyncio.run(look({}))
    with pytest.raises(EnvironmentProblem, match="x"):
        asyncio.run(look({"reason": "of a newer Satchel"}))


def test_a_second_click_says_nothing_of_words_that_nobody_has_compared() -> None:
    """P2: the other device came once more, and these are other words."""

    async def compare() -> None:
        jobs = PretendJobs()
        desk = Errands(jobs, News(lambda: 0), folder="/")
        errand = desk.start(Kind.SHOW, ["pair", "--show"], language="en")
        [job] = jobs.begun
        await shows_words(job, "apple")
        clicked = str(errand.turn)
        desk.answer(errand, "words", clicked, "y")
        await shows_words(job, "river")
        with pytest.raises(MisuseError, match="not asked any more"):
            desk.answer(errand, "words", clicked, "y")
        assert job.answers == ["y"]
        desk.answer(errand, "words", str(errand.turn), "n")
        assert job.answers == ["y", "n"]
        job.says.put_nowait(None)
        await asyncio.sleep(0.01)

    asyncio.run(compare())


def test_twenty_windows_cost_two_looks_and_each_sees_what_is_so_since_it_asked() -> None:
    """[4.8] Who joined one that reads already would be shown what was so before its own deed."""

    async def look() -> None:
        jobs = PretendJobs()
        errands = Errands(jobs, News(lambda: 0), folder="/")

        async def number() -> int:
            [said] = await errands.look("contacts", "list")
            return int(said["number"])

        first = asyncio.ensure_future(number())
        await asyncio.sleep(0.01)
        windows = [asyncio.ensure_future(number()) for _ in range(20)]
        await asyncio.sleep(0.01)
        assert len(jobs.looks) == 1
        windows.pop().cancel()  # one of them is closed
        jobs.looks[0].over(1)
        assert await first == 1
        await asyncio.sleep(0.01)
        assert len(jobs.looks) == 2
        later = asyncio.ensure_future(number())
        await asyncio.sleep(0.01)
        jobs.looks[1].over(2)
        assert await asyncio.gather(*windows) == [2] * 19
        await asyncio.sleep(0.01)
        jobs.looks[2].over(3)
        assert await later == 3

    asyncio.run(look())


def test_deeds_wait_for_each_other_and_not_for_what_is_looked_at() -> None:
    """[4.8]"""

    async def do() -> None:
        jobs = PretendJobs()
        errands = Errands(jobs, News(lambda: 0), folder="/")
        looking = asyncio.ensure_future(errands.look("queue", "list"))
        doing = [asyncio.ensure_future(errands.run(["send"], language="en")) for _ in range(20)]
        for number in range(20):
            await asyncio.sleep(0.01)
            assert number < len(jobs.begun) <= number + DEEDS_MAX
            jobs.begun[number].over(number)
        said = await asyncio.gather(*doing)
        assert [event["number"] for [event] in said] == list(range(20))  # in the order they came
        jobs.looks[0].over(0)
        await looking

    asyncio.run(do())


def test_what_waits_for_a_word_is_counted_and_told_to_windows_that_nobody_sees() -> None:
    """[4.6, 4.18] What contacts offer is counted by the node, also while it is looked at."""

    async def wait() -> None:
        jobs = PretendJobs()
        news = News(lambda: errands.asks() + 5)
        errands = Errands(jobs, news, folder="/")
        for kind in (Kind.SHOW, Kind.ANSWER):
            errands.start(kind, ["pair"], language="en")
            await shows_words(jobs.begun[-1], "apple")
        shown, offered = reversed(errands.all())
        assert (shown.is_asking, offered.is_asking, errands.asks()) == (True, True, 1)
        stream = news.stream()
        assert await anext(stream) == b"event: changed\ndata: 6\n\n"
        errands.answer(shown, "words", str(shown.turn), "y")
        assert (shown.is_asking, errands.asks()) == (False, 0)
        assert await anext(stream) == b"event: changed\ndata: 5\n\n"
        for job in jobs.begun:
            job.says.put_nowait(None)
        await asyncio.sleep(0.01)

    asyncio.run(wait())
