"""The commands about books over a library in memory: typed words in, events or lines out."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from node.library.memory_library import LineOpener, memory_library
from satchel.cli.main import run
from satchel.cli.parser import read
from satchel.ports.library import Library


class ListConsole:
    """See cli.console.Console: lines are typed before, what is shown is kept."""

    is_typed_at = result_is_seen = notes_are_seen = False
    columns = 80

    def __init__(self, typed: Iterable[str] = ()) -> None:
        self.typed = list(typed)
        self.written = ""
        self.noted = ""

    def write(self, text: str) -> None:
        self.written += text

    def write_bytes(self, data: bytes) -> None:
        self.written += data.decode()

    def note(self, text: str) -> None:
        self.noted += f"{text}\n"

    def read_line(self, question: str) -> str | None:
        return self.typed.pop(0) if self.typed else None

    def read_secret(self, question: str) -> str | None:
        raise NotImplementedError

    def read_text(self) -> str | None:
        raise NotImplementedError

    def read_letter(self, bytes_max: int) -> str | None:
        raise NotImplementedError

    def on_stop(self, stop: Callable[[], object]) -> None:
        pass


class NoUploads:
    @contextmanager
    def holding(self, ids: Iterable[bytes]) -> Iterator[None]:
        assert not list(ids)
        yield


class ShopProfile:
    """What these commands ask of a profile."""

    def __init__(self) -> None:
        self.library: Library = memory_library()
        self.shared_opener = SimpleNamespace(get=LineOpener)
        self.uploads = NoUploads()
        self.post = SimpleNamespace(clock=SimpleNamespace(best_s=lambda: 1_700_000_000))
        self.confined: list[tuple[Path, ...]] = []

    @property
    def owner(self) -> "ShopProfile":
        return self

    def confine(self, *folders: Path) -> None:
        self.confined.append(folders)

    def close(self) -> None:
        pass


class Told:
    """What came of a command."""

    def __init__(self, code: int, console: ListConsole) -> None:
        self.code = code
        self.console = console

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.console.written.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]


class Shop:
    def __init__(self) -> None:
        self.profile = ShopProfile()

    def say(self, *words: str, typed: Iterable[str] = ()) -> Told:
        """As a person reads it."""
        return self._run(list(words), typed)

    def do(self, *words: str, typed: Iterable[str] = ()) -> Told:
        """As a script reads it."""
        return self._run([*words, "--json"], typed)

    def _run(self, words: list[str], typed: Iterable[str]) -> Told:
        options: argparse.Namespace = read(words)
        options.lent = self.profile
        console = ListConsole(typed)
        command = import_module(f"satchel.cli.{options.module}")
        return Told(run(command.run, options, console), console)
