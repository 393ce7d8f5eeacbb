"""What the owner's page is given of the library of a profile: books to read, to save, and the door for
guests. Spec: docs/spec/page.md, 8."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import cast

from satchel.cli.book_names import file_names
from satchel.cli.book_shop import library_of, opener_of
from satchel.cli.profile import Profile
from satchel.core.library.query import parse_query
from satchel.errors import MisuseError
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.node.own_thread import in_own_thread
from satchel.ports.library import BookNumber, Hits
from satchel.web.owner.books import Books, OpenDoor
from satchel.web.reading.origin import BookOrigin
from satchel.web.reading.shown import Code, Manners, shown_of

THREADS = 4  # in which content is read: each at the pace of a disk
HITS = 30
SEARCH_S = 10.0


class OwnerBooks:
    """Used from the node's loop."""

    def __init__(self, profile: Profile, language: Callable[[], str | None]) -> None:
        """`language`: as chosen; None: as the browser is set."""
        self._profile = profile
        self._language = language
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="satchel-books")
        self._origin: BookOrigin | None = None

    def world(self) -> Books:
        return Books(
            library=lambda: library_of(self._profile),
            reading=self,
            file_names=file_names,
            door=self._door,
            threads=self._threads,
        )

    async def open(self, number: BookNumber, language: str) -> str:
        library = await in_own_thread(library_of, self._profile)
        book = await in_own_thread(library.catalogue.find, number)
        if self._origin is None:
            self._origin = BookOrigin(
                opener_of(self._profile),
                threads=self._threads,
                draw=SystemEntropy().draw,
                now_s=clock.monotonic_s,
            )
        manners = Manners(
            language=lambda: cast("Code | None", self._language() or language),
            keeps_places=True,
            find=partial(self._find, number),
        )
        return await self._origin.open_book(
            number, shown_of(book, partial(library.contents.read, number)), manners
        )

    async def close(self, number: BookNumber) -> None:
        if self._origin is not None:
            await self._origin.close_book(number)

    async def end(self) -> None:
        """Nothing can be read any more. May be repeated."""
        if self._origin is not None:
            await self._origin.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _find(self, number: BookNumber, words: str, first: int) -> Hits:
        query = parse_query(words)
        if not query.terms:
            raise MisuseError(
                "There is no word to look for.", safe="Nothing was changed.", do="Type one, or several."
            )
        index = library_of(self._profile).index
        return index.search_in(query, number, first=first, count=HITS, within_s=SEARCH_S)

    def _door(self) -> OpenDoor | None:
        opened = self._profile.guests.now
        if opened is None:
            return None
        return OpenDoor(urls=opened.urls(), lan_open=opened.lan_open, left_s=opened.left_s())
