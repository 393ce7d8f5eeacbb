"""What the node needs from the world, in memory: pipes, files, and a receiver at the end of an outlet."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from satchel.core.blobs.incoming import Arrival, Finish, Incoming, PutWhole, ReadBack, Write
from satchel.core.handover.messages import EntryKind, Failure
from satchel.core.session.frames import HEADER_BYTES
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.stripes import PathCounts
from satchel.errors import EnvironmentProblem, FileChanged
from satchel.node.carousel import Carousel
from satchel.node.seat import Pace
from satchel.ports import Address, Endpoint, SourceEntry

HERE, THERE = bytes(range(32)), bytes(range(32, 64))
KEYS = SessionKeys(
    send=HERE, receive=THERE, session_hash=bytes(32), resumption_secret=bytes(32), stripe_secret=bytes(32)
)
PEERS_KEYS = SessionKeys(
    send=THERE, receive=HERE, session_hash=bytes(32), resumption_secret=bytes(32), stripe_secret=bytes(32)
)
WITHIN_S = 20.0  # what blocks for so long has failed


class MemoryPipe:
    """One end of a connection; what is sent appears in `sent`, and what `bring` says arrives."""

    local = remote = Endpoint(address=Address(bytes(16)), port=0)

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._arriving = bytearray()
        self._closed = False
        self.waiting = threading.Event()  # somebody has come to receive
        self.sent: list[bytes] = []

    @property
    def is_closed(self) -> bool:
        return self._closed

    def bring(self, data: bytes) -> None:
        with self._changed:
            self._arriving += data
            self._changed.notify_all()

    def receive_into(self, buffer: memoryview) -> int:
        self.waiting.set()
        with self._changed:
            self._changed.wait_for(lambda: self._arriving or self._closed)
            if not self._arriving:
                raise EnvironmentProblem("The connection has ended.")
            count = min(len(buffer), len(self._arriving))
            buffer[:count] = self._arriving[:count]
            del self._arriving[:count]
            return count

    def receive_all(self, buffer: memoryview) -> None:
        at = 0
        while at < len(buffer):
            at += self.receive_into(buffer[at:])

    def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._closed:
            raise EnvironmentProblem("The connection has ended.")
        self.sent.append(bytes(data))

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def path(self) -> PathCounts:
        return PathCounts(acked_bytes=0, sent_segments=0, resent_segments=0)

    def waiting_bytes(self) -> int:
        with self._changed:
            return len(self._arriving)

    def tolerate_loss(self) -> bool:
        return False

    def set_deadline(self, seconds: float | None) -> None: ...
    def set_patience(self, seconds: int) -> None: ...
    def keep_queue_short(self) -> None: ...


def entry(number: int, content: bytes) -> SourceEntry:
    name = b"%d" % number
    return SourceEntry(
        path=(name,),
        kind=EntryKind.FILE,
        size=len(content),
        mtime_ns=0,
        executable=False,
        top=name,
        stamp=b"",
    )


@dataclass
class MemorySource:
    """Files by number. `changed`: edited after their first byte was read. `on_read(bytes so far)`."""

    contents: Sequence[bytes]
    changed: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    gone: bool = False  # the disk they are on was taken out
    on_read: Callable[[int], None] = lambda _: None
    read_bytes: int = 0

    @property
    def entries(self) -> list[SourceEntry]:
        return [entry(number, content) for number, content in enumerate(self.contents)]

    def open(self, entry: SourceEntry) -> "MemoryFile":
        number = int(entry.location)
        if number in self.unreadable:
            raise EnvironmentProblem("It cannot be read.")
        return MemoryFile(self, number)

    def read_whole(self, entry: SourceEntry, buffer: memoryview) -> None:
        file = self.open(entry)
        file.read_into(0, buffer)
        if not file.is_unchanged():
            raise FileChanged("It was changed.")

    def rest(self) -> None: ...

    def is_gone(self, entry: SourceEntry) -> bool:
        return self.gone

    def recognise(self, entries: Sequence[SourceEntry]) -> list[SourceEntry]:
        return list(entries)


@dataclass
class MemoryFile:
    source: MemorySource
    number: int

    def read_into(self, offset: int, buffer: memoryview) -> int:
        part = self.source.contents[self.number][offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self.source.read_bytes += len(part)
        self.source.on_read(self.source.read_bytes)
        return len(part)

    def is_unchanged(self) -> bool:
        return self.number not in self.source.changed

    def close(self) -> None: ...


class Taker:
    """A receiver: takes frames from its outlet in a thread, and puts files together."""

    def __init__(self, carousel: Carousel, contents: Sequence[bytes], *, pace: Pace | None = None) -> None:
        self.files = {number: bytearray(len(content)) for number, content in enumerate(contents)}
        self.whole: list[int] = []
        self.sent: list[int] = []
        self.failed: dict[int, Failure] = {}
        self.frames: list[int] = []  # their sizes
        self.problem: BaseException | None = None
        self.ended = threading.Event()
        self._news = threading.Condition()
        self._may_take = threading.Event()
        self._may_take.set()
        self.incoming = Incoming(lambda number: len(contents[number]))
        self.paused: list[EnvironmentProblem] = []
        self.seat = carousel.board(
            sent=self.sent.extend, failed=self._fail, paused=self._pause, pace=pace or Pace()
        )
        threading.Thread(target=self._take, daemon=True).start()

    def freeze(self) -> None:
        """Take nothing from now on."""
        self._may_take.clear()

    def thaw(self) -> None:
        self._may_take.set()

    def wait_for(self, count: int) -> None:
        """Until so many files are whole or have failed."""
        with self._news:
            enough = self._news.wait_for(
                lambda: self.problem or len(self.whole) + len(self.failed) >= count, WITHIN_S
            )
        if self.problem is not None:
            raise self.problem
        assert enough, f"{len(self.whole)} whole, {self.failed}"

    def _fail(self, number: int, failure: Failure) -> None:
        with self._news:
            self.failed[number] = failure
            self._news.notify_all()

    def _pause(self, problem: EnvironmentProblem) -> None:
        self.paused.append(problem)
        self.seat.leave()

    def _take(self) -> None:
        try:
            while True:
                self._may_take.wait()
                frame = self.seat.outlet.take(0)
                if frame is None:
                    return
                self.frames.append(frame.size)
                if frame.body is not None:
                    self._hear(memoryview(frame.body.plain)[HEADER_BYTES:][: frame.body.writer.length])
                self.seat.outlet.done(frame)
        except BaseException as problem:  # noqa: BLE001 - wait_for raises it
            self.problem = problem
        finally:
            self.ended.set()
            with self._news:
                self._news.notify_all()

    def _hear(self, body: memoryview) -> None:
        for arrival in self.incoming.hear(body):
            self._land(arrival)

    def _land(self, arrival: Arrival) -> None:
        match arrival:
            case Write(number=number, offset=offset, data=data):
                self.files[number][offset : offset + len(data)] = data
            case ReadBack(number=number, offset=offset, length=length):
                self.incoming.read_back(arrival, memoryview(self.files[number])[offset : offset + length])
            case PutWhole(number=number, data=data):
                self.files[number][:] = data
                self._end(number)
            case Finish(number=number):
                self._end(number)

    def _end(self, number: int) -> None:
        with self._news:
            assert number in self.sent, "told before it leaves"
            assert number not in self.whole
            self.whole.append(number)
            self._news.notify_all()
