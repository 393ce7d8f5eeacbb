"""`satchel queue`."""

import argparse
from collections.abc import Sequence
from contextlib import closing, suppress

from satchel.cli import units
from satchel.cli.contact_lines import called
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.show import JsonShow, Show
from satchel.cli.unfinished import Unfinished, end, require_idle, unfinished_in
from satchel.errors import MisuseError, NothingToDo
from satchel.escape import show_name
from satchel.node import clock
from satchel.ports import HandoverId
from satchel.ports.contacts import Contact
from satchel.ports.queue import Queued, QueueState
from satchel.store.ages import as_reading
from satchel.store.upload_names import id_in

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
    unfinished = unfinished_in(profile)
    for number, queued in enumerate(queue, 1):
        names = _names(queued, profile)
        if isinstance(show, JsonShow):
            _tell(show, number, queued, people[queued.contact], names)
        else:
            # Whose it is stands last, and what it is on a line of its own: no name can imitate the rest.
            contact = people[queued.contact]
            state, whose = _state(queued), called(contact.name, verified=contact.pair.proof.is_verified)
            show.console.write(f"{number:>4}  {state:<14}  {_since(queued, now_s):<12}  for {whose}\n")
            show.console.write(f"      {_what(queued, names)}\n")
    for number, begun in enumerate(unfinished, len(queue) + 1):
        if isinstance(show, JsonShow):
            _tell_unfinished(show, number, begun)
        else:
            show.console.write(f"{number:>4}  {'unfinished':<28}  {_how(begun)}\n")
            show.console.write(f"      {_what_of(begun)}\n")
    if any(queued.state is not QueueState.WAITING for queued in queue):
        show.note(
            "\nWhat is declined stays here until you remove it (satchel queue remove). What cannot be read is"
            " tried again when you meet."
        )
    text = f"{units.count(len(queue), 'thing')} in the queue"
    text += f", and {len(unfinished):,} unfinished." if unfinished else "."
    show.done(text=text, queued=len(queue), unfinished=len(unfinished))


def _remove(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    queue, begun = profile.queue.all(), unfinished_in(profile)
    ids = [queued.id for queued in queue] + [one.head.id for one in begun]
    chosen = dict.fromkeys(_chosen(word, ids) for word in options.number)  # all are there, or nothing ends
    taken_back = [queue[place] for place in chosen if place < len(queue)]
    stopped = [begun[place - len(queue)] for place in chosen if place >= len(queue)]
    require_idle(stopped, profile)
    names = {queued.id: _names(queued, profile) for queued in taken_back}  # what was uploaded goes with it
    for queued in taken_back:
        if isinstance(profile, LentProfile):
            profile.node.deliveries.take_back(queued.id)  # what runs of it ends, too
        else:
            profile.queue.remove(queued.id)
        show.note(f"Taken back: {_what(queued, names[queued.id])}")
    for one in stopped:
        end(one, profile)
        show.note(f"Stopped: {_what_of(one)}")
    how = "taken back" if not stopped else "stopped" if not taken_back else "taken back or stopped"
    show.done(text=f"Done: {units.count(len(chosen), 'thing')} {how}.", removed=len(chosen))


def _chosen(word: str, ids: Sequence[HandoverId]) -> int:
    """The place of it: by its number in the list, or by its id, which no other program moves meanwhile."""
    if word.isascii() and word.isdecimal() and len(word) < ID_DIGITS and 1 <= int(word) <= len(ids):
        return int(word) - 1
    for place, id in enumerate(ids):
        if id.hex() == word.lower():
            return place
    raise MisuseError(
        f"There is nothing of number {word} in the queue.",
        safe="Nothing was changed.",
        do="To see the numbers: satchel queue list",
    )


def _what(queued: Queued, names: Sequence[bytes]) -> str:
    """The first names of what it is, for a terminal."""
    said = _few(names)
    if queued.note is None:
        return said
    return f"{said}; with a text" if said else "a text"


def _what_of(one: Unfinished) -> str:
    what = one.what
    return f"{_few(what.names, what.more)}: {units.files(what.files)}, {units.size(what.size_bytes)}"


def _few(names: Sequence[bytes], more: int = 0) -> str:
    """`more`: how many there are besides these."""
    shown = [show_name(name) for name in names[:NAMES_SHOWN_MAX]]
    if more := more + len(names) - len(shown):
        shown.append(f"and {more:,} more")
    return ", ".join(shown)


def _how(one: Unfinished) -> str:
    """Whose it is stands last."""
    if one.contact is None:
        return "sent with a code" if one.is_giving else "received with a code"
    return f"from {called(one.contact.name, verified=one.contact.pair.proof.is_verified)}"


def _names(queued: Queued, profile: Profile) -> list[bytes]:
    """What stands at the top of it, as the receiver will see it."""
    names: list[bytes] = []
    for path in queued.paths:
        if (id := id_in(path)) is not None:
            with suppress(NothingToDo):  # it is not here any more: then it cannot be read, and says so
                names += dict.fromkeys(upload.path[0] for upload in profile.uploads.named(id))
        else:
            names.append(path.rstrip(b"/").rpartition(b"/")[2] or path)  # a disk's root has none
    return names


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


def _tell(show: JsonShow, number: int, queued: Queued, contact: Contact, names: Sequence[bytes]) -> None:
    show.line(
        "queued",
        number=number,
        id=queued.id.hex(),
        contact=contact.name,
        verified=contact.pair.proof.is_verified,
        paths=[path.decode("utf-8", "surrogateescape") for path in queued.paths],
        names=[name.decode("utf-8", "surrogateescape") for name in names],
        text=queued.note is not None,
        made_s=queued.made_s,
        state=_state(queued).replace(" ", "_"),
    )


def _tell_unfinished(show: JsonShow, number: int, one: Unfinished) -> None:
    contact, what = one.contact, one.what
    show.line(
        "unfinished",
        number=number,
        id=one.head.id.hex(),
        direction="out" if one.is_giving else "in",
        contact=contact.name if contact is not None else None,
        verified=contact.pair.proof.is_verified if contact is not None else None,
        handover=one.head.theirs.hex() if contact is not None else None,
        names=[name.decode("utf-8", "surrogateescape") for name in what.names],
        more=what.more,
        files=what.files,
        bytes=what.size_bytes,
    )
