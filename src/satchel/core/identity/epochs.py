"""The keys by which two contacts recognise each other, a day at a time. Spec: docs/spec/discovery.md, 2.

Each direction has a chain of its own: who holds it at one epoch can go on, and never back (W4). The clock
alone erases nothing: one boot in 2100 must not lose every contact. What is erased is decided by `Epochs`.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Self

from satchel.core.crypto.kdf import derive
from satchel.errors import MisuseError, PeerError

CHAIN_BYTES = 32
EPOCH_HOURS = 24
EPOCH_FIRST = 20_454  # 2026-01-01: where pairs begin whose clocks both cannot be right
EPOCHS_AHEAD_MAX = 7_400  # some 20 years: as far as a plausible clock can be off
EPOCHS_KEPT_BEHIND = 2  # of the agreed one


class Use(Enum):
    """What a key of an epoch is for: the value is its label, so that no two uses share a key."""

    TAG = b"satchel contact tag 1"  # marks the beacons of who speaks
    OPEN = b"satchel contact open 1"  # proves the first flight of who dials
    PSK = b"satchel contact psk 1"  # goes into the handshake that who dials begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The keys of one direction from `epoch` on, and none of before."""

    epoch: int  # days since 1970
    secret: bytes = field(repr=False)

    def at(self, epoch: int) -> Self:
        """The chain from a later epoch on. Raises MisuseError: it was erased, or is too far ahead."""
        if not self.reaches(epoch):
            raise MisuseError(f"a chain at {self.epoch} has no epoch {epoch}")
        secret = self.secret
        for _ in range(epoch - self.epoch):
            secret = derive(secret, b"satchel contact next epoch 1")
        return replace(self, epoch=epoch, secret=secret)

    def reaches(self, epoch: int) -> bool:
        """Whether there are keys for this epoch."""
        return 0 <= epoch - self.epoch <= EPOCHS_AHEAD_MAX + EPOCHS_KEPT_BEHIND

    def key(self, use: Use) -> bytes:
        """32 bytes, of its own epoch."""
        return derive(self.secret, use.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epochs:
    """What one side of a pair keeps: the agreed epoch, the one of before until the peer surely has the new
    one, and a chain for each direction."""

    agreed: int
    previous: int | None = None
    speaking: Chain  # what we say, and dial with
    listening: Chain  # what they do

    @property
    def tried(self) -> tuple[int, ...]:
        """Agreed epochs that the peer may be at, the likeliest first."""
        return (self.agreed,) if self.previous is None else (self.agreed, self.previous)

    def used(self, day: int | None) -> int:
        """The epoch of what we say now. `day`: of a plausible clock, days since 1970; None: there is none."""
        return self.agreed if day is None else max(self.agreed, day)

    def agree(self, ours: int, theirs: int, *, stored: int) -> "Epochs":
        """A session tells the epochs that both use. To be stored before we say so.

        Args:
            stored: the agreed epoch that the peer says it has stored.
        Raises:
            PeerError: theirs is further ahead than any clock can be right about.
        """
        larger = max(ours, theirs, self.agreed)
        if theirs < 0 or not self.speaking.reaches(larger):
            raise PeerError(f"discovery 2.6: an epoch {theirs} that cannot be")
        return replace(self, agreed=larger).confirm(stored)

    def confirm(self, stored: int) -> "Epochs":
        """The peer says which agreed epoch it has stored: what is older than that less two is let go of.

        Until it has ours, its own is tried beside it, and not what we had before: it may have got there
        without us, by a session that was cut off when it had stored and we had not.
        """
        previous = self.previous  # theirs went back, a restored profile: ours has nothing older to give
        if stored >= self.agreed:
            previous = None
        elif self.speaking.reaches(stored):
            previous = stored
        oldest = (self.agreed if previous is None else previous) - EPOCHS_KEPT_BEHIND
        return replace(
            self,
            previous=previous,
            speaking=_from(self.speaking, oldest),
            listening=_from(self.listening, oldest),
        )


def begin(*, epoch: int, speaking: bytes, listening: bytes) -> Epochs:
    """The epochs of a new pair: both chains begin where they agreed to, two before it."""
    if len(speaking) != CHAIN_BYTES or len(listening) != CHAIN_BYTES:
        raise MisuseError(f"a chain begins with {CHAIN_BYTES} bytes")
    first = epoch - EPOCHS_KEPT_BEHIND
    return Epochs(
        agreed=epoch,
        speaking=Chain(epoch=first, secret=speaking),
        listening=Chain(epoch=first, secret=listening),
    )


def _from(chain: Chain, oldest: int) -> Chain:
    return chain.at(oldest) if oldest > chain.epoch else chain
