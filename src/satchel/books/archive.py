"""Zip archives of other people, opened only within limits. Spec: docs/spec/books.md, 3.

Everything is looked at in the directory of the archive before anything is unpacked.
"""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from satchel.books.unfit import Why, unfit

ENTRIES_MAX = 10_000
DIRECTORY_BYTES_MAX = 16 << 20
UNPACKED_BYTES_MAX = 1 << 30
RATIO_MAX = 100  # of an entry
RATIO_FREE_BYTES = 1 << 20  # below this no ratio is asked for: a blank page shrinks to nothing
NAME_BYTES_MAX = 1024

_END, _END64, _END64_PLACE = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES = 22
_COMMENT_BYTES_MAX = 65_535
_LOCAL_BYTES = 30  # of the header before each entry, without its name
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def is_zip(head: bytes) -> bool:
    return head.startswith((b"PK\x03\x04", _END))


@dataclass(frozen=True, slots=True)
class Archive:
    """What can be read of it, by name. Names that could step out of a folder are not in here."""

    _zip: zipfile.ZipFile
    entries: dict[str, zipfile.ZipInfo]  # files alone, in the order of the directory

    def read(self, name: str, bytes_max: int) -> bytes:
        """A whole entry. Raises UnfitBook: it is damaged, or larger. KeyError: there is none."""
        if self.entries[name].file_size > bytes_max:
            raise unfit(Why.TOO_MUCH)
        return self.read_beginning(name, bytes_max)

    def read_beginning(self, name: str, bytes_max: int) -> bytes:
        """The first bytes of an entry. As `read`."""
        try:
            with self._zip.open(self.entries[name]) as entry:
                return entry.read(bytes_max)
        except _BROKEN as exc:
            raise unfit(Why.DAMAGED) from exc


def entry_names(file: BinaryIO) -> list[str]:
    """Of all entries, before any other limit is asked for: to see what it is. Raises UnfitBook."""
    return _directory(file).namelist()


def open_archive(file: BinaryIO, *, unpacked_bytes_max: int = UNPACKED_BYTES_MAX) -> Archive:
    """Raises UnfitBook: not an archive, damaged, locked, or one that would become too much."""
    opened = _directory(file)
    infos = opened.infolist()
    if sum(info.file_size for info in infos) > unpacked_bytes_max:
        raise unfit(Why.TOO_MUCH)
    end_of_last = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.flag_bits & _ENCRYPTED:
            raise unfit(Why.LOCKED)
        if info.header_offset < end_of_last:  # two entries of the same bytes: Fifield's bomb, 2019
            raise unfit(Why.TOO_MUCH)
        end_of_last = info.header_offset + _LOCAL_BYTES + info.compress_size
        if info.file_size > max(RATIO_FREE_BYTES, info.compress_size * RATIO_MAX):
            raise unfit(Why.TOO_MUCH)
    return Archive(opened, {info.filename: info for info in infos if _is_usable(info)})


def _is_usable(info: zipfile.ZipInfo) -> bool:
    name = info.orig_filename
    if info.is_dir() or info.compress_type not in _METHODS or "\0" in name or "\\" in name:
        return False
    parts = name.split("/")
    return len(name.encode("utf-8", "replace")) <= NAME_BYTES_MAX and not {"", ".", ".."} & set(parts)


def _directory(file: BinaryIO) -> zipfile.ZipFile:
    entries, size_bytes = _ends(file)
    if entries > ENTRIES_MAX or size_bytes > DIRECTORY_BYTES_MAX:
        raise unfit(Why.TOO_MUCH)
    try:
        opened = zipfile.ZipFile(file)
    except (*_BROKEN, struct.error, IndexError, UnicodeError, OverflowError) as exc:
        raise unfit(Why.DAMAGED) from exc
    if len(opened.infolist()) > ENTRIES_MAX:  # the number in the end record may be a lie
        raise unfit(Why.TOO_MUCH)
    return opened


def _ends(file: BinaryIO) -> tuple[int, int]:
    """How many entries the end record announces, and of how many bytes the directory is: zipfile reads that
    as one."""
    size = file.seek(0, 2)
    start = max(0, size - _END_BYTES - _COMMENT_BYTES_MAX - 1)
    file.seek(start)
    tail = file.read(size - start)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise unfit(Why.DAMAGED)
    entries, directory_bytes = struct.unpack_from("<HI", tail, at + 10)
    place = start + at - 20
    if place < 0:
        return entries, directory_bytes
    file.seek(place)
    where = file.read(20)
    if where.startswith(_END64_PLACE) and len(where) == 20:
        file.seek(min(int.from_bytes(where[8:16], "little"), size))
        end64 = file.read(56)
        if end64.startswith(_END64) and len(end64) == 56:
            return struct.unpack_from("<32xQQ", end64)
    return entries, directory_bytes
