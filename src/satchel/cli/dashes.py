"""`--` as what a person wrote: the name of a contact, or of a file.

In a command line the first `--` by itself says that no options follow. argparse of Python 3.11 takes others
for such a word as well, and drops them: from `--to=--`, and from operands. So they are hidden from it.
"""

import argparse
from collections.abc import Sequence

_DASHES = "--"
_HIDDEN = "\0--"  # no word of a real command line has a zero byte


def hide(words: Sequence[str]) -> list[str]:
    """The same words for argparse."""
    end = words.index(_DASHES) if _DASHES in words else len(words)
    options = [
        f"{name}={_HIDDEN}" if is_given and name.startswith("-") and value == _DASHES else word
        for word in words[:end]
        for name, is_given, value in [word.partition("=")]
    ]
    return [*options, *words[end : end + 1], *(_HIDDEN if w == _DASHES else w for w in words[end + 1 :])]


def show(options: argparse.Namespace) -> None:
    """What was read is what was written."""
    for name, value in vars(options).items():
        if value == _HIDDEN:
            setattr(options, name, _DASHES)
        elif isinstance(value, list):
            setattr(options, name, [_DASHES if one == _HIDDEN else one for one in value])
