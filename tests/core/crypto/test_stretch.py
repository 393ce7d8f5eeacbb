"""Argon2id against the vector of its RFC, and its bounds."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from satchel.core.crypto import stretch as module
from satchel.core.crypto.stretch import stretch
from satchel.errors import EnvironmentProblem, MisuseError


def test_rfc_9106_5_3() -> None:
    """Of the library below: ours takes no secret and no associated data."""
    given = {"iterations": 3, "lanes": 4, "memory_cost": 32}
    kdf = Argon2id(salt=b"\x02" * 16, length=32, secret=b"\x03" * 8, ad=b"\x04" * 12, **given)
    expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    assert kdf.derive(b"\x01" * 32).hex() == expected


def stretched(
    passphrase: bytes = b"pass",
    *,
    salt: bytes = bytes(16),
    memory_kib: int = 64,
    passes: int = 1,
    lanes: int = 1,
) -> bytes:
    return stretch(passphrase, salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes)


def test_each_argument_counts() -> None:
    outputs = [
        stretched(),
        stretched(b"Pass"),
        stretched(salt=b"\1" + bytes(15)),
        stretched(memory_kib=72),
        stretched(passes=2),
        stretched(lanes=2),
    ]
    assert len(set(outputs)) == len(outputs)
    assert {len(output) for output in outputs} == {32}


def test_what_argon2_does_not_take_is_misuse() -> None:
    wrong: tuple[Callable[[], bytes], ...] = (
        lambda: stretched(salt=bytes(15)),
        lambda: stretched(memory_kib=7),
        lambda: stretched(passes=0),
        lambda: stretched(lanes=0),
        lambda: stretched(lanes=9),
    )
    for call in wrong:
        with pytest.raises(MisuseError):
            call()


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Greedy:
        def __init__(self, **_: object) -> None: ...
        def derive(self, _passphrase: bytes) -> bytes:
            raise MemoryError

    monkeypatch.setattr(module, "Argon2id", Greedy)
    with pytest.raises(EnvironmentProblem, match="256 MiB"):
        stretch(b"pass", salt=bytes(16), memory_kib=256 << 10, passes=1, lanes=1)
