"""A set of records, packed and in order, that sums up any range of itself fast.

A record is an expiry hour and an id. A million of them take some 50 MB: 40 bytes each, in blocks of at most
128 with the sum of the ids in each. Spec: docs/spec/reconciliation.md, 2.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from struct import Struct

from satchel.core.crypto.kdf import digest
from satchel.core.reconcile.varint import encode_varint
from satchel.errors import MisuseError

HOUR_BYTES, ID_BYTES = 8, 32
RECORD_BYTES = HOUR_BYTES + ID_BYTES
HOUR_MAX = 2**64 - 2  # one more is infinity
FINGERPRINT_BYTES = 16
BLOCK_RECORDS_MAX = 128
AT_ONCE_MAX = 512  # records that are faster read once than summed up by blocks
_FILLED = 96  # records of a block that is built, so that the next ones find room
_MODULUS_MASK = 2**256 - 1
_SPLIT_RECORDS = Struct(f"{RECORD_BYTES}s")
_SPLIT_IDS = Struct(f"{HOUR_BYTES}x{ID_BYTES}s")
_COUNTS = [encode_varint(count) for count in range(128)]  # of most ranges

Position = bytes
"""40 bytes: hour, big endian, and id. Records and the bounds of ranges are in the order of these bytes."""

START: Position = bytes(RECORD_BYTES)
INFINITY: Position = b"\xff" * HOUR_BYTES + bytes(ID_BYTES)


def position(expiry_h: int, id: bytes) -> Position:
    """Where a record is. Raises MisuseError where it cannot be one."""
    if len(id) != ID_BYTES or not 0 <= expiry_h <= HOUR_MAX:
        raise MisuseError(f"a record has an hour from 0 to {HOUR_MAX} and {ID_BYTES} bytes of id")
    return expiry_h.to_bytes(HOUR_BYTES, "big") + id


class Records:
    """The set. It may change at any time, also between the messages of a conversation (decision 0207).

    A *rank* says how many records are before. Ranks are good until the next change.
    """

    def __init__(self, rows: Iterable[tuple[int, bytes]] = ()) -> None:
        """
        Args:
            rows: hour and 32 bytes of id; fast where they are in order, as a database gives them.
        """
        self._blocks: list[bytearray] = []  # none is empty
        self._firsts: list[Position] = []  # of each block, or one that was there and has been removed
        self._sums: list[int] = []  # of the ids of each block, little endian, without a modulus
        self._counts_before: list[int] | None = None  # of all blocks before each, and at the end of all
        self._sums_before: list[int] = []
        self._found = START, (0, 0)  # the last bound that was looked for, and where it is
        self._fill(rows)

    def _fill(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Gather rows into whole blocks as long as they are in order."""
        gathered: list[Position] = []
        last = b""
        for hour, id in rows:
            record = position(hour, id)
            if record > last:
                gathered.append(record)
                last = record
                if len(gathered) == _FILLED:
                    self._append(gathered)
                    gathered = []
                continue
            self._append(gathered)
            gathered = []
            self.insert(hour, id)
        self._append(gathered)

    def _append(self, gathered: list[Position]) -> None:
        if gathered:
            block = bytearray(b"".join(gathered))
            self._blocks.append(block)
            self._firsts.append(gathered[0])
            self._sums.append(sum_ids(block))
            self._counts_before = None

    def __len__(self) -> int:
        return self._counts()[-1]

    # --- changes ------------------------------------------------------------------------------------

    def insert(self, expiry_h: int, id: bytes) -> bool:
        """Whether it was not there before."""
        record = position(expiry_h, id)
        if not self._blocks:
            self._append([record])
            return True
        at = max(0, bisect_right(self._firsts, record) - 1)
        block = self._blocks[at]
        offset = RECORD_BYTES * _place(block, record)
        if block[offset : offset + RECORD_BYTES] == record:
            return False
        block[offset:offset] = record
        if not offset:
            self._firsts[at] = record
        self._sums[at] += int.from_bytes(id, "little")
        self._counts_before = None
        if len(block) > BLOCK_RECORDS_MAX * RECORD_BYTES:
            self._halve(at)
        return True

    def remove(self, expiry_h: int, id: bytes) -> bool:
        """Whether it was there."""
        record = position(expiry_h, id)
        at = bisect_right(self._firsts, record) - 1
        if at < 0:
            return False
        block = self._blocks[at]
        offset = RECORD_BYTES * _place(block, record)
        if block[offset : offset + RECORD_BYTES] != record:
            return False
        del block[offset : offset + RECORD_BYTES]
        self._sums[at] -= int.from_bytes(id, "little")
        self._counts_before = None
        if not block:
            del self._blocks[at], self._firsts[at], self._sums[at]
        else:
            self._join(at)
        return True

    def _halve(self, at: int) -> None:
        block = self._blocks[at]
        middle = len(block) // RECORD_BYTES // 2 * RECORD_BYTES
        halves = [block[:middle], block[middle:]]
        self._blocks[at : at + 1] = halves
        self._firsts[at : at + 1] = [bytes(half[:RECORD_BYTES]) for half in halves]
        self._sums[at : at + 1] = map(sum_ids, halves)

    def _join(self, at: int) -> None:
        """With the next block, once both together are small: else many removals would leave many blocks."""
        if at + 1 == len(self._blocks):
            return
        both = self._blocks[at] + self._blocks[at + 1]
        if len(both) <= BLOCK_RECORDS_MAX * RECORD_BYTES // 2:
            self._blocks[at : at + 2] = [both]
            self._sums[at : at + 2] = [self._sums[at] + self._sums[at + 1]]
            del self._firsts[at + 1]

    # --- looking ------------------------------------------------------------------------------------

    def rank(self, bound: Position) -> int:
        """How many records are before `bound`."""
        at, offset = self._find(bound)
        return self._counts()[at] + offset // RECORD_BYTES

    def rows(self, first: int, last: int) -> list[Position]:
        """The records of these ranks, `last` excluded."""
        return unpacked(self.packed(first, last))

    def packed(self, first: int, last: int) -> bytes:
        """The same, one behind the other."""
        return self._slice(*self._locate(first), *self._locate(last)) if first < last else b""

    def read(self, lower: Position, upper: Position) -> tuple[int, int, bytes]:
        """The ranks of a range; and its records, packed, where they are at most AT_ONCE_MAX, else none."""
        begins, ends = self._find(lower), self._find(upper)
        counts = self._counts()
        first = counts[begins[0]] + begins[1] // RECORD_BYTES
        last = counts[ends[0]] + ends[1] // RECORD_BYTES
        return first, last, self._slice(*begins, *ends) if 0 < last - first <= AT_ONCE_MAX else b""

    def _slice(self, begins: int, begin: int, ends: int, end: int) -> bytes:
        """From block and offset to block and offset."""
        if begins == ends:
            return bytes(self._blocks[begins][begin:end])
        tail = self._blocks[ends][:end] if end else b""
        return b"".join([self._blocks[begins][begin:], *self._blocks[begins + 1 : ends], tail])

    def fingerprint(self, lower: Position, upper: Position) -> bytes:
        """16 bytes, of the records from `lower` to `upper`, which is excluded [2.5]."""
        begins, ends = self._find(lower), self._find(upper)
        counts = self._counts()
        count = counts[ends[0]] - counts[begins[0]] + (ends[1] - begins[1]) // RECORD_BYTES
        return fingerprint(self._sum(*begins, *ends), count)

    def part(self, lower: Position, upper: Position) -> "Part | Records":
        """Answers `fingerprint` for ranges within this one until the next change: a small one, read once."""
        first, last, packed = self.read(lower, upper)
        return Part(packed) if last - first <= AT_ONCE_MAX else self

    def fingerprint_of_ranks(self, first: int, last: int) -> bytes:
        """The same, of the records of these ranks, `last` excluded."""
        return fingerprint(self._sum(*self._locate(first), *self._locate(last)), last - first)

    def _sum(self, begins: int, begin: int, ends: int, end: int) -> int:
        """Of the ids from block and offset to block and offset."""
        if begins == ends:
            return sum_ids(self._blocks[begins][begin:end]) if begin < end else 0
        whole = self._sums_before[ends] - self._sums_before[begins]
        before = sum_ids(self._blocks[begins][:begin]) if begin else 0
        return whole - before + (sum_ids(self._blocks[ends][:end]) if end else 0)

    def _find(self, bound: Position) -> tuple[int, int]:
        """Block and offset in bytes of the first record that is not before `bound`."""
        if self._counts_before is None:
            self._counts()
        elif bound == self._found[0]:  # most ranges begin where the one before them ends
            return self._found[1]
        at = max(0, bisect_right(self._firsts, bound) - 1)
        found = at, RECORD_BYTES * _place(self._blocks[at], bound) if self._blocks else 0
        self._found = bound, found
        return found

    def _locate(self, rank: int) -> tuple[int, int]:
        """Block and offset in bytes of the record of a rank; that of no record is behind the last block."""
        counts = self._counts()
        at = bisect_right(counts, rank) - 1
        return at, (rank - counts[at]) * RECORD_BYTES

    def _counts(self) -> list[int]:
        """Made anew after a change: some milliseconds for a million records, once for a message."""
        if self._counts_before is None:
            lengths = (len(block) // RECORD_BYTES for block in self._blocks)
            self._counts_before = list(accumulate(lengths, initial=0))
            self._sums_before = list(accumulate(self._sums, initial=0))
            self._found = START, (0, 0)
        return self._counts_before


class Part:
    """The records of a small range."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._rows = unpacked(packed)
        self._found = START, 0  # the last upper bound, and its rank

    def fingerprint(self, lower: Position, upper: Position) -> bytes:
        bound, first = self._found
        if lower != bound:  # most ranges begin where the one before them ends
            first = bisect_left(self._rows, lower)
        last = bisect_left(self._rows, upper, first)
        self._found = upper, last
        return fingerprint_of(self._packed[RECORD_BYTES * first : RECORD_BYTES * last])


def fingerprint(total: int, count: int) -> bytes:
    """Of a sum of ids, read as little-endian numbers, and their number [2.5]."""
    summed = (total & _MODULUS_MASK).to_bytes(ID_BYTES, "little")
    counted = _COUNTS[count] if count < len(_COUNTS) else encode_varint(count)
    return digest(summed + counted)[:FINGERPRINT_BYTES]


def fingerprint_of(packed: bytes) -> bytes:
    """Of these records, one behind the other."""
    return fingerprint(sum_ids(packed), len(packed) // RECORD_BYTES)


def unpacked(packed: bytes) -> list[Position]:
    return [row for (row,) in _SPLIT_RECORDS.iter_unpack(packed)]


def ids_of(packed: bytes) -> list[bytes]:
    return [id for (id,) in _SPLIT_IDS.iter_unpack(packed)]


def _place(block: bytearray, bound: Position) -> int:
    """How many records of a block are before `bound`."""
    low, high = 0, len(block) // RECORD_BYTES
    while low < high:
        middle = (low + high) // 2
        at = middle * RECORD_BYTES
        if block[at : at + RECORD_BYTES] < bound:
            low = middle + 1
        else:
            high = middle
    return low


def sum_ids(block: bytes | bytearray) -> int:
    """Of the ids of at most a block's records: all at once, as one long number that is folded in the middle.

    Some four times as fast as id by id. The hours are masked out, which leaves 64 bits above each id for
    what is carried.
    """
    ids, folds = _folding(len(block) // RECORD_BYTES)
    total = (int.from_bytes(block, "little") & ids) >> 8 * HOUR_BYTES
    for bits, lower in folds:
        total = (total >> bits) + (total & lower)
    return total


@lru_cache(maxsize=BLOCK_RECORDS_MAX + 1)
def _folding(count: int) -> tuple[int, list[tuple[int, int]]]:
    """The mask of the ids of so many records; then of each fold its place in bits, and the mask below it."""
    ids = int.from_bytes((bytes(HOUR_BYTES) + b"\xff" * ID_BYTES) * count, "little")
    folds = []
    while count > 1:
        count = (count + 1) // 2
        bits = 8 * RECORD_BYTES * count
        folds.append((bits, (1 << bits) - 1))
    return ids, folds
