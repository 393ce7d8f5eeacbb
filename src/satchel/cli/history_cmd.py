"""`satchel history`."""

import argparse
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime

from satchel.cli import units
from satchel.cli.contact_lines import called
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.show import JsonShow, Show
from satchel.core.identity.contacts import ContactId
from satchel.errors import AccessDenied
from satchel.escape import show_name
from satchel.ports.contacts import Contact
from satchel.ports.history import Past

NAMES_SHOWN_MAX = 3
OFF = "It is switched off: nothing is remembered. To switch it on: satchel settings set history on"


def run(options: argparse.Namespace, show: Show) -> int:
    actions = {"list": _list, "clear": _clear}
    with closing(open_existing(options, show)) as profile:
        actions[options.action](options, show, profile)
    return 0


def _list(_options: argparse.Namespace, show: Show, profile: Profile) -> None:
    people: Mapping[ContactId | None, Contact] = {one.id: one for one in profile.contacts.all()}
    kept = profile.history.all()
    for past in kept:
        contact = people.get(past.contact)
        if past.contact is not None and contact is None:
            continue  # forgotten just now
        if isinstance(show, JsonShow):
            _tell(show, past, contact)
        else:
            # Whose it is stands last, and what it was on a line of its own: no name can imitate the rest.
            show.console.write(f"{_when(past):<16}  {_with(past, contact)}\n")
            show.console.write(f"                  {_what(past)}\n")
    is_on = profile.settings.now.history
    text = f"{units.count(len(kept), 'hand-over')} in the history." if is_on else OFF
    show.done(text=text, history=len(kept), on=is_on)


def _clear(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    if not options.yes:
        show.ask("history")
        typed = show.console.read_line("Erase the history? It cannot be brought back. [y]es, [N]o: ")
        if (typed or "").strip().lower() not in ("y", "yes"):
            raise AccessDenied(
                "Not erased.", safe="Nothing was changed.", do="satchel history clear --yes does not ask."
            )
    if isinstance(profile, LentProfile):
        profile.confine()
    count = profile.history.clear()
    show.done(text=f"Done: {units.count(count, 'hand-over')} erased from the history.", erased=count)


def _when(past: Past) -> str:
    """In the time of this machine; nothing, where its clock was wrong then."""
    if past.when_s is None:
        return ""
    return f"{datetime.fromtimestamp(past.when_s, UTC).astimezone():%Y-%m-%d %H:%M}"


def _with(past: Past, contact: Contact | None) -> str:
    if contact is None:
        return "given with a code" if past.giving else "received with a code"
    whose = called(contact.name, verified=contact.pair.proof.is_verified)
    return f"to {whose}" if past.giving else f"from {whose}"


def _what(past: Past) -> str:
    """The first names of what it was, for a terminal."""
    shown = [show_name(name) for name in past.names[:NAMES_SHOWN_MAX]]
    if len(past.names) > NAMES_SHOWN_MAX:
        shown.append("and more")
    if not shown:
        return "a text"
    said = f"{units.files(past.files)}, {units.size(past.size_bytes)}: {', '.join(shown)}"
    return f"{said}; with a text" if past.has_text else said


def _tell(show: JsonShow, past: Past, contact: Contact | None) -> None:
    show.line(
        "past",
        when_s=past.when_s,
        giving=past.giving,
        contact=contact.name if contact is not None else None,
        verified=contact.pair.proof.is_verified if contact is not None else False,
        names=[name.decode("utf-8", "surrogateescape") for name in past.names],
        files=past.files,
        bytes=past.size_bytes,
        text=past.has_text,
    )
