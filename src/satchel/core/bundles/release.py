"""When what is ours leaves, so that nobody sees from the moment or the way whose it is (C1).

Spec: docs/spec/receipt.md, section 3, and docs/spec/bundle.md, 5.5.
"""

import math

from satchel.core.bundles.lifetime import fraction
from satchel.core.identity.contacts import ContactId

RECEIPT_DELAY_S_MEAN = 2 * 3600.0
HELD_BACK_S_MAX = 3600.0
FIRST_MEETING_CHANCE = 0.5


def receipt_delay_s(chance: bytes) -> float:
    """From when the letter is safely on disk until its receipt may leave; exponential [3.1].

    chance: lifetime.CHANCE_BYTES fresh random bytes, as below.
    """
    return -math.log(1.0 - fraction(chance)) * RECEIPT_DELAY_S_MEAN


def held_back_s(chance: bytes) -> float:
    """From when a bundle was written until it joins what is offered [bundle 5.5]."""
    return fraction(chance) * HELD_BACK_S_MAX


def leaves_with(
    contact: ContactId | None,
    *,
    due: bool,
    deliverer: ContactId | None,
    writer: ContactId | None,
    chance: bytes,
) -> bool:
    """Whether a receipt of ours that nobody has got yet leaves at this meeting. Asked once in a meeting.

    Args:
        contact: who is met; None: a stick, and all sticks are one.
        due: its delay is over.
        deliverer: who brought the bundle; None: a stick.
        writer: of the letter. It may know at once, and passes the receipt on as if it were its own [3.3].
            None: we wrote it, or the writer is told besides.
    """
    if contact is not None and contact == writer:
        return True
    return due and contact != deliverer and fraction(chance) < FIRST_MEETING_CHANCE
