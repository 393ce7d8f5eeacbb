"""Starlette on uvicorn, on a socket that was made for it: for one person, without a log, and bounded.

Spec: docs/spec/api.md, 1.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from os import geteuid

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import Server

HEADERS_BYTES_MAX = 16 << 10
BROWSER_HEADERS_BYTES_MAX = 64 << 10  # cookies of all servers at 127.0.0.1 are among them [page 2.10]
CONNECTIONS_MAX = 64
FAREWELL_S = 1  # for what is being answered when the node ends
NOBODYS = -1
_MAPPED = "0000000000000000FFFF0000"
_CREDENTIALS = struct.Struct("=iII")  # pid, uid, gid: unix(7)


class _OwnPersonOnly(H11Protocol):
    """[1.2] Modes of files keep others out; this does where a file system has no modes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if uid_behind(transport.get_extra_info("socket")) != geteuid():
            transport.abort()


class _OwnPersonsBrowserOnly(H11Protocol):
    """Any user of this machine may connect to a port: sixty-four of them would leave no place [page 2.9]."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        uid = uid_of(transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
        if uid not in (geteuid(), None):
            transport.abort()


End = tuple[str, int] | tuple[str, int, int, int]  # an address and a port, as of a socket of IPv4 or of IPv6


def uid_of(one: End, other: End) -> int | None:
    """Whose socket here is bound to `one` and connected to `other`, both of one family.

    By the kernel's tables of connections (proc(5), /proc/net/tcp): a socket of IPv6 may have addresses of
    IPv4, too, and stands in a table of its own (RFC 4291, 2.5.5.2). NOBODYS: it is in neither; None: there is
    no table.
    """
    is_known = False
    tables = (("/proc/net/tcp", ""), ("/proc/net/tcp6", _MAPPED))
    for table, before in tables if ":" not in one[0] else (("/proc/net/tcp6", ""),):
        wanted = [before + _in_table(one), before + _in_table(other)]
        try:
            with open(table, encoding="ascii") as lines:
                for line in lines:
                    fields = line.split()
                    if fields[1:3] == wanted:
                        return int(fields[7])
                is_known = True
        except (OSError, ValueError, IndexError):
            continue  # no IPv6 here
    return NOBODYS if is_known else None


def _in_table(end: End) -> str:
    family = socket.AF_INET6 if ":" in end[0] else socket.AF_INET
    words = memoryview(socket.inet_pton(family, end[0])).cast("I")
    return f"{''.join(f'{word:08X}' for word in words)}:{end[1]:04X}"


def uid_behind(connection: socket.socket) -> int:
    """Whose process has connected."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(told)
    return int(uid)


class _Server(Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the command looks after them


async def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Until it is cancelled; closes the socket."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).disabled = True  # [1.5] what was asked may have a name in it
    is_local = listening.family == socket.AF_UNIX
    config = Config(
        app,
        http=_OwnPersonOnly if is_local else _OwnPersonsBrowserOnly,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        h11_max_incomplete_event_size=HEADERS_BYTES_MAX if is_local else BROWSER_HEADERS_BYTES_MAX,
        timeout_graceful_shutdown=FAREWELL_S,
    )
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
