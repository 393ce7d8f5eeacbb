"""The sending side of one session: carries out what core's Sender decides.

A carousel reads and hashes, a thread for each pipe seals and sends, and another listens, so that receipts
and wishes never wait for the disk.
"""

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from typing import assert_never

from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_length, hash_chunk
from satchel.core.handover import effects as e
from satchel.core.handover.codec import decode
from satchel.core.handover.messages import Bye, EntryKind, Failure, Range, StopReason
from satchel.core.handover.sending import Sender
from satchel.core.session.frames import CONTROL_SIZES, Kind
from satchel.core.session.handshake import SessionKeys
from satchel.errors import EnvironmentProblem
from satchel.node import clock, events
from satchel.node.carousel import Carousel
from satchel.node.channel import FAREWELL_S, Channel, body_of, new_message_buffer
from satchel.node.endings import disk_taken_out
from satchel.node.entries import contents_of
from satchel.node.outcome import Outcome
from satchel.node.progress import Meter
from satchel.node.reading import SourceLost, reading
from satchel.node.seat import Pace
from satchel.node.speaker import Speaker
from satchel.node.striping import Striping
from satchel.ports import Endpoint, Pipe, Source, SourceEntry

SHOW_UP_S = 10.0  # how long a further pipe may take to its first frame


class SendingConversation:
    """`run` talks until both sides know that all is done, or the connection ends."""

    def __init__(
        self,
        *,
        channel: Channel,
        sender: Sender,
        entries: Sequence[SourceEntry],
        source: Source,
        carousel: Carousel,
        pace: Pace,
        keys_confirmed: Callable[[], None],
        remember: Callable[[frozenset[int]], None],
        report: events.Report,
        open_pipes: Callable[[int, "SendingConversation"], None] | None = None,
    ) -> None:
        """`keys_confirmed` makes the new resumption secret the only one, `remember(numbers)` makes the
        accepted offer durable before anything is sent, `open_pipes(pipes, self)` dials more for `add_pipe`
        if it is for us to dial."""
        self._channel = channel
        self._sender = sender
        self._entries = entries
        self._source = source
        self._keys_confirmed = keys_confirmed
        self._remember = remember
        self._report = report
        self._open_pipes = open_pipes
        self._turn = threading.RLock()  # guards everything below, and the state machine
        self._outcome: Outcome | None = None
        self._problem: BaseException | None = None
        self._accepted = False
        self._stopping = False
        self.loss = events.Loss.BROKEN  # why, where the outcome is LOST
        self.contents = events.Contents()  # of what was accepted
        self._streamed = bytearray(len(entries))  # 1: went over this connection
        self._meter = Meter(report, clock.monotonic_s)
        self._to_hash: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._hashing: threading.Thread | None = None
        self._carousel = carousel
        self._seat = carousel.board(sent=self._sent, failed=self._failed, paused=self._pause, pace=pace)
        self._speaker = Speaker(channel)
        self._striping = Striping(channel.pipe, self._seat.outlet, self._ask_for_pipes)

    def run(self, *, accepted: frozenset[int] | None = None) -> Outcome:
        """Blocks. `accepted`: the numbers of a resumed hand-over. Raises PeerError if the other side
        broke the rules."""
        if accepted is not None:
            self._begin(accepted)
        listener = threading.Thread(target=self._listen, name="satchel-listen", daemon=True)
        listener.start()
        try:
            self._pump(self._channel, place=0)
        except EnvironmentProblem:
            pass  # the connection is gone
        finally:
            if (
                self._stopping
            ):  # closing with receipts unread would reset the connection, and our word with it
                listener.join(FAREWELL_S)
            self._end(self._lost())
            self._striping.close()
            listener.join()
            self._seat.leave()
            self._source.rest()  # a stick that nothing is read from may be taken out
            self._speaker.close()
            self._to_hash.put(None)
        self._meter.close()
        problem = self._problem or self._carousel.problem
        if problem is not None:
            raise problem
        assert self._outcome is not None
        return self._outcome

    @property
    def remote(self) -> Endpoint:
        """The other end of the first pipe."""
        return self._channel.pipe.remote

    @property
    def stripe_secret(self) -> bytes:
        """Opens more pipes of this session."""
        return self._channel.keys.stripe_secret

    def add_pipe(self, pipe: Pipe, keys: SessionKeys) -> None:
        """Another pipe of this session, whose handshake is over; it is closed if there is no use for it."""
        if self._channel.suite is None or not self._striping.expect():
            pipe.close()
            return
        further = Channel(pipe, keys, self._channel.suite)
        threading.Thread(target=self._pump_further, args=(further,), name="satchel-pipe", daemon=True).start()

    @property
    def wants_pipes(self) -> bool:
        """Whether a further pipe was asked for that is not there."""
        return self._striping.wants_more

    def stop(self, reason: StopReason = StopReason.PAUSED) -> None:
        """From another thread: say that it may go on later, or GIVEN_UP, that it will not; `run` ends within
        FAREWELL_S or two."""
        self._stopping = True  # without the turn: nothing that a peer does may keep the owner waiting (M3)
        self._seat.leave()  # who takes back his files does not send the rest of one (consent)
        self._channel.part(reason)

    def break_off(self) -> None:
        """From another thread: the other side has come back on a new connection; this one is dead."""
        self._end(Outcome.LOST)
        self._channel.pipe.close()
        self._seat.outlet.close()

    def _begin(self, accepted: Collection[int]) -> None:
        self._accepted = bool(accepted)  # of a text alone nothing is left to go on with
        self.contents = contents_of(self._entries[number] for number in sorted(accepted))
        self._meter.begin(self.contents.size_bytes, self.contents.files)

    def _lost(self) -> Outcome:
        return Outcome.LOST if self._accepted else Outcome.REFUSED

    def _end(self, outcome: Outcome) -> None:
        """The first word counts. Lets all threads end; a whole hand-over says its last words before."""
        with self._turn:
            if self._outcome is None:
                self._outcome = outcome
        if self._outcome is Outcome.COMPLETE:
            self._speaker.then(self._seat.outlet.close)
        else:
            self._channel.pipe.close()
            self._seat.outlet.close()

    # --- the listening thread --------------------------------------------------------------------

    def _listen(self) -> None:
        buffer = new_message_buffer()
        try:
            while self._outcome is None:
                kind, body = self._channel.receive(buffer)
                message = decode(body_of(kind, body))
                with self._turn:
                    self._carry_out(self._sender.hear(message))
        except EnvironmentProblem:
            self._end(self._lost())
        except BaseException as problem:  # noqa: BLE001 - `run` raises it: nobody waits for a dead thread
            self._problem = problem
            self._end(self._lost())

    def _carry_out(self, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    if isinstance(
                        message, Bye
                    ):  # after it the receiver hangs up: first what pads the size (W2)
                        self._speaker.then(self._seat.outlet.wait_until_empty)
                    self._speaker.say(message)
                case e.KeysConfirmed():
                    self._with_our_disk(self._keys_confirmed)
                case e.UseSuite(aes=aes):
                    self._speaker.flush(FAREWELL_S)  # our Hello is the last frame of the suite before
                    self._channel.use_suite(aes=aes)
                    self._channel.pipe.set_deadline(None)  # from now on a person may think it over
                case e.Accepted(numbers=numbers):
                    self._with_our_disk(lambda numbers=numbers: self._remember(numbers))  # type: ignore[misc]
                    self._begin(numbers)
                case e.Declined():
                    self._end(Outcome.DECLINED)
                case e.HashChunks(number=number, chunks=chunks):
                    self._hash_beside(number, chunks)
                case e.SendFiles(ranges=ranges):
                    self._stream_files(ranges)
                case e.SendChunks(number=number, ranges=ranges, told=told):
                    self._stream_chunks(number, ranges, told)
                case e.Confirmed(ranges=ranges):
                    self._count_confirmed(ranges)
                case e.WontCome(number=number, failure=failure):
                    self._seat.unwant(number)
                    self._report(events.FileFailed(path=self._entries[number].path, failure=failure))
                case e.Over():
                    self._end(Outcome.COMPLETE)
                case e.Stopped(reason=StopReason.GIVEN_UP):
                    self._end(Outcome.GIVEN_UP)
                case e.Stopped(reason=reason):
                    self.loss = events.LOSS_OF[reason]
                    self._end(self._lost())
                case e.AskPerson() | e.FilesOver() | e.OpenPipes():
                    raise AssertionError("an effect of the receiver")
                case _:
                    assert_never(effect)

    def _with_our_disk(self, work: Callable[[], None]) -> None:
        try:
            work()
        except EnvironmentProblem as problem:  # not the connection's
            self._problem = problem
            raise

    def _stream_files(self, ranges: Sequence[Range]) -> None:
        for first, count in ranges:
            self._streamed[first : first + count] = b"\1" * count
        self._seat.want_files(ranges)

    def _stream_chunks(self, number: int, ranges: Sequence[Range], told: Sequence[bytes]) -> None:
        size = self._entries[number].size
        self._streamed[number] = 1
        self._meter.skip(size - sum(chunk_bytes(size, first, count) for first, count in ranges))
        self._seat.want_chunks(number, ranges, told)

    def _count_confirmed(self, ranges: Iterable[Range]) -> None:
        files = 0
        for first, count in ranges:
            for number in range(first, first + count):
                if self._entries[number].kind is EntryKind.FOLDER:
                    continue
                if not self._streamed[number]:
                    self._meter.skip(self._entries[number].size)
                files += 1
        self._meter.files_done(files)

    # --- the hashing thread, after a break ------------------------------------------------------

    def _hash_beside(self, number: int, chunks: int) -> None:
        """Receipts and wishes do not wait for it. One thread, however many are asked for (M3)."""
        self._to_hash.put((number, chunks))
        if self._hashing is None:
            self._hashing = threading.Thread(target=self._hash_all, name="satchel-hash", daemon=True)
            self._hashing.start()

    def _hash_all(self) -> None:
        buffer = memoryview(bytearray(CHUNK_BYTES))
        while (job := self._to_hash.get()) is not None:
            self._hash(*job, buffer)

    def _hash(self, number: int, chunks: int, buffer: memoryview) -> None:
        entry = self._entries[number]
        hashes: list[bytes] = []
        try:
            with reading(), closing(self._source.open(entry)) as opened:
                for index in range(chunks):
                    if self._outcome is not None or self._stopping:
                        return
                    part = buffer[: chunk_length(entry.size, index)]
                    if opened.read_into(index * CHUNK_BYTES, part) < len(part):
                        raise SourceLost(Failure.CHANGED)
                    hashes.append(hash_chunk(part))
                if not opened.is_unchanged():
                    raise SourceLost(Failure.CHANGED)
        except SourceLost as lost:
            if lost.failure is Failure.UNREADABLE and self._source.is_gone(entry):
                self._pause(disk_taken_out(entry.location))
                return
            with self._turn:
                self._carry_out(self._sender.failed(number, lost.failure))
            return
        with self._turn:
            self._carry_out(self._sender.hashed(number, hashes))

    # --- the carousel's thread -------------------------------------------------------------------

    def _sent(self, numbers: Sequence[int]) -> None:
        with self._turn:
            self._sender.sent(numbers)

    def _failed(self, number: int, failure: Failure) -> None:
        with self._turn:
            self._carry_out(self._sender.failed(number, failure))

    def _pause(self, problem: EnvironmentProblem) -> None:
        """Our own files cannot be read now: both sides keep what they have, and the person is told."""
        self._problem = self._problem or problem
        self.stop()

    # --- a thread for each pipe -------------------------------------------------------------------

    def _pump(self, channel: Channel, *, place: int) -> None:
        outlet = self._seat.outlet
        while (frame := outlet.take(place)) is not None:
            try:
                if frame.body is None:
                    channel.send_padding(frame.size)
                else:
                    channel.send_bulk(frame.body.plain, frame.body.writer.length, frame.size)
                    self._meter.move(frame.body.content_bytes)
            finally:
                outlet.done(frame)

    def _pump_further(self, channel: Channel) -> None:
        """A further pipe sends nothing before the first frame of who dialled has shown that it is no replay.
        One that does not show up is left out; one that ends later takes with it what was on it."""
        kind = Kind.PADDING
        try:
            if self._open_pipes is None:
                channel.pipe.set_deadline(SHOW_UP_S)
                kind, _ = channel.receive(bytearray(CONTROL_SIZES[0]))
                channel.pipe.set_deadline(None)
            else:
                channel.show_up()
            channel.pipe.keep_queue_short()
        except EnvironmentProblem:
            kind = Kind.CONTROL
        place = self._striping.add(channel.pipe if kind is Kind.PADDING else None)
        if place is None:
            channel.pipe.close()
            return
        try:
            self._pump(channel, place=place)
        except EnvironmentProblem:
            self._end(self._lost())

    def _ask_for_pipes(self, pipes: int) -> None:
        with self._turn:
            self._carry_out(self._sender.stripe(pipes))
        if self._open_pipes is not None:
            self._open_pipes(pipes, self)


def chunk_bytes(size: int, first: int, count: int) -> int:
    """Bytes in `count` chunks from chunk `first` on of a file of `size` bytes."""
    return min(size, (first + count) * CHUNK_BYTES) - first * CHUNK_BYTES if count else 0
