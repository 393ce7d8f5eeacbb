"""Messages as bytes: ranges, one behind the other. Spec: docs/spec/reconciliation.md, 3."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from satchel.core.reconcile.records import (
    FINGERPRINT_BYTES,
    HOUR_BYTES,
    HOUR_MAX,
    ID_BYTES,
    INFINITY,
    RECORD_BYTES,
    START,
    Position,
)
from satchel.core.reconcile.varint import decode_varint, encode_varint, varint_bytes
from satchel.errors import MisuseError, PeerError

VERSION = 0x61
VERSIONS = range(0x60, 0x70)
MESSAGE_BYTES_MAX = 65_500  # fits the largest control frame, with what says whose message it is
MESSAGE_BYTES_MIN = 4_096  # of a limit: room for an answer to any one range
_SKIP, _FINGERPRINT, _IDS = range(3)
_SKIP_ROOM_BYTES = 10 + 1 + ID_BYTES + 1
REST_ROOM_BYTES = _SKIP_ROOM_BYTES + 2 + 1 + FINGERPRINT_BYTES  # what `Writer.rest` may take


class Range(NamedTuple):
    """What is said of the records from `lower` to `upper`, which is excluded: one of the two.

    A tuple and no dataclass: there are hundreds of thousands in a conversation, and it takes half the time.
    """

    lower: Position
    upper: Position
    fingerprint: bytes | None = None
    ids: tuple[bytes, ...] = ()  # where there is no fingerprint: all


class Writer:
    """One message, range by range in their order. What is between them is skipped."""

    def __init__(self) -> None:
        self._out = bytearray((VERSION,))
        self._upper = START  # up to here something is said
        self._hour = START[:HOUR_BYTES]  # of the bound before

    def __len__(self) -> int:
        return len(self._out)

    def message(self) -> bytes:
        return bytes(self._out)

    def say(self, range: Range) -> None:
        if range.lower < self._upper:
            raise MisuseError("ranges are said in their order")
        if range.lower != self._upper:
            self._bound(range.lower)
            self._out.append(_SKIP)
        self._bound(range.upper)
        if range.fingerprint is not None:
            self._out.append(_FINGERPRINT)
            self._out += range.fingerprint
        else:
            self._out.append(_IDS)
            self._out += encode_varint(len(range.ids))
            self._out += b"".join(range.ids)

    def say_within(self, ranges: list[Range], limit_bytes: int) -> bool:
        """All of them, or none where the message would be longer than that: whether they are said."""
        before = len(self._out), self._upper, self._hour
        for range in ranges:
            self.say(range)
        if len(self._out) <= limit_bytes:
            return True
        length, self._upper, self._hour = before
        del self._out[length:]
        return False

    def _bound(self, upper: Position) -> None:
        self._upper = upper
        if upper == INFINITY:
            self._out += b"\0\0"
            return
        hour, prefix = upper[:HOUR_BYTES], upper[HOUR_BYTES:].rstrip(b"\0")
        if hour == self._hour:
            self._out.append(1)
        else:
            step = int.from_bytes(hour, "big") - int.from_bytes(self._hour, "big")
            self._out += encode_varint(step + 1)
            self._hour = hour
        self._out.append(len(prefix))
        self._out += prefix


def said_bytes(range: Range) -> int:
    """At most so many are added to a message by this range."""
    payload = FINGERPRINT_BYTES if range.fingerprint is not None else 2 + ID_BYTES * len(range.ids)
    return bound_bytes(range.upper) + 1 + payload


def bound_bytes(bound: Position) -> int:
    """At most so many for a bound: the distance from another hour is not longer than the hour itself."""
    if bound == INFINITY:
        return 2
    return _step_bytes(bound[:HOUR_BYTES]) + 1 + len(bound[HOUR_BYTES:].rstrip(b"\0"))


@lru_cache(maxsize=1_024)
def _step_bytes(hour: bytes) -> int:
    return varint_bytes(int.from_bytes(hour, "big") + 1)


def between(one: Position, next: Position) -> Position:
    """The shortest bound with one record before it and the next one behind it [3.4]."""
    length = HOUR_BYTES
    if one[:HOUR_BYTES] == next[:HOUR_BYTES]:
        while one[length] == next[length]:
            length += 1
        length += 1
    return next[:length].ljust(RECORD_BYTES, b"\0")


def begins_as_version(message: bytes) -> bool:
    """Whether it is of this version. Raises PeerError where it is of none [3.1]."""
    if not message or message[0] not in VERSIONS:
        raise PeerError("reconciliation 3.1: not a message")
    return message[0] == VERSION


def decode(message: bytes) -> Iterator[Range]:
    """The ranges of which something is said, in their order; those skipped are left out.

    Raises:
        PeerError: any deviation from section 3, when it is reached. Nothing else.
    """
    if len(message) > MESSAGE_BYTES_MAX:
        raise PeerError(f"reconciliation 3.2: a message of {len(message)} bytes")
    if not begins_as_version(message):
        raise PeerError("reconciliation 3.1: another version")
    at, hour, lower, size = 1, START[:HOUR_BYTES], START, len(message)
    while at < size:
        if lower == INFINITY:
            raise PeerError("reconciliation 3.3: something after infinity")
        upper, at = _read_bound(message, at, hour)
        if upper < lower:
            raise PeerError("reconciliation 3.3: a bound before the one before it")
        if at == size:
            raise PeerError("reconciliation 3.5: no mode")
        mode, at = message[at], at + 1  # a number of one byte: others are no mode
        if mode == _FINGERPRINT:
            at += FINGERPRINT_BYTES
            if at > size:
                raise PeerError("reconciliation 3.6: a fingerprint that is cut off")
            yield Range(lower, upper, message[at - FINGERPRINT_BYTES : at])
        elif mode == _IDS:
            ids, at = _read_ids(message, at)
            yield Range(lower, upper, None, ids)
        elif mode != _SKIP:
            raise PeerError(f"reconciliation 3.5: mode {mode}")
        lower, hour = upper, upper[:HOUR_BYTES]


def _read_bound(message: bytes, at: int, hour: bytes) -> tuple[Position, int]:
    """The bound, and where the next thing is. `hour`: of the bound before."""
    step, at = (1, at + 1) if message[at] == 1 else decode_varint(message, at)
    length = message[at] if at < len(message) else ID_BYTES
    at += 1
    if length > ID_BYTES or at + length > len(message):
        raise PeerError("reconciliation 3.4: a prefix that is too long, or cut off")
    if not step:
        if length:
            raise PeerError("reconciliation 3.4: infinity has no prefix")
        return INFINITY, at
    if step > 1:
        number = int.from_bytes(hour, "big") + step - 1
        if number > HOUR_MAX:
            raise PeerError("reconciliation 3.4: an hour that there is not")
        hour = number.to_bytes(HOUR_BYTES, "big")
    end = at + length
    return (hour + message[at:end]).ljust(RECORD_BYTES, b"\0"), end


def _read_ids(message: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    count, at = decode_varint(message, at)
    if count * ID_BYTES > len(message) - at:
        raise PeerError(f"reconciliation 3.7: {count} ids are not there")
    end = at + count * ID_BYTES
    ids = tuple(message[begin : begin + ID_BYTES] for begin in range(at, end, ID_BYTES))
    if len(set(ids)) != count:
        raise PeerError("reconciliation 3.7: an id twice in one list")
    return ids, end
