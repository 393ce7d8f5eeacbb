"""The words of `satchel carry`: a part of parser.py, as light as that."""

import argparse
import re

from satchel.cli.parser_profile import Commands, add_action

SIZE_BYTES_MIN = 70_000  # the smallest file of a stick
_SIZE = re.compile(r"([0-9]{1,15})(\.[0-9])?(|k|M|G|T)B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def size_of(word: str) -> int:
    """Bytes: 500MB, 1.5G."""
    parts = _SIZE.fullmatch(word)
    size_bytes = int(float(parts[1] + (parts[2] or "")) * _UNITS[parts[3].lower()]) if parts else 0
    if size_bytes < SIZE_BYTES_MIN:
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
