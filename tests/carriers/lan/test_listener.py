"""The door over real sockets on the loopback: nothing is answered before take() (P1), all is bounded (P3)."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from ipaddress import ip_interface
from typing import Any

import pytest

from satchel.carriers.lan.addresses import PORT_MIN
from satchel.carriers.lan.interfaces import choose_places
from satchel.carriers.lan.link import LanLink
from satchel.carriers.lan.listener import Visit
from satchel.carriers.lan.pipe import SocketPipe
from satchel.carriers.lan.pools import DRAINING_MAX, READY_MAX, WAITING_MAX
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import FLIGHT_BYTES, Arrived, Heard

FLIGHT = bytes(range(256))
TLS_HELLO = bytes.fromhex("16030102000100") + bytes(510)
HTTP = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_S = 5.0


class Door:
    """A link on the loopback with a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.events: list[Heard | Arrived] = []
        self.taken: list[SocketPipe] = []
        self._clients: list[socket.socket] = []
        (place,) = choose_places("lo", 1, [ip_interface("127.0.0.1/8")], is_loopback=True)
        self.link = LanLink(
            place,
            listening=True,
            whispers=False,
            draw=lambda count: b"\x80" * count,
            now_s=lambda: self.now_s,
            is_own=lambda _: False,
            on_event=self.events.append,
            on_taken=self.taken.append,
        )

    async def connect(self, data: bytes = b"") -> socket.socket:
        client = socket.socket()
        client.setblocking(False)
        self._clients.append(client)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.link.port))
        client.send(data) if data else None
        return client

    def connect_unseen(self, data: bytes = b"") -> None:
        """Into the kernel's queue, while the listener does something else."""
        client = socket.create_connection(("127.0.0.1", self.link.port))
        self._clients.append(client)
        client.sendall(data)

    def visits(self) -> list[Visit]:
        return [e.arrival for e in self.events if isinstance(e, Arrived) and isinstance(e.arrival, Visit)]

    async def visit(self) -> Visit:
        await until(lambda: bool(self.visits()))
        return self.visits()[0]

    def close(self) -> None:
        self.link.close()
        for client in self._clients:
            client.close()
        for pipe in self.taken:
            pipe.close()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.01)


def with_door(test: Callable[[Door], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        door = Door()
        try:
            await test(door)
        finally:
            door.close()

    asyncio.run(run())


def what_came(client: socket.socket) -> str:
    """What a prober has seen so far."""
    try:
        data = client.recv(1000)
    except BlockingIOError:
        return "nothing"
    except ConnectionResetError:
        return "reset"
    return f"{len(data)} bytes" if data else "end"


@pytest.mark.parametrize("parts", [[FLIGHT], [FLIGHT[:1], FLIGHT[1:255], FLIGHT[255:]], [FLIGHT + b"frame"]])
def test_flight_becomes_an_arrival_and_a_pipe(parts: list[bytes]) -> None:
    async def test(door: Door) -> None:
        client = await door.connect()
        for part in parts:
            client.send(part)
            await asyncio.sleep(0.02)
        visit = await door.visit()
        assert visit.flight == FLIGHT
        assert visit.local.port == door.link.port >= PORT_MIN
        assert (visit.local.address, visit.remote.port) == (door.link.address, client.getsockname()[1])
        pipe = visit.take()
        assert door.taken == [pipe]
        if len(parts[-1]) > FLIGHT_BYTES:  # what follows the flight was not read ahead
            buffer = memoryview(bytearray(100))
            assert bytes(buffer[: pipe.receive_into(buffer)]) == b"frame"
        pipe.send_all(b"answer")
        await until(lambda: what_came(client) == "6 bytes")

    with_door(test)


PROBES = {
    "silence": [],
    "one byte short": [FLIGHT[:255]],
    "wrong flight": [FLIGHT],
    "wrong flight and more": [FLIGHT, bytes(2000)],
    "TLS": [TLS_HELLO],
    "HTTP": [HTTP],
    "half closed": [b""],
    "half closed after a flight": [FLIGHT, b""],
}


def test_prober_sees_the_same_whatever_it_sends() -> None:
    """P1: not a byte, no early end; at the time drawn beforehand (2 + 5 + 4 s here) an end, never a reset."""

    async def test(door: Door) -> None:
        probers = {}
        for name, parts in PROBES.items():
            probers[name] = await door.connect()
            for part in parts:
                probers[name].send(part) if part else probers[name].shutdown(socket.SHUT_WR)
        whole_flights = sum(sum(map(len, parts)) >= FLIGHT_BYTES for parts in PROBES.values())
        await until(lambda: len(door.visits()) == whole_flights)
        for visit in door.visits():
            visit.drain()
        for passed_s in (1.0, 4.9, 4.9):  # 1, 5.9 and 10.8 s after they came, time for a sweep at each
            door.now_s += passed_s
            await asyncio.sleep(0.3)
            assert {name: what_came(prober) for name, prober in probers.items()} == dict.fromkeys(
                PROBES, "nothing"
            )
        door.now_s += 0.3
        await asyncio.sleep(0.4)
        assert {name: what_came(prober) for name, prober in probers.items()} == dict.fromkeys(PROBES, "end")

    with_door(test)


def test_arrival_is_judged_once() -> None:
    async def test(door: Door) -> None:
        await door.connect(FLIGHT)
        visit = await door.visit()
        visit.drain()
        for again in (visit.take, visit.drain):
            with pytest.raises(MisuseError):
                again()

    with_door(test)


def test_arrival_nobody_took_in_time_is_gone() -> None:
    async def test(door: Door) -> None:
        await door.connect(FLIGHT)
        visit = await door.visit()
        for _ in range(2):  # drained after 5 s, closed 6 s later
            door.now_s += 10.0
            await asyncio.sleep(0.3)
        assert not visit.is_waiting
        with pytest.raises(EnvironmentProblem):
            visit.take()

    with_door(test)


def test_drained_arrival_cannot_be_taken() -> None:
    """A late yes after the time for it: the flight was thrown away, so must be the connection."""

    async def test(door: Door) -> None:
        await door.connect(FLIGHT)
        visit = await door.visit()
        door.now_s += 5.1
        await asyncio.sleep(0.3)
        assert not visit.is_waiting
        with pytest.raises(EnvironmentProblem):
            visit.take()

    with_door(test)


def test_contact_gets_through_while_silent_ones_fill_every_place() -> None:
    async def test(door: Door) -> None:
        crowd = []
        for _ in range(3 * WAITING_MAX):
            crowd.append(await door.connect())
            door.now_s += 0.01  # pays for the door's pace
        await asyncio.sleep(0.3)
        still_open = [client for client in crowd if what_came(client) == "nothing"]
        assert len(still_open) <= WAITING_MAX
        await door.connect(FLIGHT)
        assert (await door.visit()).take()

    with_door(test)


def test_one_who_comes_with_two_hundred_does_not_wait_for_them() -> None:
    async def test(door: Door) -> None:
        for _ in range(200):
            await door.connect()
        await door.connect(FLIGHT)
        assert (await door.visit()).take()  # although the clock stands still: no pause was needed

    with_door(test)


def test_a_crowd_behind_does_not_push_out_one_whose_flight_is_here() -> None:
    async def test(door: Door) -> None:
        door.connect_unseen(FLIGHT)
        for _ in range(3 * WAITING_MAX):
            door.connect_unseen()
        assert (await door.visit()).take()

    with_door(test)


def test_flights_nobody_judges_are_bounded() -> None:
    async def test(door: Door) -> None:
        for _ in range(2 * READY_MAX):
            await door.connect(FLIGHT)
        await until(lambda: len(door.visits()) == 2 * READY_MAX)
        assert sum(visit.is_waiting for visit in door.visits()) == READY_MAX

    with_door(test)


def test_rejected_ones_are_bounded() -> None:
    async def test(door: Door) -> None:
        crowd = []
        for number in range(DRAINING_MAX + 10):
            crowd.append(await door.connect(FLIGHT))
            await until(lambda number=number: len(door.visits()) == number + 1)  # type: ignore[misc]
            door.visits()[-1].drain()
            door.now_s += 0.01  # pays for the door's pace
        assert [what_came(client) for client in crowd] == ["end"] * 10 + ["nothing"] * DRAINING_MAX

    with_door(test)


def test_one_who_leaves_frees_its_place() -> None:
    async def test(door: Door) -> None:
        client = await door.connect(FLIGHT)
        visit = await door.visit()
        visit.drain()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        before = len(os.listdir("/proc/self/fd"))
        client.close()  # with a reset
        await until(lambda: len(os.listdir("/proc/self/fd")) == before - 2)  # both ends

    with_door(test)


def test_taken_pipe_has_its_full_speed_again() -> None:
    """The small buffer of the unproved time must not stay: it would cost a factor of a hundred."""
    total = 64 * 1024 * 1024

    async def test(door: Door) -> None:
        client = await door.connect(FLIGHT)
        pipe = (await door.visit()).take()
        client.setblocking(True)
        sending = threading.Thread(target=client.sendall, args=(bytes(total),))
        sending.start()

        def drink() -> None:
            buffer = memoryview(bytearray(256 * 1024))
            left = total
            while left:
                left -= pipe.receive_into(buffer)

        async with asyncio.timeout(3):
            await asyncio.to_thread(drink)
        sending.join()

    with_door(test)


def test_nothing_answers_after_close() -> None:
    async def test(door: Door) -> None:
        client = await door.connect(FLIGHT)
        await door.visit()
        door.link.close()
        await until(lambda: what_came(client) in ("end", "reset"))
        with pytest.raises(ConnectionRefusedError):
            await door.connect()

    with_door(test)
