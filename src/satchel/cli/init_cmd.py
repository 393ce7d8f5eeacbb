"""`satchel init`."""

import argparse
from contextlib import closing

from satchel.cli.home import home_folder
from satchel.cli.passphrases import ask_new, seal_here
from satchel.cli.profile import has_profile, protect, refuse_ephemeral, without_passphrase
from satchel.cli.show import Show
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.errors import MisuseError
from satchel.node.entropy import SystemEntropy
from satchel.store.profile import ProfileFolder


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    home = home_folder(options.home)
    if has_profile(home):  # before anybody thinks of a passphrase
        raise MisuseError(
            "There is a profile here already.",
            safe="It was not changed.",
            do="Use it, give it another passphrase (satchel passphrase), or name another folder with --home.",
        )
    protect()
    with closing(ProfileFolder.take(home)) as folder:
        key = SystemEntropy().draw(KEY_BYTES)
        if options.no_passphrase:
            folder.create(encode(Bare(key=key)), key)
            show.warning(without_passphrase())
        else:
            folder.create(encode(seal_here(key, ask_new(show), show)), key)
        folder.open(key).close()
    show.done(text="Done: the profile is made.")
    return 0
