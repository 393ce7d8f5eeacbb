"""The words of the commands about guests: a part of parser.py, as light as that."""

import argparse

from satchel.cli.parser_profile import Commands, add_action


def add_guests(commands: Commands, shared: argparse.ArgumentParser) -> None:
    guests = commands.add_parser(
        "guests",
        help="show your open shelves to phones and e-readers around",
        description="Opens a page and an OPDS catalogue for everybody on this network who has its address:"
        " the shelves that you opened for guests, and nothing else. They need no program of ours.",
        allow_abbrev=False,
    )
    actions = guests.add_subparsers(dest="action", metavar="ACTION", required=True)
    opening = add_action(
        actions, shared, "open", "open the door, and show its address as a picture", module="guests_cmd"
    )
    opening.add_argument(
        "--lan-open",
        action="store_true",
        help="with a short address that nobody has to know: whoever is on the network gets in",
    )
    add_action(actions, shared, "close", "close the door: nothing is shown any more", module="guests_cmd")
