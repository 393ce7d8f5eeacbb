"""A chunk that arrives in pieces, in any order and from several pipes, hashed as it grows.

What comes in order is hashed as it comes. A piece that comes before its turn is written to disk all the
same; when its turn has come it is read back from there, so no content waits in memory.
"""

from satchel.core.blobs.chunks import ChunkHasher
from satchel.errors import MisuseError, PeerError

PIECES_AHEAD_MAX = 64  # of one chunk, before their turn: they cost memory (M3)


class ChunkAssembly:
    """One chunk; used by one thread."""

    __slots__ = ("_ahead", "_hashed", "_hasher", "_length", "told")

    def __init__(self, length: int) -> None:
        self._length = length
        self._hasher = ChunkHasher()
        self._hashed = 0
        self._ahead: dict[int, int] = {}  # where pieces before their turn begin: where they end
        self.told: bytes | None = None  # the hash that the sender has for it

    def take(self, at: int, data: memoryview) -> None:
        """A piece came. Raises PeerError where it overlaps another or the end of the chunk [4.3]."""
        end = at + len(data)
        overlaps = any(start < end and at < stop for start, stop in self._ahead.items())
        if not self._hashed <= at < end <= self._length or overlaps:
            raise PeerError("handover 4.3: a piece that overlaps another, or lies beyond its chunk")
        if at == self._hashed:
            self.hash(data)
        elif len(self._ahead) < PIECES_AHEAD_MAX:
            self._ahead[at] = end
        else:
            raise PeerError("handover 4.3: too many pieces of one chunk before their turn")

    def due(self) -> tuple[int, int] | None:
        """(at, length) of a piece whose turn has come: read it back from the disk and give it to `hash`."""
        end = self._ahead.get(self._hashed)
        return None if end is None else (self._hashed, end - self._hashed)

    def hash(self, data: memoryview) -> None:
        """The next bytes in order."""
        self._ahead.pop(self._hashed, None)
        self._hasher.update(data)
        self._hashed += len(data)

    @property
    def whole(self) -> bool:
        return self._hashed == self._length

    def digest(self) -> bytes:
        if not self.whole:
            raise MisuseError("a chunk has its hash when all its pieces are there")
        return self._hasher.digest()
