"""A blocking call in a thread of its own, awaited from the loop.

Not asyncio.to_thread: its few shared threads would all be taken by six hand-overs that run, and a seventh,
or a greeting, would wait until one of them is over.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_thread(call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What the call returns or raises. A cancelled wait does not end the call."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, problem: BaseException | None) -> None:
        if future.done():
            return  # nobody waits any more
        if problem is not None:
            future.set_exception(problem)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        problem: BaseException | None = None
        try:
            result = call(*args, **named)
        except BaseException as raised:  # noqa: BLE001 - whoever awaits raises it
            problem = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, name="satchel-call", daemon=True).start()
    return await future
