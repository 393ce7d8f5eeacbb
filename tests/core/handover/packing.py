"""Records in frames of any sizes, for the tests beside this file."""

from collections import deque
from collections.abc import Callable

from satchel.core.blobs.chunks import hash_chunk
from satchel.core.blobs.stream import RecordWriter


class Packer:
    """Fills one frame after the other, each as full as it gets. `ready`: which files end in it, its body."""

    def __init__(self, room: Callable[[], int]) -> None:
        """`room()`: how many bytes the next frame holds."""
        self.ready: deque[tuple[list[int], bytes]] = deque()
        self._room = room
        self._begin()

    def _begin(self) -> None:
        self._body = bytearray(self._room())
        self._writer = RecordWriter(memoryview(self._body))
        self._ended: list[int] = []

    def flush(self) -> None:
        if self._writer.length:
            self.ready.append((self._ended, bytes(self._body[: self._writer.length])))
        self._begin()

    def chunk(self, number: int, index: int, content: bytes) -> None:
        at = 0
        while at < len(content):
            part = self._writer.piece(number, index, at, len(content) - at)
            if part is None:
                self.flush()
                continue
            part[:] = content[at : at + len(part)]
            at += len(part)
        while not self._writer.digest(number, index, hash_chunk(content)):
            self.flush()

    def end(self, number: int, root: bytes) -> None:
        while not self._writer.end(number, root):
            self.flush()
        self._ended.append(number)

    def whole(self, number: int, content: bytes) -> bool:
        """False: no frame of this size takes it."""
        if not self._writer.has_room_for_whole(len(content)):
            self.flush()
        if not self._writer.has_room_for_whole(len(content)):
            return False
        self._writer.room_for_whole(len(content))[:] = content
        self._writer.whole(number, len(content), hash_chunk(content))
        self._ended.append(number)
        return True
