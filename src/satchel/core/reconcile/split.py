"""How a range that differs is said in more detail. Spec: docs/spec/reconciliation.md, 4.

The rule is each side's own: any partition of the range is understood (decision 0206 has why this one).
"""

from satchel.core.reconcile.message import Range, between
from satchel.core.reconcile.records import AT_ONCE_MAX, HOUR_BYTES, Position, Records, fingerprint_of

BUCKETS_MAX = 16
LIST_BELOW = 8  # records; twice that of a bucket, so there are always two or more
BUCKET_RECORDS_MIN = 4


def split(records: Records, lower: Position, upper: Position) -> list[Range]:
    """All ids of a small range, else fingerprints of its parts: never of all of it, that would not end."""
    first, last = records.rank(lower), records.rank(upper)
    count = last - first
    if count < LIST_BELOW:
        return [list_ids(records, lower, upper, first, last)]
    buckets = min(BUCKETS_MAX, count // BUCKET_RECORDS_MIN)
    size, larger = divmod(count, buckets)
    rows = records.rows(first, last) if count <= AT_ONCE_MAX else []
    said, begin = [], 0
    for number in range(buckets):
        end = begin + size + (number < larger)
        if rows:
            digest = fingerprint_of(rows[begin:end])
            bound = upper if end == count else between(rows[end - 1], rows[end])
        else:
            digest = records.fingerprint_of_ranks(first + begin, first + end)
            bound = upper if end == count else between(*records.rows(first + end - 1, first + end + 1))
        said.append(Range(lower, bound, digest))
        begin, lower = end, bound
    return said


def list_ids(records: Records, lower: Position, upper: Position, first: int, last: int) -> Range:
    """All ids from rank to rank, said of the range between two bounds."""
    return Range(lower, upper, None, tuple(row[HOUR_BYTES:] for row in records.rows(first, last)))


def whole(records: Records, lower: Position, upper: Position) -> Range:
    """One fingerprint of all of it."""
    return Range(lower, upper, records.fingerprint(lower, upper))
