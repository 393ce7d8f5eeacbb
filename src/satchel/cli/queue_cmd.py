"""`satchel queue`."""

import argparse
from collections.abc import Sequence
from contextlib import closing

from satchel.cli import units
from satchel.cli.contact_lines import called
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.show import JsonShow, Show
from satchel.errors import MisuseError
from satchel.escape import show_name
from satchel.node import clock
from satchel.ports.contacts import Contact
from satchel.ports.queue import Queued, QueueState
from satchel.store.ages import as_reading

NAMES_SHOWN_MAX = 3  # of what was named together
ID_DIGITS = 32


def run(options: argparse.Namespace, show: Show) -> int:
    actions = {"list": _list, "remove": _remove}
    with closing(open_existing(options, show)) as profile:
        actions[options.action](options, show, profile)
    return 0


def _list(_options: argparse.Namespace, show: Show, profile: Profile) -> None:
    people = {contact.id: contact for contact in profile.contacts.all()}
    queue, now_s = profile.queue.all(), as_reading(clock.wall_s())
    for number, queued in enumerate(queue, 1):
        if isinstance(show, JsonShow):
            _tell(show, number, queued, people[queued.contact])
        else:
            # Whose it is stands last, and what it is on a line of its own: no name can imitate the rest.
            contact = people[queued.contact]
            state, whose = _state(queued), called(contact.name, verified=contact.pair.proof.is_verified)
            show.console.write(f"{number:>4}  {state:<14}  {_since(queued, now_s):<12}  for {whose}\n")
            show.console.write(f"      {what(queued)}\n")
    if any(queued.state is not QueueState.WAITING for queued in queue):
        show.note(
            "\nWhat is declined stays here until you remove it (satchel queue remove). What cannot be read is"
            " tried again when you meet."
        )
    show.done(text=f"{units.count(len(queue), 'thing')} in the queue.", queued=len(queue))


def _remove(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    queue = profile.queue.all()
    chosen = [_chosen(word, queue) for word in options.number]  # all are there, or nothing is removed
    for queued in dict.fromkeys(chosen):
        if isinstance(profile, LentProfile):
            profile.node.deliveries.take_back(queued.id)  # what runs of it ends, too
        else:
            profile.queue.remove(queued.id)
        show.note(f"Taken back: {what(queued)}")
    count = len(set(chosen))
    show.done(text=f"Done: {units.count(count, 'thing')} taken back.", removed=count)


def _chosen(word: str, queue: Sequence[Queued]) -> Queued:
    """By its place in the list, or by its id, which no other program moves meanwhile."""
    if word.isascii() and word.isdecimal() and len(word) < ID_DIGITS and 1 <= int(word) <= len(queue):
        return queue[int(word) - 1]
    for queued in queue:
        if queued.id.hex() == word.lower():
            return queued
    raise MisuseError(
        f"There is nothing of number {word} in the queue.",
        safe="Nothing was changed.",
        do="To see the numbers: satchel queue list",
    )


def what(queued: Queued) -> str:
    """The first names of what it is, for a terminal."""
    names = [show_name(_name(path)) for path in queued.paths[:NAMES_SHOWN_MAX]]
    if more := len(queued.paths) - len(names):
        names.append(f"and {more:,} more")
    said = ", ".join(names)
    if queued.note is None:
        return said
    return f"{said}; with a text" if said else "a text"


def _name(path: bytes) -> bytes:
    """The last component, as the receiver will see it; the whole path where there is none (a disk's root)."""
    return path.rstrip(b"/").rpartition(b"/")[2] or path


def _state(queued: Queued) -> str:
    match queued.state:
        case QueueState.WAITING:
            return "accepted" if queued.accepted else "waits"
        case QueueState.DECLINED:
            return "declined"
        case QueueState.FAILED:
            return "cannot be read"


def _since(queued: Queued, now_s: int | None) -> str:
    """Nothing, where a clock was wrong."""
    if queued.made_s is None or now_s is None or queued.made_s > now_s:
        return ""
    return units.days_ago(now_s - queued.made_s)


def _tell(show: JsonShow, number: int, queued: Queued, contact: Contact) -> None:
    show.line(
        "queued",
        number=number,
        id=queued.id.hex(),
        contact=contact.name,
        verified=contact.pair.proof.is_verified,
        paths=[path.decode("utf-8", "surrogateescape") for path in queued.paths],
        text=queued.note is not None,
        made_s=queued.made_s,
        state=_state(queued).replace(" ", "_"),
    )
