"""core/identity/keyfile: a key file as a failing disk, or whoever had it before, may leave it."""

from collections.abc import Iterator

from fuzz.vectors import of_kind
from satchel.core.identity.keyfile import decode, encode
from satchel.errors import EnvironmentProblem


def check(data: bytes) -> bool:
    try:
        file = decode(data)
    except EnvironmentProblem:
        return False
    assert encode(file) == data  # one file has one form
    return True


def seeds() -> Iterator[bytes]:
    for vector in of_kind("profile", "key_file"):
        yield bytes.fromhex(vector["file"])
