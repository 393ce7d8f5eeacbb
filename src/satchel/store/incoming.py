"""What comes of uploads, on its way into their blobs: one file in pieces, or small ones together."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from satchel.errors import MisuseError
from satchel.store.blobs import BlobsTogether, BlobWriter


class OneIncoming:
    """See ports.uploads.Incoming."""

    def __init__(self, writer: BlobWriter, ended: Callable[[], None]) -> None:
        self._writer = writer
        self._ended = ended

    def write(self, data: memoryview) -> None:
        self._writer.write(data)

    def sync(self) -> int:
        return self._writer.sync()

    def close(self) -> None:
        self._writer.close()
        self._ended()


@dataclass(frozen=True, slots=True)
class Awaited:
    """One of the files that come together."""

    blob: int
    size: int  # bytes, at most a block
    is_there: bool  # what comes of it is dropped


class ManyIncoming:
    """See ports.uploads.Incoming: one whole file behind the other, in their order."""

    def __init__(self, blobs: BlobsTogether, files: Sequence[Awaited], ended: Callable[[], None]) -> None:
        self._blobs = blobs
        self._left = [file for file in reversed(files) if file.size]
        self._whole = len(files) - len(self._left)
        self._ended = ended
        self._part = bytearray(max((file.size for file in files), default=0))  # of the next file
        self._filled = 0

    def write(self, data: memoryview) -> None:
        while data.nbytes:
            if not self._left:
                raise MisuseError(
                    "More bytes came than these files have.",
                    safe="What is there of them stays.",
                    do="Choose them again: one of them has grown since.",
                )
            file = self._left[-1]
            count = min(file.size - self._filled, data.nbytes)
            self._part[self._filled : self._filled + count] = data[:count]
            self._filled, data = self._filled + count, data[count:]
            if self._filled == file.size:
                if not file.is_there:
                    self._blobs.write(file.blob, memoryview(self._part)[: file.size])
                self._left.pop()
                self._filled = 0
                self._whole += 1

    def sync(self) -> int:
        """How many of them are there."""
        self._blobs.sync()
        return self._whole

    def close(self) -> None:
        with closing(self._blobs):
            self._ended()
