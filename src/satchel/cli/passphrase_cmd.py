"""`satchel passphrase`."""

import argparse
from contextlib import closing

from satchel.cli.passphrases import ask_new, seal_here
from satchel.cli.profile import open_existing
from satchel.cli.show import Show
from satchel.cli.undisturbed import undisturbed
from satchel.core.identity.keyfile import KEY_BYTES, encode
from satchel.node.entropy import SystemEntropy


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        assert profile.folder is not None
        # A new key as well: who kept the key file of before, and learns what opened it, has nothing of now.
        key = SystemEntropy().draw(KEY_BYTES)
        file = encode(seal_here(key, ask_new(show), show))
        with undisturbed():
            profile.database = profile.folder.replace_key(profile.database, file, key)
    show.done(text="Done: from now on the new passphrase opens this profile, and no other.")
    return 0
