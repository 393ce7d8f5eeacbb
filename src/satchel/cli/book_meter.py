"""What is said while books are put in or checked: how far it is, and each book that came or could not."""

import threading

from satchel.cli import units
from satchel.cli.show import JsonShow, Show
from satchel.errors import EnvironmentProblem
from satchel.escape import show_text
from satchel.node import clock
from satchel.node.library import events

EVERY_S = 0.2


class BookMeter:
    """Told by several threads, one at a time."""

    def __init__(self, show: Show, verb: str) -> None:
        """verb: what is done with the bytes, for a person."""
        self._show = show
        self._verb = verb
        self._drawn_s: float | None = None
        self._is_drawn = False
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def check(self) -> None:
        """Raises EnvironmentProblem: it is to stop here."""
        if self._stopping.is_set():
            raise EnvironmentProblem("Stopped.")

    def hear(self, event: events.Event) -> None:
        match event:
            case events.Read():
                now_s = clock.monotonic_s()
                is_last = event.files_done == event.files_of
                if is_last or self._drawn_s is None or now_s - self._drawn_s >= EVERY_S:
                    self._drawn_s = now_s
                    self._draw(event)
            case events.PutIn(is_new=is_new):
                if isinstance(self._show, JsonShow):
                    fields = {"number": event.number, "title": event.title, "path": event.name}
                    self._show.line("added", **fields, new=is_new)
            case events.SetAside():
                self._say(
                    f"Set aside: {show_text(event.name)}: {show_text(event.what)} {show_text(event.do)}"
                )
                if isinstance(self._show, JsonShow):
                    self._show.line("set_aside", path=event.name, what=event.what, do=event.do)
            case events.Indexed(number=number):
                if isinstance(self._show, JsonShow):
                    self._show.line("indexed", number=number)
            case events.Damaged(number=number, what=what):
                self._say(f"Damaged: book {number}: {show_text(what)}")
                if isinstance(self._show, JsonShow):
                    self._show.line("damaged", number=number, what=what)

    def clear(self) -> None:
        """Before the last words."""
        if self._is_drawn:
            self._show.console.note("\r\x1b[K")
        self._is_drawn = False

    def _say(self, line: str) -> None:
        self.clear()
        self._show.note(line)

    def _draw(self, now: events.Read) -> None:
        if isinstance(self._show, JsonShow):
            counted = {"files": now.files_done, "files_of": now.files_of}
            self._show.line("read", bytes=now.bytes_done, of=now.bytes_of, **counted)
        elif self._show.console.notes_are_seen:
            amount = f"{units.size(now.bytes_done)} of {units.size(now.bytes_of)}"
            self._show.console.note(f"\r\x1b[K{self._verb} {amount}, {now.files_done:,} of {now.files_of:,}")
            self._is_drawn = True
