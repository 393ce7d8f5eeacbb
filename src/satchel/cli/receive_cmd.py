"""`satchel receive`."""

import argparse
import os
from contextlib import closing
from pathlib import Path

from satchel.carriers.lan.addresses import parse_endpoint
from satchel.carriers.lan.lan import LocalNetwork
from satchel.cli import units
from satchel.cli.ask import Asker
from satchel.cli.home import absolute
from satchel.cli.profile import Profile, open_existing, open_profile
from satchel.cli.recording import recorder_of
from satchel.cli.run import run_until_done
from satchel.cli.show import Show
from satchel.core.pairing.code import SpokenCode
from satchel.errors import MisuseError, NothingToDo
from satchel.escape import show_name
from satchel.node import clock, events
from satchel.node.entropy import SystemEntropy
from satchel.node.hardware import has_aes
from satchel.node.taking import Taker
from satchel.ports import Endpoint, HandoverId, Landing, Role
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding


class Tally:
    """What arrived, for the last line."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self.files = 0
        self.texts = 0
        self.began_s: float | None = None  # when the first bytes were on their way, the person's answer given

    def hear(self, event: events.Event) -> None:
        match event.event if isinstance(event, events.ByHandover) else event:
            case events.FilePlaced():
                self.files += 1
            case events.NoteReceived():
                self.texts += 1
            case events.Progress() if self.began_s is None:
                self.began_s = clock.monotonic_s()
            case _:
                pass
        self._show.hear(event)


def run(options: argparse.Namespace, show: Show) -> int:
    if options.contact is not None:
        return _run_from(options, show)
    at = parse_endpoint(options.at) if options.at else None
    if options.resume:
        _refuse_what_resume_ignores(options)
    into = absolute(options.into or ".", options.folder)
    with closing(open_profile(options, show)) as profile:
        return _take(options, show, profile, at, into)


def _run_from(options: argparse.Namespace, show: Show) -> int:
    from satchel.cli import receive_from  # noqa: PLC0415 - a hand-over by code begins sooner without it

    with closing(open_existing(options, show)) as profile:
        return receive_from.run(options, show, profile, absolute(options.into or ".", options.folder))


def _take(options: argparse.Namespace, show: Show, profile: Profile, at: Endpoint | None, into: Path) -> int:
    entropy = SystemEntropy()
    folders = [into]
    code: SpokenCode | None = None
    chosen: ChosenFolder | None = None
    if options.resume:
        folders = [Path(os.fsdecode(head.into)) for head in profile.records.unfinished(Role.RECEIVER)]
    else:
        chosen = ChosenFolder.open(into)  # one that cannot be written to is told before the code is asked for
        code = ask_code(show)
    # Before the first thread: the right to write anywhere else is given away (M4).
    profile.confine(*folders)
    tally = Tally(show)
    asker = Asker(show, yes=options.yes, text_only=options.text)

    def reopen(id: HandoverId, folder: bytes) -> Landing:
        return FolderLanding.reopen(folder, id)

    async def take() -> None:
        async with LocalNetwork(listening=False, draw=entropy.draw, now_s=clock.awake_and_asleep_s) as lan:
            taker = Taker(
                lan=lan,
                entropy=entropy,
                records=profile.records,
                reopen=reopen,
                aes=has_aes(),
                decide=asker.decide,
                report=recorder_of(profile).by_code(tally.hear, giving=False),
                at=at,
            )
            if code is None or chosen is None:
                await taker.resume()
            else:
                await taker.take(code, chosen, os.fsencode(into))

    run_until_done(take, show)
    seconds = clock.monotonic_s() - tally.began_s if tally.began_s is not None else 0.0
    if tally.files or not tally.texts or options.json:  # after a text alone nothing else is printed
        where = show_name(os.fsencode(into)) if code is not None else "the chosen folder"
        text = f"Done: {units.files(tally.files)} in {where}, {units.duration(seconds)}."
        if show.failed:
            text += f" {units.files(show.failed)} did not arrive: see above."
        show.done(text=text, files=tally.files, failed=show.failed, seconds=round(seconds, 3))
    return 1 if show.failed else 0


def _refuse_what_resume_ignores(options: argparse.Namespace) -> None:
    given = {"--into": options.into is not None, "--yes": options.yes, "--text": options.text}
    names = [name for name, is_given in given.items() if is_given]
    if names:
        raise MisuseError(
            f"satchel receive --resume takes no {' and no '.join(names)}.",
            safe="Nothing was done.",
            do="What is unfinished goes on in the folder where it began, with what was chosen then.",
        )


def ask_code(show: Show) -> SpokenCode:
    """The code, from the prompt or a line of standard input; a typing mistake may be mended."""
    while True:
        typed = show.console.read_line("Code: ")
        if typed is None:
            raise NothingToDo(
                "No code was given.",
                safe="Nothing was received.",
                do="Run satchel receive again, and type the code that the other screen shows.",
            )
        try:
            return SpokenCode.parse(typed)
        except MisuseError as mistake:
            if not show.console.is_typed_at:
                raise
            show.error(mistake)
