"""`satchel outbox`."""

import argparse
from contextlib import closing

from satchel.cli import units
from satchel.cli.contacts_cmd import named
from satchel.cli.letter_box import on_one
from satchel.cli.letter_list import letters_in, list_on, of_contact
from satchel.cli.profile import Profile, open_existing
from satchel.cli.show import Show
from satchel.ports.letter_states import LetterState

_MEANS = {
    LetterState.KEPT: "Kept: it waits here, until what you wrote before has come, or until there is room.",
    LetterState.UNDER_WAY: "Under way, or handed to carriers: it goes when you meet its reader, or contacts"
    " who carry it. Nobody knows where it is until word comes that it arrived. No stick brings that word of"
    " what came by stick: an answer does, or its reader once they have met somebody.",
    LetterState.EXPIRED: "Expired: nobody may carry it any more, and no word came that it arrived. It may"
    " have.",
}


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
    found = of_contact(letters_in(profile), contact, own=True)
    list_on(show, found)
    states = {one.letter.state for one in found}
    if said := [sentence for state, sentence in _MEANS.items() if state in states]:
        show.note("\n" + "\n".join(said))
    show.done(text=f"{units.count(len(found), 'letter')} in the outbox.", letters=len(found))
