"""Standard input, output and error, as they ought to be before anything else happens."""

import os
import sys


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
