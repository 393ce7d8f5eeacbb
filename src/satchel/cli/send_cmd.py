"""`satchel send`."""

import argparse
import os
from contextlib import closing
from typing import TYPE_CHECKING

from satchel.carriers.lan.addresses import show_endpoint
from satchel.carriers.lan.lan import LocalNetwork
from satchel.cli import units
from satchel.cli.home import absolute
from satchel.cli.offered import look_at, source_of
from satchel.cli.profile import Profile, open_existing, open_profile
from satchel.cli.prompt import TEXT_BYTES_MAX
from satchel.cli.recording import recorder_of
from satchel.cli.run import run_until_done
from satchel.cli.show import Show
from satchel.core.handover.messages import EntryKind
from satchel.errors import MisuseError
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.node.giving import Giver
from satchel.node.hardware import has_aes
from satchel.store.source import Survey, survey
from satchel.store.upload_names import id_in, named_by

if TYPE_CHECKING:
    from satchel.store.uploads import SqliteUploads


def run(options: argparse.Namespace, show: Show) -> int:
    if options.to is not None or options.later:
        return _run_to(options, show)
    found = None if options.upload else _files(options, show)  # before a passphrase is asked for
    with closing(open_profile(options, show)) as profile:
        note = _text(show) if options.text else None
        # Before the first thread: the right to write anywhere else is given away (M4).
        profile.confine()
        if not options.upload:
            return _give(options, show, profile, note, found)
        ids = [id for word in options.upload if (id := id_in(named_by(word))) is not None]
        with profile.uploads.holding(ids):
            return _give(options, show, profile, note, _files(options, show, profile.uploads))


def _run_to(options: argparse.Namespace, show: Show) -> int:
    from satchel.cli import send_to  # noqa: PLC0415 - a hand-over by code begins sooner without it

    if options.to is None:
        raise MisuseError(
            "--later goes with --to.", safe="Nothing was sent.", do="satchel send PATH --to NAME --later"
        )
    with closing(open_existing(options, show)) as profile:
        return send_to.run(options, show, profile, _text(show) if options.text else None)


def _give(
    options: argparse.Namespace, show: Show, profile: Profile, note: str | None, found: Survey | None
) -> int:
    entropy = SystemEntropy()
    started_s = clock.monotonic_s()
    givers: list[Giver] = []

    async def give() -> None:
        async with LocalNetwork(listening=True, draw=entropy.draw, now_s=clock.awake_and_asleep_s) as lan:
            giver = Giver(
                lan=lan,
                entropy=entropy,
                records=profile.records,
                source=source_of(profile),
                aes=has_aes(),
                show_address=show_endpoint,
                report=recorder_of(profile).by_code(show.hear, giving=True),
                receivers=options.receivers,
            )
            givers.append(giver)
            if found is None:
                await giver.resume()
            else:
                await giver.give(found.entries, note)

    run_until_done(give, show)
    seconds = clock.monotonic_s() - started_s
    text = last_words(givers[0].given, options.receivers if found is not None else 1, failed=show.failed)
    show.done(text=text, given=givers[0].given, failed=show.failed, seconds=round(seconds, 3))
    return 1 if show.failed else 0


def last_words(given: int, receivers: int, *, failed: int) -> str:
    """How it ended, for a person; never better than it was."""
    if receivers > 1:
        text = f"Done: {given} of {receivers} have what they wanted"
    else:
        text = "Done: what was wanted is over there"
    return f"{text}, but for {units.files(failed)} that failed: see above." if failed else f"{text}."


def _text(show: Show) -> str:
    """The text to send, from standard input to its end."""
    note = show.console.read_text()
    if not note:
        raise MisuseError(
            f"The text is empty, not UTF-8, or longer than {TEXT_BYTES_MAX} bytes.",
            safe="Nothing was sent.",
            do="Send a long one as a file: satchel send FILE",
        )
    return note


def _files(options: argparse.Namespace, show: Show, uploads: "SqliteUploads | None" = None) -> Survey | None:
    """What to offer; None to go on with what is unfinished. `uploads`: where some are named."""
    if not options.path and not options.upload:
        if options.text:
            return survey([])
        if options.receivers > 1:
            raise MisuseError(
                "--for goes with something to send.",
                safe="Nothing was sent.",
                do="What is unfinished goes on with those who accepted it then.",
            )
        return None
    named = [(path, absolute(path, options.folder)) for path in options.path]
    # As it was typed where this process is where it was typed: so it is told again.
    paths = [os.fsencode(path if options.folder is None else whole) for path, whole in named]
    paths = [path if id_in(path) is None else b"./" + path for path in paths]
    found = look_at([*map(named_by, options.upload), *paths], uploads, left_out=show.left_out)
    files = [entry for entry in found.entries if entry.kind is EntryKind.FILE]
    show.note(f"Offering {units.files(len(files))}, {units.size(sum(entry.size for entry in files))}.")
    return found
