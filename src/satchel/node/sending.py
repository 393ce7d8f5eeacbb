"""The sending side of one connection: reads files and carries out what core's Sender decides.

One thread streams; another listens, so that receipts and wishes never wait for the disk.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import assert_never

from satchel.core.blobs.chunks import CHUNK_BYTES, ChunkHasher, chunk_length
from satchel.core.blobs.stream import chunk_head, end_record
from satchel.core.handover import effects as e
from satchel.core.handover.codec import decode
from satchel.core.handover.messages import EntryKind, Failure, Message, Range, StopReason
from satchel.core.handover.sending import HashJob, OutgoingFile, Sender, SendJob
from satchel.errors import EnvironmentProblem
from satchel.node import clock, events
from satchel.node.channel import FAREWELL_S, BulkWriter, Channel, body_of
from satchel.node.outcome import Outcome
from satchel.node.progress import Meter
from satchel.ports import OpenSource, Source, SourceEntry


class ConversationOver(Exception):
    """Nothing more is to be read or sent: somebody stopped it, or the other side is gone."""


class SourceLost(Exception):
    """The file cannot go on: it is not the one that was offered, or cannot be read any more."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class SendingConversation:
    """`run` talks until both sides know that all is done, or the connection ends."""

    def __init__(
        self,
        *,
        channel: Channel,
        sender: Sender,
        entries: Sequence[SourceEntry],
        source: Source,
        keys_confirmed: Callable[[], None],
        remember: Callable[[frozenset[int]], None],
        report: events.Report,
    ) -> None:
        """`keys_confirmed` makes the new resumption secret the only one, `remember(numbers)` makes the
        accepted offer durable before anything is sent."""
        self._channel = channel
        self._sender = sender
        self._entries = entries
        self._source = source
        self._keys_confirmed = keys_confirmed
        self._remember = remember
        self._report = report
        self._turn = threading.Condition()  # guards everything below, and the state machine
        self._outcome: Outcome | None = None
        self._problem: BaseException | None = None
        self._accepted = False
        self._stopping = False
        self.loss = events.Loss.BROKEN  # why, where the outcome is LOST
        self._streamed: set[int] = set()  # files that went over this connection
        self._meter = Meter(report, clock.monotonic_s)

    def run(self, *, accepted: frozenset[int] | None = None) -> Outcome:
        """Blocks. `accepted`: the numbers of a resumed hand-over. Raises PeerError if the other side
        broke the rules."""
        if accepted is not None:
            self._begin(accepted)
        listener = threading.Thread(target=self._listen, name="satchel-listen", daemon=True)
        listener.start()
        try:
            self._stream()
        except EnvironmentProblem:
            pass  # the connection is gone
        except ConversationOver:
            pass  # the listener or the owner knows why
        finally:
            if (
                self._stopping
            ):  # closing with receipts unread would reset the connection, and our word with it
                listener.join(FAREWELL_S)
            self._end(self._lost())
            self._channel.pipe.close()
            listener.join()
        self._meter.close()
        if self._problem is not None:
            raise self._problem
        assert self._outcome is not None
        return self._outcome

    def stop(self) -> None:
        """From another thread: say that it may go on later; `run` ends within FAREWELL_S or two."""
        with self._turn:
            self._stopping = True
            self._turn.notify_all()
        self._channel.part(StopReason.PAUSED)

    def break_off(self) -> None:
        """From another thread: the other side has come back on a new connection; this one is dead."""
        self._end(Outcome.LOST)
        self._channel.pipe.close()

    def _say(self, message: Message) -> None:
        try:
            self._channel.say(message)
        except EnvironmentProblem:
            self._channel.pipe.close()  # both threads find out by themselves

    def _begin(self, accepted: Collection[int]) -> None:
        self._accepted = bool(accepted)  # of a text alone nothing is left to go on with
        files = [n for n in accepted if self._entries[n].kind is EntryKind.FILE]
        self._meter.begin(sum(self._entries[n].size for n in files), len(files))

    def _lost(self) -> Outcome:
        return Outcome.LOST if self._accepted else Outcome.REFUSED

    def _end(self, outcome: Outcome) -> None:
        with self._turn:
            if self._outcome is None:
                self._outcome = outcome
            self._turn.notify_all()

    # --- the listening thread --------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            while self._outcome is None:
                kind, body = self._channel.receive()
                message = decode(body_of(kind, body))
                with self._turn:
                    self._carry_out(self._sender.hear(message))
                    self._turn.notify_all()
        except EnvironmentProblem:
            self._end(self._lost())
        except BaseException as problem:  # noqa: BLE001 - `run` raises it: nobody waits for a dead thread
            self._problem = problem
            self._end(self._lost())
        finally:
            if self._outcome is not Outcome.COMPLETE:
                self._channel.pipe.close()  # wakes the streaming thread

    def _carry_out(self, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self._say(message)
                case e.KeysConfirmed():
                    self._with_our_disk(self._keys_confirmed)
                case e.UseSuite(aes=aes):
                    self._channel.use_suite(aes=aes)
                case e.Accepted(numbers=numbers):
                    self._accept(numbers)
                case e.Declined():
                    self._end(Outcome.DECLINED)
                case e.Confirmed(ranges=ranges):
                    self._count_confirmed(ranges)
                case e.WontCome(number=number, failure=failure):
                    self._report(events.FileFailed(path=self._entries[number].path, failure=failure))
                case e.Over():
                    self._end(Outcome.COMPLETE)
                case e.Stopped(reason=StopReason.GIVEN_UP):
                    self._end(Outcome.GIVEN_UP)
                case e.Stopped(reason=reason):
                    self.loss = events.LOSS_OF[reason]
                    self._end(self._lost())
                case e.AskPerson() | e.Finish() | e.FilesOver():
                    raise AssertionError("an effect of the receiver")
                case _:
                    assert_never(effect)

    def _accept(self, numbers: frozenset[int]) -> None:
        self._with_our_disk(lambda: self._remember(numbers))
        self._begin(numbers)

    def _with_our_disk(self, work: Callable[[], None]) -> None:
        try:
            work()
        except EnvironmentProblem as problem:  # not the connection's
            self._problem = problem
            raise

    def _count_confirmed(self, ranges: Iterable[Range]) -> None:
        for first, count in ranges:
            for number in range(first, first + count):
                if self._entries[number].kind is EntryKind.FOLDER:
                    continue
                if number not in self._streamed:
                    self._meter.skip(self._entries[number].size)
                self._meter.file_done()

    # --- the streaming thread --------------------------------------------------------------------

    def _stream(self) -> None:
        bulk = BulkWriter(self._channel)
        while True:
            with self._turn:
                self._check_going_on()
                job = self._sender.next_job()
                if job is None and not bulk.pending:
                    self._turn.wait()
                    continue
            if job is None:
                bulk.end_run()
            elif isinstance(job, HashJob):
                self._hash(job, bulk)
            else:
                self._send_file(job, bulk)

    def _check_going_on(self) -> None:
        """Asked before every read: who takes back his files does not send the rest of one (consent)."""
        if self._outcome is not None or self._stopping:
            raise ConversationOver

    def _open(self, number: int, bulk: BulkWriter) -> OpenSource | None:
        try:
            return self._source.open(self._entries[number])
        except EnvironmentProblem:
            self._fail(number, Failure.UNREADABLE, bulk)
            return None

    def _fail(self, number: int, failure: Failure, bulk: BulkWriter) -> None:
        bulk.end_run()  # a failure is said between two records; what came of the file is thrown away there
        with self._turn:
            self._carry_out(self._sender.failed(number, failure))

    def _hash(self, job: HashJob, bulk: BulkWriter) -> None:
        opened = self._open(job.number, bulk)
        if opened is None:
            return
        size = self._entries[job.number].size
        hashes: list[bytes] = []
        buffer = memoryview(bytearray(CHUNK_BYTES))
        try:
            for index in range(job.chunks):
                self._check_going_on()
                part = buffer[: chunk_length(size, index)]
                if opened.read_into(index * CHUNK_BYTES, part) < len(part):
                    raise SourceLost(Failure.CHANGED)
                hasher = ChunkHasher()
                hasher.update(part)
                hashes.append(hasher.digest())
            if not opened.is_unchanged():
                raise SourceLost(Failure.CHANGED)
        except SourceLost as lost:
            self._fail(job.number, lost.failure, bulk)
        except EnvironmentProblem:
            self._fail(job.number, Failure.UNREADABLE, bulk)
        else:
            with self._turn:
                self._carry_out(self._sender.hashed(job.number, hashes))
        finally:
            opened.close()

    def _send_file(self, job: SendJob, bulk: BulkWriter) -> None:
        opened = self._open(job.number, bulk)
        if opened is None:
            return
        size = self._entries[job.number].size
        file = OutgoingFile(size, job.known)
        self._streamed.add(job.number)
        self._meter.skip(size - sum(chunk_bytes(size, first, count) for first, count in job.ranges))
        try:
            for first, count in job.ranges:
                for index in range(first, first + count):
                    self._send_chunk(opened, job.number, index, file, bulk)
            if not opened.is_unchanged():
                raise SourceLost(Failure.CHANGED)
        except SourceLost as lost:
            self._fail(job.number, lost.failure, bulk)
        else:
            with self._turn:
                self._sender.sent(job.number)
            bulk.put(end_record(job.number, file.root()))
        finally:
            opened.close()

    def _send_chunk(
        self, opened: OpenSource, number: int, index: int, file: OutgoingFile, bulk: BulkWriter
    ) -> None:
        left = chunk_length(self._entries[number].size, index)
        offset = index * CHUNK_BYTES
        hasher = ChunkHasher()
        lost: Failure | None = None
        bulk.put(chunk_head(number, index))
        while left:
            self._check_going_on()
            part = bulk.room()[:left]
            try:
                count = opened.read_into(offset, part)
            except EnvironmentProblem:
                count, lost = 0, Failure.UNREADABLE
            if count < len(part):  # the record is filled up all the same; the file will not be believed
                part[count:] = bytes(len(part) - count)
                lost = lost or Failure.CHANGED
            hasher.update(part)
            offset += len(part)
            left -= len(part)
            self._meter.move(len(part))
            bulk.advance(len(part))
        digest = hasher.digest()
        bulk.put(digest)
        if not file.chunk_sent(index, digest):
            lost = lost or Failure.CHANGED
        if lost is not None:
            raise SourceLost(lost)


def chunk_bytes(size: int, first: int, count: int) -> int:
    """Bytes in `count` chunks from chunk `first` on of a file of `size` bytes."""
    return min(size, (first + count) * CHUNK_BYTES) - first * CHUNK_BYTES if count else 0
