"""Frames that arrive, from all pipes of one session, opened and in a queue of few trays.

From a single pipe the owner's thread receives by itself: to hand each frame over would cost more than it
gains (decision 0068). Where there are several, each has a thread that receives and opens while the owner
hashes and writes; few trays, so that a slow disk slows the network down instead of filling memory. Where
frames come fast they are handed over several at a time, since waking a thread costs as much as opening one.
"""

import queue
import threading
from dataclasses import dataclass

from satchel.core.session.frames import FULL_FRAME_BYTES, Kind
from satchel.errors import SatchelError
from satchel.node.channel import Channel

TRAYS = 3
FRAMES_OF_TRAY = 4

Frame = tuple[Kind, memoryview, bool]  # the last: on the pipe that the session began on


@dataclass(frozen=True, slots=True)
class Gone:
    """A pipe will bring nothing more."""

    problem: BaseException
    is_first: bool  # the pipe that the session began on


def roomy(buffer: bytearray, size: int) -> bytearray:
    """It, or another one with room for so many bytes: all of a buffer is in memory, whatever is in it."""
    return buffer if len(buffer) >= size else bytearray(size)


class _Tray:
    """Buffers for a few frames, and what is in them."""

    def __init__(self) -> None:
        self._buffers: list[bytearray] = []
        self.frames: list[Frame] = []

    def fill_from(self, channel: Channel, *, first: bool) -> None:
        """Open what was fetched, and what else has come meanwhile. A frame larger than is looked for here may
        be waiting on the first pipe alone, at the moment when others come to its help."""
        while True:
            place = len(self.frames)
            if place == len(self._buffers):
                self._buffers.append(bytearray())
            self._buffers[place] = roomy(self._buffers[place], channel.fetched_bytes)
            kind, body = channel.open(self._buffers[place])
            if kind is not Kind.PADDING:
                self.frames.append((kind, body, first))
            if len(self.frames) == FRAMES_OF_TRAY or channel.pipe.waiting_bytes() < FULL_FRAME_BYTES:
                return
            channel.fetch()


class Inbox:
    """`next` and `read_beside` from one thread, the rest from any."""

    def __init__(self) -> None:
        self._free: queue.SimpleQueue[_Tray | None] = queue.SimpleQueue()
        self._filled: queue.SimpleQueue[_Tray | Gone] = queue.SimpleQueue()
        self._channels: list[Channel] = []
        self._alone: Channel | None = None  # the pipe that the owner reads
        self._buffer = bytearray()  # for its frames
        self._read: _Tray | None = None  # what `next` gave last
        self._closed = False
        self._lock = threading.Lock()

    def add(self, channel: Channel) -> None:
        """Receive from this pipe, too, if that is not done already; before the second, `read_beside`. After
        `close` it is closed at once."""
        with self._lock:
            if self._closed:
                channel.pipe.close()
                return
            if channel in self._channels:
                return
            self._channels.append(channel)
            if len(self._channels) > 1:
                self._start_reading(channel, first=False)
            else:
                self._alone = channel

    def read_beside(self) -> None:
        """More pipes may come: from now on each of them, the first one too, has a thread of its own."""
        first, self._alone = self._alone, None
        self._buffer = bytearray()
        if first is not None:
            for _ in range(TRAYS):
                self._free.put(_Tray())
            self._start_reading(first, first=True)

    def next(self) -> list[Frame] | Gone:
        """The next frames of any pipe; their bodies are valid until this is called again. Blocks."""
        if self._alone is not None:
            return self._receive_here(self._alone)
        if self._read is not None:
            self._read.frames.clear()
            self._free.put(self._read)
            self._read = None
        item = self._filled.get()
        if isinstance(item, Gone):
            return item
        self._read = item
        return item.frames

    def close(self) -> None:
        """Close all pipes, and let their threads end."""
        with self._lock:
            self._closed = True
            channels = list(self._channels)
        for channel in channels:
            channel.pipe.close()
            self._free.put(None)

    def _receive_here(self, channel: Channel) -> list[Frame] | Gone:
        try:
            channel.fetch()
            self._buffer = roomy(self._buffer, channel.fetched_bytes)
            kind, body = channel.open(self._buffer)
        except SatchelError as problem:
            return Gone(problem, True)
        return [] if kind is Kind.PADDING else [(kind, body, True)]

    def _start_reading(self, channel: Channel, *, first: bool) -> None:
        name = "satchel-receive" if first else f"satchel-receive-{len(self._channels)}"
        threading.Thread(target=self._receive, args=(channel, first), name=name, daemon=True).start()

    def _receive(self, channel: Channel, first: bool) -> None:
        try:
            while True:
                channel.fetch()  # before a tray is taken: a silent pipe must hold none that others need
                tray = self._free.get()
                if tray is None:
                    return
                try:
                    tray.fill_from(channel, first=first)
                finally:
                    (self._filled if tray.frames else self._free).put(tray)
        except SatchelError as problem:
            self._filled.put(Gone(problem, first))
        except BaseException as bug:  # noqa: BLE001 - the owner raises it: nobody waits for a dead thread
            self._filled.put(Gone(bug, True))
