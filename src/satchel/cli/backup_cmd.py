"""`satchel backup`."""

import argparse
from contextlib import closing

from satchel.cli.home import absolute
from satchel.cli.passphrases import ask_new, seal_here
from satchel.cli.profile import open_existing
from satchel.cli.show import Show
from satchel.core.identity.backup import encode_head
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.errors import MisuseError
from satchel.node.entropy import SystemEntropy
from satchel.store.problems import disk_problems


def run(options: argparse.Namespace, show: Show) -> int:
    target = absolute(options.file)
    with disk_problems(f"write {str(target)!r}"):
        there = target.exists()
    if there:  # before anybody types a passphrase; it is looked at again when it is written
        raise MisuseError(
            f"There is a file of this name already: {str(target)!r}.",
            safe="It was not changed, and no backup was made.",
            do="Name another one.",
        )
    with closing(open_existing(options, show)) as profile:
        assert profile.folder is not None
        file, key = profile.file, profile.key
        if isinstance(file, Bare):  # a stick is lost more easily than a device: it gets a key of its own
            key = SystemEntropy().draw(KEY_BYTES)
            show.note("A backup has a passphrase, also where the profile has none.")
            file = seal_here(key, ask_new(show), show)
        profile.folder.back_up(profile.database, encode_head(encode(file)), key, target)
    show.done(text="Done: the backup is written. Its passphrase opens it, and nothing else does.")
    return 0
