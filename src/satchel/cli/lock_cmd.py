"""`satchel lock`."""

import argparse

from satchel.cli.holder import end_holder
from satchel.cli.home import home_folder
from satchel.cli.profile import refuse_ephemeral
from satchel.cli.show import Show
from satchel.errors import NothingToDo


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    if not end_holder(home_folder(options.home)):
        raise NothingToDo(
            "No Satchel is running with this profile: it is locked.",
            safe="Nothing was changed.",
            do="",
        )
    show.done(text="Done: the Satchel that held the keys of this profile has ended.")
    return 0
