"""The blocking pipe over real sockets."""

import socket
import threading
from collections.abc import Iterator

import pytest

from satchel.carriers.lan.addresses import pack
from satchel.carriers.lan.pipe import SocketPipe
from satchel.errors import EnvironmentProblem

BIG = 32 * 1024 * 1024  # more than both kernels' buffers hold


def connect() -> tuple[SocketPipe, SocketPipe]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        near = socket.create_connection(door.getsockname())
        far, _ = door.accept()
    return SocketPipe(near), SocketPipe(far)


@pytest.fixture
def pipes() -> Iterator[tuple[SocketPipe, SocketPipe]]:
    near, far = connect()
    yield near, far
    near.close()
    far.close()


def test_ends_know_each_other(pipes: tuple[SocketPipe, SocketPipe]) -> None:
    near, far = pipes
    assert near.local == far.remote
    assert near.remote == far.local
    assert near.local.address == pack("127.0.0.1")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_arrive_in_order(pipes: tuple[SocketPipe, SocketPipe], kind: type) -> None:
    near, far = pipes
    sent = bytes(range(256)) * 8192
    sending = threading.Thread(target=near.send_all, args=(kind(sent),))
    sending.start()
    got = bytearray()
    buffer = memoryview(bytearray(100_000))
    while len(got) < len(sent):
        got += buffer[: far.receive_into(buffer)]
    sending.join()
    assert got == sent


def test_end_of_stream_is_a_problem_of_the_world(pipes: tuple[SocketPipe, SocketPipe]) -> None:
    near, far = pipes
    near.send_all(b"last words")
    near.close()
    buffer = memoryview(bytearray(64))
    assert bytes(buffer[: far.receive_into(buffer)]) == b"last words"
    with pytest.raises(EnvironmentProblem):
        far.receive_into(buffer)


def blocked(call: str, pipe: SocketPipe) -> tuple[threading.Thread, list[BaseException]]:
    """A thread that is (about to be) blocked in a call, and what ended it."""
    ended: list[BaseException] = []
    ready = threading.Event()

    def run() -> None:
        ready.set()
        try:
            if call == "receive":
                pipe.receive_into(memoryview(bytearray(1)))
            else:
                pipe.send_all(bytes(BIG))
        except EnvironmentProblem as exc:
            ended.append(exc)

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    return thread, ended


@pytest.mark.parametrize("call", ["receive", "send"])
@pytest.mark.parametrize("end", ["close", "abort"])
def test_close_wakes_other_threads(pipes: tuple[SocketPipe, SocketPipe], call: str, end: str) -> None:
    near, _ = pipes
    thread, ended = blocked(call, near)
    thread.join(0.05)  # let it block
    assert thread.is_alive()
    getattr(near, end)()
    thread.join(5)
    assert not thread.is_alive()
    assert len(ended) == 1


def test_deadline_for_a_silent_peer(pipes: tuple[SocketPipe, SocketPipe]) -> None:
    near, _ = pipes
    near.set_deadline(0.05)
    with pytest.raises(EnvironmentProblem, match="too long"):
        near.receive_into(memoryview(bytearray(1)))
    with pytest.raises(EnvironmentProblem, match="too long"):
        near.send_all(bytes(BIG))


def test_deadline_counts_from_the_last_progress(pipes: tuple[SocketPipe, SocketPipe]) -> None:
    """A slow link is not a dead one: the whole takes several deadlines, no part of it takes one."""
    near, far = pipes
    near.set_deadline(0.2)
    pause = threading.Event()

    def sip() -> None:
        buffer = memoryview(bytearray(2 * 1024 * 1024))
        left = BIG
        while left:
            left -= far.receive_into(buffer)
            pause.wait(0.01)

    sipping = threading.Thread(target=sip)
    sipping.start()
    near.send_all(bytes(BIG))
    sipping.join()


def test_no_deadline_again(pipes: tuple[SocketPipe, SocketPipe]) -> None:
    near, far = pipes
    near.set_deadline(0.01)
    near.set_deadline(None)
    thread, ended = blocked("receive", near)
    thread.join(0.05)
    assert thread.is_alive()
    far.send_all(b"!")
    thread.join(5)
    assert not ended


def test_closed_pipe_refuses_every_call(pipes: tuple[SocketPipe, SocketPipe]) -> None:
    near, _ = pipes
    near.close()
    near.close()
    near.abort()
    for call in (
        lambda: near.send_all(b"x"),
        lambda: near.receive_into(memoryview(bytearray(1))),
        lambda: near.set_deadline(1),
    ):
        with pytest.raises(EnvironmentProblem):
            call()


def read_to_the_end(connected: socket.socket) -> None:
    while connected.recv(1024 * 1024):
        pass


def test_abort_resets_and_sends_nothing_more() -> None:
    """W1: what was unsent on the old network does not leave on the next one."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        near = SocketPipe(socket.create_connection(door.getsockname()))
        far, _ = door.accept()
    near.set_deadline(0.05)
    with pytest.raises(EnvironmentProblem):
        near.send_all(bytes(BIG))
    near.abort()
    with far, pytest.raises(ConnectionResetError):
        read_to_the_end(far)


def test_vanished_peer_is_noticed(pipes: tuple[SocketPipe, SocketPipe]) -> None:
    """Who walks out of range says no goodbye: the kernel is asked to find out within about 20 s."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        near = socket.create_connection(door.getsockname())
        far, _ = door.accept()
        pipe = SocketPipe(near)
        assert near.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        tcp = [
            near.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        ]
        assert tcp[0] + tcp[1] * tcp[2] <= 20
        assert near.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
        pipe.close()
        far.close()
