"""`satchel delete`."""

import argparse
from contextlib import closing

from satchel.cli import units
from satchel.cli.letter_list import Numbered, chosen, letters_in, what_of
from satchel.cli.profile import Profile, open_existing
from satchel.cli.show import Show
from satchel.errors import AccessDenied
from satchel.ports.letter_states import LetterState


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        _delete(options, show, profile)
    return 0


def _delete(options: argparse.Namespace, show: Show, profile: Profile) -> None:
    letters = letters_in(profile)
    found = {one.number: one for one in (chosen(word, letters) for word in options.letter)}
    for one in found.values():  # all are there, or nothing is erased
        show.note("\n  ".join([f"Letter {one.number}, {one.whose}", *what_of(one.letter)]))
    if not options.yes:
        _ask(show, len(found))
    profile.confine()
    office = profile.post.office
    for one in found.values():
        office.delete(one.contact.id, one.letter.id)
    count = units.count(len(found), "letter")
    show.done(text=f"Done: {count} erased here.{_elsewhere(list(found.values()))}", deleted=len(found))


def _ask(show: Show, count: int) -> None:
    """Raises AccessDenied."""
    what = "this letter? It" if count == 1 else f"these {units.count(count, 'letter')}? They"
    show.ask("delete")
    typed = show.console.read_line(f"Erase {what} cannot be brought back. [y]es, [N]o: ")
    if (typed or "").strip().lower() not in ("y", "yes"):
        raise AccessDenied(
            "Not erased.", safe="Nothing was changed.", do="satchel delete --yes does not ask."
        )


def _elsewhere(erased: list[Numbered]) -> str:
    """What erasing it here does not do."""
    states = {one.letter.state for one in erased}
    said = ""
    if LetterState.UNDER_WAY in states:
        said += (
            " What was under way is taken back: its receipt is released, so that carriers drop it when they"
            " hear of it. Who has read it has read it."
        )
    if states & {LetterState.DELIVERED, LetterState.EXPIRED}:
        said += " What has come to its reader stays there."
    return said
