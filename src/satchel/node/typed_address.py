"""Trying contacts one after the other at an address that a person typed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from satchel.core.session.contact import dialled_epochs
from satchel.node.acquaintance import Acquaintance

TRY_EVERY_S = 0.25  # however many contacts there are (W2)
_ORDER_BYTES = 8


async def try_each(
    contacts: Callable[[], Sequence[Acquaintance]],
    dial: Callable[[Acquaintance, int], Awaitable[None]],
    *,
    draw: Callable[[int], bytes],
    day: Callable[[], int | None],
    is_met: Callable[[Acquaintance], bool],
) -> None:
    """Until one of them is met. A flight is for one contact, so each is tried in its turn, in another order
    each time.

    Args:
        dial: with keys of this epoch.
        draw: so many random bytes.
    """
    while True:
        order = [(draw(_ORDER_BYTES), known) for known in contacts()]
        for _, known in sorted(order, key=lambda one: one[0]):
            for epoch in dialled_epochs(known.contact.pair.epochs, day=day()):
                await asyncio.sleep(TRY_EVERY_S)
                if is_met(known):
                    return
                await dial(known, epoch)
        await asyncio.sleep(TRY_EVERY_S)
