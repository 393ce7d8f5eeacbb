"""A folder whose files lie in memory and on no disk: for what another program must have as a file.

What is in memory may be swapped out, as any program's may: `satchel doctor` says where that is in clear.
"""

import ctypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from satchel.store.durability import overwrite

_TMPFS, _RAMFS = 0x01021994, 0x858458F6  # statfs(2)
_STATFS_BYTES = 256  # at least
_SHARED = "/dev/shm"  # noqa: S108 - looked at first, and the folder in it is the owner's alone

_libc = ctypes.CDLL(None, use_errno=True)


def is_in_memory(path: str | Path) -> bool:
    """Whether no disk gets what is written there."""
    told = ctypes.create_string_buffer(_STATFS_BYTES)
    if _libc.statfs(os.fsencode(path), told) != 0:
        return False
    return ctypes.c_long.from_buffer(told).value & 0xFFFFFFFF in (_TMPFS, _RAMFS)


@contextmanager
def memory_folder() -> Iterator[Path | None]:
    """A new one, with mode 0700; None: this machine has no place for it. At the end what is in it is
    overwritten, and it goes. Raises OSError: there is no room for it."""
    places = (os.environ.get("XDG_RUNTIME_DIR"), _SHARED)
    place = next((one for one in places if one and is_in_memory(one) and os.access(one, os.W_OK)), None)
    if place is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="satchel-", dir=place))
    try:
        yield folder
    finally:
        _erase(folder)


def _erase(folder: Path) -> None:
    for here, folders, files in os.walk(folder, topdown=False):
        for name in files:
            path = os.path.join(here, name)
            with suppress(OSError):  # a lock, a pipe: whatever it is, it goes
                file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                try:
                    overwrite(file)
                finally:
                    os.close(file)
            with suppress(OSError):
                os.unlink(path)
        for name in folders:
            path = os.path.join(here, name)
            with suppress(OSError):
                os.unlink(path) if os.path.islink(path) else os.rmdir(path)
    with suppress(OSError):
        folder.rmdir()
