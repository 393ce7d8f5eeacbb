"""`satchel restore`."""

import argparse
from contextlib import closing
from pathlib import Path

from satchel.cli.home import absolute, home_folder
from satchel.cli.passphrases import open_with_passphrase
from satchel.cli.profile import has_profile, protect, refuse_ephemeral
from satchel.cli.show import Show
from satchel.core.identity.backup import HEAD_BYTES_MAX, decode_head
from satchel.core.identity.keyfile import Sealed, decode
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.node.hardware import memory_kib
from satchel.problems import disk_problems
from satchel.store.profile import ProfileFolder


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    source, home = absolute(options.file), home_folder(options.home)
    if has_profile(home):
        raise MisuseError(
            "There is a profile here already.",
            safe="It was not changed.",
            do="Restore into another folder (--home), or destroy this one first: satchel wipe",
        )
    protect()
    with disk_problems(f"read {str(source)!r}"):
        _restore(source, home, show)
    show.done(text="Done: the profile is restored. The passphrase of the backup opens it.")
    return 0


def _restore(source: Path, home: Path, show: Show) -> None:
    with source.open("rb") as backup:
        key_file, begins = decode_head(backup.read(HEAD_BYTES_MAX))
        try:
            file = decode(key_file)
        except EnvironmentProblem as exc:
            if exc.__cause__ is None:  # of a newer Satchel
                raise
            raise EnvironmentProblem(
                "This backup is damaged, where it says what its passphrase opens.",
                safe="Nothing was changed.",
                do="Use another copy of it, or an older backup.",
            ) from exc
        if not isinstance(file, Sealed):
            raise EnvironmentProblem(
                "This backup is not under a passphrase: Satchel makes none like this.",
                safe="Nothing was changed.",
                do="Use another backup.",
            )
        if file.cost.memory_kib > memory_kib():  # also one that somebody made in order to stop this machine
            raise EnvironmentProblem(
                f"The passphrase of this backup takes {file.cost.memory_kib >> 10} MiB, and there is less.",
                safe="Nothing was changed.",
                do="Restore it on a machine with more memory, and give it another passphrase there.",
            )
        key = open_with_passphrase(file, show)
        backup.seek(begins)
        with closing(ProfileFolder.take(home)) as folder:
            folder.put_back(backup, key_file, key).close()
