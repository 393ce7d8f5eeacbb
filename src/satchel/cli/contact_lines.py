"""What is said to a person about a contact that was met."""

from satchel.core.opening.effects import WentBack, WeWentBack
from satchel.errors import EnvironmentProblem
from satchel.node import events

ContactEvent = events.Reachable | events.PeerMet | events.PeerGone


def about_copy(found: WentBack | WeWentBack, name: str) -> EnvironmentProblem:
    """A profile that went back: what the person is to know. Spec: docs/spec/session.md, 5."""
    if isinstance(found, WentBack):
        return EnvironmentProblem(
            f"{name} went back: their profile was restored from a copy, or two devices have it.",
            safe="Nothing was lost here. But who has the copy can read what you send.",
            do="Ask them. If they know of no copy, forget this contact and pair again.",
        )
    return EnvironmentProblem(
        f"This device went back, as {name} sees it: its profile was restored from a copy, or two devices"
        " have it.",
        safe="What was exchanged since that copy was made is not here.",
        do="If you restored nothing, a second device has your profile: pair again with everybody.",
    )
