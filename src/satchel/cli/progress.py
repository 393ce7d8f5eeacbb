"""The line that shows how far a hand-over is, in a terminal and nowhere else."""

from satchel.cli import units
from satchel.cli.console import Console
from satchel.node import clock
from satchel.node.events import Progress


class Rate:
    """Bytes a second over the last ten seconds."""

    WINDOW_S = 10.0
    SETTLED_S = 0.5  # less time than this tells nothing

    def __init__(self) -> None:
        self._points: list[tuple[float, int]] = []

    def of(self, moved: int, now_s: float) -> float:
        """0.0 while it cannot be told."""
        if self._points and moved < self._points[-1][1]:
            self._points.clear()  # a new connection counts anew
        self._points.append((now_s, moved))
        while now_s - self._points[0][0] > self.WINDOW_S:
            self._points.pop(0)
        then_s, before = self._points[0]
        elapsed_s = now_s - then_s
        return (moved - before) / elapsed_s if elapsed_s > self.SETTLED_S else 0.0


def describe(event: Progress, rate: float) -> str:
    """How far it is: most important first, since a narrow terminal cuts the end."""
    share = event.bytes_done * 100 // event.bytes_of if event.bytes_of else 100
    line = f"{share:3d} %  {units.size(event.bytes_done)} of {units.size(event.bytes_of)}"
    if rate > 0:
        line += (
            f"  {units.size(int(rate))}/s  {units.duration((event.bytes_of - event.bytes_done) / rate)} left"
        )
    return f"{line}  {event.files_done:,} of {units.files(event.files_of)}"


class Crowd:
    """Several receivers of one offer, or several hand-overs that go on side by side, as one progress."""

    def __init__(self) -> None:
        self._latest: dict[int, Progress] = {}

    def sum_with(self, number: int, event: Progress) -> Progress:
        self._latest[number] = event
        all_of_them = self._latest.values()
        return Progress(
            bytes_done=sum(one.bytes_done for one in all_of_them),
            bytes_of=sum(one.bytes_of for one in all_of_them),
            files_done=sum(one.files_done for one in all_of_them),
            files_of=sum(one.files_of for one in all_of_them),
            bytes_moved=sum(one.bytes_moved for one in all_of_them),
        )

    def forget(self, number: int) -> None:
        """It is over: a line about what still runs says nothing of it."""
        self._latest.pop(number, None)


class ProgressLine:
    """Drawn over itself on standard error; `clear` before anything else is written there."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = console.notes_are_seen
        self._drawn = False
        self._rate = Rate()

    def draw(self, event: Progress) -> None:
        if not self._live:
            return
        line = describe(event, self._rate.of(event.bytes_moved, clock.monotonic_s()))
        columns = self._console.columns
        self._console.note(f"\r\x1b[K{line[: columns - 1]}")  # a line that wraps could not be drawn over
        self._drawn = True

    def begin_anew(self) -> None:
        """A connection is over: the next one has another rate."""
        self._rate = Rate()

    def clear(self) -> None:
        if self._drawn:
            self._console.note("\r\x1b[K")
            self._drawn = False
