"""What a person wants to give, as it is now, and whether it can be offered."""

from collections.abc import Callable, Sequence

from satchel.core.handover.codec import NUMBER_MAX, OFFER_COST_MAX, offer_cost
from satchel.errors import MisuseError
from satchel.store.source import Survey, survey


def look_at(paths: Sequence[bytes], *, left_out: Callable[[bytes, str], None] | None = None) -> Survey:
    """`left_out(path, why)` is told what of it cannot be sent.

    Raises MisuseError: one is not there, nothing of it can be sent, or it is too much at once.
    """
    found = survey(paths)
    if left_out is not None:
        for refused in found.refused:
            left_out(refused.path, refused.why)
    if not found.entries:
        raise MisuseError(
            "There is nothing here that can be sent.",
            safe="Nothing was sent.",
            do="Name files and folders that you can read; links, pipes and devices are not sent.",
        )
    if (
        len(found.entries) > NUMBER_MAX + 1
        or offer_cost(entry.path for entry in found.entries) > OFFER_COST_MAX
    ):
        raise MisuseError(
            f"These are too many names for one hand-over: {len(found.entries):,}.",
            safe="Nothing was sent.",
            do="Send them in parts, or packed into one file.",
        )
    return found
