"""The bytes of a book as an answer in HTTP: whole or in part, from where they lie sealed, piece by piece.

No temporary file is made (T1), and no reader holds up another one: what blocks runs in a few threads, and
each answer has one piece that is read ahead, at most.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime

from starlette.types import Receive, Scope, Send

from satchel.errors import SatchelError
from satchel.ports.library import Readable
from satchel.web.ranges import BeyondTheEnd, Span, asked_span

PIECE_BYTES = 256 << 10  # as content is sealed: no block is opened twice
PIECE_S = 120.0  # in which a reader has taken one more: 2 kB/s


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """An answer of ASGI, to GET and HEAD."""

    open: Callable[[], Readable] = field(repr=False)  # in one of the threads; raises SatchelError
    size_bytes: int
    headers: Mapping[str, str] = field(repr=False)  # type, name and so on; no length
    etag: str = field(repr=False)
    modified_s: int  # since 1970
    threads: Executor

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        headers = {
            **self.headers,
            "accept-ranges": "bytes",
            "etag": self.etag,
            "last-modified": formatdate(self.modified_s, usegmt=True),
        }
        if is_unchanged(asked, self.etag, self.modified_s):
            await _begin(send, 304, headers)
            return await _end(send)
        try:
            span = asked_span(asked.get("range"), self.size_bytes) if self._is_the_same(asked) else None
        except BeyondTheEnd as beyond:
            await _begin(send, 416, {**headers, "content-range": beyond.content_range, "content-length": "0"})
            return await _end(send)
        if span is not None:
            headers["content-range"] = span.content_range
        wanted = span or Span(0, self.size_bytes, self.size_bytes)
        headers["content-length"] = str(wanted.length)
        status = 200 if span is None else 206
        if scope["method"] == "HEAD":
            await _begin(send, status, headers)
            return await _end(send)
        return await self._send(wanted, status, headers, send)

    def _is_the_same(self, asked: Mapping[str, str]) -> bool:
        """Whether what its reader has of it is of this (RFC 9110, 13.1.5): a date has to be ours."""
        validator = asked.get("if-range")
        date = formatdate(self.modified_s, usegmt=True)
        return validator is None or validator.strip() in (self.etag, date)

    async def _send(self, span: Span, status: int, headers: Mapping[str, str], send: Send) -> None:
        call = asyncio.get_running_loop().run_in_executor
        try:
            readable = await call(self.threads, self.open)
        except SatchelError:
            await _begin(send, 404, {"content-length": "0"})
            return await _end(send)
        ahead: asyncio.Future[bytes] | None = None
        try:
            await _begin(send, status, headers)
            at = span.first
            ahead = call(self.threads, _read, readable, at, _piece(at, span.end))
            while at < span.end:
                piece = await ahead
                if not piece:
                    raise ConnectionAbortedError  # shorter than it was said to be: no whole answer
                at += len(piece)
                ahead = call(self.threads, _read, readable, at, _piece(at, span.end))
                async with asyncio.timeout(PIECE_S):
                    body = {"type": "http.response.body", "body": piece, "more_body": at < span.end}
                    await send(body)
        finally:
            if ahead is not None:
                await asyncio.gather(ahead, return_exceptions=True)
            await call(self.threads, readable.close)


def is_unchanged(asked: Mapping[str, str], etag: str, modified_s: int) -> bool:
    """Whether who asks has it already: RFC 9110, 13.1.2 and 13.1.3."""
    if (known := asked.get("if-none-match")) is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or etag in tags
    since = _seconds(asked.get("if-modified-since"))
    return since is not None and modified_s <= since


def _seconds(date: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp()) if date else None
    except (ValueError, OverflowError):
        return None  # anybody may send anything


def _piece(at: int, end: int) -> int:
    """How much to read there: up to where the next block begins."""
    return min(end - at, PIECE_BYTES - at % PIECE_BYTES)


def _read(readable: Readable, at: int, length: int) -> bytes:
    if not length:
        return b""
    buffer = bytearray(length)
    with memoryview(buffer) as view:
        got = readable.read_into(at, view)
    return bytes(buffer) if got == length else bytes(buffer[:got])


async def _begin(send: Send, status: int, headers: Mapping[str, str]) -> None:
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b""})
