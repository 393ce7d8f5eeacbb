"""Formats as if a book had taken over what reads it: the name of the file says what it then does.

Takes the place of `satchel.books.formats` in a process of its own; see test_taken_over.py.
"""

import ctypes
import errno
import mmap
import os
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NoReturn

from satchel.books.frames import Chapters, Done, Head, Piece, Read, Unfit, encode_answer
from satchel.books.unfit import Why, unfit
from satchel.core.library.item import Heading
from satchel.core.library.kinds import Kind
from satchel.ports.books import Chapter, Facts, Opened, Resource
from satchel.ports.library import Passage

LINE = 3
PASSAGE = Passage(place="1", heading="h", text="x" * 16_384, words="x")
FACTS = Facts(media_type="text/plain", title="t")

_libc = ctypes.CDLL(None, use_errno=True)


def prepare() -> None:
    pass


def _syscall(number: int, *arguments: int) -> None:
    widened = [ctypes.c_long(one) for one in arguments]
    if _libc.syscall(ctypes.c_long(number), *widened) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _thread() -> None:
    try:
        threading.Thread(target=int).start()
    except RuntimeError as exc:
        raise PermissionError(errno.EPERM, "no thread") from exc


def _load() -> None:
    try:
        ctypes.CDLL("libz.so.1")
    except OSError as exc:
        raise PermissionError(errno.EPERM, "no library") from exc


# Each must end with EPERM or EACCES. {}: the process id of a victim
TRIES: dict[str, Callable[[int], object]] = {
    "read a file": lambda _: os.open("/etc/passwd", os.O_RDONLY),
    "write a file": lambda _: os.open("/tmp/satchel-taken-over", os.O_WRONLY | os.O_CREAT),
    "list a folder": lambda _: os.listdir("/"),
    "ask of a file": lambda _: os.stat("/etc/passwd"),
    "remove a file": lambda _: os.unlink("/tmp/satchel-not-there"),
    "memory of another": lambda victim: os.open(f"/proc/{victim}/mem", os.O_RDONLY),
    "memory of another, at once": lambda victim: _syscall(310, victim, 0, 0, 0, 0, 0),  # process_vm_readv
    "trace another": lambda victim: _syscall(101, 16, victim, 0, 0),  # PTRACE_ATTACH
    "kill another": lambda victim: os.kill(victim, 0),
    "kill its parent": lambda victim: os.kill(1, 0),
    "handle of another": os.pidfd_open,
    "limits of another": lambda victim: resource.prlimit(victim, resource.RLIMIT_NOFILE),
    "TCP": lambda _: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "UDP": lambda _: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "local socket": lambda _: socket.socketpair(),
    "run a program": lambda _: os.execv("/bin/true", ["/bin/true"]),
    "make a process": lambda _: os.fork(),
    "start a program": lambda _: subprocess.Popen(["/bin/true"]),
    "make a thread": lambda _: _thread(),
    "load a library": lambda _: _load(),
    "run memory": lambda _: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "file in memory": lambda _: os.memfd_create("x"),
    "io_uring": lambda _: _syscall(425, 1, 0),
    "user namespace": lambda _: _syscall(272, 0x10000000),  # unshare(CLONE_NEWUSER)
    "more limits": lambda _: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)),
    "the network of the kernel": lambda _: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "hand on a descriptor": lambda _: _syscall(46, LINE, 0, 0),  # sendmsg
    "another kind of calls": lambda _: os.pipe(),
}


def examine(file: BinaryIO, name: str) -> Iterator[Facts | Passage]:
    what, _, victim = name.partition(":")
    if what == "fine":
        yield Facts(media_type="text/plain", title=file.read(100).decode())
        return
    if what == "unfit":
        raise unfit(Why.LOCKED)
    if what in TRIES:
        yield Facts(media_type="text/plain", title=_outcome(TRIES[what], int(victim)))
        return
    {"spin": _spin, "die": _die, "fault": _fault, "memory": _memory, "sleep": _sleep}.get(
        what, lambda: _say(what)
    )()


def _outcome(attempt: Callable[[int], object], victim: int) -> str:
    try:
        attempt(victim)
    except OSError as exc:
        return errno.errorcode[exc.errno or 0]
    except ValueError:  # setrlimit: above what was given
        return "EPERM"
    return "done"


def _spin() -> NoReturn:
    while True:
        pass


def _sleep() -> None:
    time.sleep(3600)


def _die() -> NoReturn:
    os._exit(0)


def _fault() -> None:
    ctypes.string_at(0)


def _memory() -> None:
    bytearray(2 << 30)


def raw(body: bytes) -> None:
    """A frame, past everything that would look at it."""
    left = len(body).to_bytes(4, "big") + body
    while left:
        left = left[os.write(LINE, left) :]


def _say(what: str) -> NoReturn:
    """What the process should never say; and then nothing any more."""
    match what:
        case "endless":
            raw(encode_answer(FACTS))
            passage = encode_answer(PASSAGE)
            while True:
                raw(passage)
        case "length":
            os.write(LINE, b"\xff\xff\xff\xff")
        case "garbage":
            raw(b"\xff" * 100)
        case "passage first":
            raw(encode_answer(PASSAGE))
        case "done first":
            raw(encode_answer(Done()))
        case "facts twice":
            raw(encode_answer(FACTS))
            raw(encode_answer(FACTS))
        case "piece":
            raw(encode_answer(Piece(b"x")))
        case "chapters":
            raw(encode_answer(Chapters([Chapter(place="1", title="x")])))
        case "no reason":
            raw(encode_answer(Unfit(Why.DAMAGED))[:-1] + b"\x18\x63")
        case "drop by drop":
            os.write(LINE, b"\0\0\xff\xff")
            while True:
                os.write(LINE, b"\0")
                time.sleep(0.05)
        case "read for ever":
            while True:
                raw(encode_answer(Read(0, 1000)))
                os.read(LINE, 2000)
        case "read behind":
            raw(encode_answer(Read(1 << 60, 1000)))
            answer = os.read(LINE, 2000)
            raw(encode_answer(Facts(media_type="text/plain", title=repr(answer))))
            raw(encode_answer(Done()))
        case "driving":
            headings = tuple(Heading(depth=9, title="\x1b[2J\n" + "h" * 200) for _ in range(1000))
            raw(
                encode_answer(
                    Facts(
                        media_type="text/html\r\nX: y",
                        title="\x1b]0;x\x07t" + "\u202e" * 300,
                        authors=("\0", "a\u0085b") * 32,
                        languages=("EN", "en_us", "../x"),
                        subjects=tuple(f"{n}" + "s" * 250 for n in range(64)),
                        pages=1 << 60,
                        duration_s=0,
                        contents=headings,
                        cover=b"<svg onload=x()>",
                    )
                )
            )
            raw(encode_answer(Passage(place="\r\n", heading="\x1b", text="a\x00\x1bb\n", words="\x07w")))
            raw(encode_answer(Done()))
    while True:
        time.sleep(3600)


def format_of(kind: Kind) -> "HostileFormat":
    if kind is Kind.PDF:
        raise unfit(Why.LOCKED)
    return HostileFormat()


class HostileFormat:
    def open(self, file: BinaryIO) -> Opened:
        return _Hostile(file)


class _Hostile:
    """The path says what happens."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def outline(self) -> Sequence[Chapter]:
        if self._file.read(7) == b"endless":
            while True:
                raw(encode_answer(Chapters([Chapter(place="1", title="x" * 200)] * 128)))
        return [Chapter(place="1", title="\x1b", depth=99)]

    def fetch(self, path: str) -> Resource:
        match path:
            case "fine":
                self._file.seek(0)
                return Resource(media_type="text/html; charset=utf-8", body=self._file.read(), title="t")
            case "large":
                return Resource(media_type="image/png", body=b"x" * (64 << 20))
            case "too large":
                return Resource(media_type="image/png", body=b"x" * ((64 << 20) + 1))
            case "header":
                return Resource(media_type="text/html\r\nSet-Cookie: x", body=b"")
            case "promise":
                raw(encode_answer(Head("image/png", "", 64 << 20)))
                _sleep()
            case "more than said":
                raw(encode_answer(Head("image/png", "", 1)))
                raw(encode_answer(Piece(b"xx")))
                _sleep()
            case "die":
                _die()
            case "spin":
                _spin()
            case "bug":
                raise KeyError(path)
        raise unfit(Why.EMPTY)
