"""The origin of the owner's books: who is answered there, and for how long (reading 4; B1, P3)."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from satchel.core.library.kinds import FILE_TYPE, Kind
from satchel.web.reading import BookOrigin, Manners
from satchel.web.reading.origin import BOOKS_MAX, IDLE_S, listening
from satchel.web.serving import NOBODYS, uid_of
from web.shown_books import Looker, shown

BOOK = shown(Kind.FILE, b"stones", FILE_TYPE)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


@asynccontextmanager
async def origin(threads: ThreadPoolExecutor, clock: Clock | None = None) -> AsyncIterator[BookOrigin]:
    made = BookOrigin(Looker(), threads=threads, draw=os.urandom, now_s=clock or Clock())
    try:
        yield made
    finally:
        await made.close()


async def ask(
    address: str, *, host: str | None = None, at: str = "127.0.0.1", **headers: str
) -> tuple[int, str]:
    """Status and body."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(at, parts.port)
    lines = {"host": host or parts.netloc, "connection": "close", **headers}
    asked = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    writer.write(f"GET {parts.path} HTTP/1.1\r\n{asked}\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return int(answer.split(" ", 2)[1]) if answer else 0, answer.partition("\r\n\r\n")[2]


def test_a_book_is_at_a_path_that_nobody_guesses(threads: ThreadPoolExecutor) -> None:
    async def read() -> None:
        async with origin(threads) as books:
            assert books.origin is None  # nothing listens before a book is opened
            one = await books.open_book(1, BOOK, Manners())
            other = await books.open_book(2, BOOK, Manners())
            assert await books.open_book(1, BOOK, Manners()) == one
            assert one != other
            assert len(urlsplit(one).path) == 34
            assert one.startswith("http://localhost:")
            status, body = await ask(one)
            assert (status, "Stones" in body) == (200, True)
            for path in (
                "/",
                "/0123456789abcdef0123456789abcdef/",
                "//",
                urlsplit(one).path.rstrip("/"),
                "/static/icon.svg",
            ):
                status, body = await ask(f"{books.origin}{path}")
                assert (status, body) == (404, "")

    asyncio.run(read())


def test_only_its_own_name_is_answered(threads: ThreadPoolExecutor) -> None:
    """DNS rebinding: a name of elsewhere that was turned to this machine."""

    async def read() -> None:
        async with origin(threads) as books:
            url = await books.open_book(1, BOOK, Manners())
            port = urlsplit(url).port
            for host in (
                f"127.0.0.1:{port}",
                f"evil.example:{port}",
                "localhost",
                f"localhost:{port}0",
                f"[::1]:{port}",
            ):
                assert await ask(url, host=host) == (421, "")

    asyncio.run(read())


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_nobody_else_can_be_at_the_other_address_of_localhost(threads: ThreadPoolExecutor) -> None:
    async def read() -> None:
        async with origin(threads) as books:
            url = await books.open_book(1, BOOK, Manners())
            assert (await ask(url, at="::1"))[0] == 200
            with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError, match="in use"):
                other.bind(("::1", urlsplit(url).port))

    asyncio.run(read())


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_the_kernel_says_whose_a_connection_of_ipv6_is() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        with socket.create_connection(server.getsockname()[:2]) as client:
            assert uid_of(client.getsockname(), server.getsockname()) == os.geteuid()
            gone = client.getsockname()
        assert uid_of(("::9", gone[1], 0, 0), server.getsockname()) == NOBODYS


def test_both_sockets_have_one_port() -> None:
    sockets = listening()
    assert len({one.getsockname()[1] for one in sockets}) == 1
    for one in sockets:
        one.close()


def test_a_book_that_nobody_reads_is_closed(threads: ThreadPoolExecutor) -> None:
    async def read() -> None:
        clock = Clock()
        async with origin(threads, clock) as books:
            old = await books.open_book(1, BOOK, Manners())
            clock.now_s += IDLE_S - 1
            assert (await ask(old))[0] == 200  # it is read
            clock.now_s += IDLE_S - 1
            assert (await ask(old))[0] == 200
            clock.now_s += IDLE_S + 1
            assert (await ask(old))[0] == 404
            assert await books.open_book(1, BOOK, Manners()) != old

    asyncio.run(read())


def test_a_book_that_is_removed_or_overtaken_is_closed(threads: ThreadPoolExecutor) -> None:
    async def read() -> None:
        clock = Clock()
        async with origin(threads, clock) as books:
            urls = []
            for number in range(BOOKS_MAX + 1):
                clock.now_s += 1
                urls.append(await books.open_book(number, BOOK, Manners()))
            assert [(await ask(url))[0] for url in urls[:2]] == [404, 200]
            await books.close_book(1)
            assert (await ask(urls[1]))[0] == 404
        with pytest.raises(OSError, match=r"refused|Connect"):
            await ask(urls[2])

    asyncio.run(read())
