"""What was accepted and is not all there: from contacts, and with a code in either direction. What goes to
contacts is in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.cli.profile import LentProfile, Profile
from satchel.errors import EnvironmentProblem
from satchel.ports import RecordHead, Role
from satchel.ports.contacts import Contact
from satchel.store.landing import FolderLanding
from satchel.store.overview import Overview
from satchel.store.records import SqliteRecords


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One of them."""

    head: RecordHead
    contact: Contact | None  # None: by code
    what: Overview

    @property
    def is_giving(self) -> bool:
        return self.head.role is Role.SENDER


def unfinished_in(profile: Profile) -> list[Unfinished]:
    """From contacts first, then by code; the oldest first. Raises EnvironmentProblem."""
    records = SqliteRecords(profile.database)  # to see what another command is at is not to take it over
    people = {contact.id: contact for contact in profile.contacts.all()}
    heads = [*records.of_contacts(Role.RECEIVER)]
    for role in (Role.RECEIVER, Role.SENDER):
        heads += records.unfinished(role)
    begun = [head for head in heads if not head.finished and (head.contact is None or head.contact in people)]
    whats = profile.overviews.of([head.id for head in begun])
    return [
        Unfinished(head, people[head.contact] if head.contact is not None else None, what)
        for head, what in zip(begun, whats, strict=True)
    ]


def require_idle(chosen: Sequence[Unfinished], profile: Profile) -> None:
    """What began with a code belongs to the command that is at it. Raises EnvironmentProblem."""
    for one in chosen:
        if (
            one.contact is None
            and isinstance(profile, LentProfile)
            and not profile.records.claim(one.head.id)
        ):
            raise EnvironmentProblem(
                "This is under way at this moment.",
                safe="Nothing was changed.",
                do="Stop it where it was begun, then try again.",
            )


def end(one: Unfinished, profile: Profile) -> None:
    """For good: a contact is told, as if it had been declined; with a code nobody can be told.

    Raises EnvironmentProblem.
    """
    head = one.head
    if one.contact is None:
        if head.into:
            FolderLanding.sweep(head.into, head.id)
        profile.records.forget(head.id)
        return
    if not isinstance(profile, LentProfile):
        profile.records.refuse(head.id)
    elif profile.node.deliveries.refuse(head):
        return  # what is there in part is removed by who writes it
    FolderLanding.sweep(head.into, head.id)
