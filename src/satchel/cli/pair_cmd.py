"""`satchel pair`."""

import argparse
import os
import shlex
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from satchel.carriers.lan.addresses import parse_endpoint, show_endpoint
from satchel.carriers.lan.lan import LocalNetwork
from satchel.cli.home import absolute
from satchel.cli.language import own_language
from satchel.cli.profile import Profile, open_profile, refuse_ephemeral
from satchel.cli.run import run_until_done
from satchel.cli.settling import Settling, shown
from satchel.cli.show import Show
from satchel.cli.show_pairing import PairingShow
from satchel.core.identity.clocks import BUILT_S
from satchel.core.pairing.card import Card
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.picture import TEXT_PREFIX, Picture
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.node.own_thread import in_own_thread
from satchel.node.pairing.hosting import PairingHost
from satchel.node.pairing.naming import clean
from satchel.node.pairing.taking import PairingTaker
from satchel.ports import Endpoint

_SHOW, _TAKE = ("s", "show"), ("t", "take")


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    at = parse_endpoint(options.at) if options.at else None
    name = clean(options.name) if options.name is not None else None
    proposed = clean(options.proposed) if options.proposed is not None else ""
    with closing(open_profile(options, show)) as profile:
        _refuse_taken(profile, name)
        takes = options.take or at is not None or not (options.show or options.png or _ask_shows(show))
        _refuse_what_does_not_go_together(options, takes=takes)
        language = own_language(options.locale or os.environ).value
        card = Card(day=_day(profile), language=language, name=proposed)
        settling = Settling(show, profile.contacts, profile.queue, yes=options.yes, is_named=name is not None)
        pairing = _Pairing(show, profile, card, name, settling)
        if takes:
            pairing.take(at)
        else:
            pairing.host(absolute(options.png, options.folder) if options.png else None)
        contact = settling.contact
    assert contact is not None
    verified = contact.pair.proof.is_verified
    text = f"Done: {shown(contact)} is your contact, and verified."
    if not verified:
        text = (
            f"Done: {shown(contact)} is your contact, UNVERIFIED. Compare the words soon, on both"
            " devices: satchel contacts verify NAME"
        )
    show.done(text=text, contact=contact.name, verified=verified)
    if verified:
        show.note(f"To give them something:  satchel send PATH --to {shlex.quote(shown(contact))}")
    show.note("To be found by them, and to get what they give:  satchel up")
    return 0


@dataclass(frozen=True, slots=True)
class _Pairing:
    show: Show
    profile: Profile
    card: Card
    name: str | None
    settling: Settling

    def host(self, png: Path | None) -> None:
        # Before the first thread: the right to write anywhere else is given away (M4).
        self.profile.confine(*([png.parent] if png is not None else []))
        entropy = SystemEntropy()
        screen = PairingShow(self.show, png=png)

        async def pair() -> None:
            async with LocalNetwork(listening=True, draw=entropy.draw, now_s=clock.awake_and_asleep_s) as lan:
                host = PairingHost(
                    lan=lan,
                    entropy=entropy,
                    contacts=self.profile.contacts,
                    card=self.card,
                    show_address=show_endpoint,
                    report=screen.hear,
                    name=self.name,
                )
                await host.pair(self.settling.settle)

        with closing(screen):
            run_until_done(pair, self.show, stopped=_stopped())

    def take(self, at: Endpoint | None) -> None:
        given = _ask_code_or_picture(self.show)
        self.profile.confine()
        entropy = SystemEntropy()
        screen = PairingShow(self.show)

        async def pair() -> None:
            async with LocalNetwork(
                listening=False, draw=entropy.draw, now_s=clock.awake_and_asleep_s
            ) as lan:
                taker = PairingTaker(
                    lan=lan,
                    entropy=entropy,
                    contacts=self.profile.contacts,
                    card=self.card,
                    report=screen.hear,
                    name=self.name,
                    at=at,
                )
                if isinstance(given, Picture):
                    await taker.take_picture(given)
                else:
                    await taker.take_code(given)
            await in_own_thread(self.settling.settle, taker.keeper)

        run_until_done(pair, self.show, stopped=_stopped())


def _refuse_taken(profile: Profile, name: str | None) -> None:
    if any(contact.name == name for contact in profile.contacts.all()):
        raise MisuseError(
            "Another contact has this name already.",
            safe="Nothing was changed.",
            do="Give another name; or, if it is the same person again, no --name: you are asked at the end."
            " A script forgets the old contact first: satchel contacts forget",
        )


def _refuse_what_does_not_go_together(options: argparse.Namespace, *, takes: bool) -> None:
    wrong = {"--at": not takes and options.at, "--png": takes and options.png}
    for option, is_given in wrong.items():
        if is_given:
            raise MisuseError(
                f"{option} does not go with this.",
                safe="Nothing was done.",
                do="--at goes with --take, and --png with --show: satchel pair --help",
            )


def _day(profile: Profile) -> int | None:
    """Of a plausible clock."""
    clocks = profile.contacts.clocks(build_s=BUILT_S)
    return clocks.read(clock_s=clock.wall_s(), since_saved_s=0).day


def _ask_shows(show: Show) -> bool:
    """Whether this device shows, or takes what the other one shows."""
    show.ask("way")
    while True:
        typed = show.console.read_line("One of you shows, the other takes. Here: [s]how or [t]ake? ")
        answer = (typed or "").strip().lower()
        if answer in _SHOW:
            return True
        if answer in _TAKE:
            return False
        if typed is None or not show.console.is_typed_at:
            raise NothingToDo(
                "Nobody said who shows and who takes.",
                safe="Nothing was changed.",
                do="On one device satchel pair --show, on the other one satchel pair --take.",
            )


def _ask_code_or_picture(show: Show) -> SpokenCode | Picture:
    """One line: a mistake in typing may be mended in a terminal."""
    show.ask("code")
    while True:
        typed = show.console.read_line("Code, or the text of the picture: ")
        if typed is None:
            raise NothingToDo(
                "No code was given.",
                safe="Nothing was changed.",
                do="Run satchel pair --take again, and type the code that the other screen shows.",
            )
        try:
            if typed.strip().upper().startswith(TEXT_PREFIX):
                return Picture.parse(typed)
            return SpokenCode.parse(typed)
        except MisuseError as mistake:
            if not show.console.is_typed_at:
                raise
            show.error(mistake)


def _stopped() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Stopped.",
        safe="A contact that was shown as paired stays, and nothing else.",
        do="To compare its words later: satchel contacts verify. To pair again: satchel pair",
    )
