"""Lines that a person types, or a script pipes in. Secrets come this way, never as arguments."""

import os
import select
import sys
import termios
import threading

from satchel.errors import MisuseError

STDIN = 0  # read by its descriptor: a buffer would swallow what is meant for a later question
LINE_BYTES_MAX = 4096
TEXT_BYTES_MAX = 48_000
LETTER_BYTES_MAX = 512 << 10  # of what is typed: as JSON it has six times as many [api 1.4]
TERMINAL_LINE_BYTES = 4095  # the kernel drops what is behind them, in silence (termios(3))
_POLL_S = 0.2
_LOCAL_MODES = 3  # of what tcgetattr gives

interrupted = threading.Event()  # set on Ctrl-C: whoever waits for a line in a thread gives up


def read_line(question: str) -> str | None:
    """One line from standard input, without its end; None at the end of input or when interrupted.

    Can be called from any thread. The question is for people: it is asked in a terminal only.

    Raises:
        MisuseError: longer than any answer.
    """
    line = _read_line(question)
    return line.decode("utf-8", "replace") if line is not None else None


def _read_line(question: str) -> bytes | None:
    if question and os.isatty(STDIN):
        sys.stderr.write(question)
        sys.stderr.flush()
    line = bytearray()
    while not interrupted.is_set():
        ready, _, _ = select.select([STDIN], [], [], _POLL_S)
        if not ready:
            continue
        byte = os.read(STDIN, 1)
        if byte in (b"\n", b""):
            return bytes(line) if line or byte else None
        line += byte
        if len(line) > LINE_BYTES_MAX:
            raise MisuseError(
                f"The answer is longer than {LINE_BYTES_MAX} bytes.",
                safe="Nothing was done with it.",
                do="Type one line at a time: a code, or what you want of an offer.",
            )
    return None


def read_secret(question: str) -> str | None:
    """As read_line, and what is typed in a terminal is not shown on it.

    Raises MisuseError: not UTF-8, too. Each letter of an older alphabet would become the same sign: so any
    passphrase of that length would open what is under one of them.
    """
    line = _read_line(question) if not os.isatty(STDIN) else _read_hidden(question)
    if line is None:
        return None
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise MisuseError(
            "What was typed is not UTF-8: this terminal, or that script, uses an older alphabet.",
            safe="Nothing was done with it.",
            do="Switch it to UTF-8, then start again.",
        ) from None  # what is told of the error has the line in it


def _read_hidden(question: str) -> bytes | None:
    shown = termios.tcgetattr(STDIN)
    hidden = [*shown]
    hidden[_LOCAL_MODES] &= ~termios.ECHO
    try:
        termios.tcsetattr(STDIN, termios.TCSAFLUSH, hidden)
        return _read_line(question)
    finally:
        termios.tcsetattr(STDIN, termios.TCSAFLUSH, shown)
        sys.stderr.write("\n")
        sys.stderr.flush()


def read_text(bytes_max: int = TEXT_BYTES_MAX) -> str | None:
    """All of standard input as text; None if it is not UTF-8, longer than `bytes_max`, or a terminal has cut
    a line of it."""
    is_typed = os.isatty(STDIN)
    if is_typed:
        print("Type the text; end with Ctrl-D on a line of its own.", file=sys.stderr)
    data = bytearray()
    while len(data) <= bytes_max:
        part = os.read(STDIN, 65536)
        if not part:
            break
        data += part
    if len(data) > bytes_max or (is_typed and max(map(len, data.split(b"\n"))) >= TERMINAL_LINE_BYTES):
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
