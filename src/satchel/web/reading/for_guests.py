"""Books that guests read in their own browser: as the door asks for them (web/guests)."""

from collections.abc import Callable
from concurrent.futures import Executor

from satchel.core.library.kinds import Kind
from satchel.ports.books import Opener
from satchel.ports.library import Book, Readable
from satchel.web.reading.app import Reading
from satchel.web.reading.shown import Find, Manners, shown_of


class BooksForGuests:
    """Nothing is kept of what they read, and no scripts of books run, for whoever asks (B1)."""

    def __init__(
        self, opener: Opener, *, threads: Executor, find: Callable[[Book], Find] | None = None
    ) -> None:
        """`find`: what looks for words in a book; None: nothing does."""
        self._opener = opener
        self._threads = threads
        self._find = find

    def is_for(self, kind: Kind) -> bool:
        """Whether books of this kind open in a browser."""
        return kind is not Kind.FILE

    def open(self, book: Book, read: Callable[[int], Readable], *, back: str) -> Reading:
        """`read`: a part of it, by its number from 0. `back`: the address of its page."""
        manners = Manners(back=back, find=self._find(book) if self._find is not None else None)
        return Reading(shown_of(book, read), self._opener, threads=self._threads, manners=manners)
