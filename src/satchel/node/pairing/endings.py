"""How a pairing ends without a contact, in three sentences each."""

from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo
from satchel.node.endings import LOOK_WHY
from satchel.ports import Endpoint

NOBODY_ADDED = "Nobody was added to your contacts."


def nobody_came() -> NothingToDo:
    return NothingToDo(
        "Nobody came within fifteen minutes.",
        safe=NOBODY_ADDED,
        do=f"Run satchel pair again for a new picture and code. {LOOK_WHY}",
    )


def nobody_found(at: Endpoint | None) -> NothingToDo:
    if at is None:
        return NothingToDo(
            "Nobody with this code was found in fifteen minutes.",
            safe=NOBODY_ADDED,
            do=f"Are both devices on the same network? {LOOK_WHY} Or type the address that the other screen"
            " shows: satchel pair --take --at HOST:PORT",
        )
    return NothingToDo(
        "Nobody answered at this address.",
        safe=NOBODY_ADDED,
        do=f"Compare the address with the other screen. Are both devices on the same network? {LOOK_WHY}",
    )


def picture_not_answered() -> NothingToDo:
    return NothingToDo(
        "Nobody answered where this picture leads to.",
        safe=NOBODY_ADDED,
        do="Is it the picture that the other screen shows now, and are both devices on the same network?"
        f" {LOOK_WHY}",
    )


def code_not_right() -> AccessDenied:
    return AccessDenied(
        "The code was not right.",
        safe=NOBODY_ADDED,
        do="Look at the other screen again: a number and three words. Each try is counted there. If it shows"
        " satchel send, run satchel receive here.",
    )


def code_of_something_else() -> EnvironmentProblem:
    return EnvironmentProblem(
        "The code was right, and then the other device did not begin to pair.",
        safe=NOBODY_ADDED,
        do="If its screen shows satchel send, run satchel receive here. Else try again with a new code.",
    )


def taken(takers: int) -> AccessDenied:
    """P2: both people must know."""
    return AccessDenied(
        f"Another device was faster: {takers} have scanned this picture.",
        safe=NOBODY_ADDED,
        do="Tell the other person at once: whom they have just added is not you. They answer that the words"
        " differ, and show a new picture, or better say a code.",
    )


def cut_off() -> EnvironmentProblem:
    """It is not known here whether the last frame was lost before or after the other side had stored."""
    return EnvironmentProblem(
        "The connection broke in the last moment.",
        safe=f"{NOBODY_ADDED} The other device may have a new contact, which finds nobody.",
        do="Pair again. If the other screen says that it is paired, forget that contact there first: satchel"
        " contacts forget",
    )
