"""The end of putting in, where one thread writes: the catalogue in groups, the index book by book."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from satchel.errors import NothingToDo
from satchel.node import clock
from satchel.node.library import events
from satchel.node.library.candidates import Candidate
from satchel.node.library.passages import end, of_record
from satchel.ports.library import BookNumber, Library, NewBook, Passage, Readable, ShelfNumber, Written

GROUP_MAX = 32  # books that are made durable together
GROUP_BYTES_MAX = 16 << 20  # of their passages, which are in memory
GROUP_S_MAX = 0.5
IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Looked:
    """Content that is here, and what is in it."""

    order: int  # that of what was named
    candidate: Candidate
    book: NewBook = field(repr=False)
    written: Written
    passages: Sequence[Passage] = field(repr=False)  # what was kept of them
    rest: Iterator[Passage] | None  # what was too much to be kept: read from a process that waits
    content: Readable | None  # what that process reads

    @property
    def kept_bytes(self) -> int:
        return size_of(self.passages)

    def close(self) -> None:
        if self.rest is not None:
            end(self.rest)
        if self.content is not None:
            self.content.close()
        self.written.close()


@dataclass(frozen=True, slots=True)
class Known:
    """It is in the library already."""

    order: int
    candidate: Candidate
    number: BookNumber


@dataclass(frozen=True, slots=True)
class Unfit:
    """It becomes no book."""

    order: int
    candidate: Candidate
    what: str = field(repr=False)
    do: str


def size_of(passages: Sequence[Passage]) -> int:
    """Bytes, about: what two texts of an ordinary passage take in memory."""
    return sum(2 * len(one.text) + 2 * len(one.words) for one in passages)


class Putter:
    """Used by one thread. What is in is durable; after `check` has raised, nothing more comes in."""

    def __init__(
        self,
        library: Library,
        shelf: ShelfNumber | None,
        report: events.Report,
        check: Callable[[], None],
    ) -> None:
        self.outcome = events.Outcome()
        self._library = library
        self._shelf = shelf
        self._report = report
        self._check = check
        self._group: list[Looked | Known] = []
        self._group_bytes = 0
        self._begun_s = 0.0
        self._set_aside = {(one.name, one.size_bytes, one.what) for one in library.catalogue.asides()}

    def due_in_s(self) -> float:
        """When the group that waits is to be written, at the latest."""
        if not self._group:
            return IDLE_S
        return max(0.001, self._begun_s + GROUP_S_MAX - clock.monotonic_s())

    def put(self, one: Looked | Known | Unfit) -> None:
        """Takes it over. Raises EnvironmentProblem."""
        if isinstance(one, Unfit):
            self._put_aside(one)
            return
        if not self._group:
            self._begun_s = clock.monotonic_s()
        self._group.append(one)
        must = False
        if isinstance(one, Looked):
            self._group_bytes += one.kept_bytes
            must = one.rest is not None  # a process waits for it
        full = len(self._group) >= GROUP_MAX or self._group_bytes >= GROUP_BYTES_MAX
        if must or full or clock.monotonic_s() - self._begun_s >= GROUP_S_MAX:
            self.flush()

    def flush(self) -> None:
        """What waits is in. Raises EnvironmentProblem."""
        group, self._group, self._group_bytes = sorted(self._group, key=_order), [], 0
        try:
            self._flush(group)
        finally:
            for one in group:
                if isinstance(one, Looked):
                    one.close()

    def close(self) -> None:
        """What waits still is dropped."""
        for one in self._group:
            if isinstance(one, Looked):
                one.close()
        self._group = []

    def _flush(self, group: Sequence[Looked | Known]) -> None:
        if not group:
            return
        new = [one for one in group if isinstance(one, Looked)]
        added = dict(
            zip(map(_order, new), self._library.catalogue.add([one.book for one in new]), strict=True)
        )
        numbers = [one.number if isinstance(one, Known) else added[one.order].number for one in group]
        if self._shelf is not None:
            self._library.shelves.put(self._shelf, list(dict.fromkeys(numbers)))
        for one, number in zip(group, numbers, strict=True):
            is_new = isinstance(one, Looked) and added[one.order].is_new
            if isinstance(one, Looked) and is_new:
                self.outcome.new += 1
                title = one.book.item.title
            else:
                self.outcome.known += 1
                title = self._title_of(number)
            self._report(events.PutIn(number=number, name=one.candidate.path, title=title, is_new=is_new))
        for one, number in zip(group, numbers, strict=True):
            if isinstance(one, Looked) and added[one.order].is_new:
                self._index(one, number)

    def _index(self, one: Looked, number: BookNumber) -> None:
        passages = chain([of_record(one.book.item)], one.passages, one.rest or ())
        self._library.index.put(number, passages)

    def _title_of(self, number: BookNumber) -> str:
        try:
            return self._library.catalogue.find(number).item.title
        except NothingToDo:
            return ""  # taken out just now

    def _put_aside(self, one: Unfit) -> None:
        candidate = one.candidate
        key = (candidate.path, candidate.size_bytes, one.what)
        if key not in self._set_aside:  # said again, it stands there once
            self._set_aside.add(key)
            self._library.catalogue.set_aside(candidate.path, candidate.size_bytes, what=one.what, do=one.do)
        self.outcome.aside += 1
        self._report(events.SetAside(name=candidate.path, what=one.what, do=one.do))


def _order(one: Looked | Known) -> int:
    return one.order
