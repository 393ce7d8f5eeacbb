"""`satchel inbox`."""

import argparse
from contextlib import closing

from satchel.cli import units
from satchel.cli.contacts_cmd import named
from satchel.cli.letter_box import on_one
from satchel.cli.letter_list import letters_in, list_on, of_contact
from satchel.cli.profile import Profile, open_existing
from satchel.cli.show import Show


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        action = on_one(options, profile)
        if action is not None:
            action(options, show, profile)
        else:
            _list(options, show, profile)
    return 1 if show.failed else 0


def _list(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    contact = None if options.contact is None else named(options.contact, profile.contacts).id
    found = of_contact(letters_in(profile), contact, own=False)
    list_on(show, found)
    if found:
        show.note("\nTo read one: satchel inbox show NUMBER. Times are those of its writer's clock.")
    show.done(text=f"{units.count(len(found), 'letter')} in the inbox.", letters=len(found))
