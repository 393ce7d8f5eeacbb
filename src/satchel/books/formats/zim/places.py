"""Bytes from any place of an archive, with what was read lately at hand: entries lie close together."""

import os
from collections import OrderedDict
from typing import BinaryIO

from satchel.books.unfit import Why, unfit

BLOCK_BYTES = 16_384
BLOCKS_MAX = 256  # 4 MiB


class Places:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self.size_bytes = file.seek(0, os.SEEK_END)

    def read(self, at: int, length: int) -> bytes:
        """`length` bytes, or as many as there are: of a few bytes, again and again."""
        first, last = at // BLOCK_BYTES, (at + length - 1) // BLOCK_BYTES
        if first == last:
            offset = at - first * BLOCK_BYTES
            return self._block(first)[offset : offset + length]
        joined = b"".join(map(self._block, range(first, last + 1)))
        return joined[at - first * BLOCK_BYTES :][:length]

    def read_exactly(self, at: int, length: int) -> bytes:
        """Raises UnfitBook: it ends before."""
        data = self.read(at, length)
        if len(data) != length:
            raise unfit(Why.DAMAGED)
        return data

    def read_long(self, at: int, length: int) -> bytes:
        """`length` bytes that nobody will ask for again. Raises UnfitBook: it ends before."""
        self._file.seek(at)
        data = self._file.read(length)
        if len(data) != length:
            raise unfit(Why.DAMAGED)
        return data

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            self._file.seek(number * BLOCK_BYTES)
            block = self._blocks[number] = self._file.read(BLOCK_BYTES)
            if len(self._blocks) > BLOCKS_MAX:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return block


class Onwards:
    """What a decompressor reads from: the archive from one place to another."""

    def __init__(self, places: Places, at: int, end: int) -> None:
        self._places, self._at, self._end = places, at, end

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        size = min(left, BLOCK_BYTES if size < 0 else size)
        if size <= 0:
            return b""
        data = self._places.read_long(self._at, size)
        self._at += size
        return data
