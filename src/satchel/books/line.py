"""The limited process's end of the line to the node, and the file that it reads over it.

Nothing but read(2) and write(2): those it still may use.
"""

import io
import os
from collections import OrderedDict

from satchel.books.frames import (
    BLOCK_BYTES,
    LENGTH_BYTES,
    REQUEST_BYTES_MAX,
    Answer,
    Read,
    encode_answer,
)

BLOCKS_KEPT = 16  # 4 MiB


class Hung(Exception):
    """The node is gone, or wants no more."""


class Line:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def answer(self, answer: Answer) -> None:
        """Raises Hung."""
        body = encode_answer(answer)
        left = memoryview(len(body).to_bytes(LENGTH_BYTES, "big") + body)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as exc:
            raise Hung from exc

    def hear(self, bytes_max: int = REQUEST_BYTES_MAX) -> bytes:
        """The next frame. Raises Hung."""
        length = int.from_bytes(self._exactly(LENGTH_BYTES), "big")
        if length > bytes_max:
            raise Hung
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count:
            try:
                part = os.read(self._descriptor, count)
            except OSError as exc:
                raise Hung from exc
            if not part:
                raise Hung
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


class BookFile(io.RawIOBase):
    """The content of the one book: the node is asked for its blocks. What cannot be read is an OSError."""

    def __init__(self, line: Line, size_bytes: int) -> None:
        super().__init__()
        self._line = line
        self._size = size_bytes
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        start = {0: 0, 1: self._at, 2: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        count = min(len(buffer), max(0, self._size - self._at))
        filled = 0
        while filled < count:
            number, offset = divmod(self._at + filled, BLOCK_BYTES)
            part = self._block(number)[offset : offset + count - filled]
            buffer[filled : filled + len(part)] = part
            filled += len(part)
        self._at += count
        return count

    def read(self, size: int = -1) -> bytes:
        count = max(0, self._size - self._at)
        buffer = bytearray(count if size is None or size < 0 else min(size, count))
        self.readinto(buffer)
        return bytes(buffer)

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            offset = number * BLOCK_BYTES
            count = min(BLOCK_BYTES, self._size - offset)
            self._line.answer(Read(offset, count))
            block = self._line.hear(BLOCK_BYTES)
            if len(block) != count:
                raise OSError("the content is shorter than it was")
            self._blocks[number] = block
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return block
