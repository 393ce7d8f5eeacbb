"""Argon2id (RFC 9106): makes each guess at a passphrase cost memory and time.

The only place that takes what a person made up. Cost is chosen elsewhere and bounded here.
"""

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from satchel.errors import EnvironmentProblem, MisuseError

SALT_BYTES = 16
STRETCHED_BYTES = 32
MEMORY_KIB_MIN = 8  # for each lane [RFC 9106 3.1]


def stretch(passphrase: bytes, *, salt: bytes, memory_kib: int, passes: int, lanes: int) -> bytes:
    """32 bytes. Takes `memory_kib` of memory for as long as it runs, and lets other threads run.

    Args:
        salt: 16 bytes, fresh for each passphrase that is set.
        memory_kib: at least 8 for each lane.
    Raises:
        EnvironmentProblem: the machine has not so much memory now.
    """
    if len(salt) != SALT_BYTES or passes < 1 or lanes < 1 or memory_kib < MEMORY_KIB_MIN * lanes:
        raise MisuseError("Argon2id takes a salt of 16 bytes, a pass, a lane, and 8 KiB for each lane")
    try:
        return Argon2id(
            salt=salt, length=STRETCHED_BYTES, iterations=passes, lanes=lanes, memory_cost=memory_kib
        ).derive(passphrase)
    except MemoryError as exc:
        raise EnvironmentProblem(
            f"There is not enough memory: a passphrase takes {memory_kib >> 10} MiB here.",
            safe="Nothing was changed.",
            do="Close other programs, then try again.",
        ) from exc
