"""Put lists and bundles into files, one file after the other, each safe on the disk before the next begins.

Whatever happens while one is written, those before are whole. Where there is no room left, what fits is
written: a smaller file, with fewer bundles. Spec: docs/spec/stick.md, sections 4 and 6.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from satchel.carriers.stick.folder import Folder
from satchel.carriers.stick.layout import (
    HEAD_BYTES,
    ID_BYTES,
    NAME_CHANCE_BYTES,
    SALT_BYTES,
    Head,
    decode_head,
    encode_head,
    encode_lists,
    size_for,
    size_within,
)
from satchel.carriers.stick.problems import FULL, WRITING, stick_problems
from satchel.core.bundles.header import BundleId, bundle_id
from satchel.core.bundles.receipt import Receipt
from satchel.ports import Entropy
from satchel.ports.stick import Held, Offered, StickCustody

FILL_AT_ONCE_BYTES = 1 << 16


class Writer:
    """Of one run. Raises EnvironmentProblem from each call; what is in `written` is safe all the same."""

    def __init__(
        self,
        folder: Folder,
        custody: StickCustody,
        entropy: Entropy,
        *,
        room_bytes: int,
        files_left: int,
        tell: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._custody = custody
        self._entropy = entropy
        self._room_bytes = room_bytes
        self._files_left = files_left
        self._tell = tell
        self.written: set[BundleId] = set()
        self.receipts: set[Receipt] = set()  # written
        self.size_bytes = 0  # of all files
        self.is_full = False  # there was more

    def lists(self, receipts: Collection[Receipt], held: Iterable[Held]) -> None:
        """Receipts and inventory. Where there is no room for both, the receipts alone."""
        salt = self._entropy.draw(SALT_BYTES)
        both = encode_lists(salt, receipts, held)
        if len(both) == HEAD_BYTES:
            return  # nothing to say
        if decode_head(both).tags:
            self._custody.note_inventory(salt)  # before: else it would count as another's after a crash
        if self._put(len(both), iter((both,))):
            self.receipts.update(receipts)
            return
        alone = encode_lists(salt, receipts, ())
        if receipts and self._put(len(alone), iter((alone,))):
            self.receipts.update(receipts)
        self.is_full = True

    def bundles(self, offered: Iterable[Offered]) -> None:
        """In their order, until there is no room for the next one."""
        batch: list[Offered] = []
        used_bytes = HEAD_BYTES
        for one in offered:
            if used_bytes + ID_BYTES + one.size_bytes > self._largest():
                self._write(batch)
                batch, used_bytes = [], HEAD_BYTES
                if HEAD_BYTES + ID_BYTES + one.size_bytes > self._largest():
                    self.is_full = True
                    return
            batch.append(one)
            used_bytes += ID_BYTES + one.size_bytes
        self._write(batch)

    def _largest(self) -> int:
        return size_within(self._room_bytes) if self._files_left > 0 else 0

    def _write(self, batch: list[Offered]) -> None:
        while batch:
            room_bytes, count = self._largest() - HEAD_BYTES, 0
            for one in batch:
                room_bytes -= ID_BYTES + one.size_bytes
                if room_bytes < 0:
                    break
                count += 1
            if not count:
                self.is_full = True
                return
            part, used_bytes = batch[:count], sum(ID_BYTES + one.size_bytes for one in batch[:count])
            put: list[BundleId] = []
            if self._put(HEAD_BYTES + used_bytes, self._records(part, put)):
                self.written.update(put)
                if put:
                    self._custody.handed_over(put)
                batch = batch[count:]

    def _records(self, part: list[Offered], put: list[BundleId]) -> Iterator[bytes]:
        yield encode_head(Head(salt=self._entropy.draw(SALT_BYTES)))
        for one in part:
            bundle = self._custody.read(one.id)
            if bundle is None or len(bundle) != one.size_bytes or bundle_id(bundle) != one.id:
                continue  # it has gone since, or our own disk has spoilt it
            yield one.id
            yield bundle
            put.append(one.id)

    def _put(self, used_bytes: int, pieces: Iterator[bytes]) -> bool:
        """One file, safe when this returns. False: there is no room for it, and less is tried from now on."""
        size_bytes = size_for(used_bytes)
        if size_bytes is None or size_bytes > self._largest():
            return False
        with stick_problems("write on the stick", safe=WRITING):
            try:
                self._make(size_bytes, pieces)
            except OSError as exc:
                if exc.errno not in FULL:
                    raise
                self._room_bytes = size_bytes - 1
                return False
        self._room_bytes -= size_bytes
        self._files_left -= 1
        self.size_bytes += size_bytes
        return True

    def _make(self, size_bytes: int, pieces: Iterator[bytes]) -> None:
        name, file = self._folder.create(self._entropy.draw(NAME_CHANCE_BYTES))
        try:
            self._fill(file, size_bytes, pieces)
            self._folder.sync()
        except BaseException:
            with suppress(OSError):  # where the stick is out, what there is of it is read as far as it goes
                self._folder.remove(name)
            raise

    def _fill(self, file: int, size_bytes: int, pieces: Iterator[bytes]) -> None:
        """Write, up to the size, and make it durable."""
        try:
            left_bytes = size_bytes
            for piece in pieces:
                _write_all(file, piece)
                left_bytes -= len(piece)
                self._tell(len(piece))
            while left_bytes:
                left_bytes -= os.write(file, bytes(min(left_bytes, FILL_AT_ONCE_BYTES)))
            os.fsync(file)
        finally:
            os.close(file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
