"""What a contact wants of us, and which block is next: one direction of an exchange.

The order depends on size class, expiry and id, and on nothing else: not on the order in which it was asked
for, nor on what is whose (C1). Spec: docs/spec/custody.md, section 8.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from satchel.core.bundles.header import HOUR_MAX, BundleId, Header, with_copies
from satchel.core.custody.codec import BLOCK_BYTES, pieces
from satchel.core.custody.copies import draw, given
from satchel.core.custody.effects import Effect, HandedOver, Say
from satchel.core.custody.kept import Index, Kept
from satchel.core.custody.limits import WANTED_MAX
from satchel.core.custody.messages import Block, Gone, Want
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError, PeerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Give:
    """Read these bytes of a bundle, and call block() with them; lost(), if they are not there any more."""

    number: int
    id: BundleId
    at: int  # in bytes
    length: int


@dataclass(slots=True, kw_only=True)
class _Turn:
    """A number that is not over."""

    id: BundleId
    size_bytes: int
    place: int  # of the next block
    copies: int = 0  # that go with it
    is_whole: bool = False  # all blocks have left; the contact's word is awaited


def blocks_of(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES)


def rank(header: Header, id: BundleId) -> tuple[int, int, bytes]:
    """Small ones first, of these the newest, of these the smallest id [8.3]."""
    return header.size_class, HOUR_MAX - header.expiry_hour, id


class Giving:
    def __init__(self, index: Index, contact: ContactId, *, key: bytes) -> None:
        """key: for copies.draw."""
        self._index = index
        self._contact = contact
        self._key = key
        self._direct: set[BundleId] = set()
        self._numbers = 0  # that were told
        self._turns: dict[int, _Turn] = {}
        self._queue: list[tuple[tuple[int, int, bytes], int]] = []
        self._current: int | None = None  # the bundle of which some blocks have left

    def show(self, ids: Iterable[BundleId]) -> None:
        """Own ones for this contact: it may have them, although nobody is shown them yet."""
        self._direct.update(ids)

    def wanted(self, want: Want) -> tuple[list[Effect], int]:
        """And how many were asked for in vain. Raises PeerError: more than is ever open [9.2]."""
        gone: list[int] = []
        for one in want.bundles:
            number, self._numbers = self._numbers, self._numbers + 1
            kept = self._visible(one.id)
            if kept is None or one.blocks >= blocks_of(kept.header.size_bytes):
                gone.append(number)
                continue
            self._turns[number] = _Turn(id=one.id, size_bytes=kept.header.size_bytes, place=one.blocks)
            heapq.heappush(self._queue, (rank(kept.header, one.id), number))
        if len(self._turns) > WANTED_MAX:
            raise PeerError(f"custody 9.2: more than {WANTED_MAX} bundles wanted at a time")
        return _gone(gone), len(gone)

    def skipped(self, numbers: Iterable[int]) -> tuple[list[Effect], int]:
        """And how many were wanted in vain: of what had not left whole the contact awaits a word [8.6]."""
        gone = []
        for number in numbers:
            self._look_at(number)
            turn = self._turns.pop(number, None)
            if turn is not None and not turn.is_whole:
                gone.append(number)
        if len(self._queue) > len(self._turns) + WANTED_MAX:  # who reads nothing, wants and skips (M3)
            self._queue = [one for one in self._queue if one[1] in self._turns]
            heapq.heapify(self._queue)
        return _gone(gone), len(gone)

    def got(self, numbers: Iterable[int]) -> list[Effect]:
        effects: list[Effect] = []
        for number in numbers:
            turn = self._turns.get(number)
            if turn is None or not turn.is_whole:
                raise PeerError("custody 8.7: got what was not given")
            del self._turns[number]
            direct = turn.id in self._direct
            effects.append(HandedOver(id=turn.id, copies=turn.copies, direct=direct))
        return effects

    def next(self) -> tuple[Give | None, list[Effect]]:
        """The next block to be read, whenever there is room in the pipe; and what is to be said before."""
        gone: list[int] = []
        while (number := self._next_number()) is not None:
            turn = self._turns[number]
            kept = self._visible(turn.id)
            if kept is not None:
                if self._current is None:
                    turn.copies = self._copies(kept)
                self._current = number
                at = turn.place * BLOCK_BYTES
                length = min(BLOCK_BYTES, turn.size_bytes - at)
                return Give(number=number, id=turn.id, at=at, length=length), _gone(gone)
            gone.append(number)
            self._end(number)
        return None, _gone(gone)

    def block(self, give: Give, data: bytes) -> Block:
        """What next() has asked for."""
        if give.number != self._current or len(data) != give.length:
            raise MisuseError("a block that is not next")
        turn = self._turns[give.number]
        if not turn.place:
            data = with_copies(data, turn.copies)
        block = Block(number=give.number, place=turn.place, data=data)
        turn.place += 1
        if turn.place == blocks_of(turn.size_bytes):
            turn.is_whole, self._current = True, None
        return block

    def lost(self, give: Give) -> list[Effect]:
        """It has just been deleted."""
        self._end(give.number)
        return _gone([give.number])

    def _next_number(self) -> int | None:
        """A bundle that was begun ends before another one begins, so that the contact keeps one at a time."""
        if self._current is not None and self._current in self._turns:
            return self._current
        self._current = None
        while self._queue:
            _, number = heapq.heappop(self._queue)
            if number in self._turns:  # else it was skipped
                return number
        return None

    def _end(self, number: int) -> None:
        self._turns.pop(number, None)
        if self._current == number:
            self._current = None

    def _visible(self, id: BundleId) -> Kept | None:
        """Whether it is here at all is told only of what this contact may see (M2)."""
        kept = self._index.kept(id)
        return kept if kept is not None and (kept.offered or id in self._direct) else None

    def _copies(self, kept: Kept) -> int:
        if kept.header.floods or kept.id in self._direct:
            return 0
        return given(kept.header.copies, draw(self._key, kept.id, self._contact))

    def _look_at(self, number: int) -> None:
        if number >= self._numbers:
            raise PeerError("custody 8.6: a number that was never told")


def _gone(numbers: list[int]) -> list[Effect]:
    return [Say(message=Gone(numbers=some)) for some in pieces(numbers)]
