"""Fifty who read beside two hundred who only hold on (P3; guests 6). One machine, so all have one address, or
one of 127.0.0.0/8 each."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from satchel.web.guests.crowd import CONNECTIONS_MAX
from web.guests.knocking import ATOM, BASE, Guest, a_school, open_door
from web.guests.shelved import Shelved

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-a: "
READERS, SLOW = 50, 200


@contextmanager
def holding_on(guest: Guest, *, address: str) -> Iterator[list[socket.socket]]:
    """Each says half a word, and a little more now and then."""
    ended = threading.Event()
    with ExitStack() as opened:
        held = [
            opened.enter_context(
                socket.create_connection(("127.0.0.1", guest.port), timeout=10, source_address=(address, 0))
            )
            for _ in range(SLOW)
        ]

        def trickle() -> None:
            while not ended.wait(0.2):
                for one in held:
                    try:
                        one.send(HALF_A_HEAD)
                    except OSError:
                        continue  # was ended

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            yield held
        finally:
            ended.set()
            thread.join()


def reading(guest: Guest, path: str, *, address: str, times: int, slowest_s: list[float]) -> None:
    """On one connection, as e-readers do."""
    connection = http.client.HTTPConnection("127.0.0.1", guest.port, timeout=10, source_address=(address, 0))
    try:
        for _ in range(times):
            begun_s = time.monotonic()
            connection.request("GET", BASE + path, headers={"accept": ATOM})
            response = connection.getresponse()
            assert response.status == 200
            assert response.read()
            slowest_s.append(time.monotonic() - begun_s)
    finally:
        connection.close()


@pytest.mark.slow
def test_fifty_readers_beside_two_hundred_that_only_hold_on() -> None:
    shelved = Shelved()
    for number in range(60):
        shelved.put(f"Book {number}", cover=True)
    shelved.open("School")
    slowest_s: list[float] = []
    with open_door(shelved) as guest, holding_on(guest, address="127.0.0.66"):
        readers = [
            threading.Thread(
                target=reading,
                args=(guest, f"/books?page={number % 2 + 1}"),
                kwargs={"address": f"127.0.1.{number + 1}", "times": 20, "slowest_s": slowest_s},
            )
            for number in range(READERS)
        ]
        for one in readers:
            one.start()
        for one in readers:
            one.join(60)
    assert len(slowest_s) == READERS * 20, "a reader was turned away"
    assert sorted(slowest_s)[len(slowest_s) * 99 // 100] < 2.0


@pytest.mark.slow
def test_who_holds_on_gets_no_more_than_there_is(  # and none of it for long
) -> None:
    with open_door(a_school()) as guest, holding_on(guest, address="127.0.0.66") as held:
        threading.Event().wait(0.5)
        assert sum(not is_ended(one) for one in held) <= CONNECTIONS_MAX
        ends_s = time.monotonic() + 15
        while not all(map(is_ended, held)):
            assert time.monotonic() < ends_s
            threading.Event().wait(0.5)
        assert guest.get("/").status == 200


@pytest.mark.slow
def test_many_slow_takers_hold_up_no_page() -> None:
    """None of them reads more than a little: places for books run out, and pages go on."""
    shelved = Shelved()
    number = shelved.put("Big", size_bytes=1 << 30)
    shelved.parts[number, 0].data = lambda _offset, buffer: len(buffer)
    shelved.open("School")
    with ExitStack() as opened, open_door(shelved) as guest:
        href = next(
            piece for piece in guest.get("/books", accept=ATOM).text.split('"') if "/take/" in piece
        ).partition(guest.base)[2]
        ask = f"GET {guest.base}{href} HTTP/1.1\r\nHost: 127.0.0.1:{guest.port}\r\n\r\n".encode()
        statuses = []
        for _ in range(100):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", guest.port), timeout=10))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.sendall(ask)
            statuses.append(one.recv(12)[9:])
        assert set(statuses) == {b"200", b"503"}
        slowest_s: list[float] = []
        reading(guest, "/books", address="127.0.0.7", times=50, slowest_s=slowest_s)
        assert max(slowest_s) < 1.0


def is_ended(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1000, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.setblocking(True)
