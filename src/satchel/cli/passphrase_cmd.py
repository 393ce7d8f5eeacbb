"""`satchel passphrase`: alone, or inside of a node, which goes on under the new key."""

import argparse
from contextlib import closing

from satchel.cli.passphrases import ask_new, open_with_passphrase, seal_here
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.show import Show
from satchel.cli.undisturbed import undisturbed
from satchel.core.identity.keyfile import KEY_BYTES, Sealed
from satchel.errors import EnvironmentProblem
from satchel.node.entropy import SystemEntropy


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        if isinstance(profile, LentProfile):
            profile.confine()
            if isinstance(profile.owner.file, Sealed):  # alone it was asked for when it was opened
                open_with_passphrase(profile.owner.file, show)
        # A new key as well: who kept the key file of before, and learns what opened it, has nothing of now.
        key = SystemEntropy().draw(KEY_BYTES)
        file = seal_here(key, ask_new(show), show)
        with undisturbed():
            _replace(profile, file, key)
    show.done(
        text="Done: from now on the new passphrase opens this profile, and no other. Backups of before open"
        " with the one of then."
    )
    return 0


def _replace(profile: Profile, file: Sealed, key: bytes) -> None:
    try:
        profile.owner.replace_key(file, key)
    except EnvironmentProblem as problem:
        if isinstance(profile, LentProfile) and profile.database.is_closed:
            profile.node.ask_end(problem)  # it has no database any more
        raise
