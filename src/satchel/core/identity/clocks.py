"""What time it is, on machines whose clocks are wrong by hours or decades. Spec: docs/spec/discovery.md, 3.

Never asks a clock and never sets one. A time that is not *plausible* is good for comparing, and for nothing
else: whoever erases or lets expire asks `Reading.plausible` first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCH_HOURS
from satchel.errors import MisuseError, PeerError

HOUR_S = 3600
DAY_S = EPOCH_HOURS * HOUR_S
AHEAD_OF_TRUSTED_S = 400 * DAY_S
BUILT_S = 1_793_491_200  # 2026-11-01: this program was not there before, so no right clock says so
AHEAD_OF_BUILD_S = 20 * 365 * DAY_S
AGREE_WITHIN_S = 2 * DAY_S
TIME_MAX_S = (1 << 32) * HOUR_S - 1  # hours are written in four bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What time it is, as far as this node can tell."""

    time_s: int  # since 1970
    plausible: bool  # False: nothing may be erased or let expire by it

    @property
    def hour(self) -> int:
        """Hours since 1970."""
        return self.time_s // HOUR_S

    @property
    def day(self) -> int | None:
        """The epoch that the clock gives: days since 1970, None where there is no plausible clock."""
        return self.time_s // DAY_S if self.plausible else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """What this node knows about time. To be stored whenever it changes, and once in a while (`save`)."""

    build_s: int  # when this program was built: it cannot be earlier
    trusted_s: int | None = None  # T: the newest time that two witnesses agreed on
    saved_s: int | None = None  # node time when it was saved
    offsets_s: Mapping[ContactId, int] = field(default_factory=dict)  # of their clocks, ahead of node time

    def __post_init__(self) -> None:
        if not 0 <= self.build_s <= TIME_MAX_S - AHEAD_OF_BUILD_S:
            raise MisuseError("a build date that cannot be")

    def is_plausible(self, time_s: int) -> bool:
        """Whether a clock that says so may be right [3.1]."""
        latest_s = self.build_s + AHEAD_OF_BUILD_S
        if self.trusted_s is not None:
            latest_s = self.trusted_s + AHEAD_OF_TRUSTED_S
        return self.build_s <= time_s <= latest_s

    def read(self, *, clock_s: int, since_saved_s: float) -> Reading:
        """Node time [3.3].

        Args:
            clock_s: what the operating system says, since 1970.
            since_saved_s: how long this node has been running since `saved_s` was saved or, if that was in
                an earlier run, since this one began; asleep or awake.
        """
        if self.is_plausible(clock_s):
            return Reading(time_s=clock_s, plausible=True)
        begin_s = self.saved_s
        if begin_s is None or not self.is_plausible(begin_s):
            begin_s = max(self.build_s, self.trusted_s or 0)
        return Reading(time_s=min(TIME_MAX_S, begin_s + int(since_saved_s)), plausible=False)

    def save(self, reading: Reading) -> "Clocks":
        """With the node time of now, to go on from in a later run whose clock is not plausible."""
        return replace(self, saved_s=reading.time_s)

    def learn(self, contact: ContactId, their_s: int | None, reading: Reading) -> "Clocks":
        """A contact told its clock in a session; None: it has no plausible one [3.4].

        Raises PeerError: a time that cannot be written as hours in four bytes.
        """
        others = {known: offset_s for known, offset_s in self.offsets_s.items() if known != contact}
        if their_s is None:
            return replace(self, offsets_s=others)
        if not 0 <= their_s <= TIME_MAX_S:
            raise PeerError("discovery 3.4: a clock that cannot be")
        witnesses_s = [reading.time_s + offset_s for offset_s in others.values()]
        if reading.plausible:
            witnesses_s.append(reading.time_s)
        agreed_s = [min(their_s, other) for other in witnesses_s if abs(their_s - other) <= AGREE_WITHIN_S]
        believed_s = [time_s for time_s in agreed_s if 0 <= time_s - self.build_s <= AHEAD_OF_BUILD_S]
        if self.trusted_s is not None:
            believed_s.append(self.trusted_s)
        return replace(
            self,
            trusted_s=max(believed_s, default=None),
            offsets_s=others | {contact: their_s - reading.time_s},
        )

    def forget(self, contact: ContactId) -> "Clocks":
        """The contact is none any more."""
        return replace(self, offsets_s={k: v for k, v in self.offsets_s.items() if k != contact})

    def offset_s(self, contact: ContactId) -> int:
        """How far ahead of node time the contact's clock was last; 0 where nothing was learned."""
        return self.offsets_s.get(contact, 0)
