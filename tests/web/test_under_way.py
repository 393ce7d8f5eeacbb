"""What the page starts, and what it answers (page 1.1, 4.3)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from satchel.errors import MisuseError
from satchel.web.owner.errands import Kind
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands


class PretendJob:
    """Says what it is given to say; keeps what it is answered."""

    id = "1"

    def __init__(self) -> None:
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


class PretendJobs:
    def __init__(self, job: PretendJob) -> None:
        self.job = job
        self.asked: list[dict[str, Any]] = []

    def start(self, asked: dict[str, Any]) -> PretendJob:
        self.asked.append(asked)
        return self.job

    def find(self, id: str) -> PretendJob | None: ...


async def shows_words(job: PretendJob, *words: str) -> None:
    """As `pair` compares them."""
    job.says.put_nowait({"event": "words", "words": words, "language": "en"})
    job.says.put_nowait({"event": "ask", "what": "words"})
    job.says.put_nowait({"job": "read", "what": "line", "question": ""})
    await asyncio.sleep(0.01)


def test_a_second_click_says_nothing_of_words_that_nobody_has_compared() -> None:
    """P2: the other device came once more, and these are other words."""

    async def compare() -> None:
        job = PretendJob()
        desk = Errands(PretendJobs(job), News(), folder="/")
        errand = desk.start(Kind.SHOW, ["pair", "--show"], language="en")
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
