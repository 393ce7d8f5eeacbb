"""Looking after books that are there: which the index lacks, and whether all can be read as they were."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import chain

from satchel.core.blobs.chunks import ContentHasher
from satchel.core.crypto.kdf import same
from satchel.errors import EnvironmentProblem, NothingToDo, UnfitBook
from satchel.node.library import events
from satchel.node.library.passages import of_content, of_record
from satchel.ports.books import Opener
from satchel.ports.library import EVERYTHING, Book, BookNumber, Library, Passage

BUFFER_BYTES = 1 << 20


def index_missing(library: Library, opener: Opener, report: events.Report, check: Callable[[], None]) -> int:
    """Put into the index what a kill, or a loss, has kept out of it; returns how many books that were.

    `check`: called again and again; raises, to stop. Raises EnvironmentProblem, and what `check` raises.
    """
    missing = sorted(library.index.missing(library.catalogue.numbers(EVERYTHING)))
    count = 0
    for number in missing:
        check()
        with suppress(NothingToDo):  # taken out just now
            book = library.catalogue.find(number)
            library.index.put(number, chain([of_record(book.item)], _inside(library, opener, book, check)))
            report(events.Indexed(number=number))
            count += 1
    return count


def _inside(library: Library, opener: Opener, book: Book, check: Callable[[], None]) -> Iterator[Passage]:
    """What can be read of it; nothing, where it breaks what looks into it: else that would go on for ever."""
    with closing(library.contents.read(book.number)) as content, suppress(UnfitBook):
        yield from of_content(opener.examine(content, book.item.title), check)


def find_damaged(
    library: Library, report: events.Report, check: Callable[[], None]
) -> tuple[int, list[BookNumber]]:
    """Read all contents against their roots: how many books there are, and which are not as they were.

    Raises what `check` raises, and EnvironmentProblem: the catalogue cannot be read.
    """
    numbers = sorted(library.catalogue.numbers(EVERYTHING))
    of_bytes, done_bytes = sum(_size_of(number, library) for number in numbers), 0
    damaged: list[BookNumber] = []
    buffer = memoryview(bytearray(BUFFER_BYTES))
    for at, number in enumerate(numbers):
        try:
            book = library.catalogue.find(number)
            for part, named in enumerate(book.item.parts):
                with closing(library.contents.read(book.number, part)) as content:
                    hasher, offset = ContentHasher(), 0
                    while count := content.read_into(offset, buffer):
                        check()
                        hasher.update(buffer[:count])
                        offset += count
                        _tell(report, done_bytes + offset, of_bytes, at, len(numbers))
                done_bytes += named.size_bytes
                if not same(hasher.root(), named.root):
                    raise EnvironmentProblem("What is read of it is not what was put in.")
        except NothingToDo:
            continue  # taken out just now
        except EnvironmentProblem as problem:
            check()  # it may be its
            damaged.append(number)
            report(events.Damaged(number=number, what=problem.what))
    _tell(report, of_bytes, of_bytes, len(numbers), len(numbers))
    return len(numbers), damaged


def _size_of(number: BookNumber, library: Library) -> int:
    try:
        return library.catalogue.find(number).size_bytes
    except NothingToDo:
        return 0


def _tell(report: events.Report, done: int, of: int, files_done: int, files_of: int) -> None:
    report(events.Read(bytes_done=min(done, of), bytes_of=of, files_done=files_done, files_of=files_of))
