"""How long somebody who is not the one can keep us: never longer than one who says nothing."""

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest

from satchel.carriers.lan.pipe import SocketPipe
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.typist import Typist
from satchel.errors import EnvironmentProblem
from satchel.node import greeting
from satchel.node.entropy import SystemEntropy
from satchel.ports import Endpoint

CODE = SpokenCode.parse("482 apple river stone")
WHOLE_S = 0.4


@pytest.fixture
def dribbler(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], SocketPipe]:
    """Somebody who answers what was prepared at once, then one byte at a time, each well within a step."""
    monkeypatch.setattr(greeting, "WHOLE_S", WHOLE_S)

    def connect(prepared: bytes) -> SocketPipe:
        listening = socket.create_server(("127.0.0.1", 0))
        here = socket.create_connection(listening.getsockname())
        there, _ = listening.accept()
        listening.close()

        def dribble() -> None:
            pause = threading.Event()
            with there:
                try:
                    there.sendall(prepared)
                    while not pause.wait(0.02):
                        there.sendall(b"\x09")
                except OSError:
                    pass  # we hung up

        threading.Thread(target=dribble, daemon=True).start()
        return SocketPipe(here)

    return connect


class Typed:
    """One code, and one host."""

    def __init__(self) -> None:
        self.typist = Typist(CODE)
        self.turn = threading.Lock()
        self.told: list[Endpoint] = []

    def may_be(self, endpoint: Endpoint) -> bool:
        return endpoint not in self.told

    def tell(self, endpoint: Endpoint) -> None:
        self.told.append(endpoint)

    def is_right(self, endpoint: Endpoint) -> None:
        self.told.remove(endpoint)


async def greet(pipe: SocketPipe) -> None:
    entropy = SystemEntropy()
    try:
        async with asyncio.timeout(10 * WHOLE_S):
            greet = greeting.greet_with_code
            begin = greeting.begin_session(entropy)
            await greeting.in_thread(pipe, greet, pipe, Typed(), entropy, begin, typed_address=True)
    finally:
        pipe.close()


def test_p3_a_host_that_dribbles_its_answer_is_one_that_does_not_answer(
    dribbler: Callable[[bytes], SocketPipe],
) -> None:
    """P3: who knows the channel must not hold the receiver for hours with a byte now and then."""
    with pytest.raises(EnvironmentProblem):
        asyncio.run(greet(dribbler(b"")))


def test_p3_a_host_that_dribbles_after_our_confirmation_does_not_have_the_code(
    dribbler: Callable[[bytes], SocketPipe],
) -> None:
    """P3, and it has had its one of three tries: it is not dialled again as if it had been silent."""
    share = bytes([9]) + bytes(31)
    with pytest.raises(greeting.NotTheOne):
        asyncio.run(greet(dribbler(share + bytes(224))))


def test_p3_a_resumption_is_bounded_as_a_whole(dribbler: Callable[[bytes], SocketPipe]) -> None:
    async def go_on(pipe: SocketPipe) -> None:
        try:
            async with asyncio.timeout(10 * WHOLE_S):
                await greeting.in_thread(
                    pipe, greeting.greet_again, pipe, bytes(32), SystemEntropy(), typed_address=True
                )
        finally:
            pipe.close()

    with pytest.raises(EnvironmentProblem):
        asyncio.run(go_on(dribbler(b"")))
