"""The console of a command that runs inside the node, for who let it run: what it shows goes there as frames,
what it asks is answered from there. Spec: docs/spec/api.md, 3.

Its methods are those of Console, for the threads of the command; what stands below the line is for the loop
of the node.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

from satchel.cli.prompt import LINE_BYTES_MAX, TEXT_BYTES_MAX
from satchel.errors import MisuseError

_TEXTS = ("text", "letter")  # whose answers have several lines
HELD_BYTES_MAX = 1 << 20  # whoever does not read holds up who writes, as a pipe would


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What stands at the other end."""

    is_typed_at: bool
    result_is_seen: bool
    notes_are_seen: bool
    columns: int


def control(job: str, **fields: object) -> bytes:
    """A line about the job itself: no event of a command has the key `job` [3.3]."""
    return json.dumps({"job": job, **fields}).encode() + b"\n"


class RemoteConsole:
    """One for a job."""

    def __init__(self, screen: Screen, *, is_for_script: bool, loop: asyncio.AbstractEventLoop) -> None:
        """`is_for_script`: what is written are lines of JSON already."""
        self._screen = screen
        self._is_for_script = is_for_script
        self._loop = loop
        self._turn = threading.Condition()
        self._held: list[bytes] = []
        self._size = 0
        self._asks = ""
        self._bytes_max = 0  # of an answer
        self._answers: list[str | None] = []
        self._is_stopped = self._is_over = self._is_deserted = False
        self._stop_work: Callable[[], object] | None = None
        self._news = asyncio.Event()

    @property
    def is_typed_at(self) -> bool:
        return self._screen.is_typed_at

    @property
    def result_is_seen(self) -> bool:
        return self._screen.result_is_seen

    @property
    def notes_are_seen(self) -> bool:
        return self._screen.notes_are_seen

    @property
    def columns(self) -> int:
        return self._screen.columns

    def write(self, text: str) -> None:
        self._put(text.encode() if self._is_for_script else control("write", to="out", text=text))

    def write_bytes(self, data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        self._put(data if self._is_for_script else control("write", to="bytes", text=text))

    def note(self, text: str) -> None:
        if not self._is_for_script:
            self._put(control("write", to="err", text=text))

    def read_line(self, question: str) -> str | None:
        return self._ask("line", question, LINE_BYTES_MAX)

    def read_secret(self, question: str) -> str | None:
        return self._ask("secret", question, LINE_BYTES_MAX)

    def read_text(self) -> str | None:
        return self._ask("text", "", TEXT_BYTES_MAX)

    def read_letter(self, bytes_max: int) -> str | None:
        return self._ask("letter", "", bytes_max)

    def on_stop(self, stop: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()

        def stop_there() -> None:
            with suppress(RuntimeError):  # its loop is over
                loop.call_soon_threadsafe(stop)

        with self._turn:
            self._stop_work = stop_there
            if self._is_stopped:
                stop_there()

    def _ask(self, what: str, question: str, bytes_max: int) -> str | None:
        """Raises KeyboardInterrupt: it was stopped before anything was under way."""
        with self._turn:
            self._asks, self._bytes_max = what, bytes_max
        self._put(control("read", what=what, question=question, bytes_max=bytes_max))
        with self._turn:
            self._turn.wait_for(lambda: self._answers or self._is_stopped)
            self._asks = ""
            if self._answers:
                return self._answers.pop()
            if self._stop_work is None:
                raise KeyboardInterrupt
            return None

    def _put(self, frame: bytes) -> None:
        with self._turn:
            self._turn.wait_for(lambda: self._size < HELD_BYTES_MAX or self._is_deserted)
            if self._is_deserted:
                return
            self._held.append(frame)
            self._size += len(frame)
        self._tell()

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the node is gone
            self._loop.call_soon_threadsafe(self._news.set)

    def end(self, code: int) -> None:
        """The command is over, with this exit code."""
        self._put(control("over", code=code))
        with self._turn:
            self._is_over = True
        self._tell()

    # --- for the node -------------------------------------------------------------------------------

    async def frames(self) -> AsyncIterator[bytes]:
        """All that is shown and asked, to the end."""
        while True:
            await self._news.wait()
            self._news.clear()
            with self._turn:
                data, is_over = b"".join(self._held), self._is_over
                self._held.clear()
                self._size = 0
                self._turn.notify_all()
            if data:
                yield data
            if is_over:
                return

    def answer(self, line: str | None) -> bool:
        """False: nothing is asked. Raises MisuseError: this is no line, or longer than any answer."""
        with self._turn:
            limit_bytes = self._bytes_max if self._asks else LINE_BYTES_MAX
            if line is not None and len(line.encode("utf-8", "surrogatepass")) > limit_bytes:
                raise MisuseError(f"api 3.4: this answer has {limit_bytes} bytes at most.")
            if line is not None and self._asks not in _TEXTS and "\n" in line:
                raise MisuseError("api 3.4: one line at a time.")
            if not self._asks or self._answers:
                return False
            self._answers.append(line)
            self._turn.notify_all()
            return True

    def leave(self) -> None:
        """Nobody follows any more: stop it, and hold up nobody who writes. May be repeated."""
        with self._turn:
            self._is_deserted = True
        self.stop()

    def stop(self) -> None:
        """As Ctrl-C. May be repeated."""
        with self._turn:
            self._is_stopped = True
            self._turn.notify_all()
            if self._stop_work is not None:
                self._stop_work()
