"""What a running node knows about the time goes to the disk now and then, and at its end."""

import asyncio
from collections.abc import Callable

from satchel.errors import EnvironmentProblem, SatchelError
from satchel.node.node_clock import NodeClock
from satchel.node.own_thread import in_own_thread

SAVE_EVERY_S = 600.0


async def keep_time(node_clock: NodeClock, tell_trouble: Callable[[SatchelError], None]) -> None:
    """Until it is cancelled, and once more then."""
    try:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            await _save(node_clock, tell_trouble)
    finally:
        await _save(node_clock, tell_trouble)


async def _save(node_clock: NodeClock, tell_trouble: Callable[[SatchelError], None]) -> None:
    try:
        await in_own_thread(node_clock.save)
    except EnvironmentProblem as problem:
        tell_trouble(problem)
