"""The benchmark `page`: a large file from a real browser into the node, and how soon a page can be used."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import GIB, Figure, Target, ratio, spread
from bench.report import MB
from bench.results import Result, ScenarioFailed
from bench.running import Scenario
from bench.track import Course, say
from bench.workspace import BLOCK_BYTES, ON_DISK, empty, random_file, workspace
from browser.chromium import Chromium
from browser.owner import Owner, go
from browser.pytest_plugin import why_not
from browser.waiting import until
from end_to_end.acquainted import befriend_absent, made
from end_to_end.programs import Person
from lab import Lab
from lab.process import usage

if TYPE_CHECKING:
    from playwright.sync_api import Page

ABOUT = "a large file from Chromium into the node, gone on with after a reload; pages on a slow processor"
UPLOAD_MS = 600_000.0
SLOWER = 6.0
SHOWN = ("/", "/people", "/waiting", "/care", "/give", "/pair")
TURNS = 5
FORM = "form[data-give]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One file."""

    grew_bytes: int
    whole_s: float
    limit_s: float  # until as many bytes are copied beside it, and durable
    again: float  # of what was there before the reload, how much was brought once more


def upload(course: Course) -> Result:
    size = course.size(4 * GIB, GIB // 4)
    turns: list[Turn] = []
    with workspace(ON_DISK, 4 * size) as folder:
        file = random_file(folder / "film.bin", size)
        for number in range(course.repeat):
            turns.append(one_upload(empty(folder / "turn"), file))
            say(f"  {number + 1}/{course.repeat}: {turns[-1]}")
    whole, limit = [turn.whole_s for turn in turns], [turn.limit_s for turn in turns]
    figures = [
        Figure(
            what="the node grew by at most",
            unit="MB",
            spread=spread(turn.grew_bytes / MB for turn in turns),
            target=Target(at_most=50),
        ),
        Figure(
            what="brought again after a reload in the middle",
            unit="%",
            spread=spread(100 * turn.again for turn in turns),
            target=Target(at_most=5),
        ),
        Figure(what="rate", unit="MB/s", spread=spread(size / MB / one for one in whole)),
        Figure(what="of the rate of a copy with one sync", spread=ratio(limit, whole)),
    ]
    about = f"{size / GIB:.4g} GiB, on this disk; half of it, a reload, and the same file chosen again."
    return Result(name="upload", about=about, figures=figures)


def one_upload(folder: Path, file: Path) -> Turn:
    with Lab(folder / "lab") as lab, person_with_page(lab) as (owner, page):
        pid = owner.node.process.inner()
        if pid is None:
            raise ScenarioFailed(f"the node has ended: {owner.node.complaints}")
        before_bytes, size = resident(pid), file.stat().st_size
        begun: list[int] = []  # from which byte on each piece was
        page.on("request", lambda asked: begun.extend(piece_of(asked.method, asked.url)))
        began_s = time.monotonic()
        choose(page, file)
        until(page, f"document.querySelector('{FORM} [data-sent]').value > {size / 2}")
        page.reload()
        had, count = max(begun), len(begun)
        choose(page, file)
        page.wait_for_selector("#errand", timeout=UPLOAD_MS)
        whole_s = time.monotonic() - began_s
        _, peak_bytes = usage(pid)
        again = max(0, had - min(begun[count:])) / had
    return Turn(
        grew_bytes=peak_bytes - before_bytes,
        whole_s=whole_s,
        limit_s=copied_s(file, folder / "copy"),
        again=again,
    )


def choose(page: "Page", file: Path) -> None:
    go(page, "/give")
    page.set_input_files("input[data-files] >> nth=0", file)
    page.click(f"{FORM} > button")


def piece_of(method: str, url: str) -> list[int]:
    return [int(url.rpartition("=")[2])] if method == "PUT" else []


def copied_s(file: Path, to: Path) -> float:
    began_s = time.monotonic()
    with file.open("rb") as source, to.open("wb") as out:
        while os.sendfile(out.fileno(), source.fileno(), None, BLOCK_BYTES):
            pass
        os.fsync(out.fileno())
    took_s = time.monotonic() - began_s
    to.unlink()
    return took_s


def resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) << 10


def usable(course: Course) -> Result:
    """From the click until what it leads to is there and answers, the processor six times slower."""
    took_s: dict[str, list[float]] = {path: [] for path in SHOWN}
    with (
        workspace(ON_DISK, 64 << 20) as folder,
        Lab(folder / "lab") as lab,
        person_with_page(lab, cpu_slowdown=SLOWER) as (_, page),
    ):
        for _ in range(course.size(TURNS * course.repeat, 1)):
            for path in SHOWN:
                began_s = time.monotonic()
                go(page, path)
                page.evaluate("document.querySelector('h1').textContent")
                took_s[path].append(time.monotonic() - began_s)
    figures = [
        Figure(what=f"{path} usable", unit="s", spread=spread(took), target=Target(at_most=1))
        for path, took in took_s.items()
    ]
    return Result(name="usable", about="Chromium, six times slower, 40 contacts.", figures=figures)


@contextlib.contextmanager
def person_with_page(lab: Lab, *, cpu_slowdown: float = 1.0) -> "Iterator[tuple[Owner, Page]]":
    """Raises ScenarioFailed: there is no browser here."""
    if reason := why_not():
        raise ScenarioFailed(f"no browser: {reason}; `python3 dev.py test` installs it")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only there, where it is installed

    person = made(Person(lab.host("amina")))
    befriend_absent(person, 40)
    owner = Owner.up(person)
    with sync_playwright() as playwright:
        chromium = Chromium(playwright, person.host)
        try:
            yield owner, owner.page(chromium, cpu_slowdown=cpu_slowdown)
        finally:
            chromium.conclude()


SCENARIOS: dict[str, Scenario] = {"upload": upload, "usable": usable}
