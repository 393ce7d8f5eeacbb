"""The guests' door under a crowd, and beside copyparty and kiwix-serve on the same files."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.figures import GIB, Figure, Target, ratio, spread
from bench.libraries.adding import write_books
from bench.libraries.archives import write_archives
from bench.libraries.readers import first_pages, one_book, start
from bench.libraries.servers import STARTED_S, Server, copyparty, door, kiwix
from bench.results import Result, ScenarioFailed
from bench.track import Course, say
from bench.workspace import ON_DISK, random_file, workspace
from lab import Host, Lab

CROWD = 50
TAKING = 10  # of them take books all the time
CONNECTIONS = 16
ARCHIVES = 30  # of a page of a catalogue
PEERS = ("copyparty", "kiwix-serve")


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server, and where on it is what is read."""

    serve: Callable[[], AbstractContextManager[Server]]
    url: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one of them did."""

    answers: int
    bytes: int
    seconds: float
    cpu_s: float  # of the server


def crowd(course: Course) -> Result:
    """Forty who look around, and ten who take books, all the time."""
    count, seconds = course.size(1000, 100), course.size(30, 5)
    pages, held, answers = [], [], []
    with workspace(ON_DISK, 2 << 30) as folder, Lab(folder / "lab") as lab:
        amina, reader = lab.host("amina"), lab.host("reader")
        write_books(folder / "books", count)
        with door(amina, folder / "books") as server:
            urls, book = first_pages(reader, server.url), one_book(reader, server.url)
            for number in range(course.repeat):
                taking = start(reader, TAKING, seconds + 2, [book])
                looking = start(reader, CROWD - TAKING, seconds, urls).expect("read", seconds + STARTED_S)
                held.append(server.held_bytes())
                taken = taking.expect("read", seconds + STARTED_S)
                if looking["failed"] or taken["failed"]:
                    raise ScenarioFailed(f"refused: {looking} {taken}")
                pages.append(looking["p99_s"])
                answers.append(looking["answers"] / looking["seconds"])
                say(f"  {number + 1}/{course.repeat}: p99 {1000 * looking['p99_s']:.0f} ms")
    figures = [
        Figure(
            what="pages, p99",
            unit="ms",
            spread=spread(1000 * one for one in pages),
            target=Target(at_most=100),
        ),
        Figure(
            what="the node and its processes hold",
            unit="MB",
            spread=spread(one / 1e6 for one in held),
            target=Target(at_most=200),
        ),
        Figure(what="pages a second", spread=spread(answers)),
    ]
    about = f"{CROWD - TAKING} look around in {count:,} books, and {TAKING} take books, for {seconds} s."
    return Result(name="crowd", about=about, figures=figures)


def feeds(course: Course) -> Result:
    """A page of thirty of the catalogue, as fast as it comes; all serve the same thirty archives."""
    with workspace(ON_DISK, 4 << 30) as folder, Lab(folder / "lab") as lab:
        amina, reader, books = lab.host("amina"), lab.host("reader"), folder / "books"
        write_archives(books, ARCHIVES)
        contestants = {
            "Satchel": Contestant(lambda: door(amina, books), lambda url: f"{url}books?v=1"),
            "copyparty": Contestant(lambda: copyparty(amina, books), lambda url: f"{url}?opds"),
            "kiwix-serve": Contestant(
                lambda: kiwix(amina, books), lambda url: f"{url}catalog/v2/entries?count=30"
            ),
        }
        turns = contest(course, contestants, reader, CONNECTIONS, course.size(10, 2))
    rates = {name: [turn.answers / turn.seconds for turn in each] for name, each in turns.items()}
    figures = [Figure(what="feeds a second", spread=spread(rates["Satchel"]))]
    figures += [
        Figure(
            what=f"of the rate of {name}",
            spread=ratio(rates["Satchel"], rates[name]),
            target=Target(at_least=1),
        )
        for name in PEERS
    ]
    figures += [
        Figure(
            what=f"{name}: CPU ms a feed", spread=spread(1000 * turn.cpu_s / turn.answers for turn in each)
        )
        for name, each in turns.items()
    ]
    about = f"{CONNECTIONS} connections, {ARCHIVES} ZIM archives, a page of 30 of each one's catalogue."
    return Result(name="feeds", about=about, figures=figures)


def bytes_of(course: Course) -> Result:
    """A large file, again and again: processor time of the server for a GiB."""
    size = course.size(GIB, GIB // 8)
    with workspace(ON_DISK, 6 * size) as folder, Lab(folder / "lab") as lab:
        amina, reader, books = lab.host("amina"), lab.host("reader"), folder / "books"
        books.mkdir()
        film = random_file(books / "film.bin", size)
        write_archives(folder / "archives", 1, film=film)
        contestants = {
            "Satchel": Contestant(lambda: door(amina, books), lambda url: one_book(reader, url)),
            "copyparty": Contestant(lambda: copyparty(amina, books), lambda url: f"{url}film.bin"),
            "kiwix-serve": Contestant(
                lambda: kiwix(amina, folder / "archives"), lambda url: f"{url}content/archive-0/film.bin"
            ),
        }
        turns = contest(course, contestants, reader, 1, course.size(15, 4))
    costs = {name: [turn.cpu_s / (turn.bytes / GIB) for turn in each] for name, each in turns.items()}
    figures = [
        Figure(
            what=f"of the CPU seconds of {name}",
            spread=ratio(costs["Satchel"], costs[name]),
            target=Target(at_most=1),
        )
        for name in PEERS
    ]
    for name, each in turns.items():
        rate = spread(turn.bytes / 1e6 / turn.seconds for turn in each)
        figures.append(Figure(what=f"{name}: CPU seconds a GiB", spread=spread(costs[name])))
        figures.append(Figure(what=f"{name}: MB/s", spread=rate))
    about = f"A file of {size / GIB:.4g} GiB that is read once after the other, over one connection."
    return Result(name="bytes", about=about, figures=figures)


def contest(
    course: Course, contestants: Mapping[str, Contestant], reader: Host, connections: int, seconds: int
) -> dict[str, list[Turn]]:
    """They take turns. Raises ScenarioFailed: one does not serve it."""
    turns: dict[str, list[Turn]] = {name: [] for name in contestants}
    for number in range(course.repeat):
        for name, contestant in contestants.items():
            with contestant.serve() as server:
                url = contestant.url(server.url)
                start(reader, 1, 1, [url]).expect("read", seconds + STARTED_S)  # it has what it keeps by then
                before_s = server.used_s()
                read = start(reader, connections, seconds, [url]).expect("read", 10 * seconds + STARTED_S)
                if not read["answers"]:
                    raise ScenarioFailed(f"{name} does not serve {url}: {read}")
                used_s = server.used_s() - before_s
            turns[name].append(Turn(read["answers"], read["bytes"], read["seconds"], used_s))
        last = {name: each[-1] for name, each in turns.items()}
        say(f"  {number + 1}/{course.repeat}: {last}")
    return turns
