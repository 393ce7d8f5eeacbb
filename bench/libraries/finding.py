"""How soon words are found in ten thousand books, and how long pages wait beside those who search."""

from pathlib import Path

from bench.figures import Figure, Target, spread
from bench.libraries.adding import add_all, write_books
from bench.programs import Program
from bench.results import Result
from bench.track import Course
from bench.workspace import ON_DISK, workspace
from lab import Lab
from workshop.running import PYTHON, ROOT

BOOKS = 10_000
JOINED = 9  # texts in a book: ten thousand then have a gigabyte
TIMEOUT_S = 600.0


def search(course: Course) -> Result:
    """Once: putting them in takes many minutes."""
    count = course.size(BOOKS, 300)
    with workspace(ON_DISK, 8 << 30) as folder, Lab(folder / "lab") as lab:
        shelf = folder / "books"
        text_bytes = write_books(shelf, count, joined=JOINED)
        host = lab.host("amina")
        took_s, peak, done = add_all(host, shelf)
        line: list[str | Path] = [PYTHON, "-m", "bench.inside.finding", host.home / "profile"]
        found = Program(host, line, path=f"{ROOT}:{ROOT / 'tests'}").expect("found", TIMEOUT_S)
    figures = [
        Figure(
            what="first results, the slowest of all queries",
            unit="ms",
            spread=spread(1000 * one for one in found["slowest_s"]),
            target=Target(at_most=200),
        ),
        Figure(
            what="first results, median", unit="ms", spread=spread(1000 * one for one in found["median_s"])
        ),
        Figure(
            what="a page of the catalogue beside four who search, p99",
            unit="ms",
            spread=spread([1000 * found["page_p99_s"]]),
            target=Target(at_most=100),
        ),
        Figure(
            what="of 25 queries in many scripts, found",
            spread=spread([found["found"]]),
            target=Target(at_least=24),
        ),
        Figure(what="until all are in", unit="s", spread=spread([took_s])),
        Figure(what="start of the library", unit="s", spread=spread([found["start_s"]])),
        Figure(what="peak memory while they are put in", unit="MB", spread=spread([peak / 1e6])),
    ]
    about = f"{done['new']:,} books with {text_bytes / 1e9:.2f} GB of text, on this disk. Once."
    return Result(name="search", about=about, figures=figures, notes=found["notes"])
