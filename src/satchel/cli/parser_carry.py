"""The words of `satchel carry`: a part of parser.py, as light as that."""

import argparse

from satchel.cli import units
from satchel.cli.parser_profile import Commands, add_action

SIZE_BYTES_MIN = 70_000  # the smallest file of a stick


def size_of(word: str) -> int:
    """Bytes: 500MB, 1.5G."""
    size_bytes = units.bytes_of(word)
    if size_bytes is None or size_bytes < SIZE_BYTES_MIN:
        raise argparse.ArgumentTypeError("a size such as 500MB or 1.5GB, and at least 70kB")
    return size_bytes


def add_carry(commands: Commands, shared: argparse.ArgumentParser) -> None:
    carry = commands.add_parser(
        "carry",
        help="carry letters on a stick, of yours and of others",
        description="Letters travel on a USB stick, a card or in any folder, sealed: who carries them knows "
        "neither from whom, nor for whom, nor what.",
        allow_abbrev=False,
    )
    actions = carry.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, says in (
        ("out", "write on it what it lacks, your own letters included"),
        ("in", "take in what is on it; nothing is written there"),
        ("exchange", "first in, then out"),
    ):
        action = add_action(actions, shared, name, says, module="carry_cmd")
        action.add_argument("place", metavar="DIR", help="folder of the stick, or any other")
        if name != "in":
            action.add_argument(
                "--size",
                metavar="S",
                type=size_of,
                help="how much Satchel may take there, of whomever: 500MB, 2GB (default: what is free)",
            )
