"""What an opening asks its owner to do, in order."""

from dataclasses import dataclass

from satchel.core.identity.epochs import Epochs
from satchel.core.opening.messages import Hello, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one side stores of a contact's sessions."""

    epochs: Epochs
    counter: int = 0  # of our sessions with them
    heard: int = 0  # the highest counter that they ever told


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Write this down durably, and erase what it replaces; then call stored()."""

    kept: Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """As one control frame."""

    message: Hello | Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSuite:
    """Both Hellos have passed: every later frame is AES-256-GCM, or ChaCha20-Poly1305."""

    aes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What their clock shows. By one that they do not believe themselves nobody is to be found."""

    ahead_s: int  # of ours
    plausible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WentBack:
    """To be shown, once: their device was restored from a copy, or a second one has the same profile. It may
    be a thief's. Nothing of ours was lost; the person asks them, and pairs again if they know of no copy."""

    told: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeWentBack:
    """To be shown, once: the same of us, as this contact sees it. What was sent since the copy was made is
    not here; who restored nothing has a second device with this profile, and pairs again with everybody."""

    told: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Both have stored what they agreed on; the pipe is free for what follows."""

    speaks: int  # the newest version of it that both know


Effect = Store | Say | UseSuite | Learned | WentBack | WeWentBack | Ready
