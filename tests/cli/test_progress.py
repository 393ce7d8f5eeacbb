"""How far it is: a line that fits the terminal, and nothing where there is none."""

import os

import pytest

from satchel.cli.console import Terminal
from satchel.cli.progress import Crowd, ProgressLine, Rate, describe
from satchel.node.events import Progress

HALF = Progress(bytes_done=500, bytes_of=1000, files_done=3, files_of=12_000, bytes_moved=400)


def test_a_rate_needs_half_a_second() -> None:
    rate = Rate()
    assert rate.of(0, 10.0) == 0.0
    assert rate.of(1000, 10.4) == 0.0
    assert rate.of(2000, 11.0) == 2000.0


def test_a_rate_is_that_of_the_last_ten_seconds() -> None:
    rate = Rate()
    for second in range(60):
        rate.of(0, float(second))
    for second in range(60, 71):
        last = rate.of((second - 60) * 100, float(second))
    assert last == 100.0


def test_a_new_connection_counts_anew() -> None:
    rate = Rate()
    rate.of(5000, 1.0)
    assert rate.of(0, 2.0) == 0.0
    assert rate.of(100, 3.0) == 100.0


def test_the_line_says_the_most_important_first() -> None:
    assert describe(HALF, 0.0) == " 50 %  500 B of 1.0 kB  3 of 12,000 files"
    assert describe(HALF, 100.0) == " 50 %  500 B of 1.0 kB  100 B/s  0:05 left  3 of 12,000 files"


def test_nothing_but_empty_files_is_no_division_by_zero() -> None:
    empty = Progress(bytes_done=0, bytes_of=0, files_done=0, files_of=1, bytes_moved=0)
    assert describe(empty, 5.0).startswith("100 %")


def test_a_crowd_is_summed_up_by_the_latest_of_each() -> None:
    crowd = Crowd()
    assert crowd.sum_with(1, HALF) == HALF
    both = crowd.sum_with(2, HALF)
    assert (both.bytes_done, both.bytes_of, both.files_done, both.files_of) == (1000, 2000, 6, 24_000)
    done = Progress(bytes_done=1000, bytes_of=1000, files_done=12_000, files_of=12_000, bytes_moved=900)
    both = crowd.sum_with(1, done)
    assert both == Progress(
        bytes_done=1500, bytes_of=2000, files_done=12_003, files_of=24_000, bytes_moved=1300
    )


def test_one_of_a_crowd_that_begins_anew_makes_no_negative_rate() -> None:
    crowd, rate = Crowd(), Rate()
    crowd.sum_with(1, HALF)
    assert rate.of(crowd.sum_with(2, HALF).bytes_moved, 1.0) == 0.0
    again = Progress(bytes_done=500, bytes_of=1000, files_done=3, files_of=12_000, bytes_moved=0)
    assert rate.of(crowd.sum_with(1, again).bytes_moved, 2.0) == 0.0
    assert rate.of(crowd.sum_with(2, HALF).bytes_moved, 3.0) == 0.0


def test_piped_it_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine(Terminal())
    line.draw(HALF)
    line.clear()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("columns", [20, 80])
def test_it_never_wraps(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line that wraps could not be drawn over: the screen would fill with pieces of it."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, 24)))
    line = ProgressLine(Terminal())
    line.draw(HALF)
    drawn = capsys.readouterr().err
    assert drawn.startswith("\r\x1b[K 50 %")
    assert len(drawn) - len("\r\x1b[K") <= columns - 1
    line.clear()
    line.clear()
    assert capsys.readouterr().err == "\r\x1b[K"
