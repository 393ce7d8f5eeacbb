"""Whether a file that was there before has the same content as one that arrived."""

import os
import stat

from satchel.store.renaming import At

BLOCK_BYTES = 256 << 10


def same_content(arrived: int, there: At) -> bool:
    """Compare bytes; then make sure that what is there is durable, since a receipt will say so.

    Whatever cannot be read or is no regular file counts as different. Never follows a link, never
    waits for a FIFO, never opens a device.
    """
    try:
        before = os.stat(there.name, dir_fd=there.folder, follow_symlinks=False)
        if not stat.S_ISREG(before.st_mode):
            return False
        # O_NONBLOCK: were a FIFO put there in this moment, open would wait for its writer for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        file = os.open(there.name, flags, dir_fd=there.folder)
    except OSError:
        return False
    try:
        if not _equal(arrived, file):
            return False
        os.fsync(file)
        return True
    finally:
        os.close(file)


def _equal(one: int, other: int) -> bool:
    first, second = os.fstat(one), os.fstat(other)
    if not stat.S_ISREG(second.st_mode) or first.st_size != second.st_size:
        return False
    # Inode numbers prove nothing: some file systems in user space give one to two files.
    left, right = memoryview(bytearray(BLOCK_BYTES)), memoryview(bytearray(BLOCK_BYTES))
    offset = 0
    while offset < first.st_size:
        count = os.preadv(one, [left], offset)
        if count == 0 or _read_exactly(other, right[:count], offset) != count:
            return False  # one of them became shorter
        if left[:count] != right[:count]:
            return False
        offset += count
    return True


def _read_exactly(file: int, buffer: memoryview, offset: int) -> int:
    done = 0
    while done < buffer.nbytes:
        count = os.preadv(file, [buffer[done:]], offset + done)
        if count == 0:
            break
        done += count
    return done
