"""How a backup of a profile begins: with its key file. What follows is the encrypted database.

Spec: docs/spec/profile.md, 7.
"""

from satchel.core.identity.keyfile import KEY_FILE_BYTES_MAX
from satchel.errors import EnvironmentProblem, MisuseError

_NAME = b"satchel backup "
_VERSION = b"1"
_MAGIC = _NAME + _VERSION
_LENGTH_BYTES = 2
_BEFORE_KEY_FILE = len(_MAGIC) + _LENGTH_BYTES
HEAD_BYTES_MAX = _BEFORE_KEY_FILE + KEY_FILE_BYTES_MAX


def encode_head(key_file: bytes) -> bytes:
    """What stands before the database."""
    if not 1 <= len(key_file) <= KEY_FILE_BYTES_MAX:
        raise MisuseError(f"a key file has 1 to {KEY_FILE_BYTES_MAX} bytes")
    return _MAGIC + len(key_file).to_bytes(_LENGTH_BYTES, "big") + key_file


def decode_head(beginning: bytes) -> tuple[bytes, int]:
    """The key file, and where the database begins.

    Args:
        beginning: the first HEAD_BYTES_MAX bytes of the file, or all of it if it is shorter.
    Raises:
        EnvironmentProblem: not a backup, cut off, or of a newer version.
    """
    if beginning.startswith(_NAME) and not beginning.startswith(_MAGIC):
        raise EnvironmentProblem(
            "This backup was made by another version of Satchel.",
            safe="Nothing was changed.",
            do="Restore it with the newest Satchel.",
        )
    length = int.from_bytes(beginning[len(_MAGIC) : _BEFORE_KEY_FILE], "big")
    end = _BEFORE_KEY_FILE + length
    if not beginning.startswith(_MAGIC) or not 1 <= length <= KEY_FILE_BYTES_MAX or len(beginning) < end:
        raise EnvironmentProblem(
            "This is not a whole backup of Satchel.",
            safe="Nothing was changed.",
            do="Name the file that satchel backup made, or another copy of it.",
        )
    return beginning[_BEFORE_KEY_FILE:end], end
