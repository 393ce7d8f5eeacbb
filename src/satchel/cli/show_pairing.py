"""What a person reads and what a script reads while two devices pair."""

import contextlib
from pathlib import Path

from satchel.cli.qr import draw_for_terminal, write_png
from satchel.cli.settling import shown
from satchel.cli.show import JsonShow, PersonShow, Show, advised
from satchel.core.identity.pair import Proof
from satchel.node import events
from satchel.node.pairing.events import CodeOver, Disturbed, Event, Met, PictureReady, ScannedAgain


class PairingShow:
    """May be told things by several threads, as Show is."""

    def __init__(self, show: Show, *, png: Path | None = None) -> None:
        """`png`: put the picture into this file as well, while it is good."""
        self._show = show
        self._png = png
        self._is_written = False
        self._picture: str | None = None
        self._code: str | None = None
        self._told = False

    def hear(self, event: Event) -> None:
        if isinstance(event, PictureReady):
            self._write(event.text)
        if isinstance(self._show, JsonShow):
            _tell_script(self._show, event)
        else:
            self._tell_person(self._show, event)

    def close(self) -> None:
        """The picture is good for nothing any more."""
        if self._is_written and self._png is not None:
            self._is_written = False
            with contextlib.suppress(OSError):
                self._png.unlink()

    def _write(self, text: str) -> None:
        if self._png is not None:
            self.close()
            write_png(text, self._png)
            self._is_written = True

    def _tell_person(self, show: PersonShow, event: Event) -> None:
        match event:
            case PictureReady(text=text):
                self._picture = text
                if self._told:
                    show.note("\nThis device has other addresses now. This is the picture from now on:")
                    _draw(show, text)
            case events.CodeReady(code=code):
                self._code = code
            case events.Listening(addresses=addresses):
                self._tell_begin(show)
                _tell_addresses(show, addresses)
            case ScannedAgain(takers=takers):
                show.note(
                    f"\nWATCH OUT: {takers} devices have scanned this picture, and one was meant. Look around"
                    " you, and compare the words with care."
                )
            case CodeOver(problem=problem):
                show.error(problem)
                show.note("The picture is still good.")
            case Disturbed(problem=problem):
                show.error(problem)
            case Met():
                _tell_met(show, event)
            case _:
                show.hear(event)

    def _tell_begin(self, show: PersonShow) -> None:
        """The picture first: what is typed stands at the lower end, where it is not scrolled away."""
        if self._told or self._code is None:
            return
        self._told = True
        show.note("\nOn the other device run:   satchel pair --take")
        if self._picture is not None:
            show.note("and scan this picture there (a scanner app gives its text):\n")
            _draw(show, self._picture)
            show.note("\nor type this code:\n")
        else:
            show.note("and type this code:\n")
        show.console.write(f"    {self._code}\n")
        show.note("\nBoth are good for one pairing within 15 minutes. Waiting ... (Ctrl-C to stop)")


def _draw(show: PersonShow, text: str) -> None:
    """As a picture where there is room for it, else as its text."""
    picture = draw_for_terminal(text)
    if show.console.result_is_seen:
        lines = picture.split("\n")
        columns = max(sum(character in " ▀▄█" for character in line) for line in lines)
        if columns <= show.console.columns:
            show.console.write(f"{picture}\n")
            return
        show.note("(This window is too narrow for the picture. Its text:)")
    show.console.write(f"{text}\n")


def _tell_addresses(show: PersonShow, addresses: tuple[str, ...]) -> None:
    here = advised(addresses)
    if not here:
        show.note("This device is in no network. Connect both to one: Wi-Fi, a hotspot or a cable.")
        return
    show.note("If they do not find each other, on the other device:")
    for address in here:
        show.note(f"    satchel pair --take --at {address}")


def _tell_met(show: PersonShow, met: Met) -> None:
    state = "verified" if met.contact.pair.proof.is_verified else "UNVERIFIED until you compare the words"
    show.note(f"\nPaired: {shown(met.contact)} ({state}).")
    if met.contact.pair.proof is Proof.CODE:  # who reads or hears it, and types first, is the one (P2)
        show.note(
            "Look at the other screen: it says so now, too. If it does not, somebody else has typed the code:"
            " satchel contacts forget"
        )
    if met.takers > 1:
        show.note(
            f"WATCH OUT: {met.takers} devices have scanned this picture, and one was meant. If a single word"
            " differs, it is not the person beside you."
        )


def _tell_script(show: JsonShow, event: Event) -> None:
    match event:
        case PictureReady(text=text):
            show.line("picture", text=text)
        case ScannedAgain(takers=takers):
            show.line("scanned", takers=takers)
        case CodeOver(problem=problem) | Disturbed(problem=problem):
            show.line("trouble", what=problem.what, safe=problem.safe, do=problem.do)
        case Met(contact=contact, proposed=proposed, takers=takers, again=again):
            verified = contact.pair.proof.is_verified
            show.line(
                "paired", contact=contact.name, name=proposed, verified=verified, takers=takers, again=again
            )
        case _:
            show.hear(event)
