"""`satchel contacts`."""

import argparse
import unicodedata
from contextlib import closing

from satchel.cli import units
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.settling import Answer, apply, compare, shown
from satchel.cli.show import JsonShow, Show
from satchel.core.identity.pair import Proof
from satchel.errors import AccessDenied, MisuseError, NothingToDo
from satchel.node.pairing.naming import clean
from satchel.ports import Role
from satchel.ports.contacts import Contact, Contacts, Taking
from satchel.ports.queue import QueueState
from satchel.store.landing import FolderLanding

_MET = {
    Proof.UNVERIFIED: "UNVERIFIED",
    Proof.WORDS_COMPARED: "words compared",
    Proof.BOTH_SCANNED: "both scanned",
    Proof.CODE: "by code",
}
_TAKING = {Taking.ASK: "", Taking.ACCEPT: "taken unasked  ", Taking.REFUSE: "refused  "}
_TAKEN = {
    Taking.ASK: "is asked about",
    Taking.ACCEPT: "is taken without asking",
    Taking.REFUSE: "is refused without asking",
}
_WIDTH = max(map(len, _MET.values()))


def run(options: argparse.Namespace, show: Show) -> int:
    actions = {"list": _list, "rename": _rename, "verify": _verify, "taking": _taking}
    actions["forget"] = _forget
    with closing(open_existing(options, show)) as profile:
        actions[options.action](options, show, profile)
    return 0


def _list(_options: argparse.Namespace, show: Show, profile: Profile) -> None:
    found = sorted(profile.contacts.all(), key=lambda contact: contact.name)
    width = max((len(_TAKING[contact.taking]) for contact in found), default=0)
    for contact in found:
        proof = contact.pair.proof
        if isinstance(show, JsonShow):
            taking = contact.taking.name.lower()
            met = proof.name.lower()
            show.line("contact", contact=contact.name, verified=proof.is_verified, met=met, taking=taking)
        else:
            # How it was met stands first, and what is taken of it: no name can imitate them there.
            show.console.write(f"{_MET[proof]:{_WIDTH}}  {_TAKING[contact.taking]:{width}}{shown(contact)}\n")
    doubtful = [contact for contact in found if not contact.pair.proof.is_verified]
    if doubtful:
        show.note(
            "\nUNVERIFIED: nobody has compared the words, so somebody else may be behind that name. When you"
            " meet, on both devices: satchel contacts verify NAME"
        )
    show.done(text=f"{units.count(len(found), 'contact')}.", contacts=len(found))


def _rename(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    contact, name = named(options.name, profile.contacts), clean(options.new)
    profile.contacts.rename(contact.id, name)
    show.done(text="Done.", contact=name)


def _verify(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    contacts = profile.contacts
    contact = named(options.name, contacts)
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
    answer = compare(show, contact.comparison, yes=options.yes)
    if answer is Answer.DIFFERENT:
        _sweep(profile, contact)
    apply(answer, contact, contacts)
    is_verified = any(one.id == contact.id and one.pair.proof.is_verified for one in contacts.all())
    text = f"Done: {shown(contact)} is verified." if is_verified else f"{shown(contact)} stays UNVERIFIED."
    show.done(text=text, contact=contact.name, verified=is_verified)


def _taking(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    contact, taking = named(options.name, profile.contacts), Taking[options.how.upper()]
    if taking is Taking.ACCEPT and not contact.pair.proof.is_verified:
        raise MisuseError(
            f"{shown(contact)} is UNVERIFIED: somebody else may be behind that name, and nothing of theirs is"
            " taken without asking.",
            safe="Nothing was changed.",
            do="Verify first, when you meet: satchel contacts verify",
        )
    profile.contacts.set_taking(contact.id, taking)
    if isinstance(profile, LentProfile):
        profile.node.deliveries.taking_changed(contact.id)
    text = f"Done: what {shown(contact)} offers {_TAKEN[taking]}."
    show.done(text=text, contact=contact.name, taking=options.how)


def _forget(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    contact = named(options.name, profile.contacts)
    mine = [one for one in profile.queue.all() if one.contact == contact.id]
    waiting = [one for one in mine if one.state is QueueState.WAITING]
    begun = [head for head in profile.records.of_contact(contact.id, Role.RECEIVER) if not head.finished]
    if not options.yes:
        show.note(f"This erases the keys of {shown(contact)}: you two will have to pair again to meet.")
        if waiting:
            show.note(f"{units.count(len(waiting), 'thing')} that you wanted to give them will not go.")
        if begun:
            show.note(f"{units.count(len(begun), 'hand-over')} from them will not be finished.")
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
    _sweep(profile, contact)
    profile.contacts.forget(contact.id)
    text = "Done: the contact is forgotten, and its keys are erased."
    if waiting:
        text += f" {units.count(len(waiting), 'thing')} that waited for it will not go."
    show.done(text=text, contact=contact.name, dropped=len(waiting))


def _sweep(profile: Profile, contact: Contact) -> None:
    """What is unfinished from a contact that is about to be forgotten: later nobody knows where it is."""
    for head in profile.records.of_contact(contact.id, Role.RECEIVER):
        FolderLanding.sweep(head.into, head.id)


def named(typed: str, contacts: Contacts) -> Contact:
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
