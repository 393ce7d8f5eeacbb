"""The vectors of docs/spec/encoding.md."""

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.core.wire import cbor
from satchel.errors import PeerError

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/encoding.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]
CLAUSES = {f"1.{number}" for number in range(1, 10)}


def octets(spelled: str | list[tuple[str, int]]) -> bytes:
    if isinstance(spelled, str):
        return bytes.fromhex(spelled)
    return b"".join(bytes.fromhex(part) * times for part, times in spelled)


def meant(spelled: Any) -> cbor.Value:
    """A value from the notation of section 3 of the page."""
    match spelled:
        case {"bytes": content}:
            return bytes.fromhex(content)
        case {"map": fields}:
            return {key: meant(value) for key, value in fields}
        case {"number": number}:
            return int(number)
        case list():
            return [meant(item) for item in spelled]
        case None | bool() | int() | str():
            return spelled
    raise AssertionError(spelled)


def typed(value: cbor.Value) -> object:
    """For comparisons: to Python 1 == True, and {0: 1} == {False: True}."""
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, dict):
        return [(typed(key), typed(item)) for key, item in value.items()]
    return type(value), value


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_vector(vector: Vector) -> None:
    data = octets(vector["bytes"])
    if vector["expect"] != "ok":
        with pytest.raises(PeerError, match=rf"^encoding {vector['expect']}: "):
            cbor.decode(data)
        return
    value = cbor.decode(data)
    assert cbor.encode(value) == data
    if "value" in vector:
        assert typed(value) == typed(meant(vector["value"]))
        assert cbor.encode(meant(vector["value"])) == data


def test_each_clause_has_its_failures() -> None:
    assert {vector["expect"] for vector in VECTORS} == CLAUSES | {"ok"}
    failures = [vector for vector in VECTORS if vector["expect"] != "ok"]
    assert len(failures) > len(VECTORS) / 2


def test_names_are_unique() -> None:
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS)
