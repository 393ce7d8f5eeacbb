"""Frames that arrive, from all pipes of one session, opened and in a queue of few trays.

A thread for each pipe receives and opens while another one, the owner's, hashes and writes: so the two
halves of the work run at the same time, and a slow disk slows the network down instead of filling memory.
Where frames come fast they are handed over several at a time, since waking a thread costs as much as
opening a frame.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from satchel.core.session.frames import FRAME_BYTES_MAX, Kind
from satchel.errors import SatchelError
from satchel.node.channel import Channel, new_frame_buffer

TRAYS = 3
FRAMES_OF_TRAY = 4

Frame = tuple[Kind, memoryview, bool]  # the last: on the pipe that the session began on


@dataclass(frozen=True, slots=True)
class Gone:
    """A pipe will bring nothing more."""

    problem: BaseException
    is_first: bool  # the pipe that the session began on


class _Tray:
    """Buffers for a few frames, and what is in them."""

    def __init__(self) -> None:
        self._buffers: list[bytearray] = []
        self.frames: list[Frame] = []

    def fill_from(self, channel: Channel, *, first: bool) -> None:
        """Open what was fetched, and what else has come meanwhile."""
        while True:
            place = len(self.frames)
            if place == len(self._buffers):
                self._buffers.append(new_frame_buffer())
            kind, body = channel.open(self._buffers[place])
            if kind is not Kind.PADDING:
                self.frames.append((kind, body, first))
            if len(self.frames) == FRAMES_OF_TRAY or channel.pipe.waiting_bytes() < FRAME_BYTES_MAX:
                return
            channel.fetch()


class Inbox:
    """`add` from any thread, the rest from one."""

    def __init__(self) -> None:
        self._free: queue.SimpleQueue[_Tray | None] = queue.SimpleQueue()
        self._filled: queue.SimpleQueue[_Tray | Gone] = queue.SimpleQueue()
        self._channels: list[Channel] = []
        self._closed = False
        self._lock = threading.Lock()
        for _ in range(TRAYS):
            self._free.put(_Tray())

    def add(self, channel: Channel) -> None:
        """Receive from this pipe, too, if that is not done already. After `close` it is closed at once."""
        with self._lock:
            if self._closed:
                channel.pipe.close()
                return
            if channel in self._channels:
                return
            first = not self._channels
            self._channels.append(channel)
            name = f"satchel-receive-{len(self._channels)}"
            reader = threading.Thread(target=self._receive, args=(channel, first), name=name, daemon=True)
            reader.start()

    @contextmanager
    def next(self) -> Iterator[list[Frame] | Gone]:
        """The next frames of any pipe; their bodies are valid in the block. Blocks."""
        item = self._filled.get()
        if isinstance(item, Gone):
            yield item
            return
        try:
            yield item.frames
        finally:
            item.frames.clear()
            self._free.put(item)

    def close(self) -> None:
        """Close all pipes, and let their threads end."""
        with self._lock:
            self._closed = True
            channels = list(self._channels)
        for channel in channels:
            channel.pipe.close()
            self._free.put(None)

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
