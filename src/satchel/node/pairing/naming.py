"""Names of contacts: given here, by the person, and each to one contact only."""

import unicodedata
from collections.abc import Collection

from satchel.core.pairing.card import NAME_BYTES_MAX, NAME_CHARACTERS_MAX, is_name
from satchel.errors import MisuseError

UNNAMED = "New contact"


def clean(typed: str) -> str:
    """As a person can type it again. Raises MisuseError: it is no name."""
    name = unicodedata.normalize("NFC", typed).strip()
    if not name or not is_name(name):
        raise MisuseError(
            f"A name is one line of at most {NAME_CHARACTERS_MAX} characters.",
            safe="Nothing was changed.",
            do="Choose another one.",
        )
    return name


def free_name(proposed: str, taken: Collection[str]) -> str:
    """What was proposed, or with a number behind it where somebody has that name already.

    Whatever a peer proposes: nothing is refused because of it, and nobody is taken for another (P2).
    """
    try:
        wanted = clean(proposed)
    except MisuseError:
        wanted = UNNAMED
    name, number = wanted, 1
    while name in taken:
        number += 1
        suffix = f" {number}"
        short = wanted[: NAME_CHARACTERS_MAX - len(suffix)]
        while len((short + suffix).encode()) > NAME_BYTES_MAX:
            short = short[:-1]
        name = short.rstrip() + suffix
    return name
