"""The receiver's half of a hand-over: decides what is asked for and when a file is whole.

Pure: it never sees a disk. Content passes through `hear_bulk` to the owner, who writes it where nothing
believes it until Finish. Spec: docs/spec/handover.md, sections 2 to 5.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum, IntEnum

from satchel.core.blobs.chunks import chunk_count
from satchel.core.blobs.incoming import Arrival, Finish, Incoming, PutWhole, ReadBack
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import CHECKS_MAX, OFFER_COST_MAX, RANGES_MAX, RECEIVERS_FAILURES, offer_cost
from satchel.errors import MisuseError, PeerError


class State(Enum):
    GREETING = "waiting for the sender's Hello"
    LISTENING = "the offer is coming in, page by page"
    ASKING = "the person looks at the offer"
    RECEIVING = "wanted files are on their way"
    WHOLE = "all that will come is in place; waiting for Bye"
    OVER = "nothing more to say"


class _Stage(IntEnum):  # of one entry, in a byte: an offer may have 200,000
    REFUSED = 0  # not wanted
    PENDING = 1  # wanted, not whole yet
    FINISHING = 2  # given to the owner to be placed
    RESOLVED = 3  # in place, or failed


class _Check:
    """A candidate whose hashes are being compared: `held` is on disk, `kept` is right."""

    __slots__ = ("count", "held", "kept", "seen")

    def __init__(self, held: dict[int, bytes]) -> None:
        self.held = held
        self.count = max(held) + 1
        self.kept: dict[int, bytes] = {}
        self.seen = 0


class Receiver:
    """State machine for one connection; after a PeerError it is dead."""

    def __init__(self, *, aes: bool) -> None:
        """A fresh hand-over: the offer comes first."""
        self.state = State.GREETING
        self._aes = aes
        self._resumed = False
        self._offered: list[m.Entry] = []
        self._cost = 0
        self._parent: m.Path = ()  # of the entry before
        self._entries: Mapping[int, m.Entry] = {}
        self._stages = bytearray()
        self._left = 0  # wanted, not resolved
        self._files_left = 0
        self._done: Sequence[int] = ()
        self._failed: Sequence[int] = ()
        self._checks: dict[int, _Check] = {}
        self._incoming = Incoming(self._size_on_its_way)
        self._whole: list[m.Range] = []  # files to ask for once all candidates are compared
        self._pipes = 1

    @classmethod
    def resumed(
        cls,
        *,
        aes: bool,
        wanted: Mapping[int, m.Entry],
        done: Sequence[int],
        held: Mapping[int, Mapping[int, bytes]],
        failed: Sequence[int] = (),
    ) -> "Receiver":
        """Go on with an accepted offer.

        Args:
            wanted: what is not in place yet, by number.
            done: ascending numbers of what is in place and durable.
            held: hashes of the whole chunks of unfinished files, by index, as they are on disk.
            failed: numbers of what failed on an earlier connection: the sender may not know it.
        """
        self = cls(aes=aes)
        self._resumed = True
        self._done = done
        self._failed = failed
        self._checks = {number: _Check(dict(held[number])) for number in sorted(wanted) if held.get(number)}
        self._want(wanted)
        return self

    def start(self) -> list[e.Effect]:
        return [e.Say(message=m.Hello(aes=self._aes))]

    def hear(self, message: m.Message) -> list[e.Effect]:
        """Take in one message; raises PeerError if it breaks the spec."""
        match message:
            case m.Stop(reason=reason):
                self.state = State.OVER
                return [e.Stopped(reason=reason)]
            case m.Hello(aes=aes) if self.state is State.GREETING:
                return self._hear_hello(aes)
            case m.Offer() if self.state is State.LISTENING:
                return self._hear_offer(message)
            case m.Manifest() if self.state is State.RECEIVING:
                return self._hear_manifest(message)
            case m.Failed(number=number, failure=failure) if self.state is State.RECEIVING:
                return self._hear_failed(number, failure)
            case m.Stripes(pipes=pipes) if self.state in (State.RECEIVING, State.WHOLE):
                return self._hear_stripes(pipes)
            case m.Bye() if self.state is State.WHOLE:
                self.state = State.OVER
                return [e.Over()]
            case _:
                raise PeerError(f"handover 5.1: {type(message).__name__} while {self.state.value}")

    def _hear_hello(self, aes: bool) -> list[e.Effect]:
        greeted: list[e.Effect] = [e.KeysConfirmed(), e.UseSuite(aes=aes and self._aes)]
        if not self._resumed:
            self.state = State.LISTENING
            return greeted
        before = m.Failure.FAILED_BEFORE
        failed = [e.Say(message=m.Failed(number=number, failure=before)) for number in self._failed]
        return [*greeted, *_receipts(self._done), *failed, *self._ask()]

    # --- the offer -------------------------------------------------------------------------------

    def _hear_offer(self, page: m.Offer) -> list[e.Effect]:
        if page.first != len(self._offered):
            raise PeerError("handover 2.2: pages of an offer follow each other")
        self._cost += offer_cost(entry.path for entry in page.entries)
        if self._cost > OFFER_COST_MAX:
            raise PeerError("handover 2.2: the names of this offer are too long together")
        self._offered += map(self._with_known_parent, page.entries)
        if not page.last:
            return []
        if not self._offered and page.note is None:
            raise PeerError("handover 2.2: an offer of nothing")
        self.state = State.ASKING
        return [e.AskPerson(entries=tuple(self._offered), note=page.note)]

    def _with_known_parent(self, entry: m.Entry) -> m.Entry:
        """Names of a folder are kept once, not with each file in it."""
        parent = entry.path[:-1]
        if parent != self._parent:
            self._parent = parent
        elif parent:
            return replace(entry, path=(*self._parent, entry.path[-1]))
        return entry

    @property
    def wanted(self) -> Mapping[int, m.Entry]:
        """What was accepted, by number."""
        return self._entries

    def accept(self, numbers: Collection[int]) -> list[e.Effect]:
        """The person wants these; the owner has remembered it durably."""
        chosen = sorted(numbers)
        if self.state is not State.ASKING or not all(0 <= n < len(self._offered) for n in chosen):
            raise MisuseError("only what is offered can be accepted, once")
        self._want({number: self._offered[number] for number in chosen})
        self._offered = []
        pages = _pages(m.as_ranges(self._entries)) or [()]
        says: list[e.Effect] = [
            e.Say(message=m.Accept(ranges=page, last=place == len(pages)))
            for place, page in enumerate(pages, 1)
        ]
        return says + self._ask()

    def decline(self) -> list[e.Effect]:
        if self.state is not State.ASKING:
            raise MisuseError("only an offer can be declined")
        self.state = State.OVER
        return [e.Say(message=m.Decline())]

    def _want(self, wanted: Mapping[int, m.Entry]) -> None:
        self._entries = wanted
        self._stages = bytearray(max(wanted, default=-1) + 1)
        for number in wanted:
            self._stages[number] = _Stage.PENDING
        self._left = len(wanted)
        self._files_left = sum(entry.kind is m.EntryKind.FILE for entry in wanted.values())

    def _ask(self) -> list[e.Effect]:
        """Candidates are compared first, and completed before anything else begins [5.2]: so a break
        leaves one chunk that is not whole, however many breaks there were before."""
        self.state = State.RECEIVING
        checks = [(number, check.count) for number, check in self._checks.items()]
        says: list[e.Effect] = [
            e.Say(message=m.Check(files=tuple(checks[at : at + CHECKS_MAX])))
            for at in range(0, len(checks), CHECKS_MAX)
        ]
        files = (n for n in sorted(self._entries) if self._entries[n].kind is m.EntryKind.FILE)
        self._whole = m.as_ranges(number for number in files if number not in self._checks)
        return says + self._ask_for_the_rest() + self._over_if_nothing_is_left()

    def _ask_for_the_rest(self) -> list[e.Effect]:
        """What comes whole, as soon as all candidates are compared."""
        if self._checks:
            return []
        wants: list[e.Effect] = [e.Say(message=m.WantFiles(ranges=page)) for page in _pages(self._whole)]
        return [*wants, e.Say(message=m.Ready())]

    # --- candidates ------------------------------------------------------------------------------

    def _hear_manifest(self, message: m.Manifest) -> list[e.Effect]:
        number = message.number
        check = self._checks.get(number)
        if check is None or message.first != check.seen or check.seen + len(message.hashes) > check.count:
            raise PeerError("handover 2.7: hashes that were not asked for")
        for index, digest in enumerate(message.hashes, message.first):
            if check.held.get(index) == digest:
                check.kept[index] = digest
        check.seen += len(message.hashes)
        if check.seen < check.count:
            return []
        del self._checks[number]
        count = chunk_count(self._entries[number].size)
        kept = check.kept
        missing = _gaps(sorted(kept), count)
        if len(missing) > RANGES_MAX:  # a very torn file: take its rest again rather than say more
            start = missing[RANGES_MAX - 1][0]
            missing[RANGES_MAX - 1 :] = [(start, count - start)]
            kept = {index: digest for index, digest in kept.items() if index < start}
        self._incoming.keep(number, kept)
        want = e.Say(message=m.WantChunks(number=number, ranges=tuple(missing)))
        return [want, *self._ask_for_the_rest()]

    def _hear_failed(self, number: int, failure: m.Failure) -> list[e.Effect]:
        entry = self._entries.get(number)
        if (
            failure in RECEIVERS_FAILURES  # ours to say
            or entry is None
            or entry.kind is m.EntryKind.FOLDER  # nothing of it is sent, so nothing can fail
            or self._stages[number] != _Stage.PENDING
        ):
            raise PeerError("handover 2.11: a file that was not on its way")
        named = self._checks.pop(number, None) is not None
        self._incoming.drop(number)
        more = self._ask_for_the_rest() if named else []
        return [e.WontCome(number=number, failure=failure), *more, *self._resolve(number)]

    def _hear_stripes(self, pipes: int) -> list[e.Effect]:
        if pipes <= self._pipes:
            raise PeerError("handover 2.14: no more pipes than before")
        self._pipes = pipes
        return [e.OpenPipes(pipes=pipes)] if self.state is State.RECEIVING else []

    @property
    def awaits_content(self) -> bool:
        """Whether anything is still to come over a pipe besides the last words."""
        return self.state is not State.WHOLE and self.state is not State.OVER

    # --- data ------------------------------------------------------------------------------------

    def _size_on_its_way(self, number: int) -> int:
        """The size of a file that was asked for and is not whole yet."""
        entry = self._entries.get(number)
        if (
            self.state is not State.RECEIVING
            or entry is None
            or entry.kind is m.EntryKind.FOLDER
            or self._stages[number] != _Stage.PENDING
            or number in self._checks
        ):
            raise PeerError("handover 4.3: content that was not asked for")
        return entry.size

    def hear_bulk(self, body: memoryview) -> Iterator[Arrival]:
        """One bulk frame, of any pipe: what to do for it, in order. Carry each out before the next is asked
        for. After Finish or PutWhole: make it durable, give it its name, then call placed()."""
        for arrival in self._incoming.hear(body):
            if isinstance(arrival, PutWhole | Finish):
                self._stages[arrival.number] = _Stage.FINISHING
            yield arrival

    def read_back(self, back: ReadBack, data: memoryview) -> None:
        """What a ReadBack asked for, in order; may be given in parts."""
        self._incoming.read_back(back, data)

    # --- what the owner did ----------------------------------------------------------------------

    def placed(self, numbers: Sequence[int]) -> list[e.Effect]:
        """These stand durable under their names (folders: with their times)."""
        says = _receipts(sorted(numbers))
        for number in numbers:
            says += self._resolve(number)
        return says

    def refused_by_disk(self, number: int) -> list[e.Effect]:
        """The disk takes this one name not; the others go on."""
        failure = m.Failure.REFUSED_BY_DISK
        says: list[e.Effect] = [e.Say(message=m.Failed(number=number, failure=failure))]
        return [*says, e.WontCome(number=number, failure=failure), *self._resolve(number)]

    def _resolve(self, number: int) -> list[e.Effect]:
        """It is in place, or has failed."""
        is_file = self._entries[number].kind is m.EntryKind.FILE
        self._stages[number] = _Stage.RESOLVED
        self._left -= 1
        self._files_left -= is_file
        over = self._over_if_nothing_is_left()
        return over if is_file else []

    def _over_if_nothing_is_left(self) -> list[e.Effect]:
        if not self._left and self.state is State.RECEIVING:
            self.state = State.WHOLE
        return [] if self._files_left else [e.FilesOver()]


def _receipts(numbers: Sequence[int]) -> list[e.Effect]:
    return [e.Say(message=m.Receipt(ranges=page)) for page in _pages(m.as_ranges(numbers))]


def _pages(ranges: Sequence[m.Range]) -> list[tuple[m.Range, ...]]:
    return [tuple(ranges[at : at + RANGES_MAX]) for at in range(0, len(ranges), RANGES_MAX)]


def _gaps(kept: Sequence[int], count: int) -> list[m.Range]:
    """The ranges of 0..count-1 that are not in `kept` (ascending)."""
    gaps: list[m.Range] = []
    free = 0
    for index in [*kept, count]:
        if index > free:
            gaps.append((free, index - free))
        free = index + 1
    return gaps
