"""A call in a thread of its own: as many at once as there are, and nothing that goes wrong is lost."""

import asyncio
import threading

import pytest

from node.memory import WITHIN_S
from satchel.node.own_thread import in_own_thread

MANY = 100  # receivers of one code


def test_a_hundred_calls_run_at_once() -> None:
    """M3: with the loop's shared threads the seventh hand-over waited until one of six was over."""
    together = threading.Barrier(MANY, timeout=WITHIN_S)

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(in_own_thread(together.wait) for _ in range(MANY)))

    assert sorted(asyncio.run(all_of_them())) == list(range(MANY))


def test_what_it_raises_is_raised() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(in_own_thread(fail))


def test_a_cancelled_wait_lets_the_call_end_by_itself() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def call() -> None:
        may_end.wait(WITHIN_S)
        ended.set()

    async def cancel() -> None:
        task = asyncio.ensure_future(in_own_thread(call))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_end.set()

    asyncio.run(cancel())
    assert ended.wait(WITHIN_S)
