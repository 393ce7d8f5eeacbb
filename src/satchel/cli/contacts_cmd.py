"""`satchel contacts`."""

import argparse
import unicodedata
from contextlib import closing

from satchel.cli import units
from satchel.cli.profile import open_existing
from satchel.cli.settling import apply, compare, shown
from satchel.cli.show import JsonShow, Show
from satchel.core.identity.pair import Proof
from satchel.errors import AccessDenied, NothingToDo
from satchel.node.pairing.naming import clean
from satchel.ports.contacts import Contact, Contacts

_MET = {
    Proof.UNVERIFIED: "UNVERIFIED",
    Proof.WORDS_COMPARED: "words compared",
    Proof.BOTH_SCANNED: "both scanned",
    Proof.CODE: "by code",
}
_WIDTH = max(map(len, _MET.values()))


def run(options: argparse.Namespace, show: Show) -> int:
    actions = {"list": _list, "rename": _rename, "verify": _verify, "forget": _forget}
    with closing(open_existing(options, show)) as profile:
        actions[options.action](options, show, profile.contacts)
    return 0


def _list(_options: argparse.Namespace, show: Show, contacts: Contacts) -> None:
    found = sorted(contacts.all(), key=lambda contact: contact.name)
    for contact in found:
        proof = contact.pair.proof
        if isinstance(show, JsonShow):
            show.line("contact", contact=contact.name, verified=proof.is_verified, met=proof.name.lower())
        else:
            # How it was met stands first: no name can imitate it there.
            show.console.write(f"{_MET[proof]:{_WIDTH}}  {shown(contact)}\n")
    doubtful = [contact for contact in found if not contact.pair.proof.is_verified]
    if doubtful:
        show.note(
            "\nUNVERIFIED: nobody has compared the words, so somebody else may be behind that name. When you"
            " meet, on both devices: satchel contacts verify NAME"
        )
    show.done(text=f"{units.count(len(found), 'contact')}.", contacts=len(found))


def _rename(options: argparse.Namespace, show: Show, contacts: Contacts) -> None:
    contact, name = _named(options.name, contacts), clean(options.new)
    contacts.rename(contact.id, name)
    show.done(text="Done.", contact=name)


def _verify(options: argparse.Namespace, show: Show, contacts: Contacts) -> None:
    contact = _named(options.name, contacts)
    if contact.pair.proof.is_verified:
        raise NothingToDo(
            f"{shown(contact)} is verified already: {contact.pair.proof.value}.",
            safe="Nothing was changed.",
            do="If you doubt it, forget the contact and pair again: satchel contacts forget",
        )
    if contact.comparison is None:
        raise NothingToDo(
            f"There is nothing to compare with {shown(contact)} any more.",
            safe="Nothing was changed.",
            do="Pair again, side by side: satchel pair",
        )
    apply(compare(show, contact.comparison, yes=options.yes), contact, contacts)
    is_verified = any(one.id == contact.id and one.pair.proof.is_verified for one in contacts.all())
    text = f"Done: {shown(contact)} is verified." if is_verified else f"{shown(contact)} stays UNVERIFIED."
    show.done(text=text, contact=contact.name, verified=is_verified)


def _forget(options: argparse.Namespace, show: Show, contacts: Contacts) -> None:
    contact = _named(options.name, contacts)
    if not options.yes:
        show.note(f"This erases the keys of {shown(contact)}: you two will have to pair again to meet.")
        show.ask("forget")
        if (show.console.read_line("Forget this contact? [y]es, [N]o: ") or "").strip().lower() not in (
            "y",
            "yes",
        ):
            raise AccessDenied(
                "Not forgotten.",
                safe="Nothing was changed.",
                do="satchel contacts forget --yes does not ask.",
            )
    contacts.forget(contact.id)
    show.done(text="Done: the contact is forgotten, and its keys are erased.", contact=contact.name)


def _named(typed: str, contacts: Contacts) -> Contact:
    """By its name, or by the way in which that is shown. No two contacts are shown alike."""
    known = contacts.all()
    for name in (typed, unicodedata.normalize("NFC", typed)):
        for contact in known:
            if name in (contact.name, shown(contact)):
                return contact
    raise NothingToDo(
        "There is no contact of this name.",
        safe="Nothing was changed.",
        do="To see the names: satchel contacts list",
    )
