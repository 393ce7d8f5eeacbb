"""`show` and `save`, of `satchel inbox` and `satchel outbox`: all of one letter, or its files."""

import argparse
import os
from collections.abc import Callable

from satchel.cli import units
from satchel.cli.home import absolute
from satchel.cli.letter_list import NOT_IN_BACKUP, Numbered, chosen, head_of, letters_in, tell
from satchel.cli.profile import Profile
from satchel.cli.show import JsonShow, Show
from satchel.core.handover.messages import Failure, Path
from satchel.errors import MisuseError, NameRefused, NothingToDo
from satchel.escape import show_name
from satchel.node import clock, events
from satchel.ports import HandoverId, Landing
from satchel.store.chosen import ChosenFolder

Action = Callable[[argparse.Namespace, Show, Profile], None]
NS_PER_S = 1_000_000_000


def on_one(options: argparse.Namespace, profile: Profile) -> Action | None:
    """What is to be done with one letter; None: they are to be listed. Raises MisuseError.

    Where a contact is called `show`, that word alone lists its letters.
    """
    actions = {"show": _show, "save": _save}
    action = actions.get(options.contact)
    if options.letter is None:
        names = {contact.name for contact in profile.contacts.all()} if action else set()
        if action is not None and options.contact not in names:
            raise MisuseError(
                f"Which letter is meant? satchel {options.command} {options.contact} goes with its number.",
                safe="Nothing was done.",
                do="To see the numbers: satchel inbox, satchel outbox",
            )
        action = None
    elif action is None:
        raise MisuseError(
            "Before a letter stands show or save.",
            safe="Nothing was done.",
            do=f"satchel {options.command} show NUMBER",
        )
    if options.into is not None and action is not _save:
        raise MisuseError(
            "--into goes with save.",
            safe="Nothing was done.",
            do=f"satchel {options.command} save NUMBER --into DIR",
        )
    return action


def _show(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    letters = letters_in(profile)
    one = chosen(options.letter, letters)
    if isinstance(show, JsonShow):
        tell(show, one)
        show.done(text="")
        return
    for line in head_of(one, letters):
        show.note(line)
    text = one.text
    if text is None:
        show.note(NOT_IN_BACKUP)
    elif text:
        show.hear(events.NoteReceived(text=text))
    if one.letter.attachments:
        show.note(f"To save its files: satchel {options.command} save {one.number}")


def _save(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    """Under the names that its writer gave them, beside what is there (M4)."""
    one = chosen(options.letter, letters_in(profile))
    if not one.letter.attachments:
        raise NothingToDo(
            "No file came with this letter." if not one.is_own else "No file goes with this letter.",
            safe="Nothing was written.",
            do=f"To read it: satchel {options.command} show {one.number}",
        )
    into = absolute(options.into or ".", options.folder)
    chosen_folder = ChosenFolder.open(into)
    try:
        profile.confine(into)
        _put(one, chosen_folder, show, profile)
    finally:
        chosen_folder.close()
    count = len(one.letter.attachments) - show.failed
    text = f"Done: {units.files(count)} in {show_name(os.fsencode(into))}."
    if show.failed:
        text += f" {units.files(show.failed)} could not be saved: see above."
    show.done(text=text, files=count, failed=show.failed)


def _put(one: Numbered, folder: ChosenFolder, show: Show, profile: Profile) -> None:
    """Raises NothingToDo: a backup has left them out; EnvironmentProblem."""
    letters, contact, id = profile.post.letters, one.contact.id, one.letter.id
    contents = [letters.attachment(contact, id, number) for number in range(len(one.letter.attachments))]
    landing = folder.begin(HandoverId(id))  # killed and begun again, it finds what it has left there
    try:
        now_ns = clock.wall_s() * NS_PER_S
        for number, content in enumerate(contents):
            landing.put(number, memoryview(content), mtime_ns=now_ns, executable=False)
        landing.sync(range(len(contents)))
        for number, file in enumerate(one.letter.attachments):
            _place(landing, number, (file.name,), show)
        landing.sync([])
    finally:
        landing.close(remove=True)


def _place(landing: Landing, number: int, path: Path, show: Show) -> None:
    """A name that this disk does not take keeps no other file away."""
    try:
        placed = landing.place(number, path)
    except NameRefused:
        show.hear(events.FileFailed(path=path, failure=Failure.REFUSED_BY_DISK))
    else:
        show.hear(events.FilePlaced(path=placed.path, offered=path, already_there=placed.already_there))
