"""The side that asks, and learns what each of the two lacks.

It remembers which ranges are open, so a message need not hold all of them, and an answer is believed only
within what was asked: no range is settled twice, whoever answers. Spec: docs/spec/reconciliation.md, 6.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from satchel.core.reconcile.effects import Effect, Have, Need, Say, Settled
from satchel.core.reconcile.limits import Allowance
from satchel.core.reconcile.message import (
    MESSAGE_BYTES_MAX,
    MESSAGE_BYTES_MIN,
    Range,
    Writer,
    bound_bytes,
    decode,
    said_bytes,
)
from satchel.core.reconcile.records import (
    ID_BYTES,
    INFINITY,
    RECORD_BYTES,
    START,
    Position,
    Records,
    ids_of,
)
from satchel.core.reconcile.split import split, whole
from satchel.errors import MisuseError, PeerError

OPEN_MAX = 1 << 16  # ranges; an honest answer opens a few thousand, and the newest are gone through first
IDS_PER_EFFECT_MAX = 1_024
_FILLED = 0.9  # of an answer, as it is expected
_SAMPLES_MIN = 8
_FINGERPRINT_BYTES, _LIST_BYTES = 24, 8  # of an answer, with most bounds; a list without its ids


class _Open(NamedTuple):
    """A range that is not settled."""

    lower: Position
    upper: Position
    depth: int  # how often it was split
    differs: bool = True  # else it was asked, and not answered


class _Asked(NamedTuple):
    """A range that the last message has said."""

    range: Range
    depth: int


_NOTHING = Range(INFINITY, START)


class Expected:
    """How long the answer to one range was, on average, by how often it was split.

    A question whose answer has no room is asked in vain, and one that is too small costs a round.
    """

    def __init__(self) -> None:
        self._bytes: dict[int, float] = {}
        self.heard_bytes: Counter[int] = Counter()  # of the answer that is heard just now

    def bytes_of(self, depth: int) -> float:
        return self._bytes.get(depth, 0.0)

    def learn(self, depths: Iterable[int]) -> None:
        """At the end of an answer: so many ranges of each depth it has answered."""
        for depth, count in Counter(depths).items():
            if count >= _SAMPLES_MIN:
                self._bytes[depth] = self.heard_bytes[depth] / count
        self.heard_bytes.clear()


class Initiator:
    """One conversation; after a PeerError it is dead. It may be dropped at any time: what it told holds."""

    def __init__(self, records: Records, *, limit_bytes: int = MESSAGE_BYTES_MAX) -> None:
        """
        Args:
            records: what this peer may see, and nothing else.
            limit_bytes: of a message, 4,096 or more.
        """
        if not MESSAGE_BYTES_MIN <= limit_bytes <= MESSAGE_BYTES_MAX:
            raise MisuseError(f"a message has {MESSAGE_BYTES_MIN} to {MESSAGE_BYTES_MAX} bytes at most")
        self._records = records
        self._limit_bytes = limit_bytes
        self._allowance = Allowance()
        self._open: list[_Open] = []  # in their order, all of them before those asked
        self._asked: list[_Asked] = []  # in their order
        self._expected = Expected()

    def begin(self) -> Say:
        """The first message."""
        if self._asked:
            raise MisuseError("it has begun")
        self._open = [_Open(START, INFINITY, depth=0)]
        return Say(message=self._ask())

    def hear(self, message: bytes) -> Iterator[Effect]:
        """Take in the answer to the last message: what is to be done, in order.

        The message is looked at, and the next one made, before this returns; ids are collected as they are
        drawn, so that a million of them are never in memory at once.

        Raises:
            PeerError: the answer breaks the spec; nothing of it has been taken in.
        """
        if not self._asked:
            raise MisuseError("nothing was asked")
        self._allowance.round()
        told = list(decode(message))
        self._allowance.ranges(len(told))
        self._allowance.ids(sum(len(range.ids) for range in told))
        self._take_in(told)
        next: Effect = Say(message=self._ask()) if self._open else Settled()
        if isinstance(next, Settled):
            self._asked = []
        return self._effects(next, [range for range in told if range.fingerprint is None])

    def _effects(self, next: Effect, lists: Sequence[Range]) -> Iterator[Effect]:
        """The next question leaves first: its answer is under way while files begin to move."""
        if isinstance(next, Say):
            yield next
        for range in lists:
            yield from self._compare(range)
        if isinstance(next, Settled):
            yield next

    def _compare(self, told: Range) -> Iterator[Effect]:
        theirs = dict.fromkeys(told.ids)  # in their order
        at, is_more = told.lower, True
        while is_more:
            first, end, packed = self._records.read(at, told.upper)  # anew: they may have changed
            if not packed:
                packed = self._records.packed(first, min(end, first + IDS_PER_EFFECT_MAX))
            ours = ids_of(packed)
            is_more = first + len(ours) < end
            if have := tuple(id for id in ours if id not in theirs):
                yield Have(ids=have)
            for id in ours:
                theirs.pop(id, None)
            if is_more:
                at = (int.from_bytes(packed[-RECORD_BYTES:], "big") + 1).to_bytes(RECORD_BYTES, "big")
        if theirs:
            yield Need(ids=tuple(theirs))

    # --- what is asked ------------------------------------------------------------------------------

    def _ask(self) -> bytes:
        """The newest open ranges, as many as there is room for, here and in the answer; the others wait."""
        chosen: list[list[_Asked]] = []
        room, answer_room = self._limit_bytes - 1, _FILLED * self._limit_bytes
        while self._open:
            lower, upper, depth, differs = self._open[-1]
            said = split(self._records, lower, upper) if differs else [whole(self._records, lower, upper)]
            room -= bound_bytes(lower) + 1 + sum(map(said_bytes, said))
            answer_room -= len(said) * self._expected.bytes_of(depth)
            if chosen and (room < 0 or answer_room < 0):
                break
            chosen.append([_Asked(range, depth) for range in said])
            self._open.pop()
        self._asked = [asked for some in reversed(chosen) for asked in some]
        writer = Writer()
        for asked in self._asked:
            writer.say(asked.range)
        assert len(writer) <= self._limit_bytes
        return writer.message()

    # --- what is answered ---------------------------------------------------------------------------

    def _take_in(self, told: Sequence[Range]) -> None:
        """Ranges that still differ become open. What was asked and is not mentioned is equal."""
        opened: list[_Open] = []
        number, answered = 0, len(self._asked)
        part, part_of = self._records.part(START, START), -1
        asked, depth = self._asked[0]
        count, heard = len(self._asked), self._expected.heard_bytes
        for range in told:
            lower, upper, fingerprint, ids = range
            while asked.upper <= lower and number < count:
                number += 1
                asked, depth = self._asked[number] if number < count else (_NOTHING, 0)
            is_inside = asked.lower <= lower and upper <= asked.upper
            if is_inside and (fingerprint is None or asked.fingerprint is not None):
                if fingerprint is None:
                    heard[depth] += _LIST_BYTES + ID_BYTES * len(ids)
                    continue
                heard[depth] += _FINGERPRINT_BYTES
                if lower == upper:
                    continue
                if part_of != number:
                    part, part_of = self._records.part(asked.lower, asked.upper), number
                if part.fingerprint(lower, upper) != fingerprint:
                    opened.append(_Open(lower, upper, depth + 1))
            elif fingerprint is not None and upper == INFINITY:
                answered = number
                opened += self._unanswered(range, number)
            else:
                raise PeerError("reconciliation 6.3: an answer to what was not asked")
        if len(self._open) + len(opened) > OPEN_MAX:
            raise PeerError(f"reconciliation 7.4: more than {OPEN_MAX} open ranges")
        self._expected.learn(asked.depth for asked in islice(self._asked, answered))
        self._open += opened

    def _unanswered(self, rest: Range, number: int) -> Iterator[_Open]:
        """[6.4] The other side had no room for more: what was asked behind `rest.lower` is asked again."""
        if rest.lower <= self._asked[0].range.lower:
            raise PeerError("reconciliation 6.4: an answer that answers nothing")
        if self._records.fingerprint(rest.lower, rest.upper) == rest.fingerprint:
            return
        for asked, depth in islice(self._asked, number, None):
            is_whole = asked.fingerprint is not None and asked.lower >= rest.lower
            yield _Open(max(asked.lower, rest.lower), asked.upper, depth, differs=not is_whole)
