"""The side that answers. It remembers nothing of the conversation but how much was asked.

Spec: docs/spec/reconciliation.md, 5.
"""

from satchel.core.reconcile.limits import Allowance
from satchel.core.reconcile.message import (
    MESSAGE_BYTES_MAX,
    MESSAGE_BYTES_MIN,
    REST_ROOM_BYTES,
    VERSION,
    Range,
    Writer,
    begins_as_version,
    between,
    decode,
)
from satchel.core.reconcile.records import ID_BYTES, INFINITY, Records
from satchel.core.reconcile.split import list_ids, split, whole
from satchel.errors import MisuseError

_LIST_ROOM_BYTES = 2 * (10 + 1 + ID_BYTES + 1) + 3  # of what is not ids in a list


class Responder:
    """One conversation; after a PeerError it is dead."""

    def __init__(self, records: Records, *, limit_bytes: int = MESSAGE_BYTES_MAX) -> None:
        """
        Args:
            records: what this peer may see, and nothing else.
            limit_bytes: of an answer, 4,096 or more.
        """
        if not MESSAGE_BYTES_MIN <= limit_bytes <= MESSAGE_BYTES_MAX:
            raise MisuseError(f"a message has {MESSAGE_BYTES_MIN} to {MESSAGE_BYTES_MAX} bytes at most")
        self._records = records
        self._limit_bytes = limit_bytes - REST_ROOM_BYTES
        self._allowance = Allowance()

    def hear(self, message: bytes) -> bytes:
        """The answer to one message. Raises PeerError if it breaks the spec."""
        self._allowance.round()
        if not begins_as_version(message):
            return bytes((VERSION,))  # [3.1] what we speak
        asked = list(decode(message))  # all of it is looked at before anything is done
        self._allowance.ranges(len(asked))
        writer = Writer()
        for range in asked:
            if range.fingerprint is None:
                if not self._list(writer, range):
                    break
                continue
            if self._records.fingerprint(range.lower, range.upper) == range.fingerprint:
                continue
            if not writer.say_within(split(self._records, range.lower, range.upper), self._limit_bytes):
                self._rest(writer, range.lower)
                break
        return writer.message()

    def _list(self, writer: Writer, asked: Range) -> bool:
        """Our ids of that range, as many as there is room for: whether those are all."""
        first, last = self._records.rank(asked.lower), self._records.rank(asked.upper)
        room = (self._limit_bytes - len(writer) - _LIST_ROOM_BYTES) // ID_BYTES
        if last - first <= room:
            writer.say(list_ids(self._records, asked.lower, asked.upper, first, last))
            return True
        bound = asked.lower
        if room > 0:
            end = first + room
            bound = between(*self._records.rows(end - 1, end + 1))
            writer.say(list_ids(self._records, asked.lower, bound, first, end))
        self._rest(writer, bound)
        return False

    def _rest(self, writer: Writer, lower: bytes) -> None:
        """[5.4] No room for more: one fingerprint says where we stopped."""
        writer.say(whole(self._records, lower, INFINITY))
