"""How a search ends without a hand-over, in three sentences each."""

import os

from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo
from satchel.ports import Endpoint

# Most often it is a firewall or a VPN, and neither screen shows it.
LOOK_WHY = "Run satchel doctor on both: it says what keeps them apart."


def code_not_right() -> AccessDenied:
    return AccessDenied(
        "The code was not right.",
        safe="No file was received.",
        do="Look at the other screen again: a number and three words. Each try is counted there. If it shows"
        " satchel pair, run satchel pair --take here.",
    )


def given_up() -> AccessDenied:
    return AccessDenied(
        "The other side has given this hand-over up.",
        safe="Files that were whole stay; the others were removed.",
        do="Ask for the rest to be sent again.",
    )


def not_cleaned_up(why: EnvironmentProblem) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"It is over, but its hidden folder is left: {why.what}",
        safe="All that was received whole is in place.",
        do="Delete the folder that begins with .satchel- where the files are, once that is possible.",
    )


def given_up_by_receiver() -> AccessDenied:
    return AccessDenied(
        "The other side has given this hand-over up.",
        safe="Your files are untouched.",
        do="Run satchel send PATH to offer them again.",
    )


def disk_taken_out(location: bytes) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{os.fsdecode(location)!r} is not there any more.",
        safe="What has arrived over there stays, and nothing is given up.",
        do="Put the disk in, or the folder back, and run satchel send without a path within seven days.",
    )


def declined_here() -> AccessDenied:
    return AccessDenied(
        "You declined.",
        safe="No file was written.",
        do="If that was a mistake, ask for a new code.",
    )


def declined() -> AccessDenied:
    return AccessDenied(
        "The other person declined.", safe="Nothing was sent.", do="Ask what they would like."
    )


def nobody_came(*, resuming: bool) -> NothingToDo:
    if resuming:
        return NothingToDo(
            "The other side did not come back within fifteen minutes.",
            safe="What has arrived there stays.",
            do="To go on, within seven days: satchel send, without a path.",
        )
    return NothingToDo(
        "Nobody came within fifteen minutes.",
        safe="Nothing was sent to anybody.",
        do=f"Run satchel send again for a new code. {LOOK_WHY}",
    )


def nobody_found(at: Endpoint | None, *, resuming: bool) -> NothingToDo:
    if resuming:
        where = "in fifteen minutes" if at is None else "at this address"
        return NothingToDo(
            f"The other side was not found {where}.",
            safe="What has arrived stays, and what is unfinished is kept.",
            do="To go on, within seven days: satchel receive --resume, and over there satchel send.",
        )
    if at is None:
        return NothingToDo(
            "Nobody with this code was found in fifteen minutes.",
            safe="No file was received.",
            do=f"Are both devices on the same network? {LOOK_WHY} Or type the address that the other screen"
            " shows: satchel receive --at HOST:PORT",
        )
    return NothingToDo(
        "Nobody answered at this address.",
        safe="No file was received.",
        do=f"Compare the address with the other screen. Are both devices on the same network? {LOOK_WHY}",
    )
