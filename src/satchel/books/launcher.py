"""The node's side of the zygote: starts it, and anew if it ended; has it make a process for each book."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

from satchel.books.frames import LENGTH_BYTES, Ask
from satchel.books.zygote import MADE, READY
from satchel.errors import EnvironmentProblem

START_MAX_S = 60.0  # to load the libraries, from a slow card
MAKE_MAX_S = 10.0
# What the program imports, it imports from where the node does; -I alone would leave out some of it.
_CODE = "import sys; sys.path[:] = sys.argv[2:]; from satchel.books.zygote import main; main()"


class Ended(Exception):
    """The process of a book is gone."""


class BookProcess:
    """The process of one book, from the node's side. Used by one thread at a time, but for `kill`."""

    def __init__(self, line: socket.socket, handle: int) -> None:
        self._line = line
        self._handle = handle
        self._lock = threading.Lock()

    def send(self, body: bytes, within_s: float) -> None:
        """One frame. Raises Ended, TimeoutError."""
        try:
            self._line.settimeout(max(within_s, 0.001))
            self._line.sendall(len(body).to_bytes(LENGTH_BYTES, "big") + body)
        except TimeoutError:
            raise
        except OSError as exc:
            raise Ended from exc

    def receive(self, count: int, left_s: Callable[[], float]) -> bytearray:
        """Exactly so many bytes. `left_s`: to wait for all of them; raises TimeoutError. Raises Ended."""
        buffer = bytearray(count)
        view = memoryview(buffer)
        while view:
            try:
                self._line.settimeout(left_s())
                got = self._line.recv_into(view)
            except TimeoutError:
                raise
            except OSError as exc:
                raise Ended from exc
            if got == 0:
                raise Ended
            view = view[got:]
        return buffer

    def kill(self) -> None:
        """By its handle, which no other process can get. May be repeated, from any thread."""
        with self._lock:
            if self._handle >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        """It ends. May be repeated; not while another thread uses it."""
        self.kill()
        with self._lock:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1
            self._line.close()


class Launcher:
    """From any thread."""

    def __init__(self, formats: str) -> None:
        self._formats = formats
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._is_closed = False

    def start(self, mode: Ask) -> BookProcess:
        """Raises EnvironmentProblem: the system makes no process."""
        with self._lock:
            if self._is_closed:
                raise _problem()
            for _ in range(2):  # the second time with a new zygote
                try:
                    return self._make(self._started(), mode)
                except (OSError, EOFError):
                    self._end()
            raise _problem()

    def close(self) -> None:
        """All processes end with the zygote. May be repeated."""
        with self._lock:
            self._is_closed = True
            self._end()

    @property
    def zygote_id(self) -> int | None:
        """Its process id, if it runs."""
        zygote = self._zygote
        return None if zygote is None or zygote.poll() is not None else zygote.pid

    def _started(self) -> socket.socket:
        if self._control is not None:
            return self._control
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        with theirs:
            paths = [path for path in sys.path if os.path.isabs(path)]
            # No shell, no environment, no descriptors but /dev/null and the socket, no terminal.
            self._zygote = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", "-c", _CODE, self._formats, *paths],
                env={},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.settimeout(START_MAX_S)
        if ours.recv(1) != READY:
            raise EOFError
        ours.settimeout(MAKE_MAX_S)
        return ours

    def _make(self, control: socket.socket, mode: Ask) -> BookProcess:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(control, [bytes([mode])], [theirs.fileno()])
            word, handles, _, _ = socket.recv_fds(control, 1, 1)
            if word != MADE or len(handles) != 1:
                raise EOFError
            return BookProcess(ours, handles[0])
        except BaseException:
            ours.close()
            raise

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._zygote is not None:
            self._zygote.kill()
            self._zygote.wait()
            self._zygote = None


def _problem() -> EnvironmentProblem:
    return EnvironmentProblem(
        "The system makes no process to look into books.",
        safe="Your books are as they were.",
        do="Close other programs, then try again.",
    )
