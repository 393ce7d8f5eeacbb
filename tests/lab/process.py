"""Programs inside a host: signals that reach them, and conversations at their prompts."""

import codecs
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from lab.namespace import END_WAIT_S, LabError, children, is_stopped, wait_until

ENTER_WAIT_S = 5.0
TEXT_SHOWN_MAX = 4000


def usage(pid: int) -> tuple[float, int]:
    """Seconds of processor time that a program has used, and bytes of memory that it held at most."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) << 10


class Process(subprocess.Popen[str]):
    """A Popen whose signals go to the program in the host, not to the command that entered it."""

    def inner(self) -> int | None:
        """The program's process id as seen from outside; None when it has ended."""
        found: list[int] = []

        def look() -> bool:
            found[:] = children(self.pid)
            return bool(found) or self.poll() is not None

        wait_until(look, ENTER_WAIT_S)
        return found[0] if found else None

    def send_signal(self, sig: int) -> None:
        """Signal the program itself: kill(), terminate() and suspending act on it."""
        pid = self.inner()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sig)
        # nsenter stops itself when its child stops, and then sees no more of what becomes of it.
        if sig == signal.SIGSTOP:
            wait_until(lambda: is_stopped(self.pid) or self.poll() is not None, ENTER_WAIT_S)
        elif sig in (signal.SIGCONT, signal.SIGKILL):
            self.wake()

    def wake(self) -> None:
        """Let the command that entered the host look again at what became of the program."""
        super().send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Kill the program if it still runs, and close its pipes."""
        if self.poll() is None:
            self.kill()
        try:
            self.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:  # then nsenter itself; the program goes with it
            super().send_signal(signal.SIGKILL)
            self.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class Dialogue:
    """A running program that is read all the time, waited for by its words, and typed at.

    Reading goes on in a thread, so the program never blocks because a test looks elsewhere.
    """

    def __init__(self, process: Process, *, read_fd: int, write_fd: int, complaints: Path | None) -> None:
        self.process = process
        self._read_fd, self._write_fd, self._complaints = read_fd, write_fd, complaints
        self._arrived = threading.Condition()
        self._text = ""
        self._seen = 0  # what expect() has passed
        self._closed = False
        self._reader = threading.Thread(target=self._read, name=f"dialogue {process.pid}", daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """All that the program has printed so far (standard output; in a terminal all)."""
        with self._arrived:
            return self._text

    @property
    def complaints(self) -> str:
        """What it printed on standard error, where that is no terminal."""
        return self._complaints.read_text(errors="replace") if self._complaints else ""

    def expect(self, pattern: str, timeout_s: float = 10.0) -> re.Match[str]:
        """Wait until `pattern` (a regular expression) is printed, after what was expected before.

        `^` and `$` are those of lines, but a line may still be growing: end with \\n for a whole one.

        Raises:
            LabError: it did not come in time, or the program ended without it.
        """
        limit_s = time.monotonic() + timeout_s
        with self._arrived:
            while not (match := re.compile(pattern, re.MULTILINE).search(self._text, self._seen)):
                left_s = limit_s - time.monotonic()
                if self._closed or left_s <= 0:
                    reason = "the program ended" if self._closed else f"{timeout_s} s passed"
                    raise LabError(f"{reason} without {pattern!r} in: {self._shown()}")
                self._arrived.wait(left_s)
            self._seen = match.end()
            return match

    def expect_event(self, name: str, timeout_s: float = 10.0) -> dict[str, Any]:
        """Wait for the next line of JSON whose "event" is `name`; other lines before it are passed over."""
        limit_s = time.monotonic() + timeout_s
        while True:
            line = self.expect(r"^\{.*\}\r?\n", max(0.0, limit_s - time.monotonic()))[0]
            event = json.loads(line)
            if event.get("event") == name:
                return dict(event)

    def type(self, line: str) -> None:
        """Type a line and Return."""
        os.write(self._write_fd, f"{line}\n".encode())

    def hang_up(self) -> None:
        """Close the program's input. In a terminal nothing ends by that: type Ctrl-D, chr(4)."""
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1

    def wait(self, timeout_s: float = 10.0) -> int:
        """The exit code, once the program has ended and all its words are in `text`."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise LabError(f"still running after {timeout_s} s: {self._shown()}") from None
        self._reader.join(timeout_s)
        return code

    def end(self) -> None:
        """Kill the program and close everything."""
        self.process.end()
        self._reader.join(ENTER_WAIT_S)
        self.hang_up()

    def _shown(self) -> str:
        return (self._text[-TEXT_SHOWN_MAX:] + self.complaints[-TEXT_SHOWN_MAX:]) or "(nothing)"

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                data = os.read(self._read_fd, 65536)
            except OSError:  # EIO: nobody holds the terminal any more
                data = b""
            with self._arrived:
                self._text += decoder.decode(data, final=not data)
                self._closed = not data
                self._arrived.notify_all()
            if not data:
                os.close(self._read_fd)  # by this thread, or it might read from what took the number next
                return
