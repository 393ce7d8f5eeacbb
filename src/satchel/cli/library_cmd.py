"""`satchel library`."""

import argparse
from collections.abc import Callable
from contextlib import closing, suppress

from satchel.cli import units
from satchel.cli.book_lines import tell_aside, tell_book, tell_hit, tell_tally, tell_whole
from satchel.cli.book_meter import BookMeter
from satchel.cli.book_shop import Stopping, books_named, filter_of, in_thread, library_of, opener_of
from satchel.cli.library_add import add
from satchel.cli.library_get import get
from satchel.cli.profile import Profile, open_existing
from satchel.cli.show import Show
from satchel.core.library.query import parse_query
from satchel.errors import AccessDenied, EnvironmentProblem, MisuseError, NothingToDo
from satchel.escape import show_text
from satchel.node.library.tending import find_damaged, index_missing
from satchel.ports.library import EVERYTHING, Book, BookNumber, Facet, Filter, Library, Order

TALLY_MAX = 100  # values of each kind: the most frequent ones
SEARCH_S = 10.0  # a large library on a small machine


def run(options: argparse.Namespace, show: Show) -> int:
    actions: dict[str, Callable[[argparse.Namespace, Show, Profile], int]] = {
        "add": add,
        "list": _list,
        "search": _search,
        "show": _show,
        "get": get,
        "remove": _remove,
        "check": _check,
    }
    with closing(open_existing(options, show)) as profile:
        return actions[options.action](options, show, profile)


def _list(options: argparse.Namespace, show: Show, profile: Profile) -> int:
    library = library_of(profile)
    if options.aside or options.forget_asides:
        return _asides(options, show, profile, library)
    wanted = filter_of(options, library)
    if options.tally:
        return _tally(show, library, wanted)
    order = Order.SHELF if options.shelf is not None else Order.TITLE
    if options.order is not None:
        order = Order(options.order)
    if order is Order.SHELF and wanted.shelf is None:
        raise MisuseError(
            "The order of a shelf goes with --shelf.", safe="Nothing was changed.", do="Name the shelf, too."
        )
    page = library.catalogue.list(wanted, order, first=options.first, count=options.count)
    for book in page.books:
        tell_book(show, book)
    text = f"{units.count(page.total, 'book')}."
    if page.books and len(page.books) < page.total:
        last = options.first + len(page.books)
        text = f"{options.first + 1:,} to {last:,} of {text}"
        if last < page.total:
            text += f" The next ones: --first {last + 1}"
    show.done(text=text, books=len(page.books), of=page.total)
    return 0


def _tally(show: Show, library: Library, wanted: Filter) -> int:
    """By what one may look around."""
    for facet in Facet:
        tell_tally(show, facet, library.catalogue.tally(wanted, facet, count=TALLY_MAX))
    total = len(library.catalogue.numbers(wanted))
    asides = len(library.catalogue.asides())
    show.done(text=f"{units.count(total, 'book')}.", of=total, asides=asides)
    return 0


def _asides(options: argparse.Namespace, show: Show, profile: Profile, library: Library) -> int:
    asides = library.catalogue.asides()
    if options.aside:
        for aside in asides:
            tell_aside(show, aside)
    if options.forget_asides:
        profile.confine()
        library.catalogue.forget_asides()
    forgotten = " Which ones they were is forgotten." if options.forget_asides else ""
    count = f"{units.files(len(asides))} {'was' if len(asides) == 1 else 'were'} set aside."
    show.done(text=f"{count}{forgotten}", asides=len(asides))
    return 0


def _search(options: argparse.Namespace, show: Show, profile: Profile) -> int:
    library = library_of(profile)
    meant = filter_of(options, library)
    text = " ".join(options.word)
    if not options.word:
        show.ask("search")
        text = show.console.read_line("Look for: ") or ""
    query = parse_query(text)
    if not query.terms:
        raise NothingToDo(
            "There is no word to look for.", safe="Nothing was changed.", do="Type one, or several."
        )
    bounds = {"first": options.first, "count": options.count}
    if options.book is not None:
        book = library.catalogue.find(BookNumber(options.book), meant)
        hits = library.index.search_in(query, book.number, **bounds, within_s=SEARCH_S)
    else:
        numbers = library.catalogue.numbers(meant) if meant != EVERYTHING else None
        hits = library.index.search(
            query, accept=lambda one: numbers is None or one in numbers, **bounds, within_s=SEARCH_S
        )
    shown = 0
    for hit in hits.hits:
        with suppress(NothingToDo):  # taken out just now
            tell_hit(show, hit, library.catalogue.find(hit.book))
            shown += 1
    said = (
        f"{units.count(shown, 'place')} found." if options.book else f"Found in {units.count(shown, 'book')}."
    )
    if shown == options.count:
        said += f" There may be more: --first {options.first + shown + 1}"
    if hits.is_cut:
        said += " Not all was looked through in time: with more words, or on one shelf, it goes faster."
    show.done(text=said, hits=shown, cut=hits.is_cut)
    return 0


def _show(options: argparse.Namespace, show: Show, profile: Profile) -> int:
    library = library_of(profile)
    book = library.catalogue.find(BookNumber(options.number))
    tell_whole(show, book, library.shelves.of(book.number))
    show.done(text=f"To write it into a folder: satchel library get {book.number}", books=1)
    return 0


def _remove(options: argparse.Namespace, show: Show, profile: Profile) -> int:
    library = library_of(profile)
    books = books_named(options.number, library)
    for book in books:
        show.note(f"{book.number:>7}  {show_text(book.item.title)}, {units.size(book.size_bytes)}")
    if not options.yes:
        _ask_remove(show, books)
    profile.confine()
    numbers = [book.number for book in books]
    # From the index first: words of a book that is gone would be found, and lead nowhere.
    library.index.remove(numbers)
    library.catalogue.remove(numbers)
    show.done(text=f"Done: {units.count(len(books), 'book')} taken out and erased here.", removed=len(books))
    return 0


def _ask_remove(show: Show, books: list[Book]) -> None:
    """Raises AccessDenied."""
    what = "this book? It" if len(books) == 1 else f"these {units.count(len(books), 'book')}? They"
    show.ask("remove")
    typed = show.console.read_line(f"Erase {what} cannot be brought back. [y]es, [N]o: ")
    if (typed or "").strip().lower() not in ("y", "yes"):
        raise AccessDenied(
            "Not erased.", safe="Nothing was changed.", do="satchel library remove --yes does not ask."
        )


def _check(_options: argparse.Namespace, show: Show, profile: Profile) -> int:
    library, opener = library_of(profile), opener_of(profile)
    profile.confine()
    meter = BookMeter(show, "Checked")

    def work() -> tuple[int, list[BookNumber], int]:
        count, damaged = find_damaged(library, meter.hear, meter.check)
        meter.clear()
        return count, damaged, index_missing(library, opener, meter.hear, meter.check)

    stopped = EnvironmentProblem(
        "Stopped.", safe="No book was changed.", do="Start again when there is time."
    )
    count, damaged, indexed = in_thread(work, show, Stopping(meter), stopped)
    text = f"{units.count(count, 'book')} read: all of them are as they were."
    if damaged:
        text = (
            f"{units.count(count, 'book')} read; {len(damaged):,} not as they were:"
            f" {', '.join(map(str, damaged[:20]))}{' ...' if len(damaged) > 20 else ''}."
            " The disk may be failing. Get another copy of each, remove the damaged one, and add it again."
        )
    if indexed:
        text += f" {units.count(indexed, 'book')} can be found again."
    show.done(text=text, books=count, damaged=len(damaged), indexed=indexed, failed=len(damaged))
    return 1 if damaged else 0
