"""What is said in an opening. Spec: docs/spec/session.md, section 4."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first frame of each direction."""

    agreed: int  # the agreed epoch that the speaker has stored
    used: int  # and the one that it uses; at least `agreed`
    counter: int  # of its sessions with this contact, this one counted
    heard: int  # the highest counter of the other side in earlier sessions
    clock_s: int  # seconds since 1970
    plausible: bool  # whether the speaker believes that clock
    aes: bool  # whether it does AES in hardware
    speaks: int  # the newest version of what may follow
    beside: bytes | None = None  # session hash: what else the speaker has with the other at this moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The caller's second frame: it has stored what both now have agreed on."""

    agreed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    """Once both have the same: the speaker goes, and not because something broke."""


Message = Hello | Stored | Bye
