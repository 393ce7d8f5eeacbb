"""What the state machine of a session's turns asks its owner to do."""

from dataclasses import dataclass, field

from satchel.core.delivery.messages import LeaveReason, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Consider:
    """The contact has something: call take() or leave()."""

    id: bytes
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Give:
    """The contact takes what was offered: hand it over, then call given()."""

    id: bytes
    port: int  # where to dial for it, if this session is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Our word is said: let it be handed over, then call received()."""

    id: bytes
    port: int  # where to dial for it, if this session is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The contact does not take what was offered: something else may be."""

    id: bytes
    reason: LeaveReason


@dataclass(frozen=True, slots=True, kw_only=True)
class MayComeAgain:
    """What was left with NOT_NOW may be offered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The contact has said Bye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialBeside:
    """The contact awaits the pipe for letters: dial it, unless that was done just now."""

    secret: bytes = field(repr=False)
    port: int


Effect = Say | Consider | Give | Receive | Left | MayComeAgain | Gone | DialBeside
