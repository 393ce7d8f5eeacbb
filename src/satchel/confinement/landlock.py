"""Take rights away from this very process, so that a mistake of ours costs less (M4, T1).

Landlock (Linux 5.13+, landlock(7)) is a second wall behind landing.py: whatever a peer makes this
program do, the kernel refuses to write outside the folders that were named. It is no replacement for
the first wall, since many kernels have none. Reading stays free.
"""

import ctypes
import os
import resource
import struct
from collections.abc import Sequence
from pathlib import Path

from satchel.errors import MisuseError
from satchel.problems import disk_problems

# The three system calls have the same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4  # x86-64 and arm64

_WRITE_FILE = 1 << 1
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_CHAR, _MAKE_DIR, _MAKE_REG, _MAKE_SOCK = 1 << 6, 1 << 7, 1 << 8, 1 << 9
_MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM = 1 << 10, 1 << 11, 1 << 12
_REFER = 1 << 13  # from version 2; before it, a rename into another folder is always refused
_TRUNCATE = 1 << 14  # from version 3
# All rights on files, TCP, and signals and abstract sockets to others, as each version added them
_ALL_FILES = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, 1 << 15))
_ALL_TCP, _VERSION_OF_TCP = 3, 4
_ALL_OTHERS, _VERSION_OF_OTHERS = 3, 6
_VERSION_NEEDED = 2  # without _REFER a finished file could not be given its name
_VERSION_OF_TRUNCATE = 3

_ON_FILES = _WRITE_FILE | _TRUNCATE
_ALLOWED = _ON_FILES | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _REFER
# Forbidden everywhere, in the chosen folders too: nothing here ever makes a link, a FIFO or a device.
_HANDLED = _ALLOWED | _MAKE_CHAR | _MAKE_FIFO | _MAKE_BLOCK | _MAKE_SYM
_STILL_WRITABLE = ("/dev/null", "/dev/tty")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def confine_writes(folders: Sequence[bytes | Path]) -> bool:
    """From now on this thread, and all that it starts, can change files only beneath `folders`.

    For ever, also across exec, and no set-user-id program gives rights back. Call it before any thread
    starts. Returns False, and changes nothing, where the kernel cannot do it.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        raise MisuseError("Writes must be confined before the first thread starts.")
    return confine_thread(folders)


def confine_thread(folders: Sequence[bytes | Path]) -> bool:
    """As confine_writes; threads that were there before keep their rights."""
    version = landlock_version()
    if version < _VERSION_NEEDED:
        return False
    known = ~0 if version >= _VERSION_OF_TRUNCATE else ~_TRUNCATE
    attribute = struct.pack("=Q", _HANDLED & known)
    ruleset = _call(_CREATE_RULESET, attribute, len(attribute), 0)
    if ruleset < 0:
        return False
    try:
        for folder in folders:
            _allow(ruleset, folder, _ALLOWED & known)
        for device in _STILL_WRITABLE:
            if os.path.exists(device):
                _allow(ruleset, Path(device), _ON_FILES & known)
        if _set_process(_PR_SET_NO_NEW_PRIVS, 1) != 0:
            return False
        return _call(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def confine_wholly() -> bool:
    """From now on this thread can open no file and no folder, for reading neither; nor, where the kernel
    knows of that, bind or connect by TCP, or signal a process outside. What is open stays open. As
    confine_thread in all else."""
    version = landlock_version()
    if version < 1:
        return False
    files = sum(rights for since, rights in _ALL_FILES if version >= since)
    attribute = struct.pack("=Q", files)
    if version >= _VERSION_OF_TCP:
        attribute += struct.pack("=Q", _ALL_TCP)
    if version >= _VERSION_OF_OTHERS:
        attribute += struct.pack("=Q", _ALL_OTHERS)
    ruleset = _call(_CREATE_RULESET, attribute, len(attribute), 0)
    if ruleset < 0:
        return False
    try:
        return _set_process(_PR_SET_NO_NEW_PRIVS, 1) == 0 and _call(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def can_confine_writes() -> bool:
    """Whether this kernel has what confine_writes needs."""
    return landlock_version() >= _VERSION_NEEDED


def landlock_version() -> int:
    """Below 1: this kernel has none, or it is switched off."""
    return _call(_CREATE_RULESET, None, 0, _ASK_VERSION)


def hide_memory() -> None:
    """No other process of this person reads it, and none of it is written to the disk when it breaks down."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _set_process(_PR_SET_DUMPABLE, 0)


def harden() -> None:
    """No core dumps, no swap where it can be, and no other process of this person reads our memory: it holds
    keys (T1). And as many open files as the system allows: a class on a bad radio has a thousand
    connections (M3)."""
    hide_memory()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _keep_out_of_swap()


def can_keep_out_of_swap() -> bool:
    """Whether the system sets no limit to it, as for root; below a limit a later allocation would fail."""
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return os.geteuid() == 0 or most == resource.RLIM_INFINITY


def _keep_out_of_swap() -> None:
    if can_keep_out_of_swap():
        _libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def _allow(ruleset: int, path: bytes | Path, rights: int) -> None:
    with disk_problems(f"open {os.fsdecode(path)!r}"):
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # a stick that is not in: nothing can be written there
        try:
            rule = struct.pack("=Qi", rights, opened)
            if _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) != 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code))
        finally:
            os.close(opened)


def _set_process(option: int, value: int) -> int:
    zero = ctypes.c_ulong(0)
    return int(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def _call(number: int, *arguments: int | bytes | None) -> int:
    """syscall(2) is variadic: every argument must be widened to a register by hand."""
    widened = [
        ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value) for value in arguments
    ]
    return int(_libc.syscall(ctypes.c_long(number), *widened))
