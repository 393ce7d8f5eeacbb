"""Durability in groups: a sync for 64 MiB, 16,384 files or a second; then names, then receipts (handover 6).

The order that survives a power cut at any instant: data durable -> the record says "placing" -> the
name -> the name durable -> the record says "done" -> the receipt. So nothing wrong or short ever
stands under a final name, and what was acknowledged stays.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

from satchel.core.handover.messages import Entry, EntryKind
from satchel.errors import EnvironmentProblem, NameRefused
from satchel.node import events
from satchel.ports import FileState, HandoverId, Landing, Records

GROUP_BYTES = 64 << 20
GROUP_FILES = 16_384  # what is known of a file until it has its name costs a hundred bytes
GROUP_S = 1.0


class Ledger:
    """The record of one hand-over."""

    def __init__(self, records: Records, id: HandoverId) -> None:
        self._records = records
        self.id = id

    def placing(self, inodes: Sequence[tuple[int, int]]) -> None:
        self._records.mark_placing(self.id, inodes)

    def done(self, numbers: Sequence[int]) -> None:
        self._records.mark(self.id, numbers, FileState.DONE)

    def failed(self, number: int) -> None:
        self._records.mark(self.id, [number], FileState.FAILED)

    def finished(self) -> None:
        self._records.mark_finished(self.id)


class Commits:
    """A thread that turns finished files into placed ones."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        report: events.Report,
        placed: Callable[[list[int]], None],
        refused: Callable[[int, NameRefused], None],
        broken: Callable[[EnvironmentProblem], None],
    ) -> None:
        """`broken` is told, on the committing thread, when the disk fails: whoever reads may be waiting
        for a sender who waits for receipts."""
        self._landing: Landing  # there from `begin` on, if anything is wanted
        self._ledger = ledger
        self._report = report
        self._placed = placed
        self._refused = refused
        self._broken = broken
        self._entries: Mapping[int, Entry] = {}
        self._wake = threading.Condition()
        self._finished: list[tuple[int, int]] = []  # (number, inode): whole, not durable
        self._written: set[int] = set()  # unfinished files with bytes that are not durable
        self._named: list[int] = []  # in place, the name not durable yet
        self._is_awaited = bytearray()  # 1: a file that is neither whole nor failed
        self._awaited = 0  # how many there are
        self._bytes = 0  # since the last sync
        self._folders_due = False
        self._closing = False
        self.failed: EnvironmentProblem | None = None
        self.all_done = False
        self._bug: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="satchel-commit", daemon=True)

    def begin(self, wanted: Mapping[int, Entry], landing: Landing | None) -> None:
        """`landing`: None where nothing is wanted, of a text alone."""
        assert landing is not None or not wanted
        if landing is not None:
            self._landing = landing
        self._entries = wanted
        self._is_awaited = bytearray(max(wanted, default=-1) + 1)
        for number, entry in wanted.items():
            self._is_awaited[number] = entry.kind is EntryKind.FILE
        self._awaited = sum(self._is_awaited)
        self._thread.start()

    # --- called by the reading thread ------------------------------------------------------------

    def wrote(self, number: int, count: int) -> None:
        with self._wake:
            self._written.add(number)
            self._count_written(count)

    def _count_written(self, count: int) -> None:
        self._bytes += count
        if self._bytes >= GROUP_BYTES:
            self._wake.notify_all()
        while self._bytes >= 2 * GROUP_BYTES and not self._closing:
            self._wake.wait(GROUP_S)  # the disk is slower than the network: let it catch up

    def finished(self, number: int, inode: int) -> None:
        with self._wake:
            self._written.discard(number)
            self._finished.append((number, inode))
            self._await_no_more(number)
            if not self._awaited or len(self._finished) >= GROUP_FILES:
                self._wake.notify_all()

    def put(self, files: Sequence[tuple[int, int]], count: int) -> None:
        """These came whole and were written, `count` bytes in all: as wrote() and finished() for each."""
        with self._wake:
            self._finished += files
            for number, _ in files:
                self._await_no_more(number)
            if not self._awaited or len(self._finished) >= GROUP_FILES:
                self._wake.notify_all()
            self._count_written(count)

    def wont_come(self, number: int) -> None:
        """Forget what there is of this file or folder. Called by the committing thread, too."""
        with self._wake:
            self._written.discard(number)
            self._await_no_more(number)
        if self._entries[number].kind is EntryKind.FILE:
            self._landing.discard(number)
        self._ledger.failed(number)

    def _await_no_more(self, number: int) -> None:
        self._awaited -= self._is_awaited[number]
        self._is_awaited[number] = 0

    def files_over(self) -> None:
        with self._wake:
            self._folders_due = True
            self._wake.notify_all()

    def close(self) -> EnvironmentProblem | None:
        """Commit what is whole, then end the thread. Returns what went wrong with the disk, if anything."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread.ident is not None:
            self._thread.join()
        if self._bug is not None:
            raise self._bug
        return self.failed

    # --- the committing thread -------------------------------------------------------------------

    def _run(self) -> None:
        try:
            closing = False
            while not (closing or self.all_done):
                with self._wake:
                    if not (self._closing or self._urgent()):
                        self._wake.wait(GROUP_S)
                    closing = self._closing
                self._commit(last=closing)
        except EnvironmentProblem as problem:
            self.failed = problem
        except BaseException as bug:  # noqa: BLE001 - close() raises it: nobody waits for a dead thread
            self._bug = bug
            self.failed = EnvironmentProblem(
                "Something went wrong while files were put in place.",
                safe="What is in place is whole; what is unfinished is kept.",
                do="Go on with: satchel receive --resume. If it happens again, please report it.",
            )
        finally:
            with self._wake:
                self._closing = True
                self._wake.notify_all()
        if self.failed is not None:
            self._broken(self.failed)

    def _urgent(self) -> bool:
        nothing_more = not self._awaited and bool(self._finished or self._named)
        enough = self._bytes >= GROUP_BYTES or len(self._finished) >= GROUP_FILES
        return self._folders_due or nothing_more or enough

    def _commit(self, *, last: bool) -> None:
        with self._wake:
            group, self._finished = self._finished, []
            written, self._written = self._written, set()
            self._bytes = 0
            nothing_more = not self._awaited
            self._wake.notify_all()
        named, self._named = self._named, []
        if group or written or named:
            self._landing.sync([number for number, _ in group] + sorted(written))
        self._settle(named)
        self._place(group)
        if self._named and (nothing_more or last):
            named, self._named = self._named, []
            self._landing.sync([])
            self._settle(named)
        with self._wake:
            folders_due, self._folders_due = self._folders_due, False
        if folders_due:
            self._settle_folders()

    def _settle(self, numbers: list[int]) -> None:
        """The names of these are durable."""
        if numbers:
            self._ledger.done(numbers)
            self._placed(numbers)

    def _place(self, group: Sequence[tuple[int, int]]) -> None:
        if not group:
            return
        self._ledger.placing(group)
        for number, _inode in group:
            offered = self._entries[number].path
            try:
                placed = self._landing.place(number, offered)
            except NameRefused as why:
                self._refused(number, why)
                continue
            self._named.append(number)
            self._report(
                events.FilePlaced(path=placed.path, offered=offered, already_there=placed.already_there)
            )

    def _settle_folders(self) -> None:
        """All files are in place or failed: nothing touches the folders' times any more."""
        folders = [n for n, entry in self._entries.items() if entry.kind is EntryKind.FOLDER]
        made = []
        for number in folders:
            try:
                self._landing.make_folder(self._entries[number].path)
                made.append(number)
            except NameRefused as why:
                self._refused(number, why)
        if self._entries:
            self._landing.set_folder_times((self._entries[n].path, self._entries[n].mtime_ns) for n in made)
        if made:
            self._landing.sync([])
        self._settle(made)
        if self._entries:  # of a text alone there is no record
            self._ledger.finished()
        self.all_done = True
