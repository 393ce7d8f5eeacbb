"""What is said to a person about a contact that was met, and about what goes to it or comes from it."""

import shlex
from collections.abc import Mapping
from typing import Any

from satchel.cli import units
from satchel.core.opening.effects import WentBack, WeWentBack
from satchel.errors import EnvironmentProblem
from satchel.escape import show_name, show_text
from satchel.node import events

ContactEvent = events.Reachable | events.PeerMet | events.PeerGone | events.Asked


def called(name: str, *, verified: bool) -> str:
    """A contact's name on a screen; whether to trust it stands first: no name can imitate that [cli 5.6]."""
    shown = show_name(name.encode())
    return shown if verified else f"UNVERIFIED {shown}"


def about_copy(found: WentBack | WeWentBack, name: str) -> EnvironmentProblem:
    """A profile that went back: what the person is to know. Spec: docs/spec/session.md, 5."""
    return they_went_back(name) if isinstance(found, WentBack) else we_went_back(name)


def about_copy_told(copy: Mapping[str, Any]) -> EnvironmentProblem:
    """The same, as a status tells of it [api 2.6]."""
    who = called(copy["contact"], verified=copy["verified"])
    return we_went_back(who) if copy["ours"] else they_went_back(who)


def they_went_back(name: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{name} went back: their profile was restored from a copy, or two devices have it.",
        safe="Nothing was lost here. But who has the copy can read what you send.",
        do="Ask them. If they know of no copy, forget this contact and pair again.",
    )


def we_went_back(name: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"This device went back, as {name} sees it: its profile was restored from a copy, or two devices"
        " have it.",
        safe="What was exchanged since that copy was made is not here.",
        do="If you restored nothing, a second device has your profile: pair again with everybody.",
    )


def about_question(asked: events.Asked) -> str:
    """What a contact offers, and how to answer."""
    what = f"{units.files(asked.files)}, {units.size(asked.size_bytes)}" if asked.files else "a text"
    who = called(asked.name, verified=asked.is_verified)
    return f"{who} offers {what}. To look at it:\n{how_to_look(show_text(asked.name))}"


def about_leaving(gone: events.PeerGone) -> str:
    return f"{called(gone.name, verified=gone.verified)} {'was lost' if gone.broke else 'has gone'}."


def how_to_look(name: str) -> str:
    """The line to type, as a table's: it is not wrapped, and a name with spaces is one word of it."""
    return f"    satchel receive --from {shlex.quote(name)}"


def about_delivery(told: events.ByContact) -> str | None:
    """The line for it; None: what happened is told as in a hand-over by code."""
    name = called(told.name, verified=told.verified)
    match told.event:
        case events.Delivered() if told.giving:
            return f"{name} has it: all that was wanted is over there."
        case events.Delivered():
            return f"From {name}: all is in place."
        case events.Declined() if not told.giving:
            return f"From {name}: stopped. What was whole stays, the rest was removed."
        case events.Declined():
            return f"{name} does not want it. satchel queue list shows what it was."
        case events.CannotBeRead(problem=problem):
            why = show_text(problem.what)
            return f"What waits for {name} cannot be read now: {why} It is tried again when you meet next."
        case events.Lost(loss=loss):
            return f"Interrupted with {name}: {loss.value}. What has arrived is safe; it goes on by itself."
        case events.Trouble(problem=problem):
            parts = (problem.what, problem.safe, problem.do)
            return f"With {name}: " + " ".join(show_text(part) for part in parts if part)
        case _:
            return None
