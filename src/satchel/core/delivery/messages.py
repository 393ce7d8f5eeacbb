"""What two contacts say about what waits. Spec: docs/spec/delivery.md, section 2."""

from dataclasses import dataclass, field
from enum import Enum


class LeaveReason(Enum):
    """Why something is not taken; the value is on the wire."""

    NOT_NOW = 1  # it may be offered again after a Come, or in another session
    REFUSED = 2  # nothing of it is wanted, now or later
    HAS_IT = 3  # all of it is in place here
    UNKNOWN = 4  # it was to go on, and is not known here (any more): it may be offered anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The giver: this is next [2.2]."""

    id: bytes  # 16 bytes, the giver's; the same in every session until it is over
    secret: bytes = field(repr=False)  # 32 bytes, of this turn only: opens its pipe
    accepted: bool  # the giver has stored what of it is wanted
    port: int  # where the speaker listens at the address of this session; 0: who dialled it


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """The taker: come [2.3]."""

    id: bytes
    port: int  # as in Waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The taker: not this one [2.4]."""

    id: bytes
    reason: LeaveReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Come:
    """The taker: what was left with NOT_NOW may be offered again [2.5]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    """The speaker goes, and nothing has broken [session 4.8]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Who was dialled: dial the pipe for letters [custody 6.7]."""

    secret: bytes = field(repr=False)  # 32 bytes, fresh: opens it
    port: int  # as in Waits


Message = Waits | Take | Leave | Come | Bye | Beside
