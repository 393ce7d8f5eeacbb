"""`satchel send --to`: it waits for a contact, and goes when the contact is near."""

import argparse
import asyncio
import os

from satchel.cli.contacts_cmd import named
from satchel.cli.home import absolute
from satchel.cli.offered import look_at
from satchel.cli.own_node import mode_of, running_node
from satchel.cli.profile import LentProfile, Profile
from satchel.cli.run import run_until_done
from satchel.cli.settling import shown
from satchel.cli.show import Show
from satchel.errors import AccessDenied, EnvironmentProblem, MisuseError
from satchel.node import clock, events
from satchel.node.entropy import SystemEntropy
from satchel.ports import HandoverId
from satchel.ports.contacts import Contact
from satchel.ports.queue import Queued
from satchel.store.ages import as_reading
from satchel.store.upload_names import named_by

ID_BYTES = 16


def run(options: argparse.Namespace, show: Show, profile: Profile, note: str | None) -> int:
    """Exit code. Raises SatchelError."""
    if options.receivers > 1 or not (options.path or options.upload or options.text):
        raise MisuseError(
            "--to goes with something to send, and without --for.",
            safe="Nothing was sent.",
            do="For several contacts, once for each: satchel send PATH --to NAME",
        )
    contact = named(options.to, profile.contacts)
    queued = Queued(
        id=HandoverId(SystemEntropy().draw(ID_BYTES)),
        contact=contact.id,
        paths=_paths(options, show, profile),
        note=note,
        made_s=as_reading(clock.wall_s()),
    )
    if isinstance(profile, LentProfile):
        profile.node.deliveries.put(queued)
    else:
        profile.queue.add(queued)
    if isinstance(profile, LentProfile) or options.later:
        show.done(text=_waits(contact, profile), id=queued.id.hex())
        show.note(_next(profile))
        return 0
    return _wait(show, profile, contact, queued.id)


def _paths(options: argparse.Namespace, show: Show, profile: Profile) -> tuple[bytes, ...]:
    """From the root on; what cannot be sent at all is told now, and not when the contact comes."""
    paths = [os.fsencode(absolute(path, options.folder)) for path in options.path]
    named = (*map(named_by, dict.fromkeys(options.upload)), *paths)
    if named:
        look_at(named, profile.uploads, left_out=show.left_out)
    return named


def _waits(contact: Contact, profile: Profile) -> str:
    is_near = isinstance(profile, LentProfile) and any(
        near.contact == contact.id for near in profile.node.presence.near
    )
    if is_near:
        return f"{shown(contact)} is here: it goes as soon as they take it."
    return f"It waits for {shown(contact)}, and goes by itself when they are near."


def _next(profile: Profile) -> str:
    if isinstance(profile, LentProfile):
        return "To see what has not gone: satchel queue list"
    return "It goes while Satchel runs: satchel up"


def _wait(show: Show, profile: Profile, contact: Contact, id: HandoverId) -> int:
    """With no node running: this command is one, until the contact has it."""
    profile.confine()
    over = asyncio.Event()
    how: list[events.Event] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def hear(event: events.Event) -> None:
            if isinstance(event, events.Reachable):
                return
            show.hear(event)
            match event:
                case events.ByContact(giving=True, handover=given, event=inner) if given == id:
                    if isinstance(inner, events.Delivered | events.Declined):
                        how.append(inner)
                        loop.call_soon_threadsafe(over.set)
                case _:
                    pass

        async with running_node(profile, mode=mode_of(profile), taking=None) as node:
            with node.presence.listening(hear):
                show.note(f"Waiting for {shown(contact)} ... (Ctrl-C to stop: it stays in the queue)")
                await over.wait()

    run_until_done(work, show, stopped=_stopped())
    if isinstance(how[0], events.Declined):
        raise AccessDenied(
            f"{shown(contact)} does not want it.",
            safe="Your files are untouched.",
            do="It stays in the list until you remove it: satchel queue remove",
        )
    show.done(text=f"Done: {shown(contact)} has it.", id=id.hex())
    return 0


def _stopped() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Stopped.",
        safe="It stays in the queue, and goes on where it was.",
        do="It goes when they are near and Satchel runs: satchel up. To take it back: satchel queue remove",
    )
