"""`satchel backup`."""

import argparse
import os
from contextlib import closing
from itertools import count
from pathlib import Path

from satchel.cli.home import absolute
from satchel.cli.passphrases import ask_new, seal_here
from satchel.cli.profile import Profile, open_existing
from satchel.cli.show import Show
from satchel.core.identity.backup import encode_head
from satchel.core.identity.keyfile import KEY_BYTES, Bare, KeyFile, encode
from satchel.errors import MisuseError
from satchel.escape import show_name
from satchel.node.entropy import SystemEntropy
from satchel.problems import disk_problems

NAME = "satchel-backup"  # in a folder; says what it is, and no more


def run(options: argparse.Namespace, show: Show) -> int:
    target = _target(absolute(options.file, options.folder))
    with closing(open_existing(options, show)) as profile:
        if isinstance(profile.owner.file, Bare):
            # A stick is lost more easily than a device: it gets a passphrase, and a key of its own.
            show.note("A backup has a passphrase, also where the profile has none.")
            key = SystemEntropy().draw(KEY_BYTES)
            _back_up(profile, seal_here(key, ask_new(show), show), key, target)
        else:
            _back_up(profile, None, b"", target)
    shown = show_name(os.fsencode(target))
    text = f"Done: the backup is written: {shown}. Its passphrase opens it, and nothing else does."
    show.done(text=text, file=os.fsencode(target).decode("utf-8", "surrogateescape"))
    return 0


def _target(named: Path) -> Path:
    """A new file. Raises MisuseError, before anybody types a passphrase; it is looked at again when it is
    written."""
    with disk_problems(f"write {str(named)!r}"):
        if named.is_dir():
            return _new_name_in(named)
        there = named.exists()
    if there:
        raise MisuseError(
            f"There is a file of this name already: {str(named)!r}.",
            safe="It was not changed, and no backup was made.",
            do="Name another one.",
        )
    return named


def _new_name_in(folder: Path) -> Path:
    names = (folder / (NAME if number == 1 else f"{NAME} ({number})") for number in count(1))
    return next(path for path in names if not os.path.lexists(path) and not os.path.lexists(f"{path}.part"))


def _back_up(profile: Profile, file: KeyFile | None, key: bytes, target: Path) -> None:
    """`file`, `key`: of the backup; without, those of the profile, as they are when it is its turn."""
    assert profile.folder is not None
    profile.confine(target.parent)
    owner = profile.owner
    with owner.turn:
        if file is None:
            file, key = owner.file, owner.key
        profile.folder.back_up(profile.database, encode_head(encode(file)), key, target)
