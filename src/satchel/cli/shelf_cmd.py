"""`satchel shelf`."""

import argparse
from contextlib import closing

from satchel.cli import units
from satchel.cli.book_lines import tell_shelf
from satchel.cli.book_shop import books_named, library_of
from satchel.cli.profile import Profile, open_existing
from satchel.cli.show import Show
from satchel.errors import AccessDenied
from satchel.escape import show_text
from satchel.ports.library import Library, Shelf

_OPENING = (
    "Whoever is in the same network may then see and take what is on this shelf while the door for guests is"
    " open, without a code, and so may everybody who watches that network. It is not encrypted on the way."
)


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        library = library_of(profile)
        match options.action:
            case "list":
                _list(show, library)
            case "new":
                profile.confine()
                _done(show, library.shelves.make(options.name), "made. It is closed: nobody else sees it")
            case _:
                _change(options, show, profile, library)
    return 0


def _list(show: Show, library: Library) -> None:
    shelves = library.shelves.all()
    for shelf in shelves:
        tell_shelf(show, shelf)
    text = f"{units.count(len(shelves), 'shelf') if len(shelves) == 1 else f'{len(shelves):,} shelves'}."
    if any(shelf.is_open for shelf in shelves):
        text += " OPEN: guests see what is on it while their door is open."
    show.done(text=text, shelves=len(shelves))


def _change(options: argparse.Namespace, show: Show, profile: Profile, library: Library) -> None:
    shelves, shelf = library.shelves, library.shelves.named(options.name)
    books = [book.number for book in books_named(getattr(options, "number", []), library)]
    if options.action in ("open", "remove"):
        _ask(options, show, shelf)
    profile.confine()
    if books and options.action in ("put", "take", "order"):
        if options.action == "take":
            shelves.take(shelf.number, books)
        else:
            at = 0 if options.action == "order" else options.at
            shelves.put(shelf.number, books, at=at)
        said = {"put": "put on it", "take": "taken from it", "order": "first on it, in this order"}
        _done(
            show, shelves.named(shelf.name), f"has {units.count(len(books), 'book')} {said[options.action]}"
        )
        return
    match options.action:
        case "rename":
            shelves.rename(shelf.number, options.new)
            _done(show, shelves.named(options.new), "is its name now")
        case "open":
            shelves.set_open(shelf.number, is_open=True)
            _done(show, shelves.named(shelf.name), "is open: guests see it while their door is open")
        case "close":
            shelves.set_open(shelf.number, is_open=False)
            _done(show, shelves.named(shelf.name), "is closed: nobody else sees it")
        case "remove":
            shelves.remove(shelf.number)
            _done(show, shelf, "is removed. Its books are in the library as before")


def _ask(options: argparse.Namespace, show: Show, shelf: Shelf) -> None:
    """Raises AccessDenied."""
    if options.action == "open":
        show.note(_OPENING)
    if options.yes:
        return
    show.ask("shelf")
    verb = "Open" if options.action == "open" else "Remove"
    typed = show.console.read_line(f"{verb} this shelf, {units.count(shelf.count, 'book')}? [y]es, [N]o: ")
    if (typed or "").strip().lower() not in ("y", "yes"):
        raise AccessDenied(
            "Not done.",
            safe="Nothing was changed.",
            do=f"satchel shelf {options.action} --yes does not ask.",
        )


def _done(show: Show, shelf: Shelf, what: str) -> None:
    show.done(
        text=f"{show_text(shelf.name)}: {what}.", shelf=shelf.name, open=shelf.is_open, books=shelf.count
    )
