"""How a search ends without a hand-over, in three sentences each."""

from satchel.errors import AccessDenied, NothingToDo
from satchel.ports import Endpoint


def code_not_right() -> AccessDenied:
    return AccessDenied(
        "The code was not right.",
        safe="Nothing was received.",
        do="Look at the other screen again: a number and three words. Each try is counted there.",
    )


def given_up() -> AccessDenied:
    return AccessDenied(
        "The other side has given this hand-over up.",
        safe="Files that were whole stay; the others were removed.",
        do="Ask for the rest to be sent again.",
    )


def nobody_found(at: Endpoint | None) -> NothingToDo:
    if at is None:
        return NothingToDo(
            "Nobody with this code was found in fifteen minutes.",
            safe="Nothing more was received; what is in place stays.",
            do="Are both devices on the same network? If they are and still do not meet, type the address"
            " that the other screen shows: satchel receive --at HOST:PORT",
        )
    return NothingToDo(
        "Nobody answered at this address.",
        safe="Nothing was received.",
        do="Compare the address with the other screen. Are both devices on the same network?",
    )
