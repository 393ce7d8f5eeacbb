"""`satchel inbox`."""

import argparse
from contextlib import closing

from satchel.cli import units
from satchel.cli.contacts_cmd import named
from satchel.cli.letter_box import on_one
from satchel.cli.letter_list import conversation, letters_in, list_on, of_contact
from satchel.cli.profile import Profile, open_existing
from satchel.cli.show import Show
from satchel.errors import MisuseError


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        action = on_one(options, profile)
        if options.both:
            _list_both(options, show, profile)
        elif options.last is not None or options.skip:
            raise MisuseError(
                "--last and --skip go with --both.",
                safe="Nothing was done.",
                do="satchel inbox NAME --both --last 20",
            )
        elif action is not None:
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
    unreadable = profile.post.unreadable(contact)
    text = f"{units.count(len(found), 'letter')} in the inbox.{_about_newer(unreadable)}"
    show.done(text=text, letters=len(found), unreadable=unreadable)


def _list_both(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    """The conversation with one contact, or a stretch of it."""
    if options.contact is None or options.letter is not None or options.into is not None:
        raise MisuseError(
            "--both goes with one contact.", safe="Nothing was done.", do="satchel inbox NAME --both"
        )
    contact = named(options.contact, profile.contacts)
    found, of = conversation(profile, contact, last=options.last, skip=options.skip)
    list_on(show, found, brief=True)
    unreadable = profile.post.unreadable(contact.id)
    text = f"{units.count(len(found), 'letter')} of {of:,}.{_about_newer(unreadable)}"
    show.done(text=text, letters=len(found), of=of, unreadable=unreadable)


def _about_newer(unreadable: int) -> str:
    if not unreadable:
        return ""
    need = "needs" if unreadable == 1 else "need"
    return f" {units.count(unreadable, 'letter')} more {need} a newer Satchel, and wait here for it."
