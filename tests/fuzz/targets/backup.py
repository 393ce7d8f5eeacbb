"""core/identity/backup: how a file begins that somebody hands over as a backup."""

from collections.abc import Iterator

from fuzz.vectors import of_kind
from satchel.core.identity.backup import HEAD_BYTES_MAX, decode_head, encode_head
from satchel.core.identity.keyfile import KEY_FILE_BYTES_MAX, decode
from satchel.errors import EnvironmentProblem


def check(data: bytes) -> bool:
    try:
        key_file, database_at = decode_head(data[:HEAD_BYTES_MAX])
    except EnvironmentProblem:
        return False
    assert encode_head(key_file) == data[:database_at]  # one key file has one head
    try:
        decode(key_file)
    except EnvironmentProblem:
        return False
    return True


def seeds() -> Iterator[bytes]:
    for vector in of_kind("profile", "key_file"):
        key_file = bytes.fromhex(vector["file"])
        if 1 <= len(key_file) <= KEY_FILE_BYTES_MAX:
            yield encode_head(key_file) + b"the database"
    yield from (b"satchel backup 1", b"satchel backup 2\x00\x01k", b"satchel backup 1\x00\x00")
