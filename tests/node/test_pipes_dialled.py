"""A pipe beside a session that is given up while it is dialled (M3)."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from satchel.core.session.handshake import Purpose
from satchel.errors import EnvironmentProblem
from satchel.node.delivery.pipes import OnePipe, Pipes
from satchel.ports import Address, Endpoint


class Dialled:
    """A pipe that came about."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Lan:
    """The other side answers in the moment in which we give up."""

    def __init__(self) -> None:
        self.way: OnePipe | None = None
        self.is_waited_for = threading.Event()
        self.pipe = Dialled()

    async def dial(self, endpoint: Endpoint, *, within_s: float) -> Dialled:
        await asyncio.to_thread(self.is_waited_for.wait)
        assert self.way is not None
        self.way.close()
        return self.pipe


def test_m3_a_dial_that_ends_as_it_is_cancelled_leaves_no_pipe_open() -> None:
    lan = Lan()

    async def test() -> None:
        loop = asyncio.get_running_loop()
        remote = Endpoint(address=Address(bytes(16)), port=1)
        session = SimpleNamespace(
            we_dialled=True, channel=SimpleNamespace(pipe=SimpleNamespace(remote=remote)), typed_address=False
        )
        none = cast("Any", None)
        pipes = Pipes(cast("Any", session), lan=cast("Any", lan), tickets=none, entropy=none, loop=loop)
        lan.way = way = pipes.prepare(bytes(32), Purpose.DELIVERY)
        opening = asyncio.ensure_future(asyncio.to_thread(way.open, 1))
        loop.call_later(0.05, lan.is_waited_for.set)
        with pytest.raises(EnvironmentProblem):
            await opening
        await asyncio.sleep(0)

    asyncio.run(test())
    assert lan.pipe.closed
