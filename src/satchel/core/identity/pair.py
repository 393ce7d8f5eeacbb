"""What pairing leaves on one side, and what is stored: the keys of one contact, and how it was met.

Nothing here is the same for two contacts, so nothing of it names a person or this device (W1, W2). What
the keys were made of is gone (W4). Spec: docs/spec/pairing.md, section 6.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Self

from satchel.core.identity.epochs import Epochs
from satchel.errors import MisuseError

STATIC_BYTES = 32
LETTERS_BYTES = 32


class Proof(Enum):
    """Why we believe that this contact is the person beside us; the value is what a screen can say."""

    UNVERIFIED = "nobody has compared anything yet"
    WORDS_COMPARED = "both people compared the words"
    BOTH_SCANNED = "each camera saw the other screen"
    CODE = "one said the code to the other"

    @property
    def is_verified(self) -> bool:
        return self is not Proof.UNVERIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One contact, as one side keeps it."""

    static: bytes = field(repr=False)  # private X25519 key, ours, for this contact only
    their_static: bytes = field(repr=False)  # public half of theirs, for us only
    epochs: Epochs
    letters_speaking: bytes = field(repr=False)  # C_1 of chain.md; empty: the chain has begun
    letters_listening: bytes = field(repr=False)
    proof: Proof

    def __post_init__(self) -> None:
        keys, chains = (self.static, self.their_static), (self.letters_speaking, self.letters_listening)
        lengths = {len(chain) for chain in chains}
        if {len(key) for key in keys} != {STATIC_BYTES} or lengths not in ({LETTERS_BYTES}, {0}):
            raise MisuseError(f"keys have {STATIC_BYTES} bytes, and letter chains {LETTERS_BYTES}")

    def verified(self, proof: Proof) -> Self:
        """The same keys, believed from now on. A contact never becomes unverified again: it is forgotten."""
        if not proof.is_verified:
            raise MisuseError("what was verified once stays so; forget the contact instead")
        return replace(self, proof=proof)
