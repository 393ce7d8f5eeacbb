"""Typed reading of one decoded map, so that a codec says what it expects in one line per field.

Knows nothing of any message. Whatever is missing, of another type, out of bounds or left over is a
PeerError under the clause of the message that is being read.
"""

from collections.abc import Mapping
from typing import NoReturn

from satchel.core.wire.cbor import UINT_MAX, Value, decode
from satchel.errors import PeerError

Octets = bytes  # below, `bytes` is the method


class Fields:
    """The fields of one map. Read each one, then call `done`."""

    def __init__(self, value: Value, *, page: str) -> None:
        """
        Args:
            value: what `cbor.decode` returned, or a part of it.
            page: page and clause that describe this map, such as "handover 2.1".
        """
        self._page = page
        if not isinstance(value, dict):
            self._refuse("a map was expected")
        self._values: Mapping[int, Value] = value
        self._read: set[int] = set()

    def has(self, key: int) -> bool:
        """Whether an optional field is there; it still has to be read."""
        return key in self._values

    def uint(self, key: int, maximum: int = UINT_MAX) -> int:
        return self.integer(key, 0, maximum)

    def integer(self, key: int, minimum: int, maximum: int) -> int:
        value = self._take(key)
        # A bool is an int to Python, and True == 1: it must not pass for a number.
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            self._refuse(f"field {key} is not a number from {minimum} to {maximum}")
        return value

    def bytes(self, key: int, minimum: int, maximum: int) -> Octets:
        """`minimum` to `maximum` bytes, inclusive."""
        value = self._take(key)
        if not isinstance(value, Octets) or not minimum <= len(value) <= maximum:
            self._refuse(f"field {key} is not a string of {minimum} to {maximum} bytes")
        return value

    def text(self, key: int, maximum_bytes: int, *, minimum_bytes: int = 0) -> str:
        """Text by its length in UTF-8, since that is what it takes on a wire and a disk."""
        value = self._take(key)
        if not isinstance(value, str) or not minimum_bytes <= len(value.encode()) <= maximum_bytes:
            self._refuse(f"field {key} is not a text of {minimum_bytes} to {maximum_bytes} bytes")
        return value

    def boolean(self, key: int) -> bool:
        value = self._take(key)
        if not isinstance(value, bool):
            self._refuse(f"field {key} is neither true nor false")
        return value

    def array(self, key: int, maximum: int, *, minimum: int = 0) -> list[Value]:
        """`minimum` to `maximum` items, of any type."""
        value = self._take(key)
        if not isinstance(value, list) or not minimum <= len(value) <= maximum:
            self._refuse(f"field {key} is not an array of {minimum} to {maximum} items")
        return value

    def map(self, key: int, *, page: str = "") -> "Fields":
        """A map inside this one; it needs a `done` of its own."""
        return Fields(self._take(key), page=page or self._page)

    def others(self, first: int) -> dict[int, Value]:
        """What is left over under the keys from `first` on, for a page that keeps what it does not know."""
        kept = {key: self._values[key] for key in self._values.keys() - self._read if key >= first}
        self._read |= kept.keys()
        return kept

    def done(self) -> None:
        """Nothing is left over: what one side ignores, another may act on."""
        unknown = self._values.keys() - self._read
        if unknown:
            self._refuse(f"field {min(unknown)} is unknown")

    def _take(self, key: int) -> Value:
        if key not in self._values:
            self._refuse(f"field {key} is missing")
        self._read.add(key)
        return self._values[key]

    def _refuse(self, what: str) -> NoReturn:
        raise PeerError(f"{self._page}: {what}")


def begin_message(
    body: bytes, pages: Mapping[int, str], *, clause: str, bytes_max: int
) -> tuple[int, Fields]:
    """The kind of a message, which is its field 0, and the fields that are still to be read.

    Args:
        pages: page and clause of each kind.
        clause: of what holds for all kinds.
        bytes_max: looked at before anything is decoded.
    Raises:
        PeerError: it is longer, no map, or of no such kind.
    """
    if len(body) > bytes_max:
        raise PeerError(f"{clause}: a message of {len(body)} bytes")
    value = decode(body)
    kind = value.get(0) if isinstance(value, dict) else None
    if type(kind) is not int or kind not in pages:
        raise PeerError(f"{clause}: no such message")
    fields = Fields(value, page=pages[kind])
    fields.uint(0)
    return kind, fields
