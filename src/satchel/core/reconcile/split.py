"""How a range that differs is said in more detail. Spec: docs/spec/reconciliation.md, 4.

The rule is each side's own: any partition of the range is understood (decision 0206 has why this one).
"""

from satchel.core.reconcile.message import Range, between
from satchel.core.reconcile.records import RECORD_BYTES, Position, Records, fingerprint_of, ids_of

BUCKETS_MAX = 16
LIST_BELOW = 8  # records; twice that of a bucket, so there are always two or more
BUCKET_RECORDS_MIN = 4


def split(records: Records, lower: Position, upper: Position) -> list[Range]:
    """All ids of a small range, else fingerprints of its parts: never of all of it, that would not end."""
    first, last, packed = records.read(lower, upper)
    count = last - first
    if count < LIST_BELOW:
        return [Range(lower, upper, None, tuple(ids_of(packed)))]
    buckets = min(BUCKETS_MAX, count // BUCKET_RECORDS_MIN)
    size, larger = divmod(count, buckets)
    said, begin = [], 0
    for number in range(buckets):
        end = begin + size + (number < larger)
        if packed:
            at = end * RECORD_BYTES
            digest = fingerprint_of(packed[begin * RECORD_BYTES : at])
            bound = upper
            if end < count:
                bound = between(packed[at - RECORD_BYTES : at], packed[at : at + RECORD_BYTES])
        else:
            digest = records.fingerprint_of_ranks(first + begin, first + end)
            bound = upper if end == count else between(*records.rows(first + end - 1, first + end + 1))
        said.append(Range(lower, bound, digest))
        begin, lower = end, bound
    return said


def list_ids(records: Records, lower: Position, upper: Position, first: int, last: int) -> Range:
    """All ids from rank to rank, said of the range between two bounds."""
    return Range(lower, upper, None, tuple(ids_of(records.packed(first, last))))


def whole(records: Records, lower: Position, upper: Position) -> Range:
    """One fingerprint of all of it."""
    return Range(lower, upper, records.fingerprint(lower, upper))
