"""What `satchel carry` says: how much has come over so far, and at the end what came of it."""

import threading
from collections import deque

from satchel.carriers.stick import CarriedOut, TakenIn
from satchel.cli import units
from satchel.cli.show import JsonShow, Show
from satchel.errors import EnvironmentProblem
from satchel.node import clock, events

EVERY_S = 0.2


class Meter:
    """Told of each piece by the thread that carries, and of letters by any."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._size_bytes = 0
        self._drawn_s: float | None = None
        self._heard: deque[events.Event] = deque()
        self._stopping = threading.Event()

    def hear(self, event: events.Event) -> None:
        """Returns at once: it is the turn of the post office, and who reads this screen may be slow."""
        self._heard.append(event)

    def stop(self) -> None:
        """The next piece is the last one."""
        self._stopping.set()

    def tell(self, size_bytes: int) -> None:
        """So much more has come over. Raises EnvironmentProblem: it is to stop here."""
        if self._stopping.is_set():
            raise EnvironmentProblem("Stopped.")
        self._say_heard()
        self._size_bytes += size_bytes
        now_s = clock.monotonic_s()
        if size_bytes and (self._drawn_s is None or now_s - self._drawn_s >= EVERY_S):
            self._draw(now_s)

    def close(self) -> None:
        """Before the last words."""
        self._say_heard()
        self._clear()

    def _draw(self, now_s: float) -> None:
        if isinstance(self._show, JsonShow):
            self._show.line("carried", bytes=self._size_bytes)
        elif self._show.console.notes_are_seen:
            self._show.console.note(f"\r\x1b[K{units.size(self._size_bytes)} so far")
        self._drawn_s = now_s

    def _say_heard(self) -> None:
        while self._heard:
            self._clear()
            self._show.hear(self._heard.popleft())

    def _clear(self) -> None:
        if self._drawn_s is not None and self._show.console.notes_are_seen:
            self._show.console.note("\r\x1b[K")
        self._drawn_s = None


def about_taken(taken: TakenIn) -> str:
    said = f"Taken in: {units.count(taken.bundles, 'bundle')}; {units.count(taken.receipts, 'receipt')} read."
    if taken.damaged:
        were = "was" if taken.damaged == 1 else "were"
        said += f" {units.count(taken.damaged, 'bundle')} {were} cut off or changed, and left where they are."
    if taken.unreadable:
        said += f" {units.files(taken.unreadable)} could not be read, and stay as they are."
    return said


def about_out(went: CarriedOut, own: int) -> str:
    """own: of how many own letters something is among it."""
    receipts = units.count(went.receipts, "receipt")
    said = f"Written: {units.count(went.bundles, 'bundle')} and {receipts}, {units.size(went.size_bytes)}."
    if went.left_out:
        said += f" {went.left_out:,} more are there already, or all who use this stick have them."
    if went.is_full:
        said += " There was no room for all: what is small and new has gone first."
    if own:
        said += (
            f"\n{units.count(own, 'letter')} of yours went along. Own letters do not wait here: whoever knows"
            " whose stick this is can guess that you wrote what is nowhere else yet."
        )
    return f"{said}\nAll of it is safe there. Eject it before you pull it out." if went.size_bytes else said


def taken_fields(taken: TakenIn) -> dict[str, object]:
    return {
        "bundles_in": taken.bundles,
        "receipts_in": taken.receipts,
        "damaged": taken.damaged,
        "failed": taken.unreadable,
    }


def out_fields(went: CarriedOut, own: int) -> dict[str, object]:
    return {
        "own_letters": own,
        "bundles_out": went.bundles,
        "receipts_out": went.receipts,
        "left_out": went.left_out,
        "bytes": went.size_bytes,
        "full": went.is_full,
    }
