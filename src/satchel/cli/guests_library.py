"""What the door for guests is given of a profile: its library, and what opens books in their browsers."""

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

from satchel.cli.guests_door import GuestsDoor
from satchel.core.library.query import parse_query
from satchel.ports.books import Opener
from satchel.ports.library import Book, Hits, Library
from satchel.web.guests.reads import Reader
from satchel.web.reading import BooksForGuests, Find

HITS_PER_PAGE = 20
SEARCH_S = 1.0


def door_for(library: Callable[[], Library], opener: Callable[[], Opener]) -> GuestsDoor:
    """Closed at first. Both are asked for when it is opened; they raise SatchelError."""
    return GuestsDoor(library, partial(reader_of, library, opener))


def reader_of(library: Callable[[], Library], opener: Callable[[], Opener], threads: Executor) -> Reader:
    """`threads`: in which it may read."""

    def search_in(book: Book, words: str, first: int) -> Hits:
        return library().index.search_in(
            parse_query(words), book.number, first=first, count=HITS_PER_PAGE, within_s=SEARCH_S
        )

    def find(book: Book) -> Find:
        return partial(search_in, book)

    return BooksForGuests(opener(), threads=threads, find=find)
