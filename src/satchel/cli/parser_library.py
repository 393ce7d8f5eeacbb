"""The words of the commands about books: a part of parser.py, as light as that."""

import argparse

from satchel.cli.parser_profile import Commands, add_action

KINDS = ("epub", "pdf", "zim", "audio", "comic", "page", "text", "file")  # a core.library.kinds.Kind each
ORDERS = ("title", "new", "shelf")  # a ports.library.Order each
COUNT = 30  # of a page
COUNT_MAX = 1_000
_NUMBER_DIGITS = 15


def number(word: str) -> int:
    """Of a book."""
    if not (word.isascii() and word.isdecimal() and len(word) <= _NUMBER_DIGITS and int(word) >= 1):
        raise argparse.ArgumentTypeError("the number of a book, as the list shows it")
    return int(word)


def place(word: str) -> int:
    """In a list, from 1."""
    return number(word) - 1


def page_count(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 6 and 1 <= int(word) <= COUNT_MAX):
        raise argparse.ArgumentTypeError(f"a number from 1 to {COUNT_MAX}")
    return int(word)


def add_library(commands: Commands, shared: argparse.ArgumentParser) -> None:
    library = commands.add_parser(
        "library",
        help="books: put in, list, search, take out",
        description="Books, and other things to keep: encrypted here, found by what stands in them.",
        allow_abbrev=False,
    )
    actions = library.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = add_action(actions, shared, "add", "put files, and what lies in folders, in", module="library_cmd")
    add.add_argument("path", metavar="PATH", nargs="*", help="file or folder")
    add.add_argument("--shelf", metavar="NAME", help="put them on this shelf, too; made if it is missing")
    add.add_argument(
        "--as-files", action="store_true", help="keep them without looking into them: only to hand them on"
    )
    add.add_argument(
        "--upload", metavar="ID", action="append", default=[], help="what the owner's page has brought"
    )
    listing = add_action(actions, shared, "list", "which books there are", module="library_cmd")
    _add_filter(listing)
    listing.add_argument(
        "--order", choices=ORDERS, help="default: that of the shelf, where one is named; else by title"
    )
    _add_page(listing)
    listing.add_argument(
        "--tally", action="store_true", help="which languages, authors, subjects and kinds there are instead"
    )
    listing.add_argument("--aside", action="store_true", help="which files could not become books, and why")
    listing.add_argument("--forget-asides", action="store_true", help="forget which those were")
    search = add_action(actions, shared, "search", "find words in titles and books", module="library_cmd")
    search.add_argument(
        "word",
        metavar="WORD",
        nargs="*",
        help='what to look for, "with quotes" what stands together; without: asked for, so that no other'
        " program of this machine, and no history of the shell, sees it",
    )
    search.add_argument("--in", dest="book", metavar="NUMBER", type=number, help="in this book alone")
    _add_filter(search)
    _add_page(search)
    show = add_action(actions, shared, "show", "what is known of a book", module="library_cmd")
    show.add_argument("number", metavar="NUMBER", type=number, help="number of a book")
    get = add_action(actions, shared, "get", "write books into a folder, in clear", module="library_cmd")
    _add_numbers(get)
    get.add_argument("--into", metavar="DIR", help="folder to put them in (default: this one)")
    remove = add_action(actions, shared, "remove", "take books out of the library", module="library_cmd")
    _add_numbers(remove)
    remove.add_argument("--yes", action="store_true", help="without asking")
    check = "read all books: whether they are as they were, and can be found"
    add_action(actions, shared, "check", check, module="library_cmd")
    _add_shelf(commands, shared)


def _add_filter(action: argparse.ArgumentParser) -> None:
    action.add_argument("--shelf", metavar="NAME", help="only those on this shelf")
    action.add_argument("--language", metavar="TAG", help="only those in it: ar, pt, pt-BR")
    action.add_argument("--author", metavar="NAME", help="only those by this author")
    action.add_argument("--subject", metavar="SUBJECT", help="only those about this subject")
    action.add_argument("--kind", choices=KINDS, help="only those of this kind")


def _add_page(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--first", metavar="N", type=place, default=0, help="begin with the N-th of them (default: 1)"
    )
    action.add_argument(
        "--count", metavar="N", type=page_count, default=COUNT, help=f"how many at most (default: {COUNT})"
    )


def _add_numbers(action: argparse.ArgumentParser) -> None:
    action.add_argument("number", metavar="NUMBER", type=number, nargs="+", help="number of a book")


def _add_shelf(commands: Commands, shared: argparse.ArgumentParser) -> None:
    shelf = commands.add_parser(
        "shelf",
        help="shelves: books that go together",
        description="A book may stand on many shelves, or on none. Guests see those that are open.",
        allow_abbrev=False,
    )
    actions = shelf.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, says, has_books in (
        ("list", "which shelves there are", False),
        ("new", "make one", False),
        ("put", "put books on it, behind the others", True),
        ("take", "take books from it; they stay in the library", True),
        ("rename", "give it another name", False),
        ("remove", "remove it; its books stay in the library", False),
        ("order", "put these books first on it, in this order", True),
        ("open", "let guests see what is on it, while their door is open", False),
        ("close", "let guests see it no more", False),
    ):
        action = add_action(actions, shared, name, says, module="shelf_cmd")
        if name != "list":
            action.add_argument("name", metavar="NAME", help="name of a shelf")
        if name == "rename":
            action.add_argument("new", metavar="NEW", help="its name from now on")
        if has_books:
            _add_numbers(action)
        if name == "put":
            action.add_argument(
                "--at", metavar="N", type=place, help="the place where they stand from now on (from 1)"
            )
        if name in ("remove", "open"):
            action.add_argument("--yes", action="store_true", help="without asking")
