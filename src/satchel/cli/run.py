"""What every command does around its node: the profile, the sandbox, the loop, Ctrl-C."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from satchel.cli.profile import home_folder
from satchel.cli.prompt import interrupted
from satchel.core.crypto.selftest import self_test
from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.store.landing import FolderLanding
from satchel.store.landlock import confine_writes, harden
from satchel.store.records import SqliteRecords


def open_records(home: str | None) -> SqliteRecords:
    """The profile's records, rid of what is older than seven days."""
    now_s = clock.wall_s()
    records = SqliteRecords.open(home_folder(home), now_s=now_s)
    for head in records.expire(now_s):
        if head.into:
            FolderLanding.sweep(head.into, head.id)
    return records


def prepare(writable: Sequence[Path]) -> None:
    """Before the first thread and the first byte from a stranger: check that the cryptography is right
    on this machine, leave no core dumps, and give away the right to write anywhere else (M4)."""
    self_test()
    harden()
    if writable:
        confine_writes(writable)


def run_until_done(work: Callable[[], Awaitable[None]]) -> None:
    """Run one conversation; Ctrl-C and SIGTERM end it in good order.

    Raises:
        EnvironmentProblem: it was stopped.
    """

    async def guarded() -> None:
        task = asyncio.current_task()
        assert task is not None

        def stop() -> None:
            interrupted.set()
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        await work()

    try:
        asyncio.run(guarded())
    except asyncio.CancelledError:
        raise EnvironmentProblem(
            "Stopped.",
            safe="What has arrived stays, and nothing unfinished stands under a final name.",
            do="What was accepted can go on within seven days: satchel send without a path, and satchel"
            " receive --resume.",
        ) from None
