"""Where a command shows and asks: a terminal or pipes of its own, or those of whoever let it run in the node.

What is shown is text that is ready: show.py has made it. Used from several threads.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Protocol

from satchel.cli import prompt, streams


class Console(Protocol):
    """One for a command."""

    @property
    def is_typed_at(self) -> bool:
        """Whether a person types the lines, who may mend a mistake."""
        ...

    @property
    def result_is_seen(self) -> bool:
        """Whether what `write` writes goes to a screen."""
        ...

    @property
    def notes_are_seen(self) -> bool:
        """Whether what `note` writes goes to a screen."""
        ...

    @property
    def columns(self) -> int:
        """How wide the screen is."""
        ...

    def write(self, text: str) -> None:
        """To standard output, at once; whether anybody still reads it or not."""
        ...

    def write_bytes(self, data: bytes) -> None: ...
    def note(self, text: str) -> None:
        """To standard error, at once, as it is: without a line end of its own."""
        ...

    def read_line(self, question: str) -> str | None:
        """See prompt.read_line."""
        ...

    def read_secret(self, question: str) -> str | None:
        """See prompt.read_secret."""
        ...

    def read_text(self) -> str | None:
        """See prompt.read_text."""
        ...

    def read_letter(self, bytes_max: int) -> str | None:
        """See editor.read_letter."""
        ...

    def on_stop(self, stop: Callable[[], object]) -> None:
        """Called on the loop of what runs: from now on Ctrl-C, or its like, calls `stop` on it; and whoever
        waits for a line gets none."""
        ...


class Terminal:
    """What this process was started with."""

    @property
    def is_typed_at(self) -> bool:
        return os.isatty(prompt.STDIN)

    @property
    def result_is_seen(self) -> bool:
        return sys.stdout.isatty()

    @property
    def notes_are_seen(self) -> bool:
        return sys.stderr.isatty()

    @property
    def columns(self) -> int:
        return shutil.get_terminal_size().columns

    def write(self, text: str) -> None:
        streams.write(text)

    def write_bytes(self, data: bytes) -> None:
        streams.write_bytes(data)

    def note(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

    def read_line(self, question: str) -> str | None:
        return prompt.read_line(question)

    def read_secret(self, question: str) -> str | None:
        return prompt.read_secret(question)

    def read_text(self) -> str | None:
        return prompt.read_text()

    def read_letter(self, bytes_max: int) -> str | None:
        from satchel.cli import editor  # noqa: PLC0415 - for one command

        return editor.read_letter(bytes_max)

    def on_stop(self, stop: Callable[[], object]) -> None:
        def interrupted() -> None:
            prompt.interrupted.set()
            stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, interrupted)
