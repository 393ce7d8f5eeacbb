"""What every command does around its node: the loop, Ctrl-C."""

import asyncio
from collections.abc import Awaitable, Callable

from satchel.cli.show import Show
from satchel.errors import EnvironmentProblem


def run_until_done(
    work: Callable[[], Awaitable[None]], show: Show, *, stopped: EnvironmentProblem | None = None
) -> None:
    """Run one conversation; Ctrl-C and SIGTERM end it in good order. `stopped`: what is said then, if it is
    no hand-over.

    Raises:
        EnvironmentProblem: it was stopped.
    """

    async def guarded() -> None:
        task = asyncio.current_task()
        assert task is not None
        show.console.on_stop(task.cancel)
        await work()

    try:
        asyncio.run(guarded())
    except asyncio.CancelledError:
        raise stopped or EnvironmentProblem(
            "Stopped.",
            safe="What has arrived stays, and nothing unfinished stands under a final name.",
            do="What was accepted can go on within seven days: satchel send without a path, and satchel"
            " receive --resume.",
        ) from None
