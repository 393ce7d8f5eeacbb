"""Loads the foreign libraries once, and makes a copy of itself for each book. Spec: docs/spec/books.md, 3.

Started by the node as a program of its own, with an empty environment and one socket. It reads no book, and
nothing that came from one; it ends when the node does.
"""

import array
import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType

from satchel.books import child
from satchel.books.decoding import prepare as prepare_encodings
from satchel.books.frames import Ask
from satchel.confinement.landlock import hide_memory

CONTROL = 0  # the descriptor of the socket to the node: its standard input
READY, MADE, FAILED = b"r", b"m", b"f"
_FIRST_TO_GO = b"1000"  # when memory is short, before anything else of this machine


def main() -> None:
    """Of `python -I -c ...`, see launcher.py. Its only argument: the module of the formats."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hide_memory()
    _go_first()
    formats = importlib.import_module(sys.argv[1])
    prepare_encodings()
    formats.prepare()
    gc.collect()
    gc.freeze()  # so that copies share what they never touch
    with socket.socket(fileno=CONTROL) as control:
        control.sendall(READY)
        _serve(control, formats)


def _serve(control: socket.socket, formats: ModuleType) -> None:
    size_bytes = _address_space_bytes()
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:  # a copy has ended
                    selector.unregister(key.fileobj)
                    os.close(key.fd)
                    os.waitpid(key.data, 0)
                    continue
                word, lines = _receive(control)
                if not word:
                    return  # the node has ended
                pid = _copy(lines, Ask(word[0]), formats, size_bytes)
                if pid is None:
                    control.sendall(FAILED)
                    continue
                process = os.pidfd_open(pid)  # not reaped yet, so it is the right one
                selector.register(process, selectors.EVENT_READ, pid)
                socket.send_fds(control, [MADE], [process])


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    size = socket.CMSG_SPACE(array.array("i", [0]).itemsize)
    word, ancillary, _, _ = control.recvmsg(1, size)
    descriptors = array.array("i")
    for _, _, content in ancillary:
        descriptors.frombytes(content)
    return word, list(descriptors)


def _copy(lines: list[int], mode: Ask, formats: ModuleType, size_bytes: int) -> int | None:
    """The process id; None: the system makes none."""
    try:
        pid = os.fork()
    except OSError:
        pid = None
    if pid == 0:
        child.run(lines[0], mode, formats, size_bytes)
    for line in lines:
        os.close(line)
    return pid


def _address_space_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _go_first() -> None:
    with contextlib.suppress(OSError):  # no /proc that can be written, or Landlock was there before us
        Path("/proc/self/oom_score_adj").write_bytes(_FIRST_TO_GO)
