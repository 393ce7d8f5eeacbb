"""Standard input, output and error, as they ought to be before anything else happens."""

import os
import sys
import threading
from collections.abc import Callable, Iterable

HOLD_S = 0.1
HELD_MAX = 500  # lines


def prepare() -> None:
    """Nothing of ours ever gets the numbers 0 to 2, and no name on the screen stops the program.

    Started with one of the three closed, the next file that we open would get its number: a line for
    people would be written into the database, or a code read from a connection.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    sys.stdin = sys.stdin or open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - for good
    sys.stdout = sys.stdout or open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8; stderr is so from the start


def write(text: str) -> None:
    """To standard output, at once. Whoever read it may have gone (`| head`): what runs goes on unheard."""
    write_bytes(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))


def write_bytes(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, sys.stdout.fileno())  # also for what is still in the buffer, at the end
        os.close(silence)


class Lines:
    """Lines to standard output, by several threads, in the order in which they were written.

    A system call for each of 10,000 lines would cost more time than the files that they tell of: a line
    may be held back for HOLD_S.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._guard = threading.Lock()
        self._held: list[str] = []
        self._timer: threading.Timer | None = None  # set while anything is held

    def write(self, line: str) -> None:
        """At once, behind what was held back."""
        with self._guard:
            self._held.append(line)
            self._let_go()

    def write_parts(self, parts: Iterable[str]) -> None:
        """A long line, piece by piece; nobody else's comes in between."""
        with self._guard:
            self._let_go()
            for part in parts:
                self._write(part)

    def write_soon(self, line: str) -> None:
        with self._guard:
            self._held.append(line)
            if len(self._held) >= HELD_MAX:
                self._let_go()
            elif self._timer is None:
                self._timer = threading.Timer(HOLD_S, self.close)
                self._timer.start()

    def close(self) -> None:
        """Nothing is held back any more. May be repeated, and written to again."""
        with self._guard:
            self._let_go()

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held:
            held, self._held = self._held, []
            self._write("".join(held))
