"""The bytes of files that a browser has, into the store: never through a temporary file, never all in memory.

For the control API and for the owner's page alike. A few buffers go round between the event loop,
which fills them, and a thread of its own for each file, which seals, writes and makes durable. Where the disk
is slower than the browser, none is free, and nothing is read from the connection. Spec: docs/spec/api.md, 4.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.errors import MisuseError, SatchelError
from satchel.node.own_thread import in_own_thread
from satchel.ports.uploads import Incoming, Upload, UploadId, Uploads
from satchel.web.answers import json_answer, read_object

BUFFER_BYTES = 1 << 20
BUFFERS_HELD = 3  # of one file: one is filled, one is written, one lies between
COMING_MAX = 4  # files at the same time; more wait, and are not read from
SYNC_BYTES = 32 << 20  # what may have to be brought again after a crash
STALL_S = 60.0  # without a byte: who brings it has gone, and another may go on
DRAINED_BYTES_MAX = 64 << 20  # read and dropped, so that a browser sees why a piece was refused
ID_DIGITS = 32


class UploadRoutes:
    """Used from the node's loop."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._places = asyncio.Semaphore(COMING_MAX)

    def under(self, prefix: str) -> list[Route]:
        """For an application whose SatchelErrors answers.refused tells."""
        return [
            Route(prefix, self.list, methods=["GET"]),
            Route(prefix, self.begin, methods=["POST"]),
            Route(prefix + "/{id}", self.put, methods=["PUT"]),
            Route(prefix + "/{id}", self.remove, methods=["DELETE"]),
        ]

    async def list(self, _request: Request) -> Response:
        found = await in_own_thread(self._uploads.all)
        return json_answer({"uploads": [_told(upload) for upload in found], "expired": self._uploads.expired})

    async def begin(self, request: Request) -> Response:
        asked = await read_object(request)
        group, path = _id(asked.get("group"), "api 4.1: `group`"), _path(asked.get("path"))
        size = None if asked.get("size") is None else _integer(asked["size"])
        mtime_ns = _integer(asked.get("mtime_ns"))
        upload = await in_own_thread(self._uploads.begin, group, path, size=size, mtime_ns=mtime_ns)
        return json_answer({"id": upload.id.hex(), "have": upload.have})

    async def put(self, request: Request) -> Response:
        id = UploadId(_id(request.path_params["id"], "api 4.2: an upload"))
        at = request.query_params.get("at", "")
        if not (at.isascii() and at.isdecimal() and len(at) < 20):
            raise MisuseError("api 4.2: `at` is how many bytes are there.")
        async with self._places:
            body = request.stream()
            try:
                incoming = await in_own_thread(self._uploads.append, id, int(at))
                have = await _Pouring(incoming).pour(body)
            except SatchelError:
                await _drain(body)
                raise
        return json_answer({"have": have})

    async def remove(self, request: Request) -> Response:
        await self.erase(request.path_params["id"])
        return Response(status_code=204)

    async def erase(self, id: str) -> None:
        """Of an upload, or a group. Raises SatchelError: there is none of this id, or it is needed."""
        await in_own_thread(self._uploads.remove, _id(id, "api 4: an upload"))

    async def unsent(self) -> Sequence[Upload]:
        """See ports.uploads."""
        return await in_own_thread(self._uploads.unsent)


class _Pouring:
    """One piece of one file, from a connection to the disk."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._loop = asyncio.get_running_loop()
        self._free: asyncio.Queue[bytearray] = asyncio.Queue()
        for _ in range(BUFFERS_HELD):
            self._free.put_nowait(bytearray())
        self._full: queue.SimpleQueue[tuple[bytearray, int] | None] = queue.SimpleQueue()
        self._broken = threading.Event()

    async def pour(self, body: AsyncIterator[bytes]) -> int:
        """To its end, or until it breaks off: what came in whole blocks stays. Returns how much is there.

        Raises what the store raises.
        """
        writing = asyncio.ensure_future(in_own_thread(self._write_all))
        try:
            with suppress(ClientDisconnect, TimeoutError):
                await self._read_all(body)
        finally:
            self._full.put(None)
        return await writing

    async def _read_all(self, body: AsyncIterator[bytes]) -> None:
        buffer, filled = await self._free.get(), 0
        try:
            while not self._broken.is_set():
                async with asyncio.timeout(STALL_S):
                    part = memoryview(await anext(body, b""))
                if not part.nbytes:
                    return
                while part.nbytes and not self._broken.is_set():
                    if not buffer:
                        buffer = bytearray(BUFFER_BYTES)
                    count = min(BUFFER_BYTES - filled, part.nbytes)
                    buffer[filled : filled + count] = part[:count]
                    filled, part = filled + count, part[count:]
                    if filled == BUFFER_BYTES:
                        self._full.put((buffer, filled))
                        buffer, filled = await self._free.get(), 0
        finally:
            self._full.put((buffer, filled))

    def _write_all(self) -> int:
        """In a thread of its own."""
        unsafe_bytes = 0
        try:
            while (full := self._full.get()) is not None:
                buffer, filled = full
                self._incoming.write(memoryview(buffer)[:filled])
                self._give_back(buffer)
                unsafe_bytes += filled
                if unsafe_bytes >= SYNC_BYTES:
                    self._incoming.sync()
                    unsafe_bytes = 0
            return self._incoming.sync()
        finally:
            self._broken.set()
            self._give_back(bytearray())  # who waits for room waits no more
            self._incoming.close()

    def _give_back(self, buffer: bytearray) -> None:
        with suppress(RuntimeError):  # the node has ended
            self._loop.call_soon_threadsafe(self._free.put_nowait, buffer)


async def _drain(body: AsyncIterator[bytes]) -> None:
    """A browser that is still sending does not look for an answer."""
    drained = 0
    with suppress(ClientDisconnect, TimeoutError, RuntimeError):
        async with asyncio.timeout(STALL_S):
            async for part in body:
                drained += len(part)
                if drained > DRAINED_BYTES_MAX:
                    return


def _told(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id.hex(),
        "group": upload.group.hex(),
        "path": [name.decode("utf-8", "surrogateescape") for name in upload.path],
        "size": upload.size,
        "have": upload.have,
        "mtime_ns": upload.mtime_ns,
        "sent": upload.sent,
    }


def _integer(told: object) -> int:
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    raise MisuseError("api 4.1: `size` and `mtime_ns` are integers; of a folder `size` is null.")


def _id(told: object, what: str) -> bytes:
    if isinstance(told, str) and len(told) == ID_DIGITS and told.isalnum() and told == told.lower():
        with suppress(ValueError):
            return bytes.fromhex(told)
    raise MisuseError(f"{what} is named by {ID_DIGITS} hexadecimal digits.")


def _path(told: object) -> tuple[bytes, ...]:
    if isinstance(told, list) and all(isinstance(name, str) for name in told):
        with suppress(UnicodeEncodeError):
            return tuple(name.encode("utf-8", "surrogateescape") for name in told)
    raise MisuseError("api 4.1: `path` is a list of names.")
