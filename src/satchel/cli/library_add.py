"""`satchel library add`."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from satchel.cli import units
from satchel.cli.book_meter import BookMeter
from satchel.cli.book_shop import Stopping, in_thread, library_of, opener_of, shelf_named
from satchel.cli.home import absolute
from satchel.cli.offered import source_of
from satchel.cli.profile import Profile
from satchel.cli.show import Show
from satchel.core.identity.clocks import TIME_MAX_S
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.node.library.candidates import Candidate, candidates
from satchel.node.library.events import Outcome
from satchel.node.library.importing import Importer, Wanted
from satchel.node.library.tending import index_missing
from satchel.store.source import survey
from satchel.store.upload_names import id_in, named_by
from satchel.store.uploaded import survey_uploads

STAYS = "What is in the library stays in it; no file of yours was changed."


def add(options: argparse.Namespace, show: Show, profile: Profile) -> int:
    if not options.path and not options.upload:
        raise MisuseError(
            "There is nothing to add.", safe="Nothing was changed.", do="Name files or folders."
        )
    ids = [id for word in options.upload if (id := id_in(named_by(word))) is not None]
    with profile.uploads.holding(ids):
        wanted = _look_at(options, show, profile, ids)
        outcome, indexed = _add(options, show, profile, wanted)
    for id in ids:  # what they were for is done
        with suppress(NothingToDo, MisuseError):
            profile.uploads.remove(id)
    text = f"{units.count(outcome.new, 'book')} added."
    if outcome.known:
        text += f" {outcome.known:,} {'was' if outcome.known == 1 else 'were'} here already."
    if outcome.aside:
        books = "a book" if outcome.aside == 1 else "books"
        text += (
            f" {units.files(outcome.aside)} could not become {books}: see satchel library list --aside."
            " Or keep them unread: --as-files"
        )
    if indexed:
        text += f" {units.count(indexed, 'book')} of before can be found again."
    show.done(text=text, new=outcome.new, known=outcome.known, aside=outcome.aside, indexed=indexed)
    return 0


def _look_at(options: argparse.Namespace, show: Show, profile: Profile, ids: list[bytes]) -> list[Candidate]:
    """Raises MisuseError, NothingToDo."""
    taken: set[bytes] = set()
    with _nothing_added():
        entries = survey_uploads(profile.uploads, ids, taken)
        found = survey([os.fsencode(absolute(path, options.folder)) for path in options.path], taken)
    for refused in found.refused:
        show.left_out(refused.path, refused.why)
    wanted = candidates([*entries, *found.entries])
    if not wanted:
        raise NothingToDo(
            "There is no file in what you named.",
            safe="Nothing was changed.",
            do="Name other files or folders. Links, and names with a dot in front, are left out.",
        )
    show.note(f"Reading {units.files(len(wanted))}, {units.size(sum(one.size_bytes for one in wanted))}.")
    return wanted


@contextmanager
def _nothing_added() -> Iterator[None]:
    """What is said of what is to be sent, said of what is to be added."""
    try:
        yield
    except (MisuseError, NothingToDo) as problem:
        problem.safe = "Nothing was added."
        problem.do = problem.do.replace("satchel send", "satchel library add")
        raise


def _add(
    options: argparse.Namespace, show: Show, profile: Profile, wanted: list[Candidate]
) -> tuple[Outcome, int]:
    """What came of it, and how many books of before the index lacked."""
    library, opener = library_of(profile), opener_of(profile)
    source, now_s = source_of(profile), profile.post.clock.best_s()
    profile.confine()
    shelf = shelf_named(options.shelf, library).number if options.shelf is not None else None
    added_s = int(now_s) if now_s is not None and 0 <= now_s <= TIME_MAX_S else None
    meter = BookMeter(show, "Read")
    how = Wanted(shelf=shelf, as_files=options.as_files, added_s=added_s)
    importer = Importer(library, opener, source, how, meter.hear)

    def work() -> tuple[Outcome, int]:
        outcome = importer.run(wanted)
        return outcome, index_missing(library, opener, meter.hear, meter.check)

    stopped = EnvironmentProblem("Stopped.", safe=STAYS, do="Say the same again: it goes on with the rest.")
    return in_thread(work, show, Stopping(meter, importer.stop), stopped)
