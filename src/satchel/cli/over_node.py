"""A command that is run by the node: its words go there, what it shows and asks comes here.

Light: it imports nothing of what the command itself needs. Spec: docs/spec/api.md, 3.
"""

import http.client
import json
import os
import shutil
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from satchel.cli import local_socket, prompt, streams
from satchel.cli.home import absolute, home_folder
from satchel.errors import EnvironmentProblem, MisuseError, SatchelError

if TYPE_CHECKING:
    from satchel.cli.show import Show

LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE")
PATIENCE_S = 10.0  # for all but what a job says: that may take as long as it likes
COLUMNS_MAX = 1000
OUR_FRAME = b'{"job": '  # [3.3]
Frame = dict[str, Any]


class NodeConnection(http.client.HTTPConnection):
    """To the node of one profile. Raises OSError like its base; ConnectionRefusedError: no node runs."""

    def __init__(self, home: Path) -> None:
        super().__init__("node")
        self._home = home

    def connect(self) -> None:
        connection = local_socket.connect(self._home)
        if connection is None:
            raise ConnectionRefusedError("no node runs")
        connection.settimeout(PATIENCE_S)
        self.sock = connection

    def ask(self, method: str, path: str, body: Frame | None = None) -> http.client.HTTPResponse:
        """Raises SatchelError: the node refused it."""
        data = json.dumps(body).encode() if body is not None else None
        self.request(method, path, body=data)
        response = self.getresponse()
        if response.status >= 300:
            raise _refusal(response)
        return response


def _refusal(response: http.client.HTTPResponse) -> SatchelError:
    try:
        told = json.loads(response.read())
        sentences = {name: str(told[name]) for name in ("what", "safe", "do")}
    except (ValueError, LookupError, TypeError):
        sentences = {"what": "The running Satchel did not understand this command.", "safe": "", "do": ""}
    kind = MisuseError if response.status == 400 else EnvironmentProblem
    return kind(sentences["what"], safe=sentences["safe"], do=sentences["do"])


def runs(home: Path) -> bool:
    """Whether a node of this person runs with this profile."""
    connection = local_socket.connect(home)
    if connection is None:
        return False
    connection.close()
    return True


def to_running(given: str | None, words: Sequence[str]) -> "Caller | None":
    """Who runs this command with the profile of this --home; None: no node does."""
    try:
        home = home_folder(given)
    except SatchelError:
        return None  # the command itself says it
    return Caller(home, words) if runs(home) else None


class Caller:
    """One command, as the node runs it."""

    def __init__(self, home: Path, words: Sequence[str]) -> None:
        self._home = home
        self._words = list(words)
        self._job = ""
        self._is_over = False

    def run(self, _options: Namespace, _show: "Show") -> int:
        """Its exit code. Raises SatchelError."""
        connection = NodeConnection(self._home)
        with _told_in_sentences(), _interrupting(self._stop):
            response = connection.ask("POST", "/v1/jobs", self._asked())
            connection.sock.settimeout(None)
            try:
                for line in response:
                    if not line.startswith(OUR_FRAME):
                        streams.write_bytes(line)
                    elif (code := self._take(json.loads(line))) is not None:
                        return code
            finally:
                connection.close()
                self._is_over = True
                prompt.interrupted.set()  # whoever waits for a line gives up
        raise _ended_early()

    def _asked(self) -> Frame:
        return {
            "words": self._words,
            "folder": str(absolute(".")),
            "screen": {
                "typed": os.isatty(prompt.STDIN),
                "result": sys.stdout.isatty(),
                "notes": sys.stderr.isatty(),
                "columns": min(COLUMNS_MAX, max(1, shutil.get_terminal_size().columns)),
            },
            "locale": {name: os.environ[name] for name in LOCALE if name in os.environ},
        }

    def _take(self, frame: Frame) -> int | None:
        match frame:
            case {"job": "begun", "id": str(id)}:
                self._job = id
            case {"job": "write", "to": "out", "text": str(text)}:
                streams.write(text)
            case {"job": "write", "to": "bytes", "text": str(text)}:
                streams.write_bytes(text.encode("utf-8", "surrogateescape"))
            case {"job": "write", "to": "err", "text": str(text)}:
                sys.stderr.write(text)
                sys.stderr.flush()
            case {"job": "read", "what": str(what), "question": str(question)}:
                bytes_max = int(frame.get("bytes_max", prompt.TEXT_BYTES_MAX))
                asked = (what, question, bytes_max)
                if what == "letter" and _in_editor():
                    self._answer(*asked)  # here: a thread that is given up would leave the text lying about
                else:
                    answering = threading.Thread(target=self._answer, args=asked, daemon=True)
                    answering.start()  # beside: more is shown meanwhile
            case {"job": "over", "code": int(code)}:
                return code
            case _:
                pass  # of a newer version
        return None

    def _answer(self, what: str, question: str, bytes_max: int) -> None:
        try:
            line = _read(what, question, bytes_max)
        except MisuseError as mistake:
            sys.stderr.write(f"{mistake.what}\n")
            line = None
        if not prompt.interrupted.is_set():
            self._tell("line", {"line": line})

    def _stop(self) -> None:
        prompt.interrupted.set()
        if self._job and not self._is_over:
            self._tell("stop", {})
        else:
            raise KeyboardInterrupt

    def _tell(self, what: str, body: Frame) -> None:
        with suppress(OSError, http.client.HTTPException, SatchelError):  # then its last word comes, or none
            connection = NodeConnection(self._home)
            try:
                connection.ask("POST", f"/v1/jobs/{self._job}/{what}", body).read()
            finally:
                connection.close()


def _in_editor() -> bool:
    from satchel.cli import editor  # noqa: PLC0415 - for one command

    return editor.is_wanted()


def _read(what: str, question: str, bytes_max: int) -> str | None:
    """[3.3] Raises MisuseError."""
    match what:
        case "text":
            return prompt.read_text(bytes_max)
        case "letter":
            from satchel.cli import editor  # noqa: PLC0415 - for one command

            return editor.read_letter(bytes_max)
        case "secret":
            return prompt.read_secret(question)
        case _:
            return prompt.read_line(question)


@contextmanager
def _interrupting(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM: the first asks for an end in good order, the second does not wait for it."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def once(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, at_once)
        stop()

    def at_once(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = [(number, signal.signal(number, once)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def _told_in_sentences() -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as exc:
        raise _ended_early() from exc


def _ended_early() -> EnvironmentProblem:
    return EnvironmentProblem(
        "The Satchel that ran this command has ended.",
        safe="What has arrived stays, and nothing unfinished stands under a final name.",
        do="Start it again: satchel up. What was accepted can go on: satchel send without a path, and satchel"
        " receive --resume.",
    )
