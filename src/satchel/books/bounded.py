"""A file of which only so much is read: for parsers that believe what lengths they find."""

import os
from typing import BinaryIO


class Bounded:
    """Raises OSError where more is asked for: at once, in all, or too often."""

    def __init__(self, file: BinaryIO, *, at_once: int, in_all: int, reads_max: int) -> None:
        self._file = file
        self._at_once = at_once
        self._left = in_all
        self._reads_left = reads_max
        self.size_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        left = max(0, self.size_bytes - self._file.tell())
        size = left if size < 0 else min(size, left)
        self._reads_left -= 1
        self._left -= size
        if size > self._at_once or self._left < 0 or self._reads_left < 0:
            raise OSError("more than may be read of this file")
        return self._file.read(size)
