"""`satchel wipe`."""

import argparse
import os
from contextlib import closing, suppress
from pathlib import Path

from satchel.cli.holder import end_holder
from satchel.cli.home import home_folder
from satchel.cli.profile import has_profile, no_profile, protect, receptions, refuse_ephemeral
from satchel.cli.prompt import read_line
from satchel.cli.show import Show
from satchel.cli.undisturbed import undisturbed
from satchel.core.identity.keyfile import Bare, decode
from satchel.errors import AccessDenied, EnvironmentProblem, SatchelError
from satchel.escape import show_name
from satchel.node import clock
from satchel.ports import RecordHead
from satchel.problems import disk_problems
from satchel.store.landing import FolderLanding
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    home = home_folder(options.home)
    if not has_profile(home):
        raise no_profile()
    _refuse_read_only(home)
    if not options.yes:
        _ask(home, show)
    with undisturbed():  # somebody is at the door: no half of it
        end_holder(home)
        with closing(ProfileFolder.take(home)) as folder:
            unfinished = _unfinished(folder)
            folder.wipe()
        for head in unfinished:
            FolderLanding.sweep(head.into, head.id)
    show.done(text="Done: the profile is destroyed. Files that were received stay where they are.")
    return 0


def _refuse_read_only(home: Path) -> None:
    with disk_problems(f"look at the profile {str(home)!r}"):
        is_read_only = bool(os.statvfs(home).f_flag & os.ST_RDONLY)
    if is_read_only:
        raise EnvironmentProblem(
            f"The profile {show_name(os.fsencode(home))} lies on a disk that is read-only.",
            safe="Nothing was destroyed: who has the disk can read it, with the passphrase if there is one.",
            do="Make the disk writable and wipe again, or destroy the disk by other means.",
        )


def _ask(home: Path, show: Show) -> None:
    show.note(
        f"This destroys the profile {show_name(os.fsencode(home))}: nobody will be able to read it again."
    )
    show.ask("wipe")
    if read_line('Type "wipe" to go on: ') != "wipe":
        raise AccessDenied("Not wiped.", safe="Nothing was changed.", do="satchel wipe --yes does not ask.")


def _unfinished(folder: ProfileFolder) -> list[RecordHead]:
    """What was being received, as far as it can be known without a passphrase: its parts lie elsewhere."""
    with suppress(SatchelError):  # whatever is wrong with the profile, it is to be destroyed
        data = folder.read_key_file()
        file = decode(data) if data is not None else None
        if isinstance(file, Bare):
            protect()
            with closing(folder.open(file.key)) as database:
                return receptions(SqliteRecords(database, now_s=clock.wall_s()))
    return []
