"""The receiving side of one session: writes what comes and carries out what core's Receiver decides.

One thread receives, opens, hashes and writes, and another makes things durable in groups (commits.py), so
that the network and the disk work at the same time; of several pipes each is read by a thread (inbox.py).
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from satchel.core.blobs.incoming import Finish, PutWhole, ReadBack, Write
from satchel.core.handover import effects as e
from satchel.core.handover.codec import decode
from satchel.core.handover.messages import Entry, EntryKind, Message, Stop, StopReason
from satchel.core.handover.receiving import Receiver
from satchel.core.session.frames import Kind
from satchel.core.session.handshake import SessionKeys
from satchel.errors import EnvironmentProblem, NameRefused, PeerError, SatchelError, turning
from satchel.node import clock, events
from satchel.node.channel import FAREWELL_S, Channel, new_message_buffer
from satchel.node.commits import Commits, Ledger
from satchel.node.inbox import Gone, Inbox
from satchel.node.outcome import Outcome
from satchel.node.progress import Meter
from satchel.ports import Endpoint, Landing, Pipe

READ_BACK_BYTES = 256 << 10

Numbers = frozenset[int] | range  # of entries; a range costs no memory where all are wanted


@dataclass(frozen=True, slots=True)
class Wanted:
    """The person's word on an offer, durable by now."""

    numbers: Numbers
    landing: Landing | None  # where it goes; None where nothing but a text is wanted


Decide = Callable[[events.OfferShown], Numbers | None]
Consider = Callable[[tuple[Entry, ...], str | None], Wanted | None]


class DiskProblem(Exception):
    """Our own disk, not the connection."""

    def __init__(self, problem: EnvironmentProblem) -> None:
        super().__init__(problem)
        self.problem = problem


class our_disk(turning):
    """What fails in there is not the connection's fault."""

    __slots__ = ()

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, EnvironmentProblem):
            raise DiskProblem(exc) from exc


class ReceivingConversation:
    """`run` talks until both sides know that all is done, or the connection ends."""

    def __init__(
        self,
        *,
        channel: Channel,
        receiver: Receiver,
        ledger: Ledger,
        keys_confirmed: Callable[[], None],
        consider: Consider,
        open_pipes: Callable[[int, "ReceivingConversation"], None],
        report: events.Report,
        we_dial: bool = True,
    ) -> None:
        """`keys_confirmed` lets the older resumption secret go, `consider(entries, note)` asks the person and
        makes what they want durable (None: nothing), `open_pipes(pipes, self)` dials more for `add_pipe`, or
        takes what the other side dials."""
        self._channel = channel
        self._receiver = receiver
        self._landing: Landing  # there from `_begin` on, if anything is wanted
        self._keys_confirmed = keys_confirmed
        self._consider = consider
        self._open_pipes = open_pipes
        self._we_dial = we_dial
        self._inbox = Inbox()
        self._report = report
        self._entries: Mapping[int, Entry] = {}
        self._turn = threading.RLock()  # guards the state machine: both threads tell it things
        self._outcome: Outcome | None = None
        self._accepted = False
        self.sender_went_on = False  # it has stored our acceptance, or it would be silent [5.4]
        self.loss = events.Loss.BROKEN  # why, where the outcome is LOST
        self._stops_at_s = float("inf")
        self._meter = Meter(report, clock.monotonic_s)
        self._commits = Commits(
            ledger=ledger,
            report=report,
            placed=self._placed,
            refused=self._refused,
            broken=self._broken,
        )

    def run(
        self,
        *,
        wanted: Mapping[int, Entry] | None = None,
        landing: Landing | None = None,
        held_bytes: int = 0,
    ) -> Outcome:
        """Blocks. `wanted`, `landing`: what a resumed hand-over still lacks, and where it goes on. Raises
        PeerError if the other side broke the rules, EnvironmentProblem for our own disk."""
        if wanted is not None:
            self._begin(wanted, landing, held_bytes)
        problem: SatchelError | None = None
        try:
            self._greet()
            self._inbox.add(self._channel)
            while self._outcome is None and clock.monotonic_s() < self._stops_at_s:
                self._receive()
        except DiskProblem as disk:
            problem = disk.problem
            self._farewell(reason_of(problem))
        except EnvironmentProblem:
            pass  # the connection is gone: see how far we came
        except SatchelError as broken:
            problem = broken
        finally:
            self._channel.pipe.close()
            self._inbox.close()
            disk_problem = self._commits.close()
            self._meter.close()
        problem = problem or disk_problem
        if problem is not None and self._outcome is not Outcome.COMPLETE:
            raise problem
        return self._outcome or self._how_far()

    @property
    def remote(self) -> Endpoint:
        """The other end of the first pipe."""
        return self._channel.pipe.remote

    @property
    def stripe_secret(self) -> bytes:
        """Opens more pipes of this session."""
        return self._channel.keys.stripe_secret

    def add_pipe(self, pipe: Pipe, keys: SessionKeys) -> None:
        """From another thread: another pipe of this session, whose handshake is over."""
        further = Channel(pipe, keys, self._channel.suite)
        if self._we_dial:
            further.show_up()
        self._inbox.add(further)

    def stop(self, reason: StopReason = StopReason.PAUSED) -> None:
        """From another thread: say that it may go on later, or GIVEN_UP, that it will not; `run` ends within
        FAREWELL_S."""
        self._stops_at_s = clock.monotonic_s() + FAREWELL_S
        self._channel.part(reason)

    def _how_far(self) -> Outcome:
        if not self._entries:
            return Outcome.WHOLE if self._accepted else Outcome.REFUSED  # a text alone is shown by now
        return Outcome.WHOLE if self._commits.all_done else Outcome.LOST

    def _say(self, message: Message) -> None:
        # Whoever reads finds out, once all that is here is read: the sender's last words may be among it.
        with contextlib.suppress(EnvironmentProblem):
            self._channel.say(message)

    def _farewell(self, reason: StopReason) -> None:
        """Say why, and read on until the sender hangs up: closing with data unread would reset the
        connection, and the reason with it (RFC 9293 3.6.1)."""
        self._channel.part(reason)
        self._inbox.add(self._channel)  # our disk may have failed before the first frame
        with contextlib.suppress(SatchelError):  # hung up
            while True:
                item = self._inbox.next()
                if isinstance(item, Gone) and item.is_first:
                    return

    def _begin(self, wanted: Mapping[int, Entry], landing: Landing | None, held_bytes: int) -> None:
        if landing is not None:
            self._landing = landing
        self._entries = wanted
        files = [entry for entry in wanted.values() if entry.kind is EntryKind.FILE]
        self._meter.skip(held_bytes)
        self._meter.begin(sum(entry.size for entry in files), len(files))
        self._commits.begin(wanted, landing)

    # --- the writing thread ----------------------------------------------------------------------

    def _greet(self) -> None:
        """Our Hello and theirs, before frames are read ahead: the suite follows from both."""
        with self._turn:
            self._carry_out(self._receiver.start())
        kind, body = self._channel.receive(new_message_buffer())
        self._hear(kind, body)

    def _receive(self) -> None:
        item = self._inbox.next()
        if isinstance(item, Gone):
            self._lose(item)
        else:
            for kind, body, first in item:
                if kind is Kind.CONTROL and not first:
                    raise PeerError("transport 5.7: a message on a further pipe")
                self._hear(kind, body)
        if self._commits.failed:
            raise DiskProblem(self._commits.failed)

    def _lose(self, gone: Gone) -> None:
        """A further pipe that ends takes with it what was on it, unless all is here."""
        with self._turn:
            if gone.is_first or self._receiver.awaits_content:
                raise gone.problem

    def _hear(self, kind: Kind, body: memoryview) -> None:
        if kind is Kind.CONTROL:
            message = decode(bytes(body))
            self.sender_went_on |= self._accepted and not isinstance(message, Stop)
            with self._turn:
                self._carry_out(self._receiver.hear(message))
        elif kind is Kind.BULK:
            self.sender_went_on = True
            with our_disk():
                self._hear_bulk(body)

    def _hear_bulk(self, body: memoryview) -> None:
        incoming = self._receiver.hear_bulk(body)
        put: list[tuple[int, int]] = []  # small files of this frame: number and inode
        put_bytes = 0
        try:
            while True:
                with self._turn:  # not while writing: the other thread must be able to make room
                    arrival = next(incoming, None)
                if arrival is None:
                    return
                if isinstance(arrival, PutWhole):
                    put.append((arrival.number, self._put(arrival)))
                    put_bytes += len(arrival.data)
                else:
                    self._land(arrival)
        finally:
            if put:
                self._meter.move(put_bytes)
                self._commits.put(put, put_bytes)

    def _put(self, file: PutWhole) -> int:
        entry = self._entries[file.number]
        return self._landing.put(file.number, file.data, mtime_ns=entry.mtime_ns, executable=entry.executable)

    def _land(self, arrival: Write | ReadBack | Finish) -> None:
        match arrival:
            case Write(number=number, offset=offset, data=data):
                self._landing.write(number, offset, data)
                self._meter.move(len(data))
                self._commits.wrote(number, len(data))
            case ReadBack():
                self._read_back(arrival)
            case Finish(number=number):
                entry = self._entries[number]
                inode = self._landing.finish(
                    number, size=entry.size, mtime_ns=entry.mtime_ns, executable=entry.executable
                )
                self._commits.finished(number, inode)
            case _:
                assert_never(arrival)

    def _read_back(self, back: ReadBack) -> None:
        buffer = memoryview(bytearray(min(back.length, READ_BACK_BYTES)))
        at, end = back.offset, back.offset + back.length
        while at < end:
            count = self._landing.read(back.number, at, buffer[: end - at])
            if not count:
                raise EnvironmentProblem(
                    "An unfinished file became shorter than what was received.",
                    safe="It does not get its name; the rest is kept.",
                    do="See which program writes into the hidden folder, then start again.",
                )
            self._receiver.read_back(back, buffer[:count])
            at += count

    def _carry_out(self, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self._say(message)
                case e.KeysConfirmed():
                    with our_disk():
                        self._keys_confirmed()
                case e.UseSuite(aes=aes):
                    self._channel.use_suite(aes=aes)
                case e.AskPerson(entries=entries, note=note):
                    self._ask(entries, note)
                case e.OpenPipes(pipes=pipes):
                    self._inbox.read_beside()
                    self._open_pipes(pipes, self)
                case e.WontCome(number=number, failure=failure):
                    with our_disk():
                        self._commits.wont_come(number)
                    self._meter.files_done(1)
                    self._report(events.FileFailed(path=self._entries[number].path, failure=failure))
                case e.FilesOver():
                    self._commits.files_over()
                case e.Over():
                    self._outcome = Outcome.COMPLETE
                case e.Stopped(reason=StopReason.GIVEN_UP):
                    self._outcome = Outcome.GIVEN_UP
                case e.Stopped(reason=reason):
                    self.loss = events.LOSS_OF[reason]
                    self._outcome = self._how_far()
                case (
                    e.Accepted()
                    | e.Declined()
                    | e.Confirmed()
                    | e.HashChunks()
                    | e.SendFiles()
                    | e.SendChunks()
                ):
                    raise AssertionError("an effect of the sender")
                case _:
                    assert_never(effect)

    def _ask(self, entries: tuple[Entry, ...], note: str | None) -> None:
        with our_disk():
            wanted = self._consider(entries, note)
        if wanted is None:
            self._carry_out(self._receiver.decline())
            self._outcome = Outcome.DECLINED
            return
        self._accepted = True
        accepting = self._receiver.accept(wanted.numbers)
        self._begin(self._receiver.wanted, wanted.landing, 0)
        self._carry_out(accepting)

    # --- called by the committing thread ---------------------------------------------------------

    def _placed(self, numbers: list[int]) -> None:
        with self._turn:
            self._meter.files_done(sum(self._entries[n].kind is EntryKind.FILE for n in numbers))
            self._carry_out(self._receiver.placed(numbers))

    def _refused(self, number: int, _why: NameRefused) -> None:
        try:
            with self._turn:
                self._carry_out(self._receiver.refused_by_disk(number))
        except DiskProblem as disk:
            raise disk.problem from disk

    def _broken(self, problem: EnvironmentProblem) -> None:
        self._channel.part(reason_of(problem))  # the sender hangs up, and that ends the reading thread


def reason_of(problem: EnvironmentProblem) -> StopReason:
    return StopReason.DISK_FULL if problem.disk_full else StopReason.DISK_PROBLEM
