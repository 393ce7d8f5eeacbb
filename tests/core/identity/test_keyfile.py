"""The key file of a profile: the vectors of its page, and what a thief or a failing disk may make of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.tree import ROOT
from satchel.core.identity import keyfile
from satchel.core.identity.keyfile import (
    KEY_FILE_BYTES_MAX,
    Bare,
    Cost,
    Sealed,
    choose_cost,
    decode,
    encode,
    seal,
    unseal,
)
from satchel.core.identity.passphrase import prepare
from satchel.errors import AccessDenied, EnvironmentProblem, MisuseError, SatchelError

VECTORS: list[dict[str, Any]] = json.loads(
    (ROOT / "docs" / "spec" / "profile.vectors.json").read_text(encoding="utf-8")
)["vectors"]
CHEAP = Cost(memory_kib=65_536, passes=1, lanes=1)
KEY = bytes(range(32))
SALT = bytes(16)
COSTS = st.builds(
    Cost, memory_kib=st.integers(65_536, 4 << 20), passes=st.integers(1, 64), lanes=st.integers(1, 16)
)
FILES = st.builds(Bare, key=st.binary(min_size=32, max_size=32)) | st.builds(
    Sealed,
    cost=COSTS,
    salt=st.binary(min_size=16, max_size=16),
    box=st.binary(min_size=48, max_size=48),
)


def of_kind(kind: str) -> pytest.MarkDecorator:
    vectors = [vector for vector in VECTORS if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


@of_kind("passphrase")
def test_passphrase(vector: dict[str, Any]) -> None:
    if "expect" in vector:
        with pytest.raises(MisuseError):
            prepare(vector["typed"])
    else:
        assert prepare(vector["typed"]).hex() == vector["prepared"]


@of_kind("key_file")
def test_key_file(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["file"])
    match vector["expect"]:
        case "2.1":
            with pytest.raises(EnvironmentProblem):
                decode(data)
        case "2.5":
            assert encode(decode(data)) == data
            with pytest.raises(AccessDenied):
                open_file(data, vector)
        case "ok":
            assert encode(decode(data)) == data
            assert open_file(data, vector).hex() == vector["key"]


def open_file(data: bytes, vector: dict[str, Any]) -> bytes:
    file = decode(data)
    return file.key if isinstance(file, Bare) else unseal(file, vector["passphrase"])


def test_every_vector_is_used_and_named_once() -> None:
    assert {vector["kind"] for vector in VECTORS} == {"passphrase", "key_file", "blob"}
    assert len({(vector["kind"], vector["name"]) for vector in VECTORS}) == len(VECTORS)
    assert all(vector.get("expect", "ok") in ("ok", "1.2", "2.1", "2.5") for vector in VECTORS)


@given(FILES)
def test_what_is_written_is_read(file: Bare | Sealed) -> None:
    assert decode(encode(file)) == file
    assert len(encode(file)) <= KEY_FILE_BYTES_MAX


@given(FILES, st.data())
def test_a_changed_byte_is_refused_or_read_as_what_it_says(file: Bare | Sealed, data: st.DataObject) -> None:
    changed = bytearray(encode(file))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = decode(bytes(changed))
    except EnvironmentProblem:
        return
    assert encode(found) == changed


@given(st.binary(max_size=200))
def test_any_bytes_are_a_key_file_or_damaged(data: bytes) -> None:
    try:
        file = decode(data)
    except EnvironmentProblem:
        return
    assert encode(file) == data


def test_a_newer_version_is_said_as_such() -> None:
    newer = next(vector for vector in VECTORS if vector["name"] == "newer")
    with pytest.raises(EnvironmentProblem, match="newer Satchel"):
        decode(bytes.fromhex(newer["file"]))


def test_t1_the_file_has_nothing_of_key_and_passphrase() -> None:
    data = encode(seal(KEY, "open sesame", salt=SALT, cost=CHEAP))
    assert KEY[:8] not in data
    assert b"sesame" not in data
    assert "sesame" not in repr(decode(data))
    assert KEY.hex() not in repr(Bare(key=KEY))


def test_another_salt_makes_another_box() -> None:
    one = seal(KEY, "open sesame", salt=SALT, cost=CHEAP)
    other = seal(KEY, "open sesame", salt=b"\1" + SALT[1:], cost=CHEAP)
    assert one.box != other.box
    assert unseal(one, "open sesame") == unseal(other, "open sesame") == KEY


@pytest.mark.parametrize("passphrase", ["", "a\nb", "x" * 1025])
def test_what_nobody_could_type_again_is_not_set(passphrase: str) -> None:
    with pytest.raises(MisuseError):
        seal(KEY, passphrase, salt=SALT, cost=CHEAP)


def test_a_key_of_another_length_is_misuse() -> None:
    with pytest.raises(MisuseError):
        seal(KEY[:-1], "open sesame", salt=SALT, cost=CHEAP)


def test_no_file_makes_us_take_more_than_the_page_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write the file, on a stick say, decides what opening it costs, up to here."""
    asked: list[int] = []

    def stretch(*_: object, memory_kib: int, **__: object) -> bytes:
        asked.append(memory_kib)
        return bytes(32)

    monkeypatch.setattr(keyfile, "stretch", stretch)
    for vector in VECTORS:
        if vector["kind"] == "key_file":
            try:
                open_file(bytes.fromhex(vector["file"]), {"passphrase": "x"} | vector)
            except SatchelError:
                continue
    assert asked
    assert max(asked) <= 4 << 20


# --- the cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory_mib", "processors", "second_each", "expected"),
    [
        (24_576, 2, 0.3, (262_144, 3, 2)),
        (8192, 16, 0.1, (262_144, 10, 4)),
        (2048, 4, 2.5, (262_144, 1, 4)),  # a slow board with room
        (1024, 4, 0.9, (131_072, 3, 4)),
        (512, 1, 4.0, (65_536, 3, 1)),
        (100, 1, 0.0, (65_536, 64, 1)),  # a clock that stands still
    ],
)
def test_the_cost_is_about_a_second(
    memory_mib: int, processors: int, second_each: float, expected: tuple[int, int, int]
) -> None:
    tried: list[Cost] = []

    def seconds(cost: Cost) -> float:
        tried.append(cost)
        return second_each

    cost = choose_cost(memory_kib=memory_mib << 10, processors=processors, seconds=seconds)
    assert (cost.memory_kib, cost.passes, cost.lanes) == expected
    assert [(one.memory_kib, one.passes, one.lanes) for one in tried] == [(expected[0], 1, expected[2])]


@given(st.integers(0, 1 << 40), st.integers(0, 4096), st.floats(0, 1e6))
def test_whatever_the_machine_a_cost_is_one_that_opens(
    memory_kib: int, processors: int, seconds: float
) -> None:
    cost = choose_cost(memory_kib=memory_kib, processors=processors, seconds=lambda _: seconds)
    assert decode(encode(Sealed(cost=cost, salt=SALT, box=bytes(48)))) is not None
