"""What the node has to do for a pairing, in the order in which it is told."""

from dataclasses import dataclass, field

from satchel.core.identity.comparison import Comparison
from satchel.core.identity.pair import Pair, Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send these bytes on the connection of this exchange."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Encapsulate:
    """Ask `ports.Entropy.encapsulate`, and tell `Taking.encapsulated` what came of it."""

    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAgain:
    """Show it at once: so many devices have scanned the picture that was meant for one.

    The others saw the screen too. Who was paired with shows in the words, which people compare.
    """

    takers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Store the pair, show the words, drop everything else of this exchange."""

    pair: Pair
    comparison: Comparison | None = field(repr=False)  # None: a code needs no words
    name: str  # what they propose to be called, or nothing; the person decides
    takers: int  # how many devices scanned: above 1, say so
    replaces: bool = False  # the pair that this same device left before its connection broke is to go


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Another device was faster: nothing was kept, and the person must know (P2)."""

    takers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The pair that was stored is that of the person whose screen was scanned."""

    proof: Proof


Effect = Send | Encapsulate | TakenAgain | Paired | Taken | Verified
