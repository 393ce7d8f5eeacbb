"""Reads a script out of fuzzed bytes, so that a target can say more than one thing to a state machine.

Whatever bytes there are, there is an answer: at the end numbers are 0 and pieces are empty. Where a
piece says how long it is, a change in the middle leaves what follows as it is.
"""

LENGTH_BYTES = 2


class Feed:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        """The next bytes: `count`, or what is left."""
        taken = self._data[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def exactly(self, count: int) -> bytes:
        """`count` bytes, filled up with zeros."""
        return self.take(count).ljust(count, b"\0")

    def number(self, end: int = 256) -> int:
        """0 to end - 1, from one byte."""
        return int.from_bytes(self.take(1), "big") % end

    def wide_number(self) -> int:
        """0 to 65,535."""
        return int.from_bytes(self.take(2), "big")

    def piece(self) -> bytes:
        return self.take(int.from_bytes(self.take(LENGTH_BYTES), "big"))

    def rest(self) -> bytes:
        return self.take(len(self._data))


def as_piece(data: bytes) -> bytes:
    """What `piece` reads as `data`: for seeds."""
    return len(data).to_bytes(LENGTH_BYTES, "big") + data
