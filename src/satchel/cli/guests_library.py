"""What the door for guests is given of a profile: its library, and what opens books in their browsers."""

from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING

from satchel.cli.book_shop import opener_of
from satchel.core.library.query import parse_query
from satchel.ports.library import Book, Hits, Library
from satchel.web.guests.reads import Reader
from satchel.web.reading import BooksForGuests, Find

if TYPE_CHECKING:
    from satchel.cli.profile import Profile

HITS_PER_PAGE = 20
SEARCH_S = 1.0


def library_of(profile: "Profile") -> Library:
    """Raises EnvironmentProblem."""
    return profile.library


def reader_of(profile: "Profile", threads: Executor) -> Reader:
    """`threads`: in which it may read."""

    def search_in(book: Book, words: str, first: int) -> Hits:
        return profile.library.index.search_in(
            parse_query(words), book.number, first=first, count=HITS_PER_PAGE, within_s=SEARCH_S
        )

    def find(book: Book) -> Find:
        return partial(search_in, book)

    return BooksForGuests(opener_of(profile), threads=threads, find=find)
