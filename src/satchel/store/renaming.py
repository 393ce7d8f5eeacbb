"""Give a file a name that nothing has yet: never overwrite, not even in a race (M4).

Three ways, best first, as file systems differ. Only the last one, for disks without hard links on
kernels that cannot rename exclusively (FAT and exFAT through FUSE), has a gap: a name that another
program makes in the microseconds between look and rename is replaced. Nothing a peer sends can time
that, since a hand-over names its files one after another.
"""

import ctypes
import errno
import os
from typing import NamedTuple

_RENAME_NOREPLACE = 1
_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_libc, "renameat2", None)
if _renameat2 is not None:
    _renameat2.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)

# EINVAL may also mean a name that this file system refuses: the next way then says so.
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_NO_HARD_LINKS = _NOT_SUPPORTED | {errno.EPERM, errno.EMLINK}


class At(NamedTuple):
    """A name in an open folder."""

    folder: int
    name: bytes


def rename_new(old: At, new: At) -> None:
    """Raises FileExistsError when something has the name already, whatever it is."""
    try:
        rename_exclusively(old, new)
        return
    except OSError as exc:
        if exc.errno not in _NOT_SUPPORTED:
            raise
    try:
        link_then_unlink(old, new)
        return
    except OSError as exc:
        if exc.errno not in _NO_HARD_LINKS:
            raise
    look_then_rename(old, new)


def rename_exclusively(old: At, new: At) -> None:
    """Atomic and without a gap."""
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    # c_char_p would end the name at a NUL; the rule for names has none, so this is a mistake of ours.
    assert b"\0" not in old.name
    assert b"\0" not in new.name
    if _renameat2(old.folder, old.name, new.folder, new.name, _RENAME_NOREPLACE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def link_then_unlink(old: At, new: At) -> None:
    """Without a gap, too; killed between the two, the file has both names until the next start."""
    os.link(old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder, follow_symlinks=False)
    os.unlink(old.name, dir_fd=old.folder)


def look_then_rename(old: At, new: At) -> None:
    """The last resort, see the top."""
    try:
        os.stat(new.name, dir_fd=new.folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
