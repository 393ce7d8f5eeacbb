"""`satchel guests`."""

import argparse
import asyncio
from contextlib import closing, suppress

from satchel.cli import units
from satchel.cli.guests_door import OPEN_S, GuestsDoor, OpenDoor
from satchel.cli.profile import LentProfile, Profile, open_existing
from satchel.cli.qr import draw_for_terminal
from satchel.cli.run import run_until_done
from satchel.cli.show import ADDRESSES_SHOWN_MAX, JsonShow, PersonShow, Show
from satchel.errors import EnvironmentProblem, NothingToDo
from satchel.node.own_thread import in_own_thread

LOOK_EVERY_S = 0.5


def run(options: argparse.Namespace, show: Show) -> int:
    with closing(open_existing(options, show)) as profile:
        if options.action == "close":
            _close(profile, show)
        elif isinstance(profile, LentProfile):
            profile.confine()  # the door, too: it writes nowhere
            _open(profile.guests, show, lan_open=options.lan_open)
            show.done(text="Done: the door is open. To close it: satchel guests close")
        else:
            profile.confine()  # before the first thread (M4)
            _hold_open(profile.guests, show, lan_open=options.lan_open)
            show.done(text="Done: the door is closed.")
    return 0


def _open(door: GuestsDoor, show: Show, *, lan_open: bool) -> None:
    opened = door.open(lan_open=lan_open, for_s=OPEN_S)
    if isinstance(show, JsonShow):
        urls = opened.urls()
        left_s = opened.left_s()
        show.line(
            "ready",
            guest_url=urls[0] if urls else None,
            guest_urls=urls,
            lan_open=opened.lan_open,
            for_s=None if left_s is None else round(left_s),
        )
    else:
        tell_door(show, opened)


def _hold_open(door: GuestsDoor, show: Show, *, lan_open: bool) -> None:
    """With no node running: until Ctrl-C, or until its time is over."""

    async def work() -> None:
        with suppress(asyncio.CancelledError):  # so it ends
            await in_own_thread(_open, door, show, lan_open=lan_open)
            show.note("Ctrl-C closes it.")
            while not await in_own_thread(door.wait, LOOK_EVERY_S):
                pass

    try:
        run_until_done(work, show)
    finally:
        door.close()


def _close(profile: Profile, show: Show) -> None:
    if not (isinstance(profile, LentProfile) and profile.guests.close()):
        raise NothingToDo("The door for guests is closed.", safe="Nothing was changed.")
    show.done(text="Done: the door is closed, and nobody is connected any more.")


def tell_door(show: PersonShow, opened: OpenDoor) -> None:
    """To the person who opened it: what it means first, then how to get in."""
    show.warning(_is_public(opened))
    urls = opened.urls()
    if not urls:
        show.note(
            "This device is in no network. Connect it and the phones to one: Wi-Fi, a hotspot or a cable."
        )
        return
    show.note(
        "\nOn a phone: scan this picture, or type the address. In a reading app: as an OPDS catalogue.\n"
    )
    picture = draw_for_terminal(urls[0])
    width = max(sum(character in " ▀▄█" for character in line) for line in picture.split("\n"))
    if show.console.result_is_seen and width <= show.console.columns:
        show.console.write(f"{picture}\n\n")
    for url in urls[:ADDRESSES_SHOWN_MAX]:
        show.console.write(f"    {url}\n")
    left_s = opened.left_s()
    until = "when Satchel ends" if left_s is None else f"by itself in {units.duration(round(left_s))}"
    show.note(f"\nThe door closes {until}.")


def _is_public(opened: OpenDoor) -> EnvironmentProblem:
    safe = "Nothing else of this device can be reached there, and nobody writes down who reads what."
    do = "Open it among people whom you trust with that. Which shelves are open: satchel shelf list"
    if opened.lan_open:
        return EnvironmentProblem(
            "Whoever is on this network gets in, without knowing an address, and sees the open shelves.",
            safe=safe,
            do=do,
        )
    return EnvironmentProblem(
        "Who has the address sees the open shelves. Whoever is on this network can see who fetches what, and"
        " with it the address.",
        safe=safe,
        do=do,
    )
