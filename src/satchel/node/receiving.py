"""The receiving side of one connection: writes what comes and carries out what core's Receiver decides.

One thread reads and writes; another makes things durable in groups (commits.py), so that the network
and the disk work at the same time.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import assert_never

from satchel.core.blobs.stream import Piece
from satchel.core.handover import effects as e
from satchel.core.handover.codec import decode
from satchel.core.handover.messages import Entry, EntryKind, Message, StopReason
from satchel.core.handover.receiving import Receiver
from satchel.core.session.frames import Kind
from satchel.errors import EnvironmentProblem, NameRefused, SatchelError
from satchel.node import clock, events
from satchel.node.channel import FAREWELL_S, Channel
from satchel.node.commits import Commits, Ledger
from satchel.node.outcome import Outcome
from satchel.node.progress import Meter
from satchel.ports import Landing

Decide = Callable[[events.OfferShown], frozenset[int] | None]


class DiskProblem(Exception):
    """Our own disk, not the connection."""

    def __init__(self, problem: EnvironmentProblem) -> None:
        super().__init__(problem)
        self.problem = problem


@contextlib.contextmanager
def our_disk() -> Iterator[None]:
    """What fails in here is not the connection's fault."""
    try:
        yield
    except EnvironmentProblem as problem:
        raise DiskProblem(problem) from problem


class ReceivingConversation:
    """`run` talks until both sides know that all is done, or the connection ends."""

    def __init__(
        self,
        *,
        channel: Channel,
        receiver: Receiver,
        landing: Landing,
        ledger: Ledger,
        keys_confirmed: Callable[[], None],
        remember: Callable[[tuple[Entry, ...], frozenset[int]], None],
        decide: Decide,
        report: events.Report,
    ) -> None:
        """`keys_confirmed` lets the older resumption secret go, `remember(entries, numbers)` makes the
        offer durable before it is accepted."""
        self._channel = channel
        self._receiver = receiver
        self._landing = landing
        self._keys_confirmed = keys_confirmed
        self._remember = remember
        self._decide = decide
        self._report = report
        self._entries: Mapping[int, Entry] = {}
        self._turn = threading.RLock()  # guards the state machine: both threads tell it things
        self._outcome: Outcome | None = None
        self._accepted = False
        self.loss = events.Loss.BROKEN  # why, where the outcome is LOST
        self._stops_at_s = float("inf")
        self._meter = Meter(report, clock.monotonic_s)
        self._commits = Commits(
            landing=landing,
            ledger=ledger,
            report=report,
            placed=self._placed,
            refused=self._refused,
            broken=self._broken,
        )

    def run(self, *, wanted: Mapping[int, Entry] | None = None, held_bytes: int = 0) -> Outcome:
        """Blocks. `wanted`: what a resumed hand-over still lacks. Raises PeerError if the other side
        broke the rules, EnvironmentProblem for our own disk."""
        if wanted is not None:
            self._begin(wanted, held_bytes)
        problem: SatchelError | None = None
        try:
            with self._turn:
                self._carry_out(self._receiver.start())
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
            disk_problem = self._commits.close()
            self._meter.close()
        problem = problem or disk_problem
        if problem is not None and self._outcome is not Outcome.COMPLETE:
            raise problem
        return self._outcome or self._how_far()

    def stop(self) -> None:
        """From another thread: say that it may go on later; `run` ends within FAREWELL_S."""
        self._stops_at_s = clock.monotonic_s() + FAREWELL_S
        self._channel.part(StopReason.PAUSED)

    def _how_far(self) -> Outcome:
        if not self._entries:
            return Outcome.WHOLE if self._accepted else Outcome.REFUSED  # a text alone is shown by now
        return Outcome.WHOLE if self._commits.all_done else Outcome.LOST

    def _say(self, message: Message) -> None:
        try:
            self._channel.say(message)
        except EnvironmentProblem:
            self._channel.pipe.close()  # the reading thread finds out, once what is here is safe

    def _farewell(self, reason: StopReason) -> None:
        """Say why, and read on until the sender hangs up: closing with data unread would reset the
        connection, and the reason with it (RFC 9293 3.6.1)."""
        self._channel.part(reason)
        with contextlib.suppress(SatchelError):  # hung up
            while True:
                self._channel.receive()

    def _begin(self, wanted: Mapping[int, Entry], held_bytes: int) -> None:
        self._entries = wanted
        files = [entry for entry in wanted.values() if entry.kind is EntryKind.FILE]
        self._meter.skip(held_bytes)
        self._meter.begin(sum(entry.size for entry in files), len(files))
        self._commits.begin(wanted)

    # --- the reading thread ----------------------------------------------------------------------

    def _receive(self) -> None:
        kind, body = self._channel.receive()
        if kind is Kind.CONTROL:
            message = decode(bytes(body))
            with self._turn:
                self._carry_out(self._receiver.hear(message))
        elif kind is Kind.BULK:
            incoming = self._receiver.hear_bulk(body)
            while True:
                with self._turn:  # not while writing: the other thread must be able to make room
                    event = next(incoming, None)
                if event is None:
                    break
                if isinstance(event, Piece):
                    self._write(event)
                else:
                    self._carry_out([event])
        if self._commits.failed:
            raise DiskProblem(self._commits.failed)

    def _write(self, piece: Piece) -> None:
        with our_disk():
            self._landing.write(piece.number, piece.offset, piece.data)
        self._meter.move(len(piece.data))
        self._commits.wrote(piece.number, len(piece.data))

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
                case e.Finish(number=number):
                    self._finish(number)
                case e.WontCome(number=number, failure=failure):
                    with our_disk():
                        self._commits.wont_come(number)
                    self._meter.file_done()
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
                case e.Accepted() | e.Declined() | e.Confirmed():
                    raise AssertionError("an effect of the sender")
                case _:
                    assert_never(effect)

    def _finish(self, number: int) -> None:
        entry = self._entries[number]
        with our_disk():
            inode = self._landing.finish(
                number, size=entry.size, mtime_ns=entry.mtime_ns, executable=entry.executable
            )
        self._commits.finished(number, inode)

    def _ask(self, entries: tuple[Entry, ...], note: str | None) -> None:
        if note is not None:
            self._report(events.NoteReceived(text=note))
        chosen: frozenset[int] | None = frozenset()
        if entries:
            with our_disk():
                free_bytes = self._landing.free_bytes()
                chosen = self._decide(events.OfferShown(entries=entries, free_bytes=free_bytes))
        if chosen is None:
            self._carry_out(self._receiver.decline())
            self._outcome = Outcome.DECLINED
            return
        with our_disk():
            self._remember(entries, chosen)
        self._accepted = True
        self._begin({number: entries[number] for number in sorted(chosen)}, 0)
        self._carry_out(self._receiver.accept(chosen))

    # --- called by the committing thread ---------------------------------------------------------

    def _placed(self, numbers: list[int]) -> None:
        with self._turn:
            for number in numbers:
                if self._entries[number].kind is EntryKind.FILE:
                    self._meter.file_done()
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
