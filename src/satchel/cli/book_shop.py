"""What commands about books have in common: the library of a profile, filters, work that can be stopped."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from satchel.cli.book_meter import BookMeter
from satchel.cli.profile import Profile
from satchel.cli.run import run_until_done
from satchel.cli.show import Show
from satchel.core.library.kinds import Kind
from satchel.core.library.languages import canonical_tag
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports.books import Opener
from satchel.ports.library import Book, BookNumber, Filter, Library, Shelf

_T = TypeVar("_T")


class HasBooks(Protocol):
    """What a profile has."""

    @property
    def library(self) -> Library: ...


def library_of(profile: Profile) -> Library:
    return cast("HasBooks", profile).library


def opener_of(profile: Profile) -> Opener:
    """The node's, of a profile that it lends."""
    opener: Opener = profile.owner.shared_opener.get()
    return opener


def filter_of(options: argparse.Namespace, library: Library) -> Filter:
    """Raises MisuseError, NothingToDo: there is no such shelf."""
    language = None
    if options.language is not None and (language := canonical_tag(options.language)) is None:
        raise MisuseError(
            "A language is named by its tag.", safe="Nothing was changed.", do="For instance ar, pt or pt-BR."
        )
    return Filter(
        shelf=library.shelves.named(options.shelf).number if options.shelf is not None else None,
        language=language,
        author=options.author,
        subject=options.subject,
        kind=Kind(options.kind) if options.kind is not None else None,
    )


def books_named(numbers: Sequence[int], library: Library) -> list[Book]:
    """In this order, each once. Raises NothingToDo: one of them is not there."""
    return [library.catalogue.find(BookNumber(number)) for number in dict.fromkeys(numbers)]


def shelf_named(name: str, library: Library) -> Shelf:
    """Made, if there is none."""
    for shelf in library.shelves.all():
        if shelf.name == name:
            return shelf
    return library.shelves.make(name)


@dataclass(slots=True)
class Stopping:
    """How work in another thread is told to stop."""

    meter: BookMeter
    more: Callable[[], None] = lambda: None

    def stop(self) -> None:
        self.meter.stop()
        self.more()


def in_thread(work: Callable[[], _T], show: Show, stopping: Stopping, stopped: EnvironmentProblem) -> _T:
    """What it returns. Ctrl-C ends it in good order: raises `stopped`."""
    done: list[_T] = []

    async def run() -> None:
        working = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            done.append(await asyncio.shield(working))
        except asyncio.CancelledError:
            stopping.stop()
            await asyncio.wait([working])
            if working.exception() is not None:
                raise
            done.append(working.result())  # it was over

    try:
        run_until_done(run, show, stopped=stopped)
    finally:
        stopping.meter.clear()
    return done[0]
