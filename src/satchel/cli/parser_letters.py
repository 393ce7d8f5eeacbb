"""The words of the commands about letters: a part of parser.py, as light as that."""

import argparse

from satchel.cli.parser_profile import Commands

LIFETIME_DAYS_MAX = 28  # bundle 3: no letter travels longer
COUNT_MAX = 1_000_000_000
_LETTER = "number in the list, or `id` of --json"


def days(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 6 and 1 <= int(word) <= LIFETIME_DAYS_MAX):
        raise argparse.ArgumentTypeError(f"a number from 1 to {LIFETIME_DAYS_MAX}")
    return int(word)


def count(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 20 and int(word) <= COUNT_MAX):
        raise argparse.ArgumentTypeError("a number from 0")
    return int(word)


def add_letters(commands: Commands, shared: argparse.ArgumentParser) -> None:
    _add_write(commands, shared)
    for name, says, describes, of_contact in (
        (
            "inbox",
            "read letters of your contacts",
            "Letters that have come. With show or save, and a letter: all of it, or its files.",
            "only those of this contact; or show, or save",
        ),
        (
            "outbox",
            "see what has become of letters that you wrote",
            "Letters that you wrote, and what has become of them. With show or save, and a letter: all of it,"
            " or its files.",
            "only those to this contact; or show, or save",
        ),
    ):
        box = commands.add_parser(
            name, parents=[shared], help=says, description=describes, allow_abbrev=False
        )
        box.add_argument("contact", metavar="CONTACT", nargs="?", help=of_contact)
        box.add_argument("letter", metavar="LETTER", nargs="?", help=f"after show or save: {_LETTER}")
        box.add_argument(
            "--into", metavar="DIR", help="with save: folder to put files in (default: this one)"
        )
        if name == "inbox":
            _add_both(box)
        box.set_defaults(module=f"{name}_cmd")
    delete = commands.add_parser(
        "delete",
        parents=[shared],
        help="erase letters",
        description="Erases letters here, those that came and those that you wrote. What others have, they"
        " have.",
        allow_abbrev=False,
    )
    delete.add_argument("letter", metavar="LETTER", nargs="+", help=_LETTER)
    delete.add_argument("--yes", action="store_true", help="without asking")
    delete.set_defaults(module="delete_cmd")


def _add_both(inbox: argparse.ArgumentParser) -> None:
    inbox.add_argument("--both", action="store_true", help="of this contact, with those that you wrote")
    inbox.add_argument("--last", metavar="COUNT", type=count, help="with --both: only so many, the newest")
    inbox.add_argument(
        "--skip", metavar="COUNT", type=count, default=0, help="with --both: but for so many, the newest"
    )


def _add_write(commands: Commands, shared: argparse.ArgumentParser) -> None:
    write = commands.add_parser(
        "write",
        parents=[shared],
        help="write a letter to a contact",
        description="Reads a text from standard input to its end, seals it, and lets it go when you meet: to"
        " its reader, or to contacts who carry it.",
        allow_abbrev=False,
    )
    write.add_argument("contact", metavar="CONTACT", help="name of a contact")
    write.add_argument(
        "--attach",
        metavar="PATH",
        action="append",
        default=[],
        help="a file that goes with it; again for more",
    )
    write.add_argument(
        "--upload", metavar="ID", action="append", default=[], help="what the owner's page has brought"
    )
    write.add_argument("--reply", metavar="LETTER", help=f"the letter that it answers: {_LETTER}")
    write.add_argument(
        "--expires",
        metavar="DAYS",
        type=days,
        default=LIFETIME_DAYS_MAX,
        help=f"how long others may carry it, 1 to {LIFETIME_DAYS_MAX} days (default: {LIFETIME_DAYS_MAX})",
    )
    write.set_defaults(module="write_cmd")
