"""Other names for what arrives when its own name is taken. Pure: looks at no disk.

A name is bytes and stays what it is; only a number is put in, and only room is made for it.
"""

from itertools import count

from satchel.core.wire.paths import COMPONENT_BYTES_MAX

EXTENSION_BYTES_MAX = 16  # a longer "extension" is a part of the name with a dot in it


def numbered(name: bytes, n: int, *, is_folder: bool) -> bytes:
    """The n-th name to try, from 1: b"photo.jpg", b"photo (2).jpg", b"photo (3).jpg" ..."""
    if n == 1:
        return name
    stem, extension = (name, b"") if is_folder else _split(name)
    number = b" (%d)" % n
    return _shortened(stem, COMPONENT_BYTES_MAX - len(number) - len(extension)) + number + extension


def free_among(name: bytes, taken: set[bytes], *, is_folder: bool) -> bytes:
    """The first of the names that is not in `taken`."""
    for n in count(1):  # ends: each is another name, `taken` is finite
        candidate = numbered(name, n, is_folder=is_folder)
        if candidate not in taken:
            return candidate
    raise AssertionError("count() has no end")


def _split(name: bytes) -> tuple[bytes, bytes]:
    """Stem and extension; dots at the front belong to the stem: .bashrc has no extension."""
    front = len(name) - len(name.lstrip(b"."))
    stem, dot, extension = name[front:].rpartition(b".")
    if not dot or len(extension) >= EXTENSION_BYTES_MAX:
        return name, b""
    stem = name[:front] + stem
    if stem[front:].endswith(b".tar"):  # archive.tar.gz: the pair opens as one
        return stem[:-4], b".tar." + extension
    return stem, b"." + extension


def _shortened(stem: bytes, length: int) -> bytes:
    """At most `length` bytes of it, cut between characters where it is UTF-8."""
    if len(stem) <= length:
        return stem
    for end in range(length, max(length - 4, 0), -1):
        if stem[end] & 0xC0 != 0x80:  # the byte behind the cut begins a character
            return stem[:end]
    return stem[:length]  # not UTF-8: any cut is as good
