"""A library in use, step after step, each of which changes something: for who kills it, or cuts its power."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from satchel.ports.library import EVERYTHING, Filter, Order
from satchel.store.database import Database
from satchel.store.library.opening import KeptLibrary
from store.library_samples import add, content_of, new_book, opened, read
from store.record_samples import KEY

KINDS = 6


@contextmanager
def in_use(home: Path) -> Iterator[KeptLibrary]:
    """Names and keys are others each time, as in a profile."""
    home.mkdir(parents=True, exist_ok=True)
    seed = random.SystemRandom().randrange(1 << 60)
    with (
        closing(Database.open(home / "data", KEY)) as database,
        closing(opened(home, database, seed=seed)) as library,
    ):
        yield library


def do(library: KeptLibrary, step: int) -> None:
    """In turns: two books in one go, one with a cover, a shelf, books on it, two that go, another name."""
    kind, turn = step % KINDS, step // KINDS
    numbers = sorted(library.catalogue.numbers(EVERYTHING))
    match kind:
        case 0:
            books = [new_book(library, [content_of(step + n, 300_000 * n + 50)], f"{step}") for n in range(2)]
            library.catalogue.add(books)
        case 1:
            add(library, content_of(step, 9000), title=f"{step}", cover=content_of(step + 5, 700))
        case 2:
            library.shelves.make(f"shelf {turn}")
        case 3:
            library.shelves.put(library.shelves.all()[-1].number, numbers[-3:], at=0)
        case 4:
            if len(numbers) > 6:
                library.catalogue.remove(numbers[:2])
            else:
                library.catalogue.set_aside(f"{step}", step, what="w", do="d")
        case 5:
            library.shelves.rename(library.shelves.all()[-1].number, f"renamed {turn}")


def found(library: KeptLibrary) -> object:
    """All there is, and that each byte of it can be read."""
    page = library.catalogue.list(EVERYTHING, Order.TITLE, first=0, count=999)
    for book in page.books:
        assert len(read(library, book.number)) == book.size_bytes
        library.catalogue.cover(book.number)
    shelves = [
        (shelf.name, shelf.is_open, sorted(library.catalogue.numbers(Filter(shelf=shelf.number))))
        for shelf in library.shelves.all()
    ]
    asides = [aside.name for aside in library.catalogue.asides()]
    return ([(book.number, book.item) for book in page.books], shelves, asides)


def check_files(home: Path, library: KeptLibrary) -> None:
    """As many as are named: nothing is left of what was begun, and nothing is missing."""
    folder = home / "files"
    here = {path.name for path in folder.iterdir()} if folder.exists() else set()
    with library.catalogue._database.reading() as connection:  # type: ignore[attr-defined]
        named = {bytes(name).hex() for (name,) in connection.execute("SELECT name FROM blob").fetchall()}
    assert here == named
