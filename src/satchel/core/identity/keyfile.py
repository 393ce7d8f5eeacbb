"""The file that holds the key of a profile: sealed by a passphrase, or bare. Spec: docs/spec/profile.md, 2.

Everything else that a profile keeps is under keys derived from this one, so to change the passphrase is to
write this file anew, and to wipe the profile is to lose it (T1, T3). Draws nothing and sees no file.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from satchel.core.crypto.aead import FrameKey, Suite
from satchel.core.crypto.kdf import derive
from satchel.core.crypto.stretch import SALT_BYTES, stretch
from satchel.core.identity.passphrase import prepare
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields
from satchel.errors import AccessDenied, EnvironmentProblem, MisuseError, PeerError

VERSION = 1
KEY_BYTES = 32
BOX_BYTES = KEY_BYTES + 16
KEY_FILE_BYTES_MAX = 4096
MEMORY_KIB_MIN, MEMORY_KIB_MAX = 64 << 10, 4 << 20
PASSES_MAX = 64
LANES_MAX = 16

GOAL_S = 1.0  # what one guess should take on the machine that it is made on
MUCH_KIB, MUCH_FROM_KIB = 256 << 10, 2 << 20
PASSES_WITH_LITTLE = 3  # RFC 9106, 4: with 64 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one guess takes: parameters of Argon2id."""

    memory_kib: int
    passes: int
    lanes: int

    def __post_init__(self) -> None:
        if not (
            MEMORY_KIB_MIN <= self.memory_kib <= MEMORY_KIB_MAX
            and 1 <= self.passes <= PASSES_MAX
            and 1 <= self.lanes <= LANES_MAX
        ):
            raise MisuseError("a cost out of bounds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The key, under a passphrase."""

    cost: Cost
    salt: bytes
    box: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """The key as it is: whoever has the file has the profile (T1 to T3 are void)."""

    key: bytes = field(repr=False)


KeyFile = Sealed | Bare


def choose_cost(*, memory_kib: int, processors: int, seconds: Callable[[Cost], float]) -> Cost:
    """What takes about a second on this machine, and as much memory as it can spare.

    Args:
        memory_kib: of the machine.
        seconds: how long one guess at such a cost takes here; called once.
    """
    much = memory_kib >= MUCH_FROM_KIB
    room = MUCH_KIB if much else min(MUCH_KIB, max(MEMORY_KIB_MIN, memory_kib // 8))
    once = Cost(memory_kib=room, passes=1, lanes=max(1, min(4, processors)))
    passes = round(GOAL_S / max(seconds(once), GOAL_S / PASSES_MAX))
    least = 1 if room == MUCH_KIB else PASSES_WITH_LITTLE
    return Cost(memory_kib=room, passes=min(PASSES_MAX, max(least, passes)), lanes=once.lanes)


def seal(key: bytes, passphrase: str, *, salt: bytes, cost: Cost) -> Sealed:
    """Put the key of a profile under a passphrase.

    Args:
        salt: 16 fresh random bytes, each time: it is what makes the wrapping key new (2.4).
    Raises:
        MisuseError: no such passphrase (1.1, 1.2).
    """
    if len(key) != KEY_BYTES:
        raise MisuseError(f"the key of a profile has {KEY_BYTES} bytes")
    box = bytearray(BOX_BYTES)
    wrapping = _wrapping_key(passphrase, salt, cost)
    wrapping.seal_into(0, key, cbor.encode(_without_box(salt, cost)), box)
    return Sealed(cost=cost, salt=salt, box=bytes(box))


def unseal(file: Sealed, passphrase: str) -> bytes:
    """The key. Takes as much time and memory as the file says.

    Raises:
        AccessDenied: the passphrase is not right, or the file was changed: nobody can tell which.
    """
    key = bytearray(KEY_BYTES)
    associated = cbor.encode(_without_box(file.salt, file.cost))
    try:
        _wrapping_key(passphrase, file.salt, file.cost).open_into(0, file.box, associated, key)
    except (PeerError, MisuseError) as exc:  # what cannot be a passphrase is not this one
        raise AccessDenied(
            "That is not the right passphrase.",
            safe="Nothing was changed.",
            do="Try again; see whether Caps Lock or another keyboard layout is on.",
        ) from exc
    return bytes(key)


def encode(file: KeyFile) -> bytes:
    match file:
        case Sealed(cost=cost, salt=salt, box=box):
            return cbor.encode(_without_box(salt, cost) | {5: box})
        case Bare(key=key):
            return cbor.encode({0: VERSION, 6: key})


def decode(data: bytes) -> KeyFile:
    """Read a key file. Raises EnvironmentProblem: damaged, or of a newer version."""
    try:
        return _read(data)
    except (PeerError, MisuseError) as exc:
        raise EnvironmentProblem(
            "The key file of this profile is damaged.",
            safe="Nothing was changed. Without this file nothing of the profile can be read.",
            do="Put the file `key` back, or restore a backup elsewhere (--home), or destroy what is left:"
            " satchel wipe",
        ) from exc


def _read(data: bytes) -> KeyFile:
    if len(data) > KEY_FILE_BYTES_MAX:
        raise PeerError("profile 2.1: a key file that is too long")
    value = cbor.decode(data)
    if isinstance(value, dict) and type(version := value.get(0)) is int and version > VERSION:
        raise EnvironmentProblem(
            "This profile was made by a newer Satchel.",
            safe="Nothing was changed.",
            do="Use that newer Satchel, or another profile (--home).",
        )
    fields = Fields(value, page="profile 2.1")
    fields.integer(0, VERSION, VERSION)
    if fields.has(6):
        bare = Bare(key=fields.bytes(6, KEY_BYTES, KEY_BYTES))
        fields.done()
        return bare
    salt = fields.bytes(1, SALT_BYTES, SALT_BYTES)
    memory_kib, passes, lanes = (fields.uint(key) for key in (2, 3, 4))
    box = fields.bytes(5, BOX_BYTES, BOX_BYTES)
    fields.done()
    return Sealed(cost=Cost(memory_kib=memory_kib, passes=passes, lanes=lanes), salt=salt, box=box)


def _without_box(salt: bytes, cost: Cost) -> dict[int, cbor.Value]:
    return {0: VERSION, 1: salt, 2: cost.memory_kib, 3: cost.passes, 4: cost.lanes}


def _wrapping_key(passphrase: str, salt: bytes, cost: Cost) -> FrameKey:
    stretched = stretch(
        prepare(passphrase), salt=salt, memory_kib=cost.memory_kib, passes=cost.passes, lanes=cost.lanes
    )
    return FrameKey(Suite.CHACHA20_POLY1305, derive(stretched, b"satchel profile wrap 1"))
