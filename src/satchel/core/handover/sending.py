"""The sender's half of a hand-over: offers, and says what of it is to be hashed and streamed.

Pure: it never sees a file. The owner reads and streams, and says how it went. Spec: docs/spec/handover.md,
sections 2 to 5.
"""

from collections.abc import Collection, Iterator, Sequence
from enum import Enum, IntEnum

from satchel.core.blobs.chunks import chunk_count
from satchel.core.handover import effects as e
from satchel.core.handover import messages as m
from satchel.core.handover.codec import (
    ENTRIES_PER_OFFER_MAX,
    HASHES_PER_MANIFEST_MAX,
    RECEIVERS_FAILURES,
)
from satchel.errors import PeerError

OFFER_PAGE_BYTES = 40_000  # of encoded entries, estimated from above


class State(Enum):
    GREETING = "waiting for the receiver's Hello"
    OFFERED = "the other person looks at the offer"
    SENDING = "wanted files are on their way"
    OVER = "nothing more to say"


class _Stage(IntEnum):  # of one entry, in a byte: an offer may have 200,000
    REFUSED = 0  # not accepted
    WANTED = 1  # accepted, nothing asked yet
    HASHING = 2
    HASHED = 3
    ASKED = 4  # its content is to be streamed, or is being
    SENT = 5
    RESOLVED = 6  # confirmed, or failed


class Sender:
    """State machine for one connection; after a PeerError it is dead."""

    def __init__(self, entries: Sequence[m.Offered], *, aes: bool, note: str | None = None) -> None:
        """A fresh hand-over of `entries`, whose places are their numbers."""
        self.state = State.GREETING
        self._entries = entries
        self._aes = aes
        self._note = note
        self._resumed = False
        self._accepting: list[int] = []
        self._stages = bytearray(len(entries))
        self._left = 0  # wanted, not resolved
        self._told: dict[int, tuple[bytes, ...]] = {}
        self._ready = False

    @classmethod
    def resumed(cls, entries: Sequence[m.Offered], *, wanted: Collection[int], aes: bool) -> "Sender":
        """Go on with an accepted offer; `wanted` are the numbers that were accepted."""
        self = cls(entries, aes=aes)
        self._resumed = True
        self._want(wanted)
        return self

    def hear(self, message: m.Message) -> list[e.Effect]:
        """Take in one message; raises PeerError if it breaks the spec."""
        match message:
            case m.Stop(reason=reason):
                self.state = State.OVER
                return [e.Stopped(reason=reason)]
            case m.Hello(aes=aes) if self.state is State.GREETING:
                return self._hear_hello(aes)
            case m.Decline() if self.state is State.OFFERED and not self._accepting:
                self.state = State.OVER
                return [e.Declined()]
            case m.Accept() if self.state is State.OFFERED:
                return self._hear_accept(message)
            case m.Receipt(ranges=ranges) if self.state is State.SENDING:
                return self._hear_receipt(ranges)
            case m.Failed(number=number, failure=failure) if self.state is State.SENDING:
                return self._hear_failed(number, failure)
            case _ if self.state is State.SENDING and not self._ready:
                return self._hear_want(message)
            case _:
                raise PeerError(f"handover 5.1: {type(message).__name__} while {self.state.value}")

    def _hear_hello(self, aes: bool) -> list[e.Effect]:
        hello: list[e.Effect] = [
            e.KeysConfirmed(),
            e.Say(message=m.Hello(aes=self._aes)),
            e.UseSuite(aes=aes and self._aes),
        ]
        if self._resumed:
            self.state = State.SENDING
            return hello
        self.state = State.OFFERED
        return hello + [e.Say(message=page) for page in self._offer_pages()]

    def _offer_pages(self) -> Iterator[m.Offer]:
        first, size = 0, 0
        for place, entry in enumerate(self._entries):
            bytes_of_entry = 40 + sum(len(name) + 3 for name in entry.path)
            if size and (size + bytes_of_entry > OFFER_PAGE_BYTES or place - first == ENTRIES_PER_OFFER_MAX):
                yield m.Offer(first=first, entries=self._page(first, place), last=False)
                first, size = place, 0
            size += bytes_of_entry
        if self._note is not None and self._entries:  # a page of its own: it may be long
            yield m.Offer(first=first, entries=self._page(first, len(self._entries)), last=False)
            first = len(self._entries)
        rest = self._page(first, len(self._entries))
        yield m.Offer(first=first, entries=rest, last=True, note=self._note)

    def _page(self, first: int, end: int) -> tuple[m.Entry, ...]:
        """Made when it is said: the owner has all that is in it already."""
        return tuple(map(m.as_entry, self._entries[first:end]))

    def _hear_accept(self, message: m.Accept) -> list[e.Effect]:
        if not message.ranges and not message.last:
            raise PeerError("handover 2.3: a page that accepts nothing, and is not the last")
        for first, count in message.ranges:
            if first + count > len(self._entries) or (self._accepting and first <= self._accepting[-1]):
                raise PeerError("handover 2.3: accepted what was not offered")
            self._accepting += range(first, first + count)
        if not message.last:
            return []
        accepted = frozenset(self._accepting)
        self._want(accepted)
        self._accepting = []
        self.state = State.SENDING
        return [e.Accepted(numbers=accepted)]

    def _want(self, numbers: Collection[int]) -> None:
        for number in numbers:
            self._stages[number] = _Stage.WANTED
        self._left = len(numbers)

    def _stage(self, number: int) -> int:
        return self._stages[number] if number < len(self._stages) else _Stage.REFUSED

    # --- what the receiver asks for --------------------------------------------------------------

    def _hear_want(self, message: m.Message) -> list[e.Effect]:
        match message:
            case m.Check(files=files) if self._resumed:  # in a first session there are no candidates [5.6]
                for number, chunks in files:
                    self._step(number, (_Stage.WANTED,), _Stage.HASHING, clause="2.6")
                    if chunks > chunk_count(self._entries[number].size):
                        raise PeerError("handover 2.6: more chunks than the file has")
                return [e.HashChunks(number=number, chunks=chunks) for number, chunks in files]
            case m.WantFiles(ranges=ranges):
                for first, count in ranges:
                    for number in range(first, first + count):
                        self._step(number, (_Stage.WANTED,), _Stage.ASKED, clause="2.8")
                return [e.SendFiles(ranges=ranges)]
            case m.WantChunks(number=number, ranges=ranges):
                self._step(number, (_Stage.HASHED,), _Stage.ASKED, clause="2.9")
                told = self._told.pop(number)
                if ranges and sum(ranges[-1]) > chunk_count(self._entries[number].size):
                    raise PeerError("handover 2.9: more chunks than the file has")
                missing = _missing(ranges, len(told), chunk_count(self._entries[number].size))
                if missing:
                    raise PeerError("handover 2.9: chunks left out that were never told")
                return [e.SendChunks(number=number, ranges=ranges, told=told)]
            case m.Ready():
                if _Stage.HASHING in self._stages or _Stage.HASHED in self._stages:
                    raise PeerError("handover 2.10: checked files are still open")
                self._ready = True
                return self._over_if_nothing_is_left()
            case _:
                raise PeerError(f"handover 5.1: {type(message).__name__} while {self.state.value}")

    def _step(self, number: int, allowed: tuple[_Stage, ...], to: _Stage, *, clause: str) -> None:
        if self._stage(number) not in allowed or self._entries[number].kind is m.EntryKind.FOLDER:
            raise PeerError(f"handover {clause}: asked for a file out of turn")
        self._stages[number] = to

    def _hear_receipt(self, ranges: tuple[m.Range, ...]) -> list[e.Effect]:
        for first, count in ranges:
            for number in range(first, first + count):
                stage = self._stage(number)
                folder = stage and self._entries[number].kind is m.EntryKind.FOLDER
                # On a fresh connection only what was sent can have arrived; after a break, the rest too.
                if stage != _Stage.SENT and not (stage == _Stage.WANTED and (folder or self._resumed)):
                    raise PeerError("handover 2.5: a receipt for what was not sent")
                self._resolve(number)
        return [e.Confirmed(ranges=ranges), *self._over_if_nothing_is_left()]

    def _hear_failed(self, number: int, failure: m.Failure) -> list[e.Effect]:
        if (
            failure not in RECEIVERS_FAILURES  # the others are ours to say
            or self._stage(number) in (_Stage.REFUSED, _Stage.RESOLVED)
        ):
            raise PeerError("handover 2.11: a file that was not on its way")
        self._resolve(number)
        return [e.WontCome(number=number, failure=failure), *self._over_if_nothing_is_left()]

    def _resolve(self, number: int) -> None:
        self._stages[number] = _Stage.RESOLVED
        self._told.pop(number, None)
        self._left -= 1

    def _over_if_nothing_is_left(self) -> list[e.Effect]:
        if self._left or not self._ready:
            return []
        self.state = State.OVER
        return [e.Say(message=m.Bye()), e.Over()]

    # --- what the owner does ---------------------------------------------------------------------

    def hashed(self, number: int, hashes: Sequence[bytes]) -> list[e.Effect]:
        """What HashChunks asked for."""
        if self._stages[number] != _Stage.HASHING:
            return []
        self._stages[number] = _Stage.HASHED
        self._told[number] = tuple(hashes)
        return [
            e.Say(
                message=m.Manifest(
                    number=number, first=at, hashes=tuple(hashes[at : at + HASHES_PER_MANIFEST_MAX])
                )
            )
            for at in range(0, len(hashes), HASHES_PER_MANIFEST_MAX)
        ]

    def sent(self, numbers: Collection[int]) -> None:
        """All of these files, with their roots, is on its way."""
        for number in numbers:
            if self._stages[number] == _Stage.ASKED:
                self._stages[number] = _Stage.SENT

    def stripe(self, pipes: int) -> list[e.Effect]:
        """More pipes may help: ask the receiver to open some, until there are `pipes`."""
        if self.state is not State.SENDING:
            return []
        return [e.Say(message=m.Stripes(pipes=pipes))]

    def failed(self, number: int, failure: m.Failure) -> list[e.Effect]:
        """The file cannot be read or is not the one that was offered any more."""
        if self._stages[number] == _Stage.RESOLVED:
            return []
        self._resolve(number)
        says: list[e.Effect] = [e.Say(message=m.Failed(number=number, failure=failure))]
        return [*says, e.WontCome(number=number, failure=failure), *self._over_if_nothing_is_left()]


def _missing(ranges: Sequence[m.Range], told: int, count: int) -> bool:
    """Whether a chunk from `told` on is left out of `ranges`."""
    free = told
    for first, length in ranges:
        if first > free:
            return True
        free = max(free, first + length)
    return free < count
