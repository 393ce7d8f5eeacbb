"""The text of a letter, written in the person's own editor: in a file in memory, by a program that can write
nowhere else. Decision record 0223.

What is run as `python -m satchel.cli.editor FOLDER WORDS...` becomes that editor.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from satchel.cli import prompt
from satchel.confinement.landlock import can_confine_writes, confine_writes
from satchel.errors import MisuseError
from satchel.store.memory_folder import memory_folder

NAME = "letter.txt"
_CANNOT_START = 127  # as shells say it
_NOT_HELD = 126


def words() -> list[str]:
    """The command line of the editor that the person has chosen; none, if none is."""
    try:
        return shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    except ValueError:  # a quotation mark without an end
        return []


def is_wanted() -> bool:
    """Whether there is a screen for it, and what it is."""
    return bool(words()) and os.isatty(0) and os.isatty(1)


def read_letter(bytes_max: int) -> str | None:
    """From the editor, where one is wanted and can be held; else all of standard input (prompt.read_text).

    None: it is not UTF-8, or longer. Raises MisuseError: nothing was written, or the editor failed.
    """
    if is_wanted():
        with _ended_by_closing(), memory_folder() as folder:
            if folder is not None and can_confine_writes():
                return _edited(folder, bytes_max)
        print(
            "Your editor is not started: nothing on this machine keeps it from writing to a disk.",
            file=sys.stderr,
        )
    return prompt.read_text(bytes_max)


@contextmanager
def _ended_by_closing() -> Iterator[None]:
    """A terminal that is closed ends all in this block as Ctrl-C does: else the text would stay in memory."""
    is_heard = threading.current_thread() is threading.main_thread()
    if not is_heard or signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL:  # as with nohup
        yield
        return
    signal.signal(signal.SIGHUP, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _end(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a second one must not stop what erases it
    raise KeyboardInterrupt


def _edited(folder: Path, bytes_max: int) -> str | None:
    file = folder / NAME
    file.touch(0o600)
    line = [sys.executable, "-P", "-m", __name__, str(folder), *words(), str(file)]
    code = subprocess.call(line, env=os.environ | {"TMPDIR": str(folder)})  # noqa: S603 - the person's own
    text = file.read_bytes() if file.is_file() else b""
    if code or not text.strip():
        raise MisuseError(
            f"The editor ended with code {code}." if code else "Nothing was written in the editor.",
            safe="Nothing was sent.",
            do="To send files alone: satchel write NAME --attach FILE < /dev/null",
        )
    try:
        return text.decode("utf-8") if len(text) <= bytes_max else None
    except UnicodeDecodeError:
        return None


def become(folder: str, line: list[str]) -> int:
    """The editor, held to this folder. Returns only where it cannot."""
    if not confine_writes([Path(folder)]):
        return _NOT_HELD
    try:
        os.execvp(line[0], line)  # noqa: S606 - without a shell, and the person's own words
    except OSError as problem:
        print(f"{line[0]}: {os.strerror(problem.errno or 0)}", file=sys.stderr)
        return _CANNOT_START


if __name__ == "__main__":
    sys.exit(become(sys.argv[1], sys.argv[2:]))
