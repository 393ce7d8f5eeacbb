"""How many copies of a large bundle go on: so that no number betrays who wrote it (C1).

Who halves what it holds betrays the source: only the source has so many. Here each number is handed on by
others as often as by the source. Spec: docs/spec/custody.md, section 4.
"""

from satchel.core.bundles.header import COPIES_MAX
from satchel.core.bundles.lifetime import fraction
from satchel.core.crypto.kdf import mac
from satchel.core.identity.contacts import ContactId

FIRST_MIN = 24
ALL_FROM = 8  # who holds fewer never hands over all of them, but the last one
ALL_CHANCE = 0.6
KEY_BYTES, DRAW_BYTES = 32, 8


def first_copies(chance: bytes) -> int:
    """24 to 31, of a bundle that is written. chance: lifetime.CHANCE_BYTES random bytes."""
    return FIRST_MIN + int(fraction(chance) * (COPIES_MAX - FIRST_MIN + 1))


def draw(key: bytes, id: bytes, contact: ContactId) -> bytes:
    """The chance for `given`: the same for one contact however often it asks, and it breaks off [4.4].

    key: KEY_BYTES random ones, drawn when the program starts.
    """
    return mac(key, b"satchel copies 1" + id + contact)[:DRAW_BYTES]


def given(held: int, chance: bytes) -> int:
    """How many of `held` go to whoever takes the bundle [4.2]."""
    if held <= 1:
        return held
    lot = fraction(chance)
    if held >= ALL_FROM:
        if lot < ALL_CHANCE:
            return held
        lot = (lot - ALL_CHANCE) / (1 - ALL_CHANCE)
    return 1 + int(lot * (held - 1))


def left(held: int, gave: int) -> int:
    """How many stay with who gave so many [4.3]: half, when all were given, for the other may lose them.

    Of the last one none: who has it next hands it on in turn, and its recipient takes it as anybody would.
    """
    if held <= 1:
        return 0
    return held - gave if gave < held else held // 2
