"""What the initiator asks its owner to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    message: bytes  # the answer goes to hear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """These we have, and the other side lacks them."""

    ids: tuple[bytes, ...]  # at most 1,024


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """These the other side says to have, and we lack them. A liar may name what there is not."""

    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Both sides have been compared, from one end to the other."""


Effect = Say | Have | Need | Settled
