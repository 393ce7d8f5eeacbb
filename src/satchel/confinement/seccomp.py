"""Leave this process nothing but to think, and to speak over what is open already (B1).

seccomp(2) with a filter of our own: a list of the system calls that are allowed; each other one fails with
EPERM. After it no file is opened, no socket made, no program run, no process made or signalled, and no memory
becomes code. For x86-64 and arm64; without effect elsewhere, which is said.
"""

import ctypes
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_MODE_FILTER = 2
_EPERM, _EFAULT = 1, 14
_SIGKILL = 9

# linux/bpf_common.h: load a word, jump if equal, if greater or equal, if any bit is set; return
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | _EPERM
# struct seccomp_data: the call, the architecture, and the lower half of the third argument
_CALL_AT, _ARCH_AT, _THIRD_AT = 0, 4, 32
_PROT_EXEC = 4
_X32 = 0x40000000  # numbers of another kind of program on the same machine


@dataclass(frozen=True, slots=True)
class _Architecture:
    audit: int  # linux/audit.h
    mapping: tuple[int, ...]  # mmap, mprotect: allowed, unless the memory could be run
    allowed: tuple[int, ...]


# asm/unistd_64.h and asm-generic/unistd.h. Of memory, of time, of signals to itself, and reading and
# writing what is open. Not: prlimit64, which reaches other processes; stat and its like, which tell of files;
# sendmsg, which can hand on what is open.
_ARCHITECTURES: Mapping[str, _Architecture] = {
    "x86_64": _Architecture(
        0xC000003E,
        (9, 10),
        (
            *(
                0,
                1,
                3,
                8,
                11,
                12,
                13,
                14,
                15,
            ),  # read write close lseek munmap brk rt_sig{action,procmask,return}
            *(24, 25, 28, 35, 39, 60, 63, 96, 98, 99),  # yield mremap madvise nanosleep getpid exit uname ...
            *(
                131,
                186,
                202,
                204,
                219,
                228,
                229,
                230,
                231,
            ),  # sigaltstack gettid futex affinity restart clock_*
            *(273, 318, 334),  # set_robust_list getrandom rseq
        ),
    ),
    "aarch64": _Architecture(
        0xC00000B7,
        (222, 226),
        (
            *(63, 64, 57, 62, 215, 214, 134, 135, 139),
            *(124, 216, 233, 101, 172, 93, 160, 169, 165, 179),
            *(132, 178, 98, 123, 128, 113, 114, 115, 94),
            *(99, 278, 293),
        ),
    ),
}

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def can_filter_calls() -> bool:
    """Whether this kernel, on this machine, has what filter_calls needs. Changes nothing."""
    if os.uname().machine not in _ARCHITECTURES:
        return False
    # No filter where one was announced: EFAULT from who has filters, EINVAL from who has none.
    return _set_process(_PR_SET_SECCOMP, _MODE_FILTER, 0) != 0 and ctypes.get_errno() == _EFAULT


def filter_calls() -> bool:
    """For ever, for this thread: call it where there is no other one. Returns False, and changes nothing,
    where the kernel cannot do it."""
    machine = _ARCHITECTURES.get(os.uname().machine)
    if machine is None or _set_process(_PR_SET_NO_NEW_PRIVS, 1, 0) != 0:
        return False
    code = _filter(machine)
    program = _Program(len(code) // 8, code)
    return _set_process(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program)) == 0


def end_with_parent() -> None:
    """This process ends when the one that has made it does; also when it is gone already."""
    parent = os.getppid()
    _set_process(_PR_SET_PDEATHSIG, _SIGKILL, 0)
    if os.getppid() != parent:
        os._exit(0)


def _filter(machine: _Architecture) -> bytes:
    """struct sock_filter, one behind the other. A jump says how many of them are left out: if so, if not."""
    lines = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _CALL_AT),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for number in machine.allowed:
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in machine.mapping:
        lines += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _THIRD_AT),
            (_ANY_BIT, 1, 0, _PROT_EXEC),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _REFUSE),
        ]
    lines.append((_RETURN, 0, 0, _REFUSE))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _set_process(option: int, second: int, third: int) -> int:
    """prctl(2) is variadic: every argument must be widened to a register by hand."""
    zero = ctypes.c_ulong(0)
    widened = (ctypes.c_ulong(second), ctypes.c_ulong(third), zero, zero)
    return int(_libc.prctl(ctypes.c_int(option), *widened))
