"""How long it takes until books are in, and whether all of them are."""

from pathlib import Path

from bench.figures import Figure, Target, spread
from bench.programs import Program
from bench.results import Result, ScenarioFailed
from bench.track import SATCHEL, Course, say
from bench.workspace import ON_DISK, empty, workspace
from books.corpus import many
from books.epub_maker import make_epub
from lab import Host, Lab
from workshop.corpus import bring, epubs

BOOKS = 1000
TIMEOUT_S = 3600.0


def add(course: Course) -> Result:
    """In one command, with damaged ones among them."""
    count, took_s, peaks = course.size(BOOKS, 100), [], []
    with workspace(ON_DISK, 2 << 30) as folder:
        shelf = folder / "books"
        write_books(shelf, count)
        damaged = write_damaged(shelf / "zz damaged", shelf)
        for number in range(course.repeat):
            home = empty(folder / "turn")
            with Lab(home / "lab") as lab:
                usage_s, peak, done = add_all(lab.host("amina"), shelf)
            if (done["new"], done["aside"]) != (count, damaged):
                raise ScenarioFailed(f"{done['new']} of {count} are in, {done['aside']} of {damaged} aside")
            took_s.append(usage_s)
            peaks.append(peak)
            say(f"  {number + 1}/{course.repeat}: {usage_s:.1f} s")
    figures = [
        Figure(what=f"{count:,} EPUBs are in", unit="s", spread=spread(took_s), target=Target(at_most=60)),
        Figure(what="books a second", spread=spread(count / one for one in took_s)),
        Figure(what="peak memory of the program", unit="MB", spread=spread(one / 1e6 for one in peaks)),
    ]
    about = f"{count:,} EPUBs of 37 languages, and {damaged} damaged ones, on this disk; none is lost."
    return Result(name="add", about=about, figures=figures)


def add_all(host: Host, shelf: Path, *words: str) -> tuple[float, int, dict[str, int]]:
    """Whole seconds, peak bytes, and its last word."""
    profile = host.home / "profile"
    Program(host, [*SATCHEL, "init", "--no-passphrase", "--json", "--home", profile]).wait(60)
    adding = Program(host, [*SATCHEL, "library", "add", "--json", "--home", profile, shelf, *words])
    usage = adding.wait(TIMEOUT_S)
    return usage.ended_s - usage.started_s, usage.rss_bytes, adding.expect("done")


def write_books(folder: Path, count: int, *, joined: int = 1) -> int:
    """Real ones, and others made of real texts; how many bytes of text these have. Raises Stopped: they
    cannot be fetched."""
    bring()
    folder.mkdir(parents=True)
    real, text_bytes = epubs()[:count], 0
    for number, path in enumerate(real):
        (folder / f"{number:05} real.epub").write_bytes(path.read_bytes())
    for number, text in enumerate(many(count - len(real), joined=joined)):
        made = make_epub(
            title=text.title,
            authors=text.authors,
            language=text.language,
            direction="rtl" if text.is_right_to_left else "ltr",
            chapters=text.chapters,
            subjects=text.subjects,
        )
        (folder / f"{number + len(real):05}.epub").write_bytes(made)
        text_bytes += sum(len(line.encode()) for _, lines in text.chapters for line in lines)
    return text_bytes


def write_damaged(folder: Path, books: Path) -> int:
    """Cut off, and with bytes turned in the middle of the list at their end; how many."""
    folder.mkdir()
    whole = sorted(books.glob("*.epub"))[:10]
    for number, path in enumerate(whole):
        content = path.read_bytes()
        (folder / f"cut {number}.epub").write_bytes(content[: len(content) // 2])
    return len(whole)
