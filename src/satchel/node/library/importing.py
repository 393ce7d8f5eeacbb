"""Files become books: read, sealed, looked into, put into the catalogue in groups, then into the index.

Two threads read and look into books, the one that calls `run` writes. So memory does not grow with the number
of files or their size, and a book that cannot be read is set aside while the others go on. After a kill, what
is in the catalogue is in; said again, it goes on with the rest.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from satchel.core.blobs.chunks import ContentHasher
from satchel.core.library.kinds import FILE_TYPE
from satchel.core.library.sealed import Root
from satchel.errors import EnvironmentProblem, UnfitBook
from satchel.node.library import events
from satchel.node.library.candidates import Candidate
from satchel.node.library.passages import of_content
from satchel.node.library.putting import Known, Looked, Putter, Unfit
from satchel.node.library.reading import (
    Unreadable,
    book_of,
    changed,
    facts_of,
    keep,
    reading,
    why_not,
)
from satchel.ports.books import Facts, Opener
from satchel.ports.files import Source
from satchel.ports.library import Library, Passage, Readable, ShelfNumber, Written

READERS = 2
WAITING_MAX = 4  # of what was looked into and is not written yet
BUFFER_BYTES = 1 << 20
HASHED_FIRST_BYTES_MAX = 64 << 20  # larger files are not read twice

_Result = Looked | Known | Unfit | BaseException | None


class Stopped(EnvironmentProblem):
    """Whoever asked for it wants no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How it is to be put in."""

    shelf: ShelfNumber | None = None
    as_files: bool = False  # never looked into
    added_s: int | None = None  # by a plausible clock


class Importer:
    """Used once."""

    def __init__(
        self, library: Library, opener: Opener, source: Source, wanted: Wanted, report: events.Report
    ) -> None:
        """`report`: called by several threads, one at a time; returns soon."""
        self._library = library
        self._opener = opener
        self._source = source
        self._wanted = wanted
        self._report = report
        self._telling = threading.Lock()
        self._stopping = threading.Event()
        self._results: queue.Queue[_Result] = queue.Queue(WAITING_MAX)
        self._handing_out = threading.Lock()
        self._waiting: Iterator[tuple[int, Candidate]] = iter(())
        self._read_bytes = 0
        self._of_bytes = 0
        self._files_done = 0
        self._files_of = 0

    def stop(self) -> None:
        """From any thread: what is in stays, what is being read is dropped."""
        self._stopping.set()

    def run(self, wanted: Sequence[Candidate]) -> events.Outcome:
        """Raises EnvironmentProblem: of the disk of the library; Stopped. What is in is in."""
        self._waiting = iter(list(enumerate(wanted)))
        self._of_bytes, self._files_of = sum(one.size_bytes for one in wanted), len(wanted)
        putter = Putter(self._library, self._wanted.shelf, self._tell, self._check)
        readers = [threading.Thread(target=self._read_each, name="satchel-books") for _ in range(READERS)]
        for reader in readers:
            reader.start()
        try:
            problem = self._write(putter)
        finally:
            self._stopping.set()
            self._drain(readers)
            putter.close()
        if problem is not None:
            raise problem
        return putter.outcome

    def _write(self, putter: Putter) -> BaseException | None:
        """Until all readers are at their end, or one has failed."""
        ended = 0
        while ended < READERS:
            try:
                result = self._results.get(timeout=putter.due_in_s())
            except queue.Empty:
                putter.flush()
                continue
            if result is None:
                ended += 1
            elif isinstance(result, BaseException):
                self._stopping.set()
                putter.flush()
                return result
            else:
                putter.put(result)
        putter.flush()
        return None

    def _drain(self, readers: Sequence[threading.Thread]) -> None:
        while any(reader.is_alive() for reader in readers) or not self._results.empty():
            try:
                result = self._results.get(timeout=0.05)
            except queue.Empty:
                continue
            if isinstance(result, Looked):
                result.close()

    # --- in the readers' threads ------------------------------------------------------------------

    def _read_each(self) -> None:
        try:
            buffer = memoryview(bytearray(BUFFER_BYTES))
            while not self._stopping.is_set():
                with self._handing_out:
                    number, candidate = next(self._waiting, (0, None))
                if candidate is None:
                    break
                self._results.put(self._take(number, candidate, buffer))
                self._tell_read(0, files=1)
            else:
                self._results.put(Stopped("Stopped."))
        except BaseException as exc:  # noqa: BLE001 - the thread that writes raises it
            self._results.put(exc)
        finally:
            self._source.rest()
            self._results.put(None)

    def _take(self, number: int, candidate: Candidate, buffer: memoryview) -> Looked | Known | Unfit:
        """What came of it. Raises EnvironmentProblem: of the disk of the library; Stopped."""
        number_of = self._library.catalogue.number_of
        try:
            if (why := why_not(candidate)) is not None:
                raise why
            if candidate.size_bytes <= HASHED_FIRST_BYTES_MAX:
                hasher = ContentHasher()
                self._read(candidate, buffer, hasher, None)
                if (known := number_of([Root(hasher.root())])) is not None:
                    self._tell_read(candidate.size_bytes)
                    return Known(number, candidate, known)
            written = self._library.contents.write(candidate.size_bytes)
            try:
                self._read(candidate, buffer, None, written)
                root = written.finish()
                if (known := number_of([root])) is None:
                    return self._look(number, candidate, written, root)
            except BaseException:
                written.close()
                raise
            written.close()
            return Known(number, candidate, known)
        except (Unreadable, UnfitBook) as unfit:
            return Unfit(number, candidate, unfit.what, unfit.do)

    def _read(
        self, candidate: Candidate, buffer: memoryview, hasher: ContentHasher | None, written: Written | None
    ) -> None:
        """All of it, in order. Raises Unreadable; EnvironmentProblem: it cannot be written."""
        for entry in candidate.entries:
            with reading():
                opened = self._source.open(entry)
            with closing(opened):
                at = 0
                while at < entry.size:
                    self._check()
                    with reading():
                        count = opened.read_into(at, buffer[: min(BUFFER_BYTES, entry.size - at)])
                    if count == 0:
                        break
                    if hasher is not None:
                        hasher.update(buffer[:count])
                    if written is not None:
                        written.write(buffer[:count])
                        self._tell_read(count)
                    at += count
                if at < entry.size or not opened.is_unchanged():
                    raise changed()

    def _look(self, number: int, candidate: Candidate, written: Written, root: Root) -> Looked:
        """Raises UnfitBook, EnvironmentProblem."""
        content: Readable | None = None
        try:
            if self._wanted.as_files:
                facts, found = Facts(media_type=FILE_TYPE), _nothing()
            else:
                content = written.read()
                looking = self._opener.examine(content, candidate.name)
                facts, found = facts_of(looking), of_content(looking, self._check)
            kept, rest = keep(found)
            if rest is None and content is not None:
                content.close()
                content = None
            book = book_of(facts, candidate, written, root, self._wanted.added_s)
            return Looked(number, candidate, book, written, kept, rest, content)
        except BaseException:
            if content is not None:
                content.close()
            raise

    # --- telling ----------------------------------------------------------------------------------

    def _check(self) -> None:
        """Raises Stopped."""
        if self._stopping.is_set():
            raise Stopped("Stopped.")

    def _tell_read(self, size_bytes: int, *, files: int = 0) -> None:
        with self._telling:
            self._read_bytes += size_bytes
            self._files_done += files
            self._report(
                events.Read(
                    bytes_done=self._read_bytes,
                    bytes_of=self._of_bytes,
                    files_done=self._files_done,
                    files_of=self._files_of,
                )
            )

    def _tell(self, event: events.Event) -> None:
        with self._telling:
            self._report(event)


def _nothing() -> Iterator[Passage]:
    return iter(())
