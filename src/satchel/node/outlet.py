"""What waits to be sent to one receiver: whole frames, taken by as many pipes as there are.

The bodies are shared with other receivers of the same offer; what is counted here is the padding of this
one's runs (transport 6). One thread puts, one of each pipe takes.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from satchel.core.blobs.stream import RecordWriter
from satchel.core.session.frames import (
    FAST_FRAME_BYTES,
    FULL_FRAME_BYTES,
    HEADER_BYTES,
    OVERHEAD_BYTES,
    STRIPE_FRAME_BYTES,
)
from satchel.core.session.padding import tail_sizes

WAITING_BYTES_MAX = 2 << 20


class Body:
    """The body of one bulk frame, and what is in it."""

    __slots__ = ("content_bytes", "ended", "frame_bytes", "plain", "users", "writer")

    def __init__(self, frame_bytes: int) -> None:
        self.frame_bytes = frame_bytes  # of a full frame with this body
        self.plain = bytearray(HEADER_BYTES + frame_bytes - OVERHEAD_BYTES)
        self.users = 0

    def begin(self) -> None:
        self.writer = RecordWriter(memoryview(self.plain)[HEADER_BYTES:])
        self.content_bytes = 0  # of files, without records' heads
        self.ended: list[int] = []  # files whose last record is in here


class Bodies:
    """A store of bodies, used again and again; the outlets bound how many there are."""

    def __init__(self) -> None:
        self._free: dict[int, list[Body]] = {
            size: [] for size in (STRIPE_FRAME_BYTES, FULL_FRAME_BYTES, FAST_FRAME_BYTES)
        }
        self._lock = threading.Lock()

    def take(self, frame_bytes: int) -> Body:
        with self._lock:
            free = self._free[frame_bytes]
            body = free.pop() if free else Body(frame_bytes)
        body.begin()
        return body

    def give_back(self, body: Body) -> None:
        """One user less; the last one gives it back."""
        with self._lock:
            body.users -= 1
            if body.users <= 0:
                self._free[body.frame_bytes].append(body)


@dataclass(frozen=True, slots=True)
class Frame:
    """One bulk frame to be sealed, or one of padding."""

    size: int  # bytes on the wire
    body: Body | None = field(default=None)


class Outlet:
    """The queue of one receiver."""

    def __init__(self, bodies: Bodies, room_made: Callable[[], None]) -> None:
        """`room_made` is called without any lock held, from the threads that take."""
        self.frame_bytes = FULL_FRAME_BYTES
        self._pipes = 1
        self._bodies = bodies
        self._room_made = room_made
        self._queue: deque[Frame] = deque()
        self._ready = threading.Condition()
        self._waiting_bytes = 0
        self._sending = 0
        self._closed = False
        self._run_bytes = 0  # of full frames since the run began

    @property
    def has_room(self) -> bool:
        return self._waiting_bytes < WAITING_BYTES_MAX

    @property
    def is_empty(self) -> bool:
        return not self._queue and not self._sending

    @property
    def run_is_open(self) -> bool:
        """Whether more than whole runs went out."""
        return self._run_bytes > 0

    def put(self, body: Body, *, last: bool) -> None:
        """Takes over one use of `body`. `last`: nothing follows at the moment, the run ends with it."""
        with self._ready:
            if self._closed:
                self._bodies.give_back(body)
                return
            if last:
                sizes = tail_sizes(self._run_bytes, body.writer.length, body.frame_bytes)
                self._queue.append(Frame(sizes[0], body))
                self._queue.extend(map(Frame, sizes[1:]))
                self._run_bytes = 0
            else:
                self._queue.append(Frame(body.frame_bytes, body))
                self._run_bytes += body.frame_bytes
            self._waiting_bytes = sum(frame.size for frame in self._queue)
            self._ready.notify_all()

    def end_run(self) -> None:
        """Nothing follows at the moment: pad the total of what went out (W2)."""
        with self._ready:
            if self._run_bytes and not self._closed:
                self._queue.extend(map(Frame, tail_sizes(self._run_bytes, 0, self.frame_bytes)))
                self._run_bytes = 0
                self._waiting_bytes = sum(frame.size for frame in self._queue)
                self._ready.notify_all()

    def use_pipes(self, pipes: int, *, fast: bool = False) -> None:
        """Those with a place below `pipes` get frames; with more than one, smaller ones, so that less waits
        behind a slow pipe. One that is `fast` gets larger ones: each costs the same, however large."""
        with self._ready:
            self._pipes = pipes
            one = FAST_FRAME_BYTES if fast else FULL_FRAME_BYTES
            self.frame_bytes = one if pipes == 1 else STRIPE_FRAME_BYTES
            self._ready.notify_all()

    def take(self, place: int) -> Frame | None:
        """The next frame for the pipe number `place`, from 0; blocks. None when it is closed. After each,
        call `done`."""
        with self._ready:
            while (place >= self._pipes or not self._queue) and not self._closed:
                self._ready.wait()
            if self._closed:
                return None
            self._sending += 1
            frame = self._queue.popleft()
            self._waiting_bytes -= frame.size
            return frame

    def done(self, frame: Frame) -> None:
        with self._ready:
            self._sending -= 1
            if not self._sending and not self._queue:
                self._ready.notify_all()
        if frame.body is not None:
            self._bodies.give_back(frame.body)
        self._room_made()

    def wait_until_empty(self) -> None:
        """Until the last frame has left, or it is closed."""
        with self._ready:
            self._ready.wait_for(lambda: self._closed or self.is_empty)

    def close(self) -> None:
        """Forget what was not taken; whoever waits is let go."""
        with self._ready:
            self._closed = True
            dropped = [frame.body for frame in self._queue if frame.body is not None]
            self._queue.clear()
            self._waiting_bytes = self._run_bytes = 0
            self._ready.notify_all()
        for body in dropped:
            self._bodies.give_back(body)
        self._room_made()
