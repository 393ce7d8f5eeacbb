"""The bytes of files that a browser has, into the store: never through a temporary file, never all in memory.

For the control API and for the owner's page alike. A few buffers go round between the event loop,
which fills them, and a thread of its own for each file, which seals, writes and makes durable. Where the disk
is slower than the browser, none is free, and nothing is read from the connection. Spec: docs/spec/api.md, 4.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.errors import MisuseError, SatchelError
from satchel.node.own_thread import in_own_thread
from satchel.ports.uploads import Chosen, Incoming, OvertakenError, Upload, UploadId, Uploads
from satchel.web.answers import json_answer, read_object

BUFFER_BYTES = 1 << 20
BUFFERS_HELD = 3  # of one file: one is filled, one is written, one lies between
COMING_MAX = 4  # files, or lots of small ones, at the same time; more wait, and are not read from
TOGETHER_MAX = 1000  # files that are begun, or brought, by one request
SYNC_BYTES = 32 << 20  # what may have to be brought again after a crash
STALL_S = 60.0  # without a byte: who brings it has gone, and another may go on
DRAINED_BYTES_MAX = 64 << 20  # read and dropped, so that a browser sees why a piece was refused
ID_DIGITS = 32


class UploadRoutes:
    """Used from the node's loop."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._places = asyncio.Semaphore(COMING_MAX)
        self._turns: dict[UploadId, _Turn] = {}  # the newest of each

    def under(self, prefix: str) -> list[Route]:
        """For an application whose SatchelErrors answers.refused tells."""
        return [
            Route(prefix, self.list, methods=["GET"]),
            Route(prefix, self.begin, methods=["POST"]),
            Route(prefix, self.put_together, methods=["PUT"]),
            Route(prefix + "/{id}", self.put, methods=["PUT"]),
            Route(prefix + "/{id}", self.remove, methods=["DELETE"]),
        ]

    async def list(self, _request: Request) -> Response:
        found = await in_own_thread(self._uploads.all)
        return json_answer({"uploads": [_told(upload) for upload in found], "expired": self._uploads.expired})

    async def begin(self, request: Request) -> Response:
        asked = await read_object(request)
        group, files = _id(asked.get("group"), "api 4.1: `group`"), asked.get("files")
        if not (isinstance(files, list) and 0 < len(files) <= TOGETHER_MAX):
            raise MisuseError(f"api 4.1: `files` is a list of 1 to {TOGETHER_MAX} files.")
        begun = await in_own_thread(self._uploads.begin, group, [_chosen(file) for file in files])
        return json_answer({"uploads": [{"id": one.id.hex(), "have": one.have} for one in begun]})

    async def put(self, request: Request) -> Response:
        id = UploadId(_id(request.path_params["id"], "api 4.2: an upload"))
        at = _count(request, "at")
        if at is None:
            raise MisuseError("api 4.2: `at` is how many bytes are there.")
        have = await self._bring(request, [id], lambda: self._uploads.append(id, at))
        return json_answer({"have": have})

    async def put_together(self, request: Request) -> Response:
        count = _count(request, "count")
        if count is None or not 0 < count <= TOGETHER_MAX:
            raise MisuseError(f"api 4.6: `count` is how many files come, at most {TOGETHER_MAX}.")
        body = _Body(request)
        told = await body.read(count * ID_DIGITS)
        named = [told[at : at + ID_DIGITS].decode("latin-1") for at in range(0, count * ID_DIGITS, ID_DIGITS)]
        ids = [UploadId(_id(digits, "api 4.6: an upload")) for digits in named]
        whole = await self._bring(request, ids, lambda: self._uploads.together(ids), body)
        return json_answer({"whole": whole})

    async def _bring(
        self,
        request: Request,
        ids: Sequence[UploadId],
        opening: Callable[[], Incoming],
        body: "_Body | None" = None,
    ) -> int:
        """Returns how much is there. Raises what the store raises; OvertakenError."""
        try:
            async with self._turn(ids) as ends:
                pouring = _Pouring(await in_own_thread(opening))
                return await pouring.pour(body or _Body(request), ends)
        except SatchelError:
            await _drain(request)
            raise

    @asynccontextmanager
    async def _turn(self, ids: Sequence[UploadId]) -> AsyncIterator[asyncio.Event]:
        """The newest request for an upload wins: the one before is asked to end, and keeps what it brought.

        A page that was reloaded goes on at once; the node may learn much later that the connection of before
        is closed [4.3]. What is given is set when a newer one has come. Raises OvertakenError.
        """
        mine = _Turn()
        older = {self._turns[id] for id in ids if id in self._turns}
        self._turns.update(dict.fromkeys(ids, mine))
        try:
            for turn in older:
                turn.ends.set()
            for turn in older:
                await turn.over.wait()
            async with self._places:
                if mine.ends.is_set():
                    raise _overtaken()
                yield mine.ends
        finally:
            mine.over.set()
            for id in ids:
                if self._turns.get(id) is mine:
                    del self._turns[id]

    async def remove(self, request: Request) -> Response:
        await self.erase(request.path_params["id"])
        return Response(status_code=204)

    async def erase(self, id: str) -> None:
        """Of an upload, or a group. Raises SatchelError: there is none of this id, or it is needed."""
        await in_own_thread(self._uploads.remove, _id(id, "api 4: an upload"))

    async def unsent(self) -> Sequence[Upload]:
        """See ports.uploads."""
        return await in_own_thread(self._uploads.unsent)


class _Turn:
    """Of one request that brings bytes."""

    def __init__(self) -> None:
        self.ends = asyncio.Event()  # a newer one has come
        self.over = asyncio.Event()


class _Body:
    """What a request brings, as it comes. Raises ClientDisconnect; TimeoutError: nothing comes any more."""

    def __init__(self, request: Request) -> None:
        self._stream = request.stream()
        self._held = b""

    async def next(self) -> bytes:
        """Empty: it is over."""
        if self._held:
            held, self._held = self._held, b""
            return held
        async with asyncio.timeout(STALL_S):
            return await anext(self._stream, b"")

    async def read(self, length: int) -> bytes:
        """So much of it; less where it breaks off before."""
        data = bytearray()
        with suppress(ClientDisconnect, TimeoutError):
            while len(data) < length and (part := await self.next()):
                data += part
        self._held = bytes(data[length:])
        return bytes(data[:length])


class _Pouring:
    """What one request brings, from a connection to the disk."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._loop = asyncio.get_running_loop()
        self._free: asyncio.Queue[bytearray] = asyncio.Queue()
        for _ in range(BUFFERS_HELD):
            self._free.put_nowait(bytearray())
        self._full: queue.SimpleQueue[tuple[bytearray, int] | None] = queue.SimpleQueue()
        self._broken = threading.Event()

    async def pour(self, body: _Body, ends: asyncio.Event) -> int:
        """To its end, until it breaks off, or until it is to end: what came is kept, as the store keeps it.

        Returns how much is there. Raises what the store raises; OvertakenError: it was to end.
        """
        writing = asyncio.ensure_future(in_own_thread(self._write_all))
        reading = asyncio.ensure_future(self._read_all(body))
        ending = asyncio.ensure_future(ends.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            reading.cancel()
            await asyncio.wait({reading})
            self._full.put(None)
        have = await writing
        if reading.cancelled():
            raise _overtaken()
        reading.result()
        return have

    async def _read_all(self, body: _Body) -> None:
        buffer, filled = await self._free.get(), 0
        try:
            with suppress(ClientDisconnect, TimeoutError):
                while not self._broken.is_set() and (part := memoryview(await body.next())):
                    while part.nbytes and not self._broken.is_set():
                        if not buffer:
                            buffer = bytearray(BUFFER_BYTES)
                        count = min(BUFFER_BYTES - filled, part.nbytes)
                        buffer[filled : filled + count] = part[:count]
                        filled, part = filled + count, part[count:]
                        if filled == BUFFER_BYTES:
                            self._full.put((buffer, filled))
                            filled = 0  # it is not ours any more, also if this is where it ends
                            buffer = await self._free.get()
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


def _overtaken() -> OvertakenError:
    return OvertakenError("This was chosen once more meanwhile, and is copied from there now.")


async def _drain(request: Request) -> None:
    """A browser that is still sending does not look for an answer."""
    drained = 0
    with suppress(ClientDisconnect, TimeoutError, RuntimeError):
        async with asyncio.timeout(STALL_S):
            async for part in request.stream():
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


def _chosen(told: object) -> Chosen:
    if not isinstance(told, dict):
        raise MisuseError("api 4.1: each of `files` is an object.")
    size = None if told.get("size") is None else _integer(told["size"])
    return Chosen(path=_path(told.get("path")), size=size, mtime_ns=_integer(told.get("mtime_ns")))


def _count(request: Request, name: str) -> int | None:
    """None: it is no number."""
    told = request.query_params.get(name, "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 20 else None


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
